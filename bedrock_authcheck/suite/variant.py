"""CHAIN-7: the variants of a level, each alone, and two by two to see which one wins."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.checks.trial import Expectation
from bedrock_authcheck.clients.contract import ClientSettings
from bedrock_authcheck.environments.variants import PROFILE
from bedrock_authcheck.model import CredentialSource, Variant
from bedrock_authcheck.suite import renewed
from bedrock_authcheck.suite.scenario import CONVERSE, Held, Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bedrock_authcheck.model import Origin

_NAMED: Final = (Variant.SHARED_PROFILE, Variant.CONFIG_PROFILE)
"""Variants that somebody must name, or nobody finds them."""
_IN_DEFAULT: Final = (
    Variant.PROCESS,
    Variant.ROLE,
    Variant.WEB_IDENTITY,
    Variant.SSO,
    Variant.LOGIN,
)
_REFRESHED: Final = (Variant.REFRESHED_SSO, Variant.REFRESHED_LOGIN)
"""In the place of others, with a token or credentials that have expired."""
_CAN_BE_LONG_TERM: Final = (*_NAMED, Variant.PROCESS)
_COMPARED: Final[tuple[Origin, ...]] = (
    CredentialSource.SHARED,
    CredentialSource.CONFIG,
    CredentialSource.CONTAINER,
    CredentialSource.INSTANCE,
    *_NAMED,
    *_IN_DEFAULT,
    Variant.POD_IDENTITY,
)
_ONE_PLACE: Final = {CredentialSource.CONTAINER, Variant.POD_IDENTITY}
"""The same variables: a machine has one of them."""
_BY_VARIABLE: Final = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
_ROLE: Final[tuple[Origin, ...]] = (CredentialSource.ENVIRONMENT, Variant.ROLE_FROM_ENVIRONMENT)


def scenarios() -> Iterator[Scenario]:
    """Each variant alone, in each way and kind, then all pairs."""
    for variant in (*_IN_DEFAULT, *_REFRESHED, Variant.POD_IDENTITY):
        yield _alone(Held(variant))
    for variant in _NAMED:
        for variable in _BY_VARIABLE:
            name = f"{variant}-by-{variable.lower().replace('_', '-')}"
            yield _alone(Held(variant), name, variables={variable: PROFILE})
        yield _alone(Held(variant), f"{variant}-in-code", profile=PROFILE)
    for variant in _CAN_BE_LONG_TERM:
        for temporary in (False, True):
            name = f"{variant}-{'temporary' if temporary else 'long-term'}"
            held = Held(variant, temporary=temporary)
            yield _alone(held, name, variables=_naming((variant,)))
    yield from _from_environment()
    yield from renewed.scenarios()
    for pair in combinations(_COMPARED, 2):
        if set(pair) != _ONE_PLACE and set(pair) & {*Variant}:
            yield _pair(pair)
    yield _pair((CredentialSource.CONTAINER, CredentialSource.INSTANCE))


def _naming(origins: tuple[Origin, ...]) -> Mapping[str, str]:
    return {"AWS_PROFILE": PROFILE} if set(origins) & {*_NAMED} else {}


def _alone(
    held: Held,
    name: str = "",
    *,
    variables: Mapping[str, str] | None = None,
    profile: str | None = None,
) -> Scenario:
    return Scenario.of(
        "variant",
        f"{name or held.origin}-converse",
        ("CHAIN-1", "CHAIN-3"),
        (held,),
        CONVERSE,
        settings=ClientSettings(profile=profile),
        variables=variables or {},
    )


def _from_environment() -> Iterator[Scenario]:
    """Let a role have the variables as its source: named in code, then by AWS_PROFILE."""
    by_role = Expectation((Variant.ROLE_FROM_ENVIRONMENT,))
    yield Scenario.of(
        "variant",
        f"{Variant.ROLE_FROM_ENVIRONMENT}-in-code-converse",
        ("CHAIN-1",),
        _ROLE,
        CONVERSE,
        expectation=by_role,
        settings=ClientSettings(profile=PROFILE),
    )
    yield _pair(_ROLE, {"AWS_PROFILE": PROFILE})


def _pair(origins: tuple[Origin, ...], variables: Mapping[str, str] | None = None) -> Scenario:
    """Hold two: either may win, or the client refuses to choose; a mixture alone is wrong."""
    return Scenario.of(
        "variant",
        f"{'+'.join(origins)}-converse",
        ("CHAIN-7",),
        origins,
        CONVERSE,
        expectation=Expectation(origins, refusal=True),
        variables=_naming(origins) if variables is None else variables,
    )
