"""TOKEN-4: a token given in code, over the one in the environment and over each level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bedrock_authcheck.checks.trial import Expectation
from bedrock_authcheck.clients.contract import ClientSettings, Preference
from bedrock_authcheck.model import CredentialSource, Variant
from bedrock_authcheck.suite.scenario import (
    CONVERSE,
    IAM_SOURCES,
    MAIN_CALLS,
    Scenario,
    levels_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_authcheck.clients.contract import Call
    from bedrock_authcheck.model import Origin

_IN_CODE: Final = Variant.TOKEN_IN_CODE
_ASKED: Final = {
    Preference.BEARER_BY_VERSION: "-asked-by-signature-version",
    Preference.BEARER_BY_PREFERENCE: "-asked-by-auth-scheme-preference",
}


def scenarios() -> Iterator[Scenario]:
    """Put a token in code over the variable; then over IAM, with bearer asked for in code too.

    Without the variable SDKs that take a token in code expect to be asked for bearer there.
    """
    over = (_IN_CODE, CredentialSource.BEARER)
    for name, call in MAIN_CALLS.items():
        for below in ((), (CredentialSource.ENVIRONMENT,), (CredentialSource.INSTANCE,)):
            yield _scenario((*over, *below), name, call)
        for preference in _ASKED:
            yield _scenario(over, name, call, preference)
            yield _scenario((_IN_CODE,), name, call, preference)
    for source in IAM_SOURCES:
        for preference in _ASKED:
            yield _scenario((_IN_CODE, source), "converse", CONVERSE, preference)


def _scenario(
    origins: tuple[Origin, ...], name: str, call: Call, preference: Preference | None = None
) -> Scenario:
    asked = _ASKED[preference] if preference else ""
    return Scenario.of(
        "preference",
        f"{levels_name(origins)}{asked}-{name}",
        ("TOKEN-4",),
        origins,
        call,
        expectation=Expectation((_IN_CODE,)),
        settings=ClientSettings(preference=preference),
        shared=True,
    )
