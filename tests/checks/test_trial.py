from __future__ import annotations

import pytest

from bedrock_authcheck.checks.trial import Expectation, Trial, Turn
from bedrock_authcheck.clients.contract import Call, CallResult
from bedrock_authcheck.model import CredentialSource, Exchange
from bedrock_authcheck.wire.attribution import Keyring, Observation, observe
from tests.simulated import REGION, aws_canary, received, received_from, sigv4_headers, token_canary

TOKEN = token_canary(CredentialSource.BEARER)
SHARED = aws_canary(CredentialSource.SHARED)
KEYS = Keyring((TOKEN, SHARED))


def _seen(exchange: Exchange) -> Observation:
    return observe(exchange, KEYS, region=REGION, scope_service="bedrock")


BY_TOKEN = _seen(received_from(TOKEN, number=1))
BY_SHARED = _seen(received_from(SHARED, number=2))
BY_NOBODY = _seen(received(number=3))
BY_BOTH = _seen(
    received(
        (
            *sigv4_headers(SHARED, "127.0.0.1:443").items(),
            ("Authorization", f"Bearer {TOKEN.value}"),
        ),
        number=4,
    )
)
ELSEWHERE = _seen(received_from(TOKEN, number=5, service="sts"))

CALL = Call("bedrock-runtime", "Converse")
EXPECTED = Expectation((CredentialSource.BEARER,))


def _trial(*observations: Observation) -> Trial:
    return Trial(
        call=CALL,
        present=(CredentialSource.BEARER, CredentialSource.SHARED),
        expectation=Expectation((CredentialSource.BEARER,)),
        keyring=KEYS,
        region=REGION,
        scope_service="bedrock",
        turns=(Turn(CALL, EXPECTED, CallResult(ok=True), observations),),
        observations=observations,
    )


@pytest.mark.parametrize(
    ("expectation", "text"),
    [
        (Expectation((CredentialSource.BEARER,)), "bearer  AWS_BEARER_TOKEN_BEDROCK"),
        (
            Expectation((CredentialSource.SHARED,), refusal=True),
            "sigv4  ~/.aws/credentials [default], or a clear error and no request",
        ),
        (
            Expectation((CredentialSource.BEARER, CredentialSource.CONFIG)),
            "bearer  AWS_BEARER_TOKEN_BEDROCK, or sigv4  ~/.aws/config [default]",
        ),
        (Expectation(unsigned=True), "an unsigned request"),
        (Expectation(refusal=True), "a clear error and no request"),
    ],
)
def test_an_expectation_is_one_line_for_people(expectation: Expectation, text: str) -> None:
    assert str(expectation) == text


def test_requests_are_those_to_the_service_that_was_called() -> None:
    trial = _trial(BY_TOKEN, ELSEWHERE, BY_NOBODY)
    assert trial.requests == (BY_TOKEN, BY_NOBODY)
    assert trial.observations == (BY_TOKEN, ELSEWHERE, BY_NOBODY)


def test_bearer_requests_carry_a_token_whatever_stands_beside_it() -> None:
    trial = _trial(BY_TOKEN, BY_SHARED, BY_NOBODY, BY_BOTH, ELSEWHERE)
    assert trial.bearer_requests == (BY_TOKEN, BY_BOTH)


def test_signed_requests_are_signed_and_nothing_else() -> None:
    trial = _trial(BY_TOKEN, BY_SHARED, BY_NOBODY, BY_BOTH)
    assert trial.signed_requests == (BY_SHARED,)


def test_no_repr_shows_a_secret() -> None:
    shown = repr(_trial(BY_TOKEN, BY_SHARED, BY_BOTH))
    secrets = {**TOKEN.secrets(), **SHARED.secrets()}
    assert not any(value in shown for value in secrets.values())
