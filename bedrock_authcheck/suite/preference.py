"""TOKEN-4, PREF-1 to PREF-3: what was chosen on purpose, in code, variables and config file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bedrock_authcheck.checks.trial import Expectation
from bedrock_authcheck.clients.contract import ClientSettings, Preference
from bedrock_authcheck.model import CredentialSource, Variant
from bedrock_authcheck.suite import in_code
from bedrock_authcheck.suite.scenario import CONVERSE, MAIN_CALLS, Scenario, expect, levels_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bedrock_authcheck.model import Origin
    from bedrock_authcheck.suite.scenario import Beside

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
_VARIABLE: Final = (CredentialSource.BEARER,)
_IN_CODE: Final[tuple[tuple[Origin, ...], ...]] = (
    (Variant.TOKEN_IN_CODE,),
    (Variant.TOKEN_IN_CODE, CredentialSource.BEARER),
)
"""A token in code, alone and over the one in the environment."""
_BELOW_CODE: Final = ((), (CredentialSource.ENVIRONMENT,), (CredentialSource.INSTANCE,))
_PREFERENCES: Final = {
    "sigv4": "sigv4",
    "bearer": "httpBearerAuth",
    "sigv4-then-bearer": "sigv4,httpBearerAuth",
    "bearer-then-sigv4": "httpBearerAuth,sigv4",
    "unknown": "imaginary",
}
_ELSEWHERE: Final[Mapping[str, Callable[[str], Beside]]] = {
    "environment": lambda value: {"variables": {"AWS_AUTH_SCHEME_PREFERENCE": value}},
    "config-file": lambda value: {"config": {"auth_scheme_preference": value}},
}


def scenarios() -> Iterator[Scenario]:
    """Put the token over each level and ask for another; then give the token itself in code."""
    yield from _chosen_in_code()
    yield from in_code.scenarios()
    yield from _chosen_elsewhere()


def _chosen_in_code() -> Iterator[Scenario]:
    for preference, how in _SIGV4.items():
        for below in _BELOW:
            yield from _asks_sigv4(preference, how, _VARIABLE, below)
        for tokens in _IN_CODE:
            for below in _BELOW_CODE:
                yield from _asks_sigv4(preference, how, tokens, below)
    for sources in ((), (CredentialSource.BEARER,), *_BELOW[1:3]):
        yield from _asks_anonymous(sources)
        if CredentialSource.BEARER not in sources and sources:
            yield from _asks_anonymous((CredentialSource.BEARER, *sources))
    for tokens in _IN_CODE:
        for below in _BELOW_CODE:
            yield from _asks_anonymous((*tokens, *below))


def _chosen_elsewhere() -> Iterator[Scenario]:
    """PREF-2: a preference in the environment or the config file, while a token is set."""
    token = CredentialSource.BEARER
    for name, value in _PREFERENCES.items():
        for sources in ((token,), (token, CredentialSource.ENVIRONMENT)):
            for where, beside in _ELSEWHERE.items():
                yield Scenario.of(
                    "preference",
                    f"{where}-prefers-{name}-{levels_name(sources)}-converse",
                    ("PREF-2",),
                    sources,
                    CONVERSE,
                    expectation=Expectation(sources, refusal=True),
                    **beside(value),
                )


def _asks_sigv4(
    preference: Preference,
    how: str,
    tokens: tuple[Origin, ...],
    below: tuple[CredentialSource, ...],
) -> Iterator[Scenario]:
    sources = (*tokens, *below)
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


def _asks_anonymous(sources: tuple[Origin, ...]) -> Iterator[Scenario]:
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
