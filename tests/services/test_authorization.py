from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.model import BearerToken, CredentialSource, Exchange
from bedrock_authcheck.services.authorization import (
    CORAL_DENIED,
    EXPIRED_KEY,
    EXPIRED_SESSION,
    MISSING,
    NO_API_KEYS,
    NO_PREFIX,
    UNKNOWN_CREDENTIAL,
    UNKNOWN_KEY,
    WRONG_REGION,
    WRONG_SIGNATURE,
    Denial,
    authorize,
)
from bedrock_authcheck.wire.attribution import Keyring, observe
from tests.simulated import (
    REGION,
    aws_canary,
    received,
    received_from,
    sigv4_headers,
    token_canary,
)

if TYPE_CHECKING:
    from bedrock_authcheck.model import Credential

TOKEN = token_canary(CredentialSource.BEARER)
LONG_TERM = aws_canary(CredentialSource.SHARED, temporary=False)
TEMPORARY = aws_canary(CredentialSource.ENVIRONMENT)
KEYS = Keyring((TOKEN, LONG_TERM, TEMPORARY))
HOST = "127.0.0.1:443"


def _decide(
    exchange: Exchange, *, accepts: bool = True, region: str | None = REGION, keys: Keyring = KEYS
) -> Denial | None:
    observation = observe(exchange, keys, region=region, scope_service="bedrock")
    return authorize(observation, accepts_api_key=accepts, region=region)


def _bearer(value: str) -> Exchange:
    return received({"Authorization": f"Bearer {value}"})


@pytest.mark.parametrize("credential", [TOKEN, LONG_TERM, TEMPORARY])
def test_who_is_known_is_let_in(credential: BearerToken) -> None:
    assert _decide(received_from(credential)) is None
    assert _decide(received_from(credential), region=None) is None


def test_a_token_is_refused_where_none_is_taken_and_a_signature_is_not() -> None:
    assert _decide(received_from(TOKEN), accepts=False) == NO_API_KEYS
    assert _decide(_bearer("whatever"), accepts=False) == NO_API_KEYS
    assert _decide(received_from(LONG_TERM), accepts=False) is None


def test_white_space_around_a_token_is_not_what_it_is_refused_for() -> None:
    assert _decide(_bearer(f" {TOKEN.value}")) is None


@pytest.mark.parametrize("value", ["", " ", "secret", "absk-lower-case", "bedrock-api-ke"])
def test_a_token_without_a_known_prefix_is_told_so(value: str) -> None:
    assert _decide(_bearer(value)) == NO_PREFIX


def test_a_token_of_nobody_is_unknown() -> None:
    stranger = token_canary(CredentialSource.BEARER)
    assert _decide(received_from(stranger)) == UNKNOWN_KEY
    assert _decide(_bearer(TOKEN.value[:-1])) == UNKNOWN_KEY


def test_nobody_is_told_that_authorization_is_missing() -> None:
    assert _decide(received()) == MISSING
    assert _decide(received(), accepts=False) == MISSING


def test_two_schemes_at_once_are_not_let_in() -> None:
    both = sigv4_headers(LONG_TERM, HOST)
    headers = (*both.items(), ("Authorization", f"Bearer {TOKEN.value}"))
    assert _decide(received(headers)) == WRONG_SIGNATURE
    assert _decide(received({"Authorization": "Basic RkFLRQ=="})) == WRONG_SIGNATURE


def test_a_key_id_of_nobody_is_unknown() -> None:
    stranger = aws_canary(CredentialSource.SHARED, temporary=False)
    assert _decide(received_from(stranger)) == UNKNOWN_CREDENTIAL


@pytest.mark.parametrize("session_token", [None, "FAKE/other"])
def test_a_wrong_session_token_is_unknown(session_token: str | None) -> None:
    changed = replace(TEMPORARY, session_token=session_token)
    assert _decide(received_from(changed)) == UNKNOWN_CREDENTIAL


@pytest.mark.parametrize(
    "changes", [{"secret": "FAKE/other"}, {"secret": TEMPORARY.secret}], ids=["other", "mixed"]
)
def test_a_wrong_secret_is_a_wrong_signature(changes: dict[str, str]) -> None:
    changed = replace(LONG_TERM, **changes)  # type: ignore[arg-type] # a field of the credential
    assert _decide(received_from(changed)) == WRONG_SIGNATURE


@pytest.mark.parametrize("change", [{"body": b"other"}, {"target": "/model/other/converse"}])
def test_a_request_that_was_changed_is_a_wrong_signature(change: dict[str, str | bytes]) -> None:
    assert _decide(received_from(LONG_TERM, **change)) == WRONG_SIGNATURE


def _signed(**how: str | datetime) -> Exchange:
    return received(sigv4_headers(LONG_TERM, HOST, **how))  # type: ignore[arg-type] # by name


def test_another_region_in_the_scope_is_told_so() -> None:
    assert _decide(_signed(region="us-west-2")) == WRONG_REGION
    assert _decide(_signed(region="us-west-2"), region=None) is None


def test_another_service_in_the_scope_is_told_so() -> None:
    for region in (REGION, None):
        denial = _decide(_signed(service="sts"), region=region)
        assert denial is not None
        assert denial.message == "Credential should be scoped to correct service: 'bedrock'. "


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (-16, "Signature expired: {signed} is now earlier than {bound} ({now} - 5 min.)"),
        (16, "Signature not yet current: {signed} is still later than {bound} ({now} + 5 min.)"),
    ],
)
def test_a_signature_out_of_time_is_told_by_how_much(minutes: int, text: str) -> None:
    now = datetime.now(UTC)
    signed = now + timedelta(minutes=minutes)
    denial = _decide(replace(_signed(when=signed), received_at=now))
    bound = now + timedelta(minutes=-5 if minutes < 0 else 5)
    shown = {"signed": signed, "bound": bound, "now": now}
    expected = text.format(**{name: f"{m:%Y%m%dT%H%M%SZ}" for name, m in shown.items()})
    assert denial == Denial("InvalidSignatureException", "message", expected)


@pytest.mark.parametrize("minutes", [-4, 4])
def test_five_minutes_either_way_are_allowed(minutes: int) -> None:
    when = datetime.now(UTC) + timedelta(minutes=minutes)
    assert _decide(_signed(when=when)) is None


@pytest.mark.parametrize(
    ("denial", "key", "error_type"),
    [
        *((d, "Message", CORAL_DENIED) for d in (MISSING, NO_API_KEYS, NO_PREFIX)),
        *((d, "Message", CORAL_DENIED) for d in (UNKNOWN_KEY, EXPIRED_KEY)),
        (WRONG_SIGNATURE, "message", "InvalidSignatureException"),
        (WRONG_REGION, "message", "InvalidSignatureException"),
        (UNKNOWN_CREDENTIAL, "message", "UnrecognizedClientException"),
        (EXPIRED_SESSION, "message", "ExpiredTokenException"),
    ],
)
def test_errors_about_keys_and_about_signatures_are_spelled_apart(
    denial: Denial, key: str, error_type: str
) -> None:
    assert denial.status == 403
    assert denial.error_type == error_type
    assert json.loads(denial.body) == {key: denial.message}


def test_no_denial_repeats_a_secret() -> None:
    credentials: tuple[Credential, ...] = (TOKEN, LONG_TERM, TEMPORARY)
    exchanges = [received_from(c, body=b"changed") for c in (TOKEN, LONG_TERM, TEMPORARY)]
    told = "".join(repr(_decide(e, accepts=False)) for e in exchanges)
    assert not any(value in told for c in credentials for value in c.secrets().values())
