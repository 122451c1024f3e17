"""What a verification says, to the letter, and where it must say nothing."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth

from bedrock_authcheck.model import AuthScheme, Evidence, SignaturePart
from bedrock_authcheck.wire.canonical import canonical_request
from bedrock_authcheck.wire.evidence import read_evidence
from bedrock_authcheck.wire.sigv4 import sign, verify
from tests.wire.signers import (
    CONTAINER,
    INSTANCE,
    NOW,
    REGION,
    SHARED,
    Unsigned,
    checked,
    signed_by_botocore,
    with_header,
)

SIGNED = signed_by_botocore(Unsigned(), SHARED)
AUTHORIZATION = SIGNED.header_values("authorization")[0]


def test_a_signature_of_sigv4a_is_said_not_to_be_verified() -> None:
    v4a = with_header(SIGNED, "Authorization", AUTHORIZATION.replace("HMAC", "ECDSA-P256"))
    check = checked(v4a, SHARED)
    assert check.text == "a SigV4a signature is recognised, but not verified"


def test_evidence_without_scope_or_findings_is_said_to_have_none() -> None:
    unread = Evidence(AuthScheme.SIGV4)
    check = verify(SIGNED, unread, SHARED, region=REGION, service="bedrock", now=NOW)
    assert check.text == "it has no credential scope or no signature"


def test_every_amz_header_that_is_not_signed_is_named() -> None:
    sent = with_header(with_header(SIGNED, "X-Amz-Target", "x"), "x-amz-a", "y")
    assert checked(sent, SHARED).text == (
        "sent, but not signed: 'x-amz-a', 'x-amz-target'; AWS demands that all x-amz-* headers "
        "are signed"
    )


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (
            timedelta(minutes=6),
            (
                "X-Amz-Date is 20260304T050007Z, 0:06:00 before now; the signature was good for "
                "0:05:00"
            ),
        ),
        (
            timedelta(minutes=-6),
            "X-Amz-Date is 20260304T051207Z, 0:06:00 after now; 0:05:00 is allowed",
        ),
    ],
)
def test_how_wrong_a_date_is_is_said(age: timedelta, text: str) -> None:
    assert checked(signed_by_botocore(Unsigned(), SHARED, when=NOW - age), SHARED).text == text


def test_a_signature_over_no_date_is_valid_and_its_date_absent() -> None:
    """The date that a request claims is what is verified, none included."""
    undated = with_header(SIGNED, "X-Amz-Date", None)
    names = ("content-type", "host")
    evidence = read_evidence(undated)
    assert evidence.scope is not None
    canonical = canonical_request(
        undated,
        service="bedrock",
        signed_headers=names,
        payload_hash=read_evidence(SIGNED).payload_hash or _sha256(SIGNED.body),
    )
    signature = sign(canonical, SHARED.secret, scope=evidence.scope, amz_date="")
    value = (
        AUTHORIZATION.partition("SignedHeaders=")[0]
        + f"SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    check = checked(with_header(undated, "Authorization", value), SHARED)
    assert (check.valid, check.differs) == (True, SignaturePart.DATE)
    assert check.text == "X-Amz-Date in the headers is absent"


def test_a_date_that_nothing_was_found_of_is_no_text() -> None:
    """Evidence made by hand may lack a date and the finding that says so."""
    evidence = replace(read_evidence(SIGNED), amz_date=None)
    check = verify(SIGNED, evidence, SHARED, region=REGION, service="bedrock", now=NOW)
    assert check.differs is SignaturePart.CANONICAL_REQUEST


def test_a_terminator_is_named() -> None:
    value = AUTHORIZATION.replace("aws4_request", "aws5_request")
    check = checked(with_header(SIGNED, "Authorization", value), SHARED)
    assert check.text == ("the terminator of the scope is 'aws5_request', expected 'aws4_request'")


@pytest.mark.parametrize("auth", [SigV4Auth, SigV4QueryAuth])
@pytest.mark.parametrize(
    ("held", "sent", "text"),
    [
        (INSTANCE, None, "X-Amz-Security-Token is missing: instance role is temporary"),
        (
            INSTANCE,
            CONTAINER.session_token,
            "X-Amz-Security-Token is not that of instance role; it is that of container role",
        ),
        (
            INSTANCE,
            "FAKE-of-a-stranger",
            "X-Amz-Security-Token is not that of instance role; it is that of no known credential",
        ),
        (
            SHARED,
            INSTANCE.session_token,
            (
                "X-Amz-Security-Token is sent, but none belongs to shared credentials file; it is "
                "that of instance role"
            ),
        ),
        (
            SHARED,
            "FAKE-of-a-stranger",
            (
                "X-Amz-Security-Token is sent, but none belongs to shared credentials file; it is "
                "that of no known credential"
            ),
        ),
    ],
    ids=["missing", "another's", "a stranger's", "another's beside none", "a stranger's too"],
)
def test_whose_session_token_was_sent_is_said(
    auth: type[SigV4Auth], held: object, sent: str | None, text: str
) -> None:
    credential = INSTANCE if held is INSTANCE else SHARED
    mixed = replace(credential, session_token=sent)
    assert checked(signed_by_botocore(Unsigned(), mixed, auth=auth), credential).text == text


def test_a_session_token_beside_the_signature_is_said_to_be() -> None:
    plain = replace(INSTANCE, session_token=None)
    in_header = with_header(
        signed_by_botocore(Unsigned(), plain), "X-Amz-Security-Token", INSTANCE.session_token
    )
    assert checked(in_header, INSTANCE).text == (
        "X-Amz-Security-Token is sent, but the signature does not cover it"
    )
    presigned = signed_by_botocore(Unsigned(), plain, auth=SigV4QueryAuth)
    added = replace(
        presigned, target=presigned.target + "&X-Amz-Security-Token=FAKE%2Fsess%2Bion%3D%3D"
    )
    assert checked(added, INSTANCE).text == (
        "X-Amz-Security-Token was put into the query after the signature was made"
    )


def test_a_session_token_in_small_letters_that_was_signed_was_not_put_there_later() -> None:
    plain = replace(INSTANCE, session_token=None)
    target = "/?x-amz-security-token=FAKE%2Fsess%2Bion%3D%3D"
    presigned = signed_by_botocore(Unsigned(target=target), plain, auth=SigV4QueryAuth)
    check = checked(presigned, INSTANCE)
    assert (check.valid, check.differs) == (True, None)


@pytest.mark.parametrize("value", ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"])
def test_s3_alone_takes_a_body_that_is_not_signed(value: str) -> None:
    request_ = Unsigned(target="/a", headers=(("X-Amz-Content-Sha256", value),))
    assert checked(
        signed_by_botocore(request_, SHARED, service="s3"), SHARED, service="s3"
    ) == checked(SIGNED, SHARED)
    check = checked(signed_by_botocore(request_, SHARED), SHARED)
    assert check.text == (
        f"X-Amz-Content-Sha256 is '{value}': the signature does not cover the body"
    )


def test_what_was_signed_and_did_not_arrive_is_named_whole() -> None:
    signed = signed_by_botocore(Unsigned(headers=(("X-A", "1"), ("X-B", "2"))), SHARED)
    torn = with_header(with_header(signed, "X-A", None), "X-B", None)
    assert checked(torn, SHARED).text == (
        "the signature matches no known way of signing this request; signed, but not received: "
        "'x-a', 'x-b'"
    )


@pytest.mark.parametrize("half", ["\ud800", "\u20ac"])
def test_characters_beyond_latin_1_are_compared_and_never_refused(half: str) -> None:
    odd = replace(INSTANCE, session_token=f"FAKE{half}")
    signed = signed_by_botocore(Unsigned(), INSTANCE)
    check = checked(signed, odd, others=(odd,))
    assert check.differs is SignaturePart.SESSION_TOKEN
    sent = with_header(signed, "X-Amz-Security-Token", odd.session_token)
    assert checked(sent, INSTANCE).differs is SignaturePart.SESSION_TOKEN
    assert checked(sent, odd).differs is SignaturePart.CANONICAL_REQUEST


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
