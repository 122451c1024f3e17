"""CHAIN-4 to CHAIN-6: levels that are there and of no use, below a usable token and alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.checks.trial import Expectation
from bedrock_authcheck.environments.levels import Defect
from bedrock_authcheck.model import CredentialSource, Variant
from bedrock_authcheck.suite.scenario import CONVERSE, IAM_SOURCES, MAIN_CALLS, Held, Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN: Final = CredentialSource.BEARER
_ROLES: Final = (CredentialSource.INSTANCE, CredentialSource.CONTAINER)
_BY_TOKEN_SERVICE: Final = (
    Variant.ROLE,
    Variant.WEB_IDENTITY,
    Variant.SSO,
    Variant.REFRESHED_SSO,
    Variant.REFRESHED_LOGIN,
)
"""What STS, the SSO portal or a sign-in service must be asked for."""
_HALVES: Final = tuple(
    Held(origin, defect=defect)
    for origin in (*IAM_SOURCES, Variant.PROCESS)
    for defect in (Defect.NO_KEY_ID, Defect.NO_SECRET)
)
_FILES: Final = tuple(
    Held(source, defect=defect)
    for source in (CredentialSource.SHARED, CredentialSource.CONFIG)
    for defect in (Defect.MALFORMED, Defect.UNREADABLE, Defect.NO_PROFILE)
)
_SERVED: Final = tuple(
    Held(origin, defect=defect)
    for origin in (Variant.PROCESS, *_ROLES)
    for defect in (Defect.FAILING, Defect.MALFORMED, Defect.EXPIRED)
)
_UNSERVED: Final = (
    Held(CredentialSource.INSTANCE, defect=Defect.NO_ROLE),
    Held(CredentialSource.INSTANCE, defect=Defect.OUT_OF_REACH),
    *(Held(role, defect=Defect.UNAVAILABLE) for role in _ROLES),
    *(Held(role, defect=Defect.REFUSING) for role in _ROLES),
)
_REFUSED: Final = (
    *(Held(role, defect=Defect.FORBIDDEN) for role in _ROLES),
    *(Held(role, defect=Defect.UNAUTHORISED) for role in _ROLES),
    *(Held(variant, defect=Defect.FAILING) for variant in _BY_TOKEN_SERVICE),
    Held(Variant.SSO, defect=Defect.EXPIRED),
    Held(Variant.LOGIN, defect=Defect.EXPIRED),
)
_HANGING: Final = Held(Variant.PROCESS, defect=Defect.HANGING)
_USED_EXPIRED: Final = Held(CredentialSource.INSTANCE, defect=Defect.EXPIRED)
"""Signs all the same in many SDKs, on purpose: instance metadata can fail to renew in time."""


def scenarios() -> Iterator[Scenario]:
    """Each broken level below the token and alone, then whole ones that nobody should ask."""
    for half in _HALVES:
        yield _below(half)
    yield _alone(Held(Variant.PROCESS, defect=Defect.NO_KEY_ID))
    yield _alone(Held(Variant.PROCESS, defect=Defect.NO_SECRET))
    for held in (*_FILES, *_SERVED, *_UNSERVED, *_REFUSED, _HANGING):
        yield _below(held)
        if held != _USED_EXPIRED:
            yield _alone(held)
    yield from _whole()


def _below(held: Held) -> Scenario:
    # A port where nobody listens gives no sight of who knocked, and a process is no service.
    unseen = held.defect in (Defect.REFUSING, Defect.HANGING)
    rules = ("CHAIN-5",) if unseen else ("CHAIN-5", "CHAIN-6")
    name = f"{_TOKEN}+{held.origin}-{held.defect}-converse"
    return Scenario.of("broken", name, rules, (_TOKEN, held), CONVERSE)


def _alone(held: Held) -> Scenario:
    name = f"{held.origin}-{held.defect}-converse"
    expectation = Expectation(refusal=True)
    return Scenario.of("broken", name, ("CHAIN-4",), (held,), CONVERSE, expectation=expectation)


def _whole() -> Iterator[Scenario]:
    """Healthy levels below the token, each of which somebody would have to be asked for."""
    for variant in _BY_TOKEN_SERVICE:
        name = f"{_TOKEN}+{variant}-converse"
        yield Scenario.of("broken", name, ("CHAIN-6",), (_TOKEN, variant), CONVERSE)
    for role in (*_ROLES, None):
        for name, call in MAIN_CALLS.items():
            levels = (_TOKEN, *((role,) if role else ()))
            full = f"{'+'.join(levels)}-{name}"
            scenario = Scenario.of("broken", full, ("CHAIN-6",), levels, call)
            # With no role either, and metadata not switched off, the well-known addresses.
            variables = {} if role else {"AWS_EC2_METADATA_DISABLED": "false"}
            yield replace(scenario, variables=variables)
