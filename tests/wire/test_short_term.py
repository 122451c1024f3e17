"""Short-term keys as AWS's own generator makes them, and each way of tampering with one."""

from __future__ import annotations

import base64
import socket
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from aws_bedrock_token_generator import BedrockTokenGenerator, provide_token
from botocore.credentials import CredentialProvider, Credentials
from hypothesis import given
from hypothesis import strategies as st

from bedrock_authcheck.model import AwsCredential, CredentialSource, SignaturePart
from bedrock_authcheck.wire.short_term import is_made_by, verify_short_term
from bedrock_authcheck.wire.tokens import ApiKeyKind, fake_short_term_key, read_api_key
from tests.simulated import aws_canary
from tests.wire.signers import clock_of_botocore

MADE_AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
SOON = MADE_AT + timedelta(minutes=1)
LONG_TERM = aws_canary(CredentialSource.SHARED, temporary=False)
TEMPORARY = aws_canary(CredentialSource.ENVIRONMENT, temporary=True)
REGIONS = ("us-east-1", "eu-central-1", "us-gov-west-1", "ap-southeast-3")


@dataclass
class Provider(CredentialProvider):
    """What the generator asks for credentials: a canary."""

    canary: AwsCredential

    def load(self) -> Credentials:
        return Credentials(self.canary.key_id, self.canary.secret, self.canary.session_token)


def generated(canary: AwsCredential, region: str, lifetime: timedelta | None = None) -> str:
    """A key by the real generator, made at MADE_AT."""
    how = {} if lifetime is None else {"expiry": lifetime}
    with clock_of_botocore(MADE_AT.replace(tzinfo=None)):
        return str(provide_token(region, Provider(canary), **how))


