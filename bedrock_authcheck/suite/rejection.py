"""TOKEN-13 and AUTH-6: a key that is rejected, a stream that breaks, a late clock, a waiter."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.checks.trial import Expectation
from bedrock_authcheck.clients.contract import Call
from bedrock_authcheck.model import CredentialSource
from bedrock_authcheck.services.answers import denial_answer
from bedrock_authcheck.services.authorization import EXPIRED_KEY, UNKNOWN_KEY, Denial
from bedrock_authcheck.services.steps import as_usual, cut, deny, reply
from bedrock_authcheck.suite.acts import Ask
from bedrock_authcheck.suite.scenario import (
    CONVERSE,
    CONVERSE_STREAM,
    IAM_SOURCES,
    MAIN_CALLS,
    Held,
    Scenario,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_authcheck.services.http import Answer

_TOKEN: Final = CredentialSource.BEARER
_KEYS: Final = CredentialSource.ENVIRONMENT
_SKEWED: Final = {
    "signature-expired": Denial(
        "InvalidSignatureException",
        "message",
        "Signature expired: the date of the request is more than 5 min. earlier than now.",
    ),
    "time-too-skewed": Denial(
        "RequestTimeTooSkewed",
        "message",
        "The difference between the request time and the current time is too large.",
    ),
}
"""What a service says to a signature whose date it holds for wrong; the text is SIMULATED."""

_WAITER: Final = Call("bedrock-agentcore-control", "GetMemory", waiter="MemoryCreated")
"""The only one that botocore's Bedrock services have had for long; Bedrock itself has none."""
_STACKED: Final = ((_TOKEN, _KEYS), (_KEYS, CredentialSource.SHARED))


def scenarios() -> Iterator[Scenario]:
    """Reject a key at once, later, or because nobody knows it; break streams, doubt clocks."""
    for below in (None, *IAM_SOURCES):
        yield from _rejected(below)
    for levels in (*((source,) for source in CredentialSource), *_STACKED):
        yield _broken_stream(levels)
        if levels[0] is not _TOKEN:
            yield from _skewed(levels)
    for source in (CredentialSource.SETTINGS, _KEYS, CredentialSource.INSTANCE):
        yield _waited(source)


def over(below: CredentialSource | None) -> str:
    """Say in an id what is below the token."""
    return f"over-{below}" if below else "alone"


def _rejected(below: CredentialSource | None) -> Iterator[Scenario]:
    """TOKEN-13: with nothing or something to fall back to; and by the token again afterwards."""
    beside = (below,) if below else ()
    levels, expectation = (_TOKEN, *beside), Expectation((_TOKEN,))
    rules, end = ("TOKEN-13",), over(below)
    for said, denial in (("expired", EXPIRED_KEY), ("unknown", UNKNOWN_KEY)):
        for name, call in MAIN_CALLS.items():
            yield Scenario.of(
                *("life", f"key-{said}-{name}-{end}", rules, levels, call),
                expectation=expectation,
                steps=(deny(denial),),
                shared=True,
            )
    yield Scenario.of(
        *("life", f"key-expired-between-calls-{end}", rules, levels, CONVERSE),
        expectation=expectation,
        acts=(Ask(CONVERSE), Ask(CONVERSE_STREAM), Ask(CONVERSE)),
        steps=(as_usual(), deny(EXPIRED_KEY)),
        shared=True,
    )
    yield Scenario(
        *("life", f"key-of-nobody-{end}", rules, tuple(map(Held, beside)), (CONVERSE,)),
        expectation,
        foreign_variable="AWS_BEARER_TOKEN_BEDROCK",
    )


def _broken_stream(levels: tuple[CredentialSource, ...]) -> Scenario:
    """AUTH-6: a stream that breaks half-way, then another stream and a plain call."""
    return Scenario.of(
        *("life", f"stream-broken-{'-over-'.join(levels)}", ("AUTH-6",), levels, CONVERSE_STREAM),
        acts=(Ask(CONVERSE_STREAM), Ask(CONVERSE_STREAM), Ask(CONVERSE)),
        steps=(cut(),),
        shared=True,
    )


def _waited(below: CredentialSource) -> Scenario:
    """AUTH-6: a waiter asks until it is content, of a service that takes no token at any time."""
    statuses = ("CREATING", "CREATING", "ACTIVE")
    return Scenario.of(
        *("life", f"waiter-bearer-over-{below}", ("LIMIT-4", "LIMIT-6", "AUTH-6")),
        (_TOKEN, below),
        _WAITER,
        steps=tuple(reply(json.dumps({"memory": {"status": now}}).encode()) for now in statuses),
        shared=True,
    )


def _skewed(levels: tuple[CredentialSource, ...]) -> Iterator[Scenario]:
    """AUTH-6: the service holds the signature's date for wrong; then another call."""
    for name, denial in _SKEWED.items():

        def step(_: Answer, denial: Denial = denial) -> Answer:
            answer = denial_answer(CONVERSE.service, denial)
            now = format_datetime(datetime.now(UTC), usegmt=True)
            return replace(answer, headers=(*answer.headers, ("Date", now)))

        yield Scenario.of(
            *("life", f"{name}-{'-over-'.join(levels)}", ("AUTH-6",), levels, CONVERSE),
            acts=(Ask(CONVERSE), Ask(CONVERSE)),
            steps=(step,),
            shared=True,
        )
