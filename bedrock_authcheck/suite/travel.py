"""TOKEN-5 to TOKEN-8, and LIMIT-6 in one session: where the token, or a secret, may not go."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.checks.trial import Expectation
from bedrock_authcheck.clients.contract import ClientSettings, Preference
from bedrock_authcheck.model import CredentialSource, Variant
from bedrock_authcheck.services.authorization import Denial
from bedrock_authcheck.services.steps import deny, reset, server_error
from bedrock_authcheck.suite import addressed, beside, transport
from bedrock_authcheck.suite.scenario import CONVERSE, Held, Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bedrock_authcheck.model import Origin
    from bedrock_authcheck.services.steps import Step

_DEFAULT_LEVEL: Final = "WARNING"
"""That of the root logger, unless a program says otherwise."""
_DENIED: Final = Denial("AccessDeniedException", "Message", "Access is denied (SIMULATED).", 403)
_OUTCOMES: Final[Mapping[str, tuple[Step, ...]]] = {
    "answered": (),
    "denied": (deny(_DENIED),),
    "error-503": (server_error(503),),
    "reset": (reset(), reset()),
}
"""What becomes of a call, by the name in ids; the one that is reset is so at its retry too."""
_PRINTED: Final = (
    (CredentialSource.BEARER, "denied"),
    (CredentialSource.SHARED, "denied"),
    (CredentialSource.BEARER, "reset"),
)
_ORIGINS: Final[tuple[Origin, ...]] = (*CredentialSource, Variant.TOKEN_IN_CODE)


def scenarios() -> Iterator[Scenario]:
    """Follow the token over the network; then look at the client's process, with the log up too."""
    yield from transport.plain()
    yield from transport.proxied()
    yield from transport.redirected()
    yield from addressed.scenarios()
    yield from beside.scenarios()
    yield from _shown()
    yield from _printed()
    yield from _line_end()
    yield from _logged()


def _shown() -> Iterator[Scenario]:
    for origin in _ORIGINS:
        for outcome, steps in _OUTCOMES.items():
            yield _seen(f"{origin}-{outcome}", Held(origin), ("TOKEN-7",), _DEFAULT_LEVEL, steps)
    yield _seen(
        "short-term-denied",
        Held(CredentialSource.BEARER, short_term=True),
        ("TOKEN-7",),
        _DEFAULT_LEVEL,
        _OUTCOMES["denied"],
    )


def _printed() -> Iterator[Scenario]:
    """Let pytest print what a call raises, with the locals of each frame: costly, and so few."""
    for origin, outcome in _PRINTED:
        name, steps = f"{origin}-{outcome}-printed", _OUTCOMES[outcome]
        seen = _seen(name, Held(origin), ("TOKEN-7",), _DEFAULT_LEVEL, steps)
        yield replace(seen, printed=True)


def _line_end() -> Iterator[Scenario]:
    """Give the token a line end, as one has that was read from a file: the error may not tell."""
    yield Scenario.of(
        *("travel", "line-end-refused", ("TOKEN-7",)),
        (Held(CredentialSource.BEARER, after="\n"),),
        CONVERSE,
        expectation=Expectation((CredentialSource.BEARER,), refusal=True),
        log_level=_DEFAULT_LEVEL,
    )


def _logged() -> Iterator[Scenario]:
    for origin in _ORIGINS:
        for level in ("INFO", "DEBUG"):
            yield _seen(f"{origin}-log-{level.lower()}", Held(origin), ("TOKEN-8",), level, ())


def _seen(
    name: str, held: Held, rules: tuple[str, ...], log_level: str, steps: tuple[Step, ...]
) -> Scenario:
    in_code = held.origin is Variant.TOKEN_IN_CODE
    # Asked for as well: SDKs that look for the variable alone pass over a token in code.
    settings = ClientSettings(preference=Preference.BEARER_BY_VERSION if in_code else None)
    return Scenario.of(
        *("travel", name, rules, (held,), CONVERSE),
        settings=settings,
        steps=steps,
        log_level=log_level,
    )