@pytest.fixture
def unconnected(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Where a connection is attempted, to whom."""
    attempts: list[object] = []

    def refuse(_: socket.socket, address: object) -> None:
        attempts.append(address)
        raise OSError

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    return attempts


@pytest.mark.parametrize("canary", [LONG_TERM, TEMPORARY], ids=["long-term", "temporary"])
@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("seconds", [1, 900, 43_199, 43_200])
def test_a_key_of_the_generator_is_read_verified_and_what_the_fake_is(
    canary: AwsCredential, region: str, seconds: int, unconnected: list[object]
) -> None:
    lifetime = timedelta(seconds=seconds)
    key = generated(canary, region, lifetime)
    assert unconnected == []

    read = read_api_key(key)
    assert (read.kind, read.findings, read.account) == (ApiKeyKind.SHORT_TERM, (), None)
    assert (read.region, read.key_id) == (region, canary.key_id)
    assert read.temporary is canary.temporary
    assert (read.made_at, read.lifetime) == (MADE_AT, lifetime)
    assert read.expires_at == MADE_AT + lifetime

    check = verify_short_term(key, canary, region=region, now=MADE_AT)
    assert (check.valid, check.differs) == (True, None)

    elsewhere = MADE_AT.astimezone(timezone(timedelta(hours=2)))
    assert key == fake_short_term_key(canary, region=region, made_at=elsewhere, expires=seconds)


def test_what_the_generator_makes_unless_told_otherwise_lives_12_hours() -> None:
    key = generated(TEMPORARY, "eu-central-1")
    assert key == fake_short_term_key(TEMPORARY, region="eu-central-1", made_at=MADE_AT)
    with clock_of_botocore(MADE_AT.replace(tzinfo=None)):
        by_class = BedrockTokenGenerator().get_token(Provider(TEMPORARY).load(), "eu-central-1")
    assert by_class == key
    assert read_api_key(key).lifetime == timedelta(hours=12)


KEY = generated(TEMPORARY, "eu-central-1", timedelta(hours=1))
INNER = base64.b64decode(KEY.removeprefix("bedrock-api-key-")).decode()


def altered(before: str, after: str) -> str:
    assert INNER.count(before) == 1
    return "bedrock-api-key-" + base64.b64encode(INNER.replace(before, after).encode()).decode()


def check_of(
    key: str, signer: AwsCredential = TEMPORARY, region: str = "eu-central-1", now: datetime = SOON
) -> tuple[bool, SignaturePart | None]:
    check = verify_short_term(key, signer, region=region, now=now)
    assert bool(check.text) is (check.differs is not None)
    for secret in signer.secrets().values():
        assert secret not in check.text
    return check.valid, check.differs


ALTERED = SignaturePart.CANONICAL_REQUEST
FLIPPED = "0" if INNER.removesuffix("&Version=1")[-1] != "0" else "1"
FORGED: dict[str, tuple[str, SignaturePart]] = {
    "signature": (
        altered(INNER[-12:], f"{INNER[-12]}{FLIPPED}{INNER[-10:]}"),
        ALTERED,
    ),
    "expiry": (altered("X-Amz-Expires=3600", "X-Amz-Expires=43200"), ALTERED),
    "moment": (altered("T050607Z", "T050608Z"), ALTERED),
    "day": (altered("Date=20260304", "Date=20260305"), SignaturePart.DATE),
    "Region": (altered("eu-central-1", "eu-central-2"), SignaturePart.SCOPE),
    "service": (altered("%2Fbedrock%2F", "%2Fsts%2F"), SignaturePart.SCOPE),
    "key id": (altered(TEMPORARY.key_id, LONG_TERM.key_id), SignaturePart.AUTHORIZATION),
    "action": (altered("CallWithBearerToken", "ListUsers"), ALTERED),
    "host": (altered("bedrock.amazonaws.com/", "sts.amazonaws.com/"), ALTERED),
    "path": (altered("com/?", "com/x?"), ALTERED),
    "another parameter": (altered("&Version=1", "&X=1&Version=1"), ALTERED),
    "a second expiry": (
        altered("&Version=1", "&X-Amz-Expires=43200&Version=1"),
        SignaturePart.AUTHORIZATION,
    ),
    "no session token": (
        altered(INNER[INNER.index("&X-Amz-Security") : INNER.index("&X-Amz-Signature")], ""),
        SignaturePart.SESSION_TOKEN,
    ),
    "no signature": (
        altered(INNER[INNER.index("&X-Amz-Signature") : INNER.index("&Version")], ""),
        SignaturePart.AUTHORIZATION,
    ),
    "nothing": ("bedrock-api-key-", SignaturePart.AUTHORIZATION),
    "no base64": (KEY[:-1] + "?", SignaturePart.AUTHORIZATION),
    "a long-term key": ("ABSK" + KEY.removeprefix("bedrock-api-key-"), SignaturePart.AUTHORIZATION),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_key_that_was_tampered_with_does_not_verify(name: str) -> None:
    key, part = FORGED[name]
    assert check_of(KEY) == (True, None)
    assert check_of(key) == (False, part)


@pytest.mark.parametrize(
    ("signer", "part"),
    [
        (LONG_TERM, SignaturePart.AUTHORIZATION),
        (replace(TEMPORARY, secret=LONG_TERM.secret), SignaturePart.CANONICAL_REQUEST),
        (replace(TEMPORARY, session_token=None), SignaturePart.SESSION_TOKEN),
        (replace(TEMPORARY, session_token="FAKE/other"), SignaturePart.SESSION_TOKEN),
    ],
    ids=["key id", "secret", "no session token", "session token"],
)
def test_another_signer_is_found_out(signer: AwsCredential, part: SignaturePart) -> None:
    _, differs = check_of(KEY, signer)
    assert differs is part


@pytest.mark.parametrize(
    ("region", "after", "part"),
    [
        ("eu-central-1", timedelta(hours=1), None),
        ("eu-central-1", timedelta(hours=1, seconds=1), SignaturePart.DATE),
        ("eu-central-1", timedelta(minutes=-5), None),
        ("eu-central-1", timedelta(minutes=-6), SignaturePart.DATE),
        ("us-east-1", timedelta(0), SignaturePart.SCOPE),
    ],
)
def test_a_good_signature_may_be_out_of_time_or_place(
    region: str, after: timedelta, part: SignaturePart | None
) -> None:
    assert check_of(KEY, region=region, now=MADE_AT + after) == (True, part)


@given(st.integers(0, len(INNER)), st.text(max_size=30))
def test_no_key_makes_the_verification_raise_or_verifies_by_chance(cut: int, glue: str) -> None:
    key = "bedrock-api-key-" + base64.b64encode((INNER[:cut] + glue).encode()).decode()
    check = verify_short_term(key, TEMPORARY, region="eu-central-1", now=SOON)
    # What was signed verifies with or without the version, which is not signed; nor is an
    # empty parameter.
    signed = INNER.removesuffix("&Version=1")
    assert check.valid is ((INNER[:cut] + glue).removesuffix("&Version=1").rstrip("&") == signed)


def test_a_key_is_held_against_its_own_region_and_moment_unless_told_others() -> None:
    """Which tells who has made it, whatever it is good for."""
    check = verify_short_term(KEY, TEMPORARY)
    assert (check.valid, check.differs) == (True, None)
    assert is_made_by(KEY, TEMPORARY)
    for another in (LONG_TERM, replace(TEMPORARY, secret=LONG_TERM.secret)):
        assert not is_made_by(KEY, another)
    assert verify_short_term(KEY, TEMPORARY, now=SOON).differs is None
    assert verify_short_term(KEY, TEMPORARY, now=MADE_AT + timedelta(hours=2)).differs is (
        SignaturePart.DATE
    )
    assert verify_short_term(KEY, TEMPORARY, region="us-east-1").differs is SignaturePart.SCOPE


@pytest.mark.parametrize("name", sorted(FORGED))
def test_a_key_that_was_tampered_with_is_made_by_nobody(name: str) -> None:
    assert not is_made_by(FORGED[name][0], TEMPORARY)


def test_a_key_without_a_scope_or_a_request_is_said_to_have_none() -> None:
    unscoped = verify_short_term(altered("%2Faws4_request", ""), TEMPORARY)
    assert (unscoped.valid, unscoped.differs) == (False, SignaturePart.AUTHORIZATION)
    assert unscoped.text.startswith("X-Amz-Credential has 4 parts divided by slashes")
    nothing = verify_short_term("bedrock-api-key-", TEMPORARY)
    assert nothing.text == "the key holds no presigned request"
