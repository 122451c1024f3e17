"""LIMIT-1: the one operation of Amazon Bedrock Runtime that takes no API key, for who offers it.

Its request is a stream whose every event is signed; AUTH-3 holds the whole chain. With the
token alone, and with two levels below it, the operation is among those of the group `limit`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.clients.contract import Call, ClientSettings, Preference
from bedrock_authcheck.model import AuthScheme, CredentialSource, Variant
from bedrock_authcheck.suite.scenario import IAM_SOURCES, Held, Scenario, expect, levels_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Unpack

    from bedrock_authcheck.suite.scenario import Beside

CALL: Final = Call("bedrock-runtime", "InvokeModelWithBidirectionalStream")
"""Each client sends an event of its own, reads the answer and ends the stream."""

_TOKEN: Final = CredentialSource.BEARER
_KEYS: Final = CredentialSource.ENVIRONMENT
_BEARER: Final = {
    Preference.BEARER_BY_VERSION: "bearer-by-signature-version",
    Preference.BEARER_BY_PREFERENCE: "bearer-by-auth-scheme-preference",
}
_SIGV4: Final = {
    Preference.SIGV4_BY_VERSION: "sigv4-by-signature-version",
    Preference.SIGV4_BY_PREFERENCE: "sigv4-by-auth-scheme-preference",
}


def scenarios() -> Iterator[Scenario]:
    """IAM alone in all its forms, then the token above it, then what is asked for on purpose."""
    yield _scenario("none", ("CHAIN-2",), (), shared=True)
    for source in IAM_SOURCES:
        kinds = (True,) if source.level == 6 else (True, False)  # noqa: PLR2004 - roles are temporary
        for temporary in kinds:
            name = f"{source}-{'temporary' if temporary else 'long-term'}"
            held = Held(source, temporary=temporary)
            yield _scenario(name, ("LIMIT-4",), (held,), shared=True)
    for source in IAM_SOURCES:
        lower = tuple(other for other in IAM_SOURCES if other.level > source.level)[:1]
        for below in dict.fromkeys(((), lower)):  # not a set: workers must agree on an order
            sources = (_TOKEN, source, *below)
            levels = tuple(map(Held, sources))
            yield _scenario(levels_name(sources), ("LIMIT-1", "LIMIT-4"), levels, shared=True)
    for name, token in {
        "short-term-bearer": Held(_TOKEN, short_term=True),
        "token-in-code": Held(Variant.TOKEN_IN_CODE),
    }.items():
        yield _scenario(name, ("LIMIT-1", "LIMIT-5"), (token,), shared=True)
        both = (token, Held(_KEYS))
        yield _scenario(f"{name}+{_KEYS}", ("LIMIT-1", "LIMIT-4"), both, shared=True)
    yield from _asked_for()


def _asked_for() -> Iterator[Scenario]:
    """LIMIT-7 and PREF-1: bearer asked for brings no token here, SigV4 asked for is used."""
    for levels in ((Held(_TOKEN),), (Held(_TOKEN), Held(_KEYS))):
        name = levels_name(level.origin for level in levels)
        for preference, how in _BEARER.items():
            settings = ClientSettings(preference=preference)
            # Who asks for bearer where there is none may be told so: an error is right too.
            yield _scenario(
                f"{name}-asks-{how}", ("LIMIT-7",), levels, refusal=True, settings=settings
            )
        yield _scenario(
            f"{name}-environment-asks-bearer",
            ("LIMIT-1",),
            levels,
            refusal=True,
            variables={"AWS_AUTH_SCHEME_PREFERENCE": "httpBearerAuth"},
        )
    for preference, how in _SIGV4.items():
        settings = ClientSettings(preference=preference)
        both = (Held(_TOKEN), Held(_KEYS))
        name = f"{_TOKEN}+{_KEYS}-asks-{how}"
        yield _scenario(name, ("LIMIT-1", "PREF-1"), both, settings=settings)


def _scenario(
    name: str,
    rules: tuple[str, ...],
    levels: tuple[Held, ...],
    *,
    refusal: bool = False,
    **beside: Unpack[Beside],
) -> Scenario:
    iam = [level.origin for level in levels if level.origin.scheme is AuthScheme.SIGV4]
    expectation = expect(iam, CALL.service)  # of a service that takes the token, this takes none
    if refusal:
        expectation = replace(expectation, refusal=True)
    return Scenario.of(
        "bidirectional", name, rules, levels, CALL, expectation=expectation, **beside
    )
