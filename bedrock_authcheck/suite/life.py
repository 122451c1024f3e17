"""TOKEN-9 to TOKEN-12, and CHAIN-1: what a client does while its environment changes.

A token, or the keys of the variables, is set, changed or removed before the session, between
session, client and call, between two calls, and while a call waits for an answer.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from bedrock_authcheck.checks.trial import Expectation
from bedrock_authcheck.clients.contract import Call, ClientSettings, Preference, Stage
from bedrock_authcheck.model import CredentialSource, Variant
from bedrock_authcheck.services.steps import reply, reset, throttle
from bedrock_authcheck.suite import rejection
from bedrock_authcheck.suite.acts import Ask, Change, Changing, Prepare, Together
from bedrock_authcheck.suite.scenario import (
    CONVERSE,
    CONVERSE_STREAM,
    IAM_SOURCES,
    Held,
    Scenario,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bedrock_authcheck.model import Origin
    from bedrock_authcheck.services.steps import Step
    from bedrock_authcheck.suite.acts import Act

_TOKEN: Final = CredentialSource.BEARER
_KEYS: Final = CredentialSource.ENVIRONMENT
_IN_CODE: Final = (Variant.TOKEN_IN_CODE, Variant.OTHER_TOKEN_IN_CODE)
_PAGES: Final = Call("bedrock", "ListInferenceProfiles", {}, paginate=True)
_IN_FULL: Final = (None, CredentialSource.ENVIRONMENT)
"""What there are further moments over, and other clients: they show nothing new of a level."""
_FURTHER: Final = ("after-reset", "between-pages")

_BY_TOKEN: Final = ClientSettings(preference=Preference.BEARER_BY_VERSION)
"""How a program asks for a token in code to be used: an SDK may read the variable's presence."""


def scenarios() -> Iterator[Scenario]:
    """All of the above, and what becomes of a client whose key is rejected."""
    yield from _two_clients()
    yield from _environment()
    for below in (None, *IAM_SOURCES):
        yield from _removed(below)
        yield from _changed(below)
        yield from _set(below)
    yield from _keys_changed()
    yield from rejection.scenarios()


def _page(token: str = "") -> Step:
    """One of two pages; the first names the token of the second."""
    more = {"nextToken": token} if token else {}
    return reply(json.dumps({"inferenceProfileSummaries": [], **more}).encode())


class _Moment(NamedTuple):
    """When something changes: the acts and the programmed answers that make it so."""

    name: str
    acts: tuple[Act, ...]
    steps: tuple[Step | Changing, ...] = ()

    @property
    def first(self) -> bool:
        """Whether nothing was made before the change."""
        return self.name == "before-session"


def _moments(change: Change, before: Expectation, *, another: bool = True) -> Iterator[_Moment]:
    """Name the moments of a change; what is asked before it is held to `before`.

    `another` client is made in the end.
    """
    ask, first = Ask(CONVERSE), Ask(CONVERSE, expectation=before)
    last = (Ask(CONVERSE, client=1),) if another else ()
    yield _Moment("before-session", (change, ask))
    yield _Moment("between-session-and-client", (Prepare(Stage.SESSION), change, ask, *last))
    yield _Moment("between-client-and-call", (Prepare(Stage.CLIENT), change, ask, *last))
    yield _Moment("between-calls", (first, change, ask, Ask(CONVERSE_STREAM), *last))
    yield _Moment("between-retries", (ask, *last), (Changing(change, throttle()),))
    yield _Moment("after-reset", (ask, *last), (Changing(change, reset()),))
    pages = (Ask(_PAGES), *([Ask(_PAGES, client=1)] if another else []))
    yield _Moment("between-pages", pages, (Changing(change, _page("page-2")), _page()))


def _removed(below: CredentialSource | None) -> Iterator[Scenario]:
    """TOKEN-11: once a client is made, the token or a clear error; before it, what is there."""
    levels = (_TOKEN, *([below] if below else []))
    in_full = (*_IN_FULL, CredentialSource.INSTANCE)
    for moment in _moments(Change(_TOKEN), Expectation((_TOKEN,)), another=False):
        if moment.name in _FURTHER and below not in in_full:
            continue
        rules, expectation = ("TOKEN-11",), Expectation((_TOKEN,), refusal=True)
        if moment.first:
            rules = ("CHAIN-1",) if below else ("CHAIN-2",)
            expectation = Expectation(levels[1:], refusal=not below)
        elif moment.name == "between-session-and-client":
            rules, expectation = ("CHAIN-1",), Expectation(levels, refusal=not below)
        yield _scenario(
            f"removed-{moment.name}-{rejection.over(below)}", rules, levels, expectation, moment
        )


def _changed(below: CredentialSource | None) -> Iterator[Scenario]:
    """TOKEN-12: the old token or the new one, and never another level."""
    new = Variant.ROTATED_TOKEN
    levels = (Held(_TOKEN), Held(new, spare=True), *([Held(below)] if below else []))
    change, another = Change(_TOKEN, new), below in _IN_FULL
    for moment in _moments(change, Expectation((_TOKEN,)), another=another):
        if _is_further(moment, below):
            continue
        expectation = Expectation((new,) if moment.first else (_TOKEN, new))
        name = f"changed-{moment.name}-{rejection.over(below)}"
        yield _scenario(name, _seen(moment, below), levels, expectation, moment)


