"""CHAIN-1: credentials of a role that expire, and are other ones at the next fetch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bedrock_authcheck.checks.trial import Expectation
from bedrock_authcheck.environments.levels import Defect
from bedrock_authcheck.model import CredentialSource, Variant
from bedrock_authcheck.suite.acts import Ask, Renew
from bedrock_authcheck.suite.scenario import CONVERSE, Held, Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_authcheck.model import Origin

_INSTANCE: Final = CredentialSource.INSTANCE
_ROLES: Final[dict[Origin, Origin]] = {
    _INSTANCE: Variant.REFRESHED_INSTANCE,
    CredentialSource.CONTAINER: Variant.REFRESHED_CONTAINER,
    Variant.POD_IDENTITY: Variant.REFRESHED_CONTAINER,
}


def scenarios() -> Iterator[Scenario]:
    """Each role nearly over and expired, then renewed; and a token of metadata that is stale."""
    for role, renewed in _ROLES.items():
        yield _renewed(Held(role, expiring=True), renewed, Expectation((role,)))
        first = Expectation((role,) if role is _INSTANCE else (), refusal=True)
        yield _renewed(Held(role, defect=Defect.EXPIRED), renewed, first)
    first = Expectation((_INSTANCE,), refusal=True)
    acts = (Ask(CONVERSE, expectation=first), Ask(CONVERSE, client=1))
    yield Scenario.of(
        "variant",
        f"{_INSTANCE}-{Defect.STALE_TOKEN}-converse",
        ("CHAIN-1",),
        (Held(_INSTANCE, defect=Defect.STALE_TOKEN),),
        CONVERSE,
        expectation=Expectation((_INSTANCE,)),
        acts=acts,
    )


def _renewed(held: Held, renewed: Origin, first: Expectation) -> Scenario:
    """Ask, renew, and ask a client that knows the old credentials, then one that knows none.

    Many SDKs go on with an instance's old credentials for some minutes even when they have
    expired, lest an outage of metadata end all calls; the next client has the new ones.
    """
    last = Expectation((renewed,))
    again = Expectation((held.origin, renewed)) if held.origin is _INSTANCE else last
    return Scenario.of(
        "variant",
        f"{held.origin}-{held.defect or 'expiring'}-renewed-converse",
        ("CHAIN-1",),
        (held, Held(renewed, spare=True)),
        CONVERSE,
        expectation=last,
        acts=(
            Ask(CONVERSE, expectation=first),
            Renew(held.origin, renewed),
            Ask(CONVERSE, expectation=again),
            Ask(CONVERSE, client=1),
        ),
    )
