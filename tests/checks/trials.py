"""Trials made by hand, for checks that are held against one request."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from bedrock_authcheck.checks.trial import Expectation, Problem, Trial, Turn
from bedrock_authcheck.clients.contract import Call, CallResult
from bedrock_authcheck.model import BearerToken, CredentialSource, Exchange
from bedrock_authcheck.wire.attribution import Keyring, Observation, observe
from tests.simulated import REGION, aws_canary, token_canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOKEN = token_canary(CredentialSource.BEARER)
SHARED = aws_canary(CredentialSource.SHARED, temporary=False)
INSTANCE = aws_canary(CredentialSource.INSTANCE, temporary=True)
CONFIG = aws_canary(CredentialSource.CONFIG, temporary=True)
FOREIGN = BearerToken(CredentialSource.BEARER, token_canary(CredentialSource.BEARER).value)
KEYS = Keyring((TOKEN, SHARED, INSTANCE, CONFIG))
CALL = Call("bedrock-runtime", "Converse")
BY_TOKEN = Expectation((CredentialSource.BEARER,))
REFUSAL = Expectation(refusal=True)


def seen(exchange: Exchange, number: int = 1) -> Observation:
    return observe(replace(exchange, number=number), KEYS, region=REGION, scope_service="bedrock")


def failed(text: str = "Unable to locate credentials") -> CallResult:
    return CallResult(ok=False, error_type="NoCredentialsError", error=text)


def trial_of(
    *exchanges: Exchange,
    expectation: Expectation = BY_TOKEN,
    result: CallResult | None = None,
    refused_hosts: tuple[str, ...] = (),
    metadata: tuple[Exchange, ...] = (),
    broken: tuple[CredentialSource, ...] = (),
    foreign: tuple[BearerToken, ...] = (),
) -> Trial:
    observations = tuple(seen(exchange, at) for at, exchange in enumerate(exchanges, start=1))
    return Trial(
        call=CALL,
        present=(CredentialSource.BEARER,),
        expectation=expectation,
        keyring=KEYS,
        region=REGION,
        scope_service="bedrock",
        turns=(Turn(CALL, expectation, result or CallResult(ok=True), observations),),
        observations=observations,
        refused_hosts=refused_hosts,
        metadata=metadata,
        broken=broken,
        foreign=foreign,
    )


_OF_NO_REQUEST = re.compile(
    "no request|none;|beside it an attempt|an attempt to reach|given up after|the call succeeded"
    "|a call that succeeded|the text holds|.* without a text|.* holds one|.* was (asked|changed)"
    "|the bearer token (at|is part of that of) instance-metadata|.* at the proxy, "
    "|the (token|secret|session token) of .* in (the log|the text|repr)"
)
"""What is observed where no request of the client's is the one to look at."""


def told(check: Callable[[Trial], Iterator[Problem]], trial: Trial) -> list[tuple[str, str]]:
    """What a check says, each problem as expected and observed.

    Whatever is said of a request names that request.
    """
    problems = list(check(trial))
    for problem in problems:
        if _OF_NO_REQUEST.match(problem.observed):
            assert problem.observation is None, problem.observed
        else:
            assert problem.observation in trial.observations, problem.observed
    return [(problem.expected, problem.observed) for problem in problems]
