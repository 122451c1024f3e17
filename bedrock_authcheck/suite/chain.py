"""CHAIN-1 to CHAIN-4: which of the levels that are present wins, and nothing is mixed."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.checks.trial import Expectation
from bedrock_authcheck.clients.contract import ClientSettings
from bedrock_authcheck.environments.levels import Defect
from bedrock_authcheck.model import CredentialSource
from bedrock_authcheck.suite.scenario import (
    CONVERSE,
    IAM_SOURCES,
    MAIN_CALLS,
    Held,
    Scenario,
    expect,
    levels_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIRST_FIVE: Final = tuple(source for source in CredentialSource if source.level < 6)  # noqa: PLR2004 - the sixth level has two sources
_SIXTH: Final = (None, CredentialSource.INSTANCE, CredentialSource.CONTAINER)
_CAN_BE_LONG_TERM: Final = tuple(source for source in IAM_SOURCES if source.level < 6)  # noqa: PLR2004 - roles never are


def scenarios() -> Iterator[Scenario]:
    """All subsets of the six levels, then pairs that could be mixed, then half and empty levels."""
    yield from _subsets()
    yield from _in_session()
    yield from _pairs()
    yield from _halves()
    yield from _empty()


def _subsets() -> Iterator[Scenario]:
    """All 64 subsets, those with level 6 as instance and as container, for each main call."""
    for sixth in _SIXTH:
        last = (sixth,) if sixth else ()
        for size in range(len(_FIRST_FIVE) + 1):
            for first in combinations(_FIRST_FIVE, size):
                sources = (*first, *last)
                rule = "CHAIN-1" if sources else "CHAIN-2"
                for name, call in MAIN_CALLS.items():
                    full = f"{levels_name(sources)}-{name}"
                    yield Scenario.of("chain", full, (rule,), sources, call, shared=True)


def _in_session() -> Iterator[Scenario]:
    """Keys given to the session instead of the client: level 2 as well."""
    others = (None, CredentialSource.BEARER, CredentialSource.ENVIRONMENT, CredentialSource.SHARED)
    for other in others:
        sources = (CredentialSource.SETTINGS, *((other,) if other else ()))
        beside = f"+{other}" if other else ""
        yield Scenario.of(
            "chain",
            f"settings-in-session{beside}-converse",
            ("CHAIN-1",),
            sources,
            CONVERSE,
            settings=ClientSettings(keys_in_session=True),
        )


def _pairs() -> Iterator[Scenario]:
    """Two IAM levels, temporary and long-term in each combination: parts could be mixed."""
    for upper, lower in combinations(IAM_SOURCES, 2):
        if upper.level == lower.level:
            continue
        kinds = [
            (upper_kind, lower_kind) for upper_kind in _kinds(upper) for lower_kind in _kinds(lower)
        ]
        for upper_kind, lower_kind in kinds:
            held = (Held(upper, temporary=upper_kind), Held(lower, temporary=lower_kind))
            name = f"{upper}-{_kind(upper_kind)}+{lower}-{_kind(lower_kind)}-converse"
            yield Scenario.of("chain", name, ("CHAIN-1",), held, CONVERSE)


def _kinds(source: CredentialSource) -> tuple[bool, ...]:
    return (False, True) if source in _CAN_BE_LONG_TERM else (True,)


def _kind(temporary: bool) -> str:
    return "temporary" if temporary else "long-term"


def _halves() -> Iterator[Scenario]:
    """Leave a level without its secret or key id: alone, above a whole one, and below the token."""
    for source in IAM_SOURCES:
        for defect in (Defect.NO_KEY_ID, Defect.NO_SECRET):
            half = Held(source, defect=defect)
            yield _half(half, ())
            below = next((lower for lower in IAM_SOURCES if lower.level > source.level), None)
            if below is not None:
                yield _half(half, (below,))
            yield _half(half, (CredentialSource.BEARER,))


def _empty() -> Iterator[Scenario]:
    """Variables that are set and empty, as CI leaves those of a secret that it does not have."""
    key_id, secret = ("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")
    source = CredentialSource.ENVIRONMENT
    for name, held, variables in (
        ("with-empty-key-id", (Held(source, defect=Defect.NO_KEY_ID),), (key_id,)),
        ("with-empty-secret", (Held(source, defect=Defect.NO_SECRET),), (secret,)),
        ("empty", (), (key_id, secret)),
    ):
        for whole in ((), (CredentialSource.SHARED,), (CredentialSource.BEARER,)):
            scenario = _without(f"{source}-{name}", held, whole)
            yield replace(scenario, variables=dict(variables))


def _half(half: Held, whole: tuple[CredentialSource, ...]) -> Scenario:
    return _without(f"{half.origin}-{half.defect}", (half,), whole)


def _without(name: str, half: tuple[Held, ...], whole: tuple[CredentialSource, ...]) -> Scenario:
    usable = expect(whole, CONVERSE.service)
    # Skipped or refused, both are right; that the token above it should win is CHAIN-5.
    expectation = Expectation(usable.origins, refusal=True)
    full = f"{name}{''.join(f'+{source}' for source in whole)}-converse"
    held = (*half, *map(Held, whole))
    return Scenario.of("chain", full, ("CHAIN-4",), held, CONVERSE, expectation=expectation)
