"""Redaction: no secret is left, and the evidence is still there."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from urllib.parse import quote, quote_plus

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from hypothesis import given
from hypothesis import strategies as st

from bedrock_authcheck.model import BearerToken, Credential, CredentialSource, Exchange
from bedrock_authcheck.strategies import exchanges
from bedrock_authcheck.wire.evidence import read_evidence
from bedrock_authcheck.wire.findings import EvidenceCode
from bedrock_authcheck.wire.leaks import token_in_target
from bedrock_authcheck.wire.redaction import (
    redact_exchange,
    redact_header,
    redact_target,
    redact_text,
    shorten_key_id,
)
from bedrock_authcheck.wire.tokens import fake_long_term_key, fake_short_term_key
from tests.wire.signers import HOST, INSTANCE, NOW, SHARED, Unsigned, signed_by_botocore

LONG_TERM = fake_long_term_key("bearer")
SHORT_TERM = fake_short_term_key(INSTANCE, region="us-east-1", made_at=NOW)
BEARER = BearerToken(CredentialSource.BEARER, LONG_TERM)


def test_a_key_id_is_shortened_to_its_ends() -> None:
    assert shorten_key_id(SHARED.key_id) == "AKIA…L4SHARED"
    assert shorten_key_id(shorten_key_id(SHARED.key_id)) == "AKIA…L4SHARED"
    assert shorten_key_id("AKIDEXAMPLE") == "AKIDEXAMPLE"


@pytest.mark.parametrize(
    ("value", "redacted"),
    [
        (f"Bearer {LONG_TERM}", f"Bearer <bearer long-term, {len(LONG_TERM)} characters>"),
        (f"bearer {SHORT_TERM}", f"bearer <bearer short-term, {len(SHORT_TERM)} characters>"),
        ("Bearer FAKE-token", "Bearer <bearer of unknown kind, 10 characters>"),
        (f"Bearer  {LONG_TERM}\t", f"Bearer  <bearer long-term, {len(LONG_TERM)} characters>\t"),
        ("Bearer", "Bearer"),
        ("Bearer  ", "Bearer  "),
        ("", ""),
        ("Basic", "Basic"),
        ("Bearer, AWS4-HMAC-SHA256 ", "Bearer, AWS4-HMAC-SHA256 "),
        ("Bearer, AWS4-HMAC-SHA256x", "Bearer<bearer of unknown kind, 19 characters>"),
        ("AWS4-HMAC-SHA256\tFAKE", "AWS4-HMAC-SHA256 <part of 4 characters>"),
        (LONG_TERM, f"<unknown scheme of {len(LONG_TERM)} characters>"),
        ("Basic Zm9vOmJhcg==", "Basic <credentials of 12 characters>"),
        (
            (
                "AWS4-HMAC-SHA256 Credential=AKIAFAKE9999L4SHARED/20260304/us-east-1/bedrock/"
                f"aws4_request,SignedHeaders=host;x-amz-date, Signature={'0a' * 32}"
            ),
            (
                "AWS4-HMAC-SHA256 Credential=AKIA…L4SHARED/20260304/us-east-1/bedrock/"
                "aws4_request, SignedHeaders=host;x-amz-date, "
                "Signature=<signature of 64 characters>"
            ),
        ),
        (
            "AWS4-HMAC-SHA256 Credential=FAKE",
            "AWS4-HMAC-SHA256 Credential=<credential of 4 characters>",
        ),
        (
            "AWS4-HMAC-SHA256 FAKE, a=b",
            "AWS4-HMAC-SHA256 <part of 4 characters>, <part of 3 characters>",
        ),
    ],
)
def test_an_authorization_header_keeps_all_but_the_secret(value: str, redacted: str) -> None:
    assert redact_header("Authorization", value) == redacted
    assert redact_header("authorization", redacted) == redacted


def test_other_headers_that_carry_secrets_are_replaced() -> None:
    assert redact_header("X-Amz-Security-Token", "FAKE") == "<session token of 4 characters>"
    assert redact_header("x-api-key", "F") == "<API key of 1 character>"
    assert redact_header("X-Amz-Date", "20260304T050607Z") == "20260304T050607Z"


def test_a_presigned_target_keeps_all_but_the_secrets() -> None:
    target = signed_by_botocore(Unsigned(target="/a?b=c%2F"), INSTANCE, auth=SigV4QueryAuth).target
    assert redact_target(target) == (
        "/a?b=c%2F&X-Amz-Algorithm=AWS4-HMAC-SHA256&"
        "X-Amz-Credential=ASIA…INSTANCE/20260304/us-east-1/bedrock/aws4_request&"
        "X-Amz-Date=20260304T050607Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=content-type%3Bhost&"
        "X-Amz-Security-Token=<session token of 15 characters>&"
        "X-Amz-Signature=<signature of 64 characters>"
    )
    assert redact_target("/a/b%20c?X-Amz-Credential") == "/a/b%20c?X-Amz-Credential"


@pytest.mark.parametrize("auth", [SigV4Auth, SigV4QueryAuth])
def test_a_redacted_signed_exchange_still_tells_who_signed_it(auth: type[SigV4Auth]) -> None:
    exchange = signed_by_botocore(Unsigned(), INSTANCE, auth=auth)
    before, after = read_evidence(exchange), read_evidence(redact_exchange(exchange))
    assert after.scheme is before.scheme
    assert after.scope == before.scope
    assert after.signed_headers == before.signed_headers
    assert after.amz_date == before.amz_date
    assert after.key_id == "ASIA…INSTANCE"
    assert before.signature not in {None, after.signature}
    assert before.session_token not in {None, after.session_token}


def test_the_white_space_of_the_raw_head_moves_into_the_headers() -> None:
    head = f"GET / HTTP/1.1\r\nHost: a\r\nauthorization: Bearer  {LONG_TERM} \r\n\r\n".encode()
    exchange = Exchange(
        "bedrock",
        "GET",
        "/",
        (("host", "a"), ("authorization", f"Bearer {LONG_TERM}")),
        raw_head=head,
    )
    redacted = redact_exchange(exchange)
    assert redacted.raw_head == b""
    assert redacted.headers[1] == (
        "authorization",
        f"Bearer  <bearer long-term, {len(LONG_TERM)} characters> ",
    )
    codes = {finding.code for finding in read_evidence(redacted).findings}
    assert EvidenceCode.BEARER_WHITE_SPACE in codes


def test_the_secrets_of_known_credentials_leave_target_headers_and_body() -> None:
    exchange = Exchange(
        "bedrock",
        "POST",
        f"/{quote(LONG_TERM, safe='')}",
        (("Host", HOST), ("X-Custom", f"a {SHARED.secret} b")),
        b'{"key": "' + INSTANCE.secret.encode() + b'", "rest": "\xff"}',
    )
    redacted = redact_exchange(exchange, [BEARER, SHARED, INSTANCE])
    assert redacted.target == "/<token of bearer>"
    assert redacted.headers == (("Host", HOST), ("X-Custom", "a <secret of shared> b"))
    assert redacted.body == b'{"key": "<secret of instance>", "rest": "\xff"}'


@given(exchanges())
def test_redaction_never_raises_and_never_changes_the_scheme(exchange: Exchange) -> None:
    redact_exchange(exchange)
    exchange = replace(exchange, raw_head=b"")  # that of a real one agrees with its headers
    redacted = redact_exchange(exchange)
    assert read_evidence(redacted).scheme is read_evidence(exchange).scheme
    assert redact_exchange(redacted) == redacted


secrets = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=12, max_size=60)


def encodings(secret: str) -> list[str]:
    raw = secret.encode()
    return [
        secret,
        f"  {secret}\n",
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        quote(quote(secret, safe=""), safe=""),
        quote(secret, safe="").lower() if secret == secret.lower() else secret,
        repr(secret)[1:-1],
        json.dumps(secret)[1:-1],
        *(base64.b64encode(b"key:id"[:offset] + raw + b"tail").decode() for offset in range(4)),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
        quote(base64.b64encode(raw).decode(), safe=""),
        raw.hex(),
        f"0x00{raw.hex().upper()}00",
    ]


@given(secrets, st.sampled_from(range(len(encodings("x")))), st.booleans())
def test_a_secret_is_found_in_each_encoding(secret: str, which: int, padded: bool) -> None:
    value = f" {secret}\n" if padded else secret
    credential = replace(SHARED, secret=value)
    encoded = encodings(secret)[which]
    text = redact_text(f"before|{encoded}|after", [credential])
    assert "<secret of shared>" in text
    assert text.startswith("before|")
    assert text.endswith("|after")


def test_spaces_and_slashes_are_found_as_forms_and_scripts_write_them() -> None:
    credential = replace(SHARED, secret="fake secret/of a form")
    assert redact_text("fake+secret%2Fof+a+form", [credential]) == "<secret of shared>"
    assert redact_text(r"fake secret\/of a form", [credential]) == "<secret of shared>"


def test_a_short_secret_is_found_plain_only() -> None:
    credential = replace(SHARED, secret="fake")
    text = "; ZmFrZQ==; 66616b65; 66616B65"
    assert redact_text(f"a fake{text}", [credential]) == f"a <secret of shared>{text}"


def test_each_value_is_replaced_by_what_it_is() -> None:
    text = f"{LONG_TERM} {SHARED.secret} {INSTANCE.secret} {INSTANCE.session_token}"
    assert redact_text(text, [BEARER, SHARED, INSTANCE]) == (
        "<token of bearer> <secret of shared> <secret of instance> <session token of instance>"
    )


def test_a_value_that_begins_another_does_not_leave_the_rest_of_it() -> None:
    longer = replace(INSTANCE, secret=f"{SHARED.secret}-and-more")
    text = redact_text(longer.secret, [SHARED, longer])
    assert text == "<secret of instance>"


def test_a_secret_that_is_percent_encoded_three_times_is_found() -> None:
    encoded = quote(quote(quote(SHARED.secret, safe=""), safe=""), safe="")
    assert redact_text(f"see {encoded}", [SHARED]) == "see <secret of shared>"


def test_blank_secrets_replace_nothing() -> None:
    credentials: list[Credential] = [
        BearerToken(CredentialSource.BEARER, " \n"),
        replace(SHARED, secret="", session_token=" "),
    ]
    assert redact_text("a text with spaces", credentials) == "a text with spaces"


@given(secrets, st.sampled_from(range(len(encodings("x")))), st.booleans())
def test_a_token_in_the_target_is_found_in_each_encoding(
    token: str, which: int, in_path: bool
) -> None:
    encoded = encodings(token)[which]
    target = f"/a/{encoded}/b?c=d" if in_path else f"/a?b=c&d={encoded}&e=f"
    assert token_in_target(target, token)
    assert token_in_target(target, f" {token} ")


def test_a_token_is_found_in_its_last_layer_of_eight() -> None:
    encoded = "%" + "25" * 7 + "41" + LONG_TERM[1:]
    assert token_in_target(f"/{encoded}", LONG_TERM)
    assert not token_in_target(f"/%25{encoded[1:]}", LONG_TERM)


def test_a_token_whose_letters_are_percent_encoded_many_times_is_found() -> None:
    encoded = "".join(f"%{ord(character):02X}" for character in LONG_TERM)
    assert token_in_target(f"/?t={encoded}", LONG_TERM)
    for _ in range(6):
        encoded = quote(encoded, safe="")
    assert token_in_target(f"/?t={encoded}", LONG_TERM)


@pytest.mark.parametrize(
    ("target", "token"),
    [
        ("/", LONG_TERM),
        ("/model/a%3Ab?c=%2525", LONG_TERM),
        (f"/?t={LONG_TERM[:-6]}", LONG_TERM),
        ("/a%20b", " "),
        ("/", ""),
    ],
)
def test_a_target_without_the_token(target: str, token: str) -> None:
    assert not token_in_target(target, token)


@pytest.mark.parametrize("length", [11, 12, 13])
def test_an_id_of_twelve_characters_is_its_own_two_ends(length: int) -> None:
    key_id = "AKIAFAKE99999"[:length]
    assert shorten_key_id(key_id) == (key_id if length <= 12 else "AKIA…AKE99999")


def test_the_query_begins_at_the_first_question_mark() -> None:
    target = "/a?X-Amz-Security-Token=FAKE&b=?c"
    assert redact_target(target) == "/a?X-Amz-Security-Token=<session token of 4 characters>&b=?c"
    assert (
        redact_target("/a?X-Amz-Signature=FA?KE")
        == "/a?X-Amz-Signature=<signature of 5 characters>"
    )


def test_a_header_that_the_raw_head_lacks_is_redacted_as_it_is() -> None:
    """A head may be cut, and hold fewer values than were read."""
    exchange = Exchange(
        "bedrock",
        "GET",
        "/",
        (("authorization", "Bearer FAKE-one"), ("authorization", "Bearer FAKE-three")),
        raw_head=b"GET / HTTP/1.1\r\nauthorization: Bearer FAKE-one  \r\n",
    )
    assert redact_exchange(exchange).headers == (
        ("authorization", "Bearer <bearer of unknown kind, 8 characters>  "),
        ("authorization", "Bearer <bearer of unknown kind, 10 characters>"),
    )
