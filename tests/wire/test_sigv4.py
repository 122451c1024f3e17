"""Signature Version 4: the first thing that differs."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth

from bedrock_authcheck.model import AuthScheme, Evidence, SignaturePart
from bedrock_authcheck.wire.sigv4 import verify
from tests.wire.signers import (
    CONTAINER,
    HOST,
    INSTANCE,
    NOW,
    SHARED,
    Unsigned,
    checked,
    signed_by_botocore,
    signed_by_crt,
    with_header,
)

if TYPE_CHECKING:
    from http.client import HTTPMessage

    from botocore.awsrequest import AWSRequest


def test_a_changed_path_query_method_or_header_is_found() -> None:
    signed = signed_by_botocore(Unsigned(target="/a?b=c"), SHARED)
    for changed in (
        replace(signed, target="/A?b=c"),
        replace(signed, target="/a?b=d"),
        replace(signed, method="PUT"),
        with_header(signed, "Content-Type", "text/plain"),
        with_header(signed, "Host", "bedrock.example"),
    ):
        check = checked(changed, SHARED)
        assert (check.valid, check.differs) == (False, SignaturePart.CANONICAL_REQUEST)
        assert "no known way" in check.text


def test_a_target_in_absolute_form_is_verified_by_its_path() -> None:
    signed = signed_by_botocore(Unsigned(target="/a?b=c"), SHARED)
    assert checked(replace(signed, target=f"http://{HOST}/a?b=c"), SHARED).valid


def test_a_signed_header_that_did_not_arrive_is_named() -> None:
    check = checked(
        with_header(signed_by_botocore(Unsigned(), SHARED), "Content-Type", None), SHARED
    )
    assert check.differs is SignaturePart.CANONICAL_REQUEST
    assert check.text.endswith("signed, but not received: 'content-type'")


def test_an_amz_header_that_is_not_signed_is_found() -> None:
    signed = signed_by_botocore(Unsigned(), SHARED)
    check = checked(with_header(signed, "X-Amz-Target", "x"), SHARED)
    assert (check.valid, check.differs) == (True, SignaturePart.AUTHORIZATION)
    assert "'x-amz-target'" in check.text
    bedrock = checked(with_header(signed, "X-Amzn-Bedrock-Trace", "ENABLED"), SHARED)
    assert bedrock.differs is None


def test_a_host_that_is_not_signed_is_found() -> None:
    class WithoutHost(SigV4Auth):
        def headers_to_sign(self, request: AWSRequest) -> HTTPMessage:
            chosen = super().headers_to_sign(request)
            del chosen["host"]
            return chosen

    check = checked(signed_by_botocore(Unsigned(), SHARED, auth=WithoutHost), SHARED)
    assert (check.valid, check.differs) == (True, SignaturePart.AUTHORIZATION)
    assert "leaves out host" in check.text


def test_the_key_id_of_another_credential_is_found() -> None:
    check = checked(signed_by_botocore(Unsigned(), INSTANCE), SHARED)
    assert check.differs is SignaturePart.AUTHORIZATION
    assert "shared credentials file" in check.text


def test_an_authorization_without_scope_or_signature_is_found() -> None:
    signed = signed_by_botocore(Unsigned(), SHARED)
    for value, word in (
        ("AWS4-HMAC-SHA256 Credential=a/b", "has no SignedHeaders"),
        (signed.header_values("authorization")[0].partition(", Signature=")[0], "has no Signature"),
    ):
        check = checked(with_header(signed, "Authorization", value), SHARED)
        assert (check.valid, check.differs) == (False, SignaturePart.AUTHORIZATION)
        assert word in check.text
    unread = Evidence(AuthScheme.SIGV4)
    check = verify(signed, unread, SHARED, region="us-east-1", service="bedrock", now=NOW)
    assert check.differs is SignaturePart.AUTHORIZATION
    assert "no credential scope" in check.text


@pytest.mark.parametrize("scheme", ["Bearer FAKE-token", "Basic Zm9v", None])
def test_a_request_of_another_scheme_is_not_verified(scheme: str | None) -> None:
    exchange = with_header(signed_by_botocore(Unsigned(), SHARED), "Authorization", scheme)
    check = checked(exchange, SHARED)
    assert (check.valid, check.differs) == (False, SignaturePart.AUTHORIZATION)


@pytest.mark.parametrize(
    ("age", "right"),
    [
        (timedelta(minutes=5), True),
        (timedelta(minutes=5, seconds=1), False),
        (timedelta(minutes=-5), True),
        (timedelta(minutes=-5, seconds=-1), False),
    ],
)
def test_five_minutes_of_skew_are_allowed(age: timedelta, right: bool) -> None:
    check = checked(signed_by_botocore(Unsigned(), SHARED, when=NOW - age), SHARED)
    assert check.valid
    assert check.differs is (None if right else SignaturePart.DATE)


@pytest.mark.parametrize(
    ("age", "right"),
    [
        (timedelta(seconds=3600), True),
        (timedelta(seconds=3601), False),
        (timedelta(minutes=-5), True),
        (timedelta(minutes=-6), False),
    ],
)
def test_a_presigned_request_is_good_until_it_expires(age: timedelta, right: bool) -> None:
    exchange = signed_by_botocore(Unsigned(), SHARED, auth=SigV4QueryAuth, when=NOW - age)
    check = checked(exchange, SHARED)
    assert check.valid
    assert check.differs is (None if right else SignaturePart.DATE)


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (None, "absent"),
        ("2026-03-04", "YYYYMMDDTHHMMSSZ"),
        ("20260305T000000Z", "the scope is of '20260304'"),
    ],
)
def test_a_wrong_date_is_found(value: str | None, word: str) -> None:
    signed = signed_by_botocore(Unsigned(), SHARED)
    check = checked(with_header(signed, "X-Amz-Date", value), SHARED)
    assert (check.valid, check.differs) == (False, SignaturePart.DATE)
    assert word in check.text


def test_a_date_header_is_as_good_as_x_amz_date() -> None:
    request_ = Unsigned(headers=(("Date", "will be replaced"),))
    exchange = signed_by_botocore(request_, SHARED)
    assert not exchange.header_values("x-amz-date")
    check = checked(exchange, SHARED)
    assert check.valid
    assert check.differs is None


@pytest.mark.parametrize(
    ("region", "service", "word"),
    [
        ("eu-west-1", "bedrock", "Region of the scope is 'eu-west-1', expected 'us-east-1'"),
        ("us-east-1", "bedrock-runtime", "service of the scope is 'bedrock-runtime'"),
    ],
)
def test_a_wrong_scope_is_found_though_the_signature_is_valid(
    region: str, service: str, word: str
) -> None:
    exchange = signed_by_botocore(Unsigned(), SHARED, region=region, service=service)
    check = checked(exchange, SHARED)
    assert (check.valid, check.differs) == (True, SignaturePart.SCOPE)
    assert word in check.text


def test_a_scope_that_was_changed_in_transit_is_found() -> None:
    signed = signed_by_botocore(Unsigned(), SHARED)
    for old, new, word in (
        ("us-east-1", "us-west-2", "Region"),
        ("/bedrock/", "/sts/", "service"),
        ("aws4_request", "aws5_request", "terminator"),
    ):
        value = signed.header_values("authorization")[0].replace(old, new)
        check = checked(with_header(signed, "Authorization", value), SHARED)
        assert (check.valid, check.differs) == (False, SignaturePart.SCOPE)
        assert word in check.text


@pytest.mark.parametrize("auth", [SigV4Auth, SigV4QueryAuth])
def test_a_wrong_session_token_is_found_and_its_owner_named(auth: type[SigV4Auth]) -> None:
    for session_token, word in (
        (None, "missing"),
        (CONTAINER.session_token, "it is that of container role"),
        ("FAKE-of-a-stranger", "no known credential"),
    ):
        mixed = replace(INSTANCE, session_token=session_token)
        check = checked(signed_by_botocore(Unsigned(), mixed, auth=auth), INSTANCE)
        assert (check.valid, check.differs) == (True, SignaturePart.SESSION_TOKEN)
        assert word in check.text
        assert str(session_token) not in check.text
    mixed = replace(SHARED, session_token=INSTANCE.session_token)
    check = checked(signed_by_botocore(Unsigned(), mixed, auth=auth), SHARED)
    assert check.differs is SignaturePart.SESSION_TOKEN
    assert "none belongs to shared credentials file; it is that of instance role" in check.text


def test_a_session_token_that_is_not_signed_is_found() -> None:
    plain = replace(INSTANCE, session_token=None)
    signed = signed_by_botocore(Unsigned(), plain)
    exchange = with_header(signed, "X-Amz-Security-Token", INSTANCE.session_token)
    check = checked(exchange, INSTANCE)
    assert (check.valid, check.differs) == (True, SignaturePart.SESSION_TOKEN)
    assert "does not cover it" in check.text
    presigned = signed_by_botocore(Unsigned(), plain, auth=SigV4QueryAuth)
    target = presigned.target + "&X-Amz-Security-Token=FAKE%2Fsess%2Bion%3D%3D"
    check = checked(replace(presigned, target=target), INSTANCE)
    assert (check.valid, check.differs) == (False, SignaturePart.SESSION_TOKEN)
    assert "after the signature" in check.text


@pytest.mark.parametrize(
    ("body", "complete", "word"),
    [
        (b'{"messages": {}}', True, "not the SHA-256 of the 16 bytes"),
        (b'{"mess', False, "broke off"),
        (b"", True, "0 bytes"),
    ],
)
def test_a_payload_hash_of_another_body_is_found(body: bytes, complete: bool, word: str) -> None:
    signed = signed_by_crt(Unsigned(), SHARED, payload_hash_header=True)
    check = checked(replace(signed, body=body, complete=complete), SHARED)
    assert (check.valid, check.differs) == (True, SignaturePart.PAYLOAD_HASH)
    assert word in check.text


def test_a_payload_hash_of_an_empty_body_is_named() -> None:
    signed = signed_by_crt(Unsigned(body=b""), SHARED, payload_hash_header=True)
    check = checked(replace(signed, body=b"{}"), SHARED)
    assert check.differs is SignaturePart.PAYLOAD_HASH
    assert "of an empty body" in check.text


def test_a_stream_whose_events_are_signed_has_no_payload_hash() -> None:
    request_ = Unsigned(headers=(("X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-EVENTS"),))
    check = checked(signed_by_botocore(request_, SHARED), SHARED)
    assert (check.valid, check.differs) == (True, None)


@pytest.mark.parametrize("value", ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"])
def test_a_body_that_is_not_signed_is_found(value: str) -> None:
    request_ = Unsigned(headers=(("X-Amz-Content-Sha256", value),))
    check = checked(signed_by_botocore(request_, SHARED), SHARED)
    assert (check.valid, check.differs) == (True, SignaturePart.PAYLOAD_HASH)
    assert "does not cover the body" in check.text
    assert value in check.text


def test_any_other_signature_is_rejected() -> None:
    signed = signed_by_botocore(Unsigned(), SHARED)
    value = signed.header_values("authorization")[0]
    chosen = random.Random(4)
    for _ in range(64):
        at = len(value) - chosen.randint(1, 64)
        digit = chosen.choice("0123456789abcdef".replace(value[at], ""))
        changed = value[:at] + digit + value[at + 1 :]
        check = checked(with_header(signed, "Authorization", changed), SHARED)
        assert (check.valid, check.differs) == (False, SignaturePart.CANONICAL_REQUEST)


def test_no_text_of_a_check_shows_a_secret() -> None:
    shown = [SHARED.secret, INSTANCE.secret, INSTANCE.session_token, CONTAINER.session_token]
    for key_of in (SHARED, INSTANCE):
        for secret_of in (SHARED, CONTAINER):
            for token_of in (SHARED, INSTANCE, CONTAINER):
                mixed = replace(
                    key_of, secret=secret_of.secret, session_token=token_of.session_token
                )
                text = checked(signed_by_botocore(Unsigned(), mixed), key_of).text
                assert not [secret for secret in shown if secret and secret in text]