def _set(below: CredentialSource | None) -> Iterator[Scenario]:
    """TOKEN-12: a token that was not there when the client was made, or what was."""
    new = Variant.ROTATED_TOKEN
    old = (below,) if below else ()
    levels = (*old, Held(new, spare=True))
    change, before = Change(_TOKEN, new), Expectation(old, refusal=not below)
    for moment in _moments(change, before, another=below in _IN_FULL):
        if _is_further(moment, below) or (moment.steps and not below):
            continue  # nothing below: nothing is sent, and so nothing answered, before the token
        expectation = (
            Expectation((new,)) if moment.first else Expectation((*old, new), refusal=True)
        )
        name = f"set-{moment.name}-{rejection.over(below)}"
        yield _scenario(name, _seen(moment, below), levels, expectation, moment)


def _keys_changed() -> Iterator[Scenario]:
    """CHAIN-3: old keys or new ones, and never the id of some with the secret of others."""
    new, rules = Variant.ROTATED_KEYS, ("CHAIN-1", "CHAIN-3", "AUTH-3", "AUTH-5")
    levels = (_KEYS, Held(new, spare=True))
    for moment in _moments(Change(_KEYS, new), Expectation((_KEYS,))):
        expectation = Expectation((new,) if moment.first else (_KEYS, new))
        yield _scenario(f"keys-changed-{moment.name}", rules, levels, expectation, moment)


def _is_further(moment: _Moment, below: CredentialSource | None) -> bool:
    return moment.name in _FURTHER and below not in _IN_FULL


def _seen(moment: _Moment, below: CredentialSource | None) -> tuple[str, ...]:
    """TOKEN-12 is told where another client is made in the end, which may be when it is."""
    told = below in _IN_FULL and not moment.first
    return ("CHAIN-1", "TOKEN-12") if told else ("CHAIN-1",)


def _scenario(
    name: str,
    rules: tuple[str, ...],
    levels: Iterable[Origin | Held],
    expectation: Expectation,
    moment: _Moment,
) -> Scenario:
    """Make a scenario that is held to `rules` alone: those of the requests depend on the client."""
    _, acts, steps = moment
    held = tuple(level if isinstance(level, Held) else Held(level) for level in levels)
    calls = tuple(act.call for act in acts if isinstance(act, Ask))
    return Scenario("life", name, rules, held, calls, expectation, acts=acts, steps=steps)


def _asks(client: int, *names: str) -> tuple[Ask, ...]:
    """Make calls of one of two clients by own model ids, each held to that client's token."""
    expectation = Expectation((_IN_CODE[client],))
    parameters = CONVERSE.parameters or {}
    return tuple(
        Ask(
            replace(CONVERSE, parameters={**parameters, "modelId": f"{name}-{client}"}),
            client,
            expectation,
        )
        for name in names
    )


def _two_clients() -> Iterator[Scenario]:
    """TOKEN-9: two clients with a token each, in turn and at once, with more below or not."""
    ones, others = (_asks(client, "a", "b", "c") for client in (0, 1))
    in_turn = tuple(ask for pair in zip(ones, others, strict=True) for ask in pair)
    made = tuple(Prepare(stage, client) for stage in Stage for client in (0, 1))
    ways: dict[str, tuple[Act, ...]] = {
        "in-turn": in_turn,
        "in-threads": (*made, Together(in_turn)),
        "made-in-threads": (Together((ones[0], others[0])), Together(in_turn)),
        "retried-in-threads": (*made, Together(in_turn)),
    }
    for way, acts in ways.items():
        steps = (throttle(), throttle()) if way.startswith("retried") else ()
        for below in ((), (_KEYS,), (_TOKEN,)):
            yield Scenario.of(
                "life",
                f"two-tokens-{way}{''.join(f'-over-{source}' for source in below)}",
                ("TOKEN-9", "TOKEN-10"),
                (*_IN_CODE, *below),
                CONVERSE,
                expectation=Expectation(_IN_CODE),
                acts=acts,
                steps=steps,
                settings=_BY_TOKEN,
                log_level="WARNING",
            )


def _environment() -> Iterator[Scenario]:
    """TOKEN-10: whatever a client is made with, the environment is as it was."""
    ways: dict[str, tuple[Origin, ...]] = {
        "token": (_TOKEN,),
        "token-in-code": (_IN_CODE[0],),
        "token-in-code-over-token": (_IN_CODE[0], _TOKEN),
        **{source: (source,) for source in IAM_SOURCES},
        "settings-over-environment": (CredentialSource.SETTINGS, _KEYS),
    }
    for way, levels in ways.items():
        in_code = levels[0] in _IN_CODE
        yield Scenario.of(
            "life",
            f"environment-unchanged-{way}",
            ("CHAIN-1", "TOKEN-10"),
            levels,
            CONVERSE,
            expectation=Expectation(levels[:1]),
            acts=(*map(Prepare, Stage), Ask(CONVERSE), Ask(CONVERSE_STREAM)),
            settings=_BY_TOKEN if in_code else ClientSettings(),
            log_level="WARNING",
        )
