"""API keys: the formats of AWS, fakes that follow them, and input that does not."""

from __future__ import annotations

import base64
import re
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_authcheck.model import AwsCredential, CredentialSource
from bedrock_authcheck.wire.tokens import (
    ApiKeyCode,
    ApiKeyKind,
    fake_long_term_key,
    fake_short_term_key,
    read_api_key,
)
from tests.wire.lookalikes import long_term_key, opaque_long_term_key

MADE_AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
KEY_ID = "ASIAFAKE9999BEARER01"
LONG_TERM_SCANNED = re.compile(r"ABSK[A-Za-z0-9+/]{109,269}={0,2}")


def credential() -> AwsCredential:
    return AwsCredential(CredentialSource.BEARER, KEY_ID, "fake/secret+of=bearer")


@pytest.mark.parametrize("marker", ["bearer", "L1", "x", "yy", "zzz"])
def test_a_fake_long_term_key_has_the_characters_that_need_encoding(marker: str) -> None:
    key = fake_long_term_key(marker)
    assert key.startswith("ABSKQmVkcm9ja0FQSUtleS")  # what each real one begins with
    assert {"+", "/"} <= set(key)
    assert key.endswith("=")
    decoded = base64.b64decode(key.removeprefix("ABSK"), validate=True)
    assert f"FAKE-{marker}".encode() in decoded
    assert b"-at-000000000000:" in decoded
    read = read_api_key(key)
    assert (read.kind, read.findings) == (ApiKeyKind.LONG_TERM, ())
    assert read.account == "000000000000"


def test_no_fake_long_term_key_is_taken_for_a_real_one() -> None:
    longest = 34
    for length in range(1, longest + 1):
        assert not LONG_TERM_SCANNED.search(fake_long_term_key("m" * length))
    for length in range(longest + 1, longest + 4):
        with pytest.raises(ValueError, match="as long as a real one"):
            fake_long_term_key("m" * length)


def long_term(inner: str) -> str:
    return "ABSK" + base64.b64encode(inner.encode()).decode()


@pytest.mark.parametrize(
    ("key", "account"),
    [
        (long_term_key(), "123456789012"),
        (long_term("jane+1-at-210987654321:FAKE:-at-000000000000:"), "210987654321"),
        (long_term("a-at-b-at-210987654321:FAKE"), "210987654321"),
        (long_term("who-at-21098765432:FAKE"), None),
        (long_term("who:FAKE-at-210987654321:"), None),
        (long_term("-at-210987654321"), None),
        (opaque_long_term_key(), None),
    ],
)
def test_the_account_of_a_long_term_key_stands_before_its_secret(
    key: str, account: str | None
) -> None:
    read = read_api_key(key)
    assert (read.kind, read.account, read.findings) == (ApiKeyKind.LONG_TERM, account, ())
    assert (read.region, read.key_id, read.expires_at) == (None, None, None)


def short_term(text: str) -> str:
    return "bedrock-api-key-" + base64.b64encode(text.encode()).decode()


GOOD = base64.b64decode(
    fake_short_term_key(credential(), region="us-east-1", made_at=MADE_AT)[16:]
).decode()


@pytest.mark.parametrize(
    ("key", "kind", "codes"),
    [
        ("", ApiKeyKind.UNKNOWN, [ApiKeyCode.PREFIX]),
        ("sk-something", ApiKeyKind.UNKNOWN, [ApiKeyCode.PREFIX]),
        (" ABSKAAAA", ApiKeyKind.UNKNOWN, [ApiKeyCode.PREFIX]),
        ("ABSK", ApiKeyKind.LONG_TERM, [ApiKeyCode.ENCODING]),
        ("ABSKAAA", ApiKeyKind.LONG_TERM, [ApiKeyCode.ENCODING]),
        ("ABSKAAA_", ApiKeyKind.LONG_TERM, [ApiKeyCode.ENCODING]),
        ("ABSK\u20acAAA", ApiKeyKind.LONG_TERM, [ApiKeyCode.ENCODING]),
        ("bedrock-api-key-", ApiKeyKind.SHORT_TERM, [ApiKeyCode.ENCODING]),
        ("bedrock-api-key-AAA AAAA", ApiKeyKind.SHORT_TERM, [ApiKeyCode.ENCODING]),
        (
            short_term(GOOD.replace("bedrock.amazonaws.com", "sts.amazonaws.com")),
            ApiKeyKind.SHORT_TERM,
            [ApiKeyCode.REQUEST],
        ),
        (
            short_term(GOOD.replace("CallWithBearerToken", "ListUsers")),
            ApiKeyKind.SHORT_TERM,
            [ApiKeyCode.REQUEST],
        ),
        (
            short_term(GOOD.removesuffix("&Version=1")),
            ApiKeyKind.SHORT_TERM,
            [ApiKeyCode.REQUEST],
        ),
        (
            short_term(GOOD.replace("%2Fbedrock%2F", "%2Fsts%2F")),
            ApiKeyKind.SHORT_TERM,
            [ApiKeyCode.SIGNATURE],
        ),
        (
            short_term(GOOD.replace("20260304T050607Z", "20269999T050607Z")),
            ApiKeyKind.SHORT_TERM,
            [ApiKeyCode.SIGNATURE],
        ),
        (
            short_term(GOOD.replace("=43200", "=43201")),
            ApiKeyKind.SHORT_TERM,
            [ApiKeyCode.LIFETIME],
        ),
        (
            short_term(GOOD.replace("=43200", "=0")),
            ApiKeyKind.SHORT_TERM,
            [ApiKeyCode.SIGNATURE],
        ),
    ],
)
def test_a_malformed_key_is_a_finding(key: str, kind: ApiKeyKind, codes: list[str]) -> None:
    read = read_api_key(key)
    assert read.kind is kind
    assert [finding.code for finding in read.findings] == codes


