"""Authorization scrubbed: each scheme, each malformed part, and arbitrary headers."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_authcheck.model import AuthScheme, CredentialSource
from bedrock_authcheck.recording.cassette import Recording
from bedrock_authcheck.recording.in_play import InPlay
from bedrock_authcheck.recording.scrub import Scrubber
from bedrock_authcheck.strategies import exchanges
from bedrock_authcheck.wire.evidence import read_evidence
from bedrock_authcheck.wire.tokens import fake_short_term_key
from tests.recording.kept import assert_evidence_kept
from tests.simulated import aws_canary, token_canary
from tests.wire.signers import NOW
from tests.wire.test_evidence import QUERY

if TYPE_CHECKING:
    from bedrock_authcheck.model import Exchange

ENVIRONMENT = aws_canary(CredentialSource.ENVIRONMENT)
SHARED = aws_canary(CredentialSource.SHARED)
LONG = token_canary(CredentialSource.BEARER).value
SHORT = fake_short_term_key(ENVIRONMENT, region="eu-central-1", made_at=NOW)
SIGNATURE = "0123456789abcdef" * 4
ZEROS = "0" * 64
URI = "https://bedrock-runtime.eu-central-1.amazonaws.com/model/m/converse"


def in_play() -> InPlay:
    known = InPlay([ENVIRONMENT, SHARED])
    known.add_secret(LONG, "token of bearer")
    known.add_secret(SHORT, "token of bearer")
    return known


def scrub(recording: Recording, known: InPlay | None = None) -> Recording:
    scrubber = Scrubber(known or in_play())
    scrubbed = scrubber.scrub(recording)
    assert scrubbed is not None
    assert scrubber.scrub(scrubbed) == scrubbed
    return scrubbed


def sigv4(
    key_id: str = ENVIRONMENT.key_id,
    scope: str = "20260304/eu-central-1/bedrock/aws4_request",
    signature: str = SIGNATURE,
) -> str:
    return (
        f"AWS4-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders=host;x-amz-date, "
        f"Signature={signature}"
    )


SCRUBBED = (
    "AWS4-HMAC-SHA256 Credential={}/20000101/eu-central-1/bedrock/aws4_request, "
    f"SignedHeaders=host;x-amz-date, Signature={ZEROS}"
)
WHOLE = SCRUBBED.format("ASIA<environment>")
ODD = "AWS4-HMAC-SHA256 Credential="
NOBODYS = "unknown-key-of-unknown-token"
PLACE = "eu-central-1/bedrock"
V4A = "AWS4-ECDSA-P256-SHA256 Credential={}/bedrock/aws4_request, Signature={}"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (sigv4(), SCRUBBED.format("ASIA<environment>")),
        (sigv4(SHARED.key_id), SCRUBBED.format("AKIA<shared>")),
        (sigv4("AKIA0FAKESTRANGER000"), SCRUBBED.format("AKIA<unknown>")),
        (sigv4("stranger"), SCRUBBED.format("<unknown>")),
        (sigv4("stran/ger"), SCRUBBED.format("<unknown>")),
        (sigv4().replace(", ", ","), SCRUBBED.format("ASIA<environment>")),
        (f"Bearer {LONG}", "Bearer ABSK-long-term-key-of-bearer"),
        (f"bearer {SHORT}", "bearer bedrock-api-key-short-term-key-of-bearer"),
        ("Bearer FAKE", "Bearer unknown-key-of-unknown-token"),
        (f"Bearer {ENVIRONMENT.secret}", "Bearer not-a-key-but-secret-of-environment"),
        ("Bearer ABSKstranger", "Bearer ABSK-long-term-key-of-unknown-token"),
        (f"Bearer \t{LONG}\r\n ", "Bearer \tABSK-long-term-key-of-bearer\r\n "),
        (f"Bearer\t{LONG}", "Bearer\tABSK-long-term-key-of-bearer"),
        (f"Bearer:{LONG}", "Bearer:ABSK<long-term key of bearer>"),
        (f"Bearer/{LONG[4:]}", "Bearer/unknown-key-of-unknown-token"),
        ("Bearer /", "Bearer unknown-key-of-unknown-token"),
        ("Bearer=", "Bearer="),
        (f"Bearer {LONG} {LONG}", "Bearer ABSK<long-term key of unknown-token>"),
        ("Bearer", "Bearer"),
        ("Bearer  ", "Bearer  "),
        ("", ""),
        ("Basic", "Basic"),
        ("Basic Zm9vOmJhcg==", "Basic <credentials>"),
        (LONG, "<token of bearer>"),
        (f"Token {LONG}", "<token of bearer>"),
        ("Token FAKE", "<unknown scheme>"),
        (f"Bearer {LONG}, {sigv4()}", f"Bearer ABSK-long-term-key-of-bearer, {WHOLE}"),
        ("Bearer a,Bearer /", f"Bearer {NOBODYS}, Bearer {NOBODYS}"),
        ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256"),
        ("AWS4-HMAC-SHA256 FAKE, a=b", "AWS4-HMAC-SHA256 <part>, <part>"),
        (f"{ODD}{ENVIRONMENT.key_id}", f"{ODD}ASIA<environment>"),
        (f"{ODD}{ENVIRONMENT.secret}", f"{ODD}<unknown>/<part>"),
        (f"{ODD}K/20260304/{PLACE}", f"{ODD}<unknown>/20000101/{PLACE}"),
        (f"{ODD}K//{PLACE}/aws4_request", f"{ODD}<unknown>//{PLACE}/aws4_request"),
        (sigv4(scope=f"4.3/{PLACE}/aws4_request"), WHOLE.replace("20000101", "<malformed date>")),
        (sigv4(signature="FAKE"), WHOLE.replace(ZEROS, "<malformed signature>")),
        (sigv4(signature=""), WHOLE.replace(ZEROS, "")),
        (V4A.format(f"{SHARED.key_id}/20260304", "0a"), V4A.format("AKIA<shared>/20000101", ZEROS)),
    ],
)  # fmt: skip
def test_a_value_of_authorization(value: str, expected: str) -> None:
    recording = Recording(
        "POST", URI, (("authorization", value), ("X-Amz-Date", "20260304T050607Z"))
    )
    scrubbed = scrub(recording)
    assert scrubbed.headers[0] == ("authorization", expected)
    assert_evidence_kept(recording, scrubbed)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("X-Amz-Date", "20260304T050607Z", "20000101T000000Z"),
        ("x-amz-date", "2026-03-04", "<malformed date>"),
        ("X-Amz-Date", "", ""),
        ("Date", "Wed, 04 Mar 2026 05:06:07 GMT", "Sat, 01 Jan 2000 00:00:00 GMT"),
        ("Date", "20260304T050607Z", "20000101T000000Z"),
        ("Date", "Fri, 31 Dec 9999 23:59:59 -1400", "<malformed date>"),
        ("X-Amz-Security-Token", ENVIRONMENT.session_token, "<session token of environment>"),
        ("X-Amz-Security-Token", SHARED.secret, "<secret of shared>"),
        ("X-Amz-Security-Token", "FAKE-stranger", "<session token of unknown>"),
        ("X-Amz-Security-Token", " ", " "),
        ("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD", "UNSIGNED-PAYLOAD"),
        ("X-Amz-Content-Sha256", "0a" * 32, ZEROS),
        ("X-Amz-Content-Sha256", "FAKE", "<payload hash>"),
        ("X-API-Key", LONG, "ABSK-long-term-key-of-bearer"),
        ("X-API-Key", "FAKE-stranger", "unknown-key-of-unknown-token"),
        ("x-api-key", " ", " "),
        ("Proxy-Authorization", "Basic Zm9vOmJhcg==", "<credentials>"),
        ("Cookie", "session=FAKE", "<cookie>"),
    ],
)  # fmt: skip
def test_other_headers_that_authenticate(name: str, value: str, expected: str) -> None:
    recording = Recording("POST", URI, ((name, value), ("Authorization", sigv4())))
    scrubbed = scrub(recording)
    assert scrubbed.headers[0] == (name, expected)
    assert_evidence_kept(recording, scrubbed)


SESSION = quote(str(ENVIRONMENT.session_token), safe="")
MARKED = "%3Csession%20token%20of%20environment%3E"
ENCODED = QUERY.replace("AKIAFAKE9999L4SHARED", ENVIRONMENT.key_id)
ENCODED_SCRUBBED = (
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ASIA%3Cenvironment%3E%2F20000101%2F"
    "us-east-1%2Fbedrock%2Faws4_request&X-Amz-Date=20000101T000000Z&X-Amz-Expires=900&"
    f"X-Amz-SignedHeaders=host&X-Amz-Signature={ZEROS}"
)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (ENCODED, ENCODED_SCRUBBED),
        ("X-Amz-Signature=FAKE&x=", "X-Amz-Signature=%3Cmalformed%20signature%3E&x="),
        ("X-Amz-Signature=", "X-Amz-Signature="),
        ("x-amz-signature", "x-amz-signature"),
        ("X-Amz-Credential=FAKE", "X-Amz-Credential=%3Cunknown%3E"),
        ("X-Amz-Date=soon", "X-Amz-Date=%3Cmalformed%20date%3E"),
        ("X%2DAmz-Date=20260304T050607Z&a", "X%2DAmz-Date=20000101T000000Z&a"),
        (f"x-amz-security-token={SESSION}", f"x-amz-security-token={MARKED}"),
        ("X-Amz-Content-Sha256=UNSIGNED-PAYLOAD", "X-Amz-Content-Sha256=UNSIGNED-PAYLOAD"),
        (f"X-Amz-Content-Sha256={SIGNATURE}", f"X-Amz-Content-Sha256={ZEROS}"),
    ],
)  # fmt: skip
def test_a_presigned_query(query: str, expected: str) -> None:
    for headers in ((), (("Authorization", f"Bearer {LONG}"),)):
        recording = Recording("POST", f"{URI}?{query}", headers)
        scrubbed = scrub(recording)
        assert scrubbed.uri == f"{URI}?{expected}"
        assert_evidence_kept(recording, scrubbed)


def test_two_headers_stay_two() -> None:
    recording = Recording(
        "POST", URI, (("Authorization", sigv4()), ("authorization", f"Bearer {LONG}"))
    )
    scrubbed = scrub(recording)
    assert read_evidence(scrubbed.exchange()).scheme is AuthScheme.CONFLICTING
    assert_evidence_kept(recording, scrubbed)


def test_credentials_that_are_added_later_are_known() -> None:
    known = InPlay()
    scrubber = Scrubber(known)
    recording = Recording("POST", URI, (("Authorization", sigv4()),))
    before = scrubber.scrub(recording)
    known.add(ENVIRONMENT)
    after = scrubber.scrub(recording)
    assert before
    assert after
    assert "ASIA<unknown>" in before.headers[0][1]
    assert "ASIA<environment>" in after.headers[0][1]


_FRAGMENTS = st.sampled_from(
    [
        *("Bearer", "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256", "Basic", "Credential", "=", " "),
        *("SignedHeaders=host;x-amz-date", "Signature=" + SIGNATURE, ", ", ",", "/", "\t", "\n"),
        *("Credential=" + ENVIRONMENT.key_id, "/20260304/eu-central-1/bedrock/aws4_request"),
        *(
            LONG,
            SHORT,
            ENVIRONMENT.secret,
            str(ENVIRONMENT.session_token),
            SHARED.key_id,
            "<",
            ">",
            ":",
        ),
        *("<unknown>", "ABSK", "bedrock-api-key-", "not-a-key-but-", "000000000000", "é", "\x00"),
        *("arn:aws:iam::123456789012:user/x", "X-Amz-Date=20260304T050607Z", "20260304T050607Z"),
    ]
)
_VALUES = st.lists(_FRAGMENTS, max_size=8).map("".join)
_NAMES = st.sampled_from(
    [
        *("Authorization", "authorization", "X-Amz-Date", "Date", "X-Amz-Security-Token"),
        *("X-Amz-Content-Sha256", "Host", "X-Other"),
    ]
)
_HEADERS = st.lists(st.tuples(_NAMES, _VALUES), max_size=5).map(tuple)


@given(_HEADERS)
def test_whatever_is_put_together_the_evidence_stays(headers: tuple[tuple[str, str], ...]) -> None:
    recording = Recording("POST", URI, headers)
    scrubbed = scrub(recording)
    assert_evidence_kept(recording, scrubbed)
    assert ENVIRONMENT.secret not in str([value for _, value in scrubbed.headers])


@given(st.lists(st.sampled_from(ENCODED.split("&")) | _VALUES, max_size=7).map("&".join))
def test_whatever_query_is_put_together_the_evidence_stays(query: str) -> None:
    recording = Recording("POST", f"{URI}?{query}")
    scrubbed = scrub(recording)
    assert_evidence_kept(recording, scrubbed)


@given(exchanges())
def test_any_request_is_scrubbed_and_proves_the_same(exchange: Exchange) -> None:
    uri = "https://" + exchange.authority.partition("/")[0] + exchange.target
    recording = Recording(exchange.method, uri, exchange.headers, exchange.body)
    try:
        recording.exchange()
    except ValueError:  # no URI: nothing to be proved
        scrub(recording, InPlay())
        return
    scrubbed = scrub(recording, InPlay())
    assert_evidence_kept(recording, scrubbed)
