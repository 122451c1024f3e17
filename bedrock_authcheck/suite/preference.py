"""PREF-1 and PREF-3: SigV4 or nobody, asked for in code, beats the token in the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bedrock_authcheck.checks.trial import Expectation
from bedrock_authcheck.clients.contract import ClientSettings, Preference
from bedrock_authcheck.model import CredentialSource
from bedrock_authcheck.suite.scenario import MAIN_CALLS, Scenario, expect, levels_name

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIGV4: Final = {
    Preference.SIGV4_BY_VERSION: "sigv4-by-signature-version",
    Preference.SIGV4_BY_PREFERENCE: "sigv4-by-auth-scheme-preference",
}
_BELOW: Final = (
    (),
    (CredentialSource.SETTINGS,),
    (CredentialSource.ENVIRONMENT,),
    (CredentialSource.ENVIRONMENT, CredentialSource.SHARED),
    (CredentialSource.CONFIG,),
    (CredentialSource.INSTANCE,),
    (CredentialSource.CONTAINER,),
)


def scenarios() -> Iterator[Scenario]:
    """Put the token over each level; then ask for anonymous over what could be sent."""
    for preference, how in _SIGV4.items():
        for below in _BELOW:
            yield from _asks_sigv4(preference, how, below)
    for sources in ((), (CredentialSource.BEARER,), *_BELOW[1:3]):
        yield from _asks_anonymous(sources)
        if CredentialSource.BEARER not in sources and sources:
            yield from _asks_anonymous((CredentialSource.BEARER, *sources))


def _asks_sigv4(
    preference: Preference, how: str, below: tuple[CredentialSource, ...]
) -> Iterator[Scenario]:
    sources = (CredentialSource.BEARER, *below)
    for name, call in MAIN_CALLS.items():
        yield Scenario.of(
            "preference",
            f"{how}-{levels_name(sources)}-{name}",
            ("PREF-1",),
            sources,
            call,
            expectation=expect(below, call.service),
            settings=ClientSettings(preference=preference),
            shared=True,
        )


def _asks_anonymous(sources: tuple[CredentialSource, ...]) -> Iterator[Scenario]:
    for name, call in MAIN_CALLS.items():
        yield Scenario.of(
            "preference",
            f"anonymous-{levels_name(sources)}-{name}",
            ("PREF-3",),
            sources,
            call,
            expectation=Expectation(unsigned=True),
            settings=ClientSettings(preference=Preference.ANONYMOUS),
            shared=True,
        )