def test_a_key_that_outlives_the_calendar_has_no_end() -> None:
    read = read_api_key(short_term(GOOD.replace("20260304T", "99991231T")))
    assert read.made_at == datetime(9999, 12, 31, 5, 6, 7, tzinfo=UTC)
    assert read.expires_at == datetime(9999, 12, 31, 17, 6, 7, tzinfo=UTC)
    late = read_api_key(short_term(GOOD.replace("20260304T05", "99991231T23")))
    assert (late.made_at is None, late.expires_at) == (False, None)


@given(
    st.sampled_from(["", "ABSK", "bedrock-api-key-"]),
    st.one_of(
        st.text(max_size=40),
        st.binary(max_size=60).map(lambda raw: base64.b64encode(raw).decode()),
        st.text(max_size=40).map(lambda text: base64.b64encode((GOOD + text).encode()).decode()),
        st.integers(0, len(GOOD)).map(lambda cut: base64.b64encode(GOOD[:cut].encode()).decode()),
    ),
)
def test_no_token_makes_the_reader_raise_or_show_it(prefix: str, rest: str) -> None:
    read = read_api_key(prefix + rest)
    assert (read.kind is ApiKeyKind.UNKNOWN) is (
        not (prefix + rest).startswith(("ABSK", "bedrock-api-key-"))
    )
    if len(rest) > 16:
        assert rest not in "".join(finding.text for finding in read.findings)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("sk-x", "the key begins neither with bedrock-api-key- nor with ABSK"),
        ("ABSK", "what stands behind the prefix is not base64"),
        ("bedrock-api-key-", "what stands behind the prefix is not base64"),
        (
            short_term(GOOD.replace("bedrock.amazonaws.com", "sts.amazonaws.com")),
            "the presigned request has no host bedrock.amazonaws.com",
        ),
        (
            short_term(GOOD.replace("CallWithBearerToken", "ListUsers")),
            "the presigned request has no Action=CallWithBearerToken",
        ),
        (
            short_term(GOOD.replace("Version=1", "Version=2")),
            "the presigned request has no Version=1",
        ),
        (
            short_term(GOOD.replace("%2Fbedrock%2F", "%2Fsts%2F")),
            "the service of its scope is 'sts', not bedrock",
        ),
        (
            short_term(GOOD.replace("=43200", "=43201")),
            "it lives 12:00:01; 12:00:00 at most is right",
        ),
        (
            short_term(GOOD.replace("=43200", "=0")),
            "X-Amz-Expires in the query is '0', not 1 to 604800 seconds",
        ),
    ],
)
def test_what_is_wrong_with_a_key_is_said_to_the_letter(key: str, text: str) -> None:
    assert [finding.text for finding in read_api_key(key).findings] == [text]


@pytest.mark.parametrize("expires", ["=0", "=soon"])
def test_a_key_that_does_not_say_how_long_it_lives_has_no_lifetime_and_no_end(expires: str) -> None:
    read = read_api_key(short_term(GOOD.replace("=43200", expires)))
    assert (read.made_at, read.lifetime, read.expires_at) == (MADE_AT, None, None)


def test_a_slash_in_a_parameter_does_not_move_the_host() -> None:
    read = read_api_key(short_term(GOOD.replace("%2F", "/")))
    assert (read.findings, read.key_id, read.region) == ((), KEY_ID, "us-east-1")


def test_how_long_a_marker_is_too_long_is_said() -> None:
    with pytest.raises(ValueError, match=r"\Athe marker of 35 characters makes the key as long"):
        fake_long_term_key("m" * 35)


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone of this process cannot be set")
def test_a_key_is_made_at_the_same_moment_wherever_the_machine_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = fake_short_term_key(credential(), region="us-east-1", made_at=MADE_AT)
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "EST5")
        time.tzset()
        there = fake_short_term_key(credential(), region="us-east-1", made_at=MADE_AT)
    time.tzset()
    assert there == here
