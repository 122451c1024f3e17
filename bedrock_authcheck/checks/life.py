"""TOKEN-9 to TOKEN-13: a client over several calls, while its environment changes."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from bedrock_authcheck.checks.choice import as_expected, carries_token
from bedrock_authcheck.checks.travel import secrets_in
from bedrock_authcheck.checks.trial import NothingToJudge, NotObservable, Problem
from bedrock_authcheck.checks.wording import describe
from bedrock_authcheck.clients.contract import CallResult
from bedrock_authcheck.model import Variant

if TYPE_CHECKING:
    from collections.abc import Iterator

from bedrock_authcheck.checks.trial import Trial, Turn

_REJECTING = (HTTPStatus.FORBIDDEN, HTTPStatus.UNAUTHORIZED)  # the second is Mantle's word
_CHANGED = (Variant.ROTATED_TOKEN, Variant.ROTATED_KEYS)


def turn_by_turn(trial: Trial) -> Iterator[Problem]:
    """CHAIN-1, TOKEN-9: each call's requests are authenticated as that call may be.

    A request outside of every call is none's: whoever makes a client sends nothing yet. Where a
    clear error may follow, it may follow requests that were answered as well.
    """
    trial = replace(trial, turns=tuple(map(_ended, trial.turns)))
    if all(turn.expectation == trial.expectation for turn in trial.turns):
        yield from as_expected(trial)
        return
    for turn in trial.turns:
        yield from as_expected(_alone(trial, turn))
    told = {seen.exchange.number for turn in trial.turns for seen in turn.observations}
    for seen in trial.observations:
        if seen.exchange.number not in told:
            yield Problem("no request outside of the calls", describe(seen), seen)


def _alone(trial: Trial, turn: Turn) -> Trial:
    """Make a trial of one call."""
    return replace(
        trial,
        expectation=turn.expectation,
        turns=(turn,),
        observations=turn.observations,
    )


def _ended(turn: Turn) -> Turn:
    """Take an error that may end a call after some requests for the end of it."""
    may_end = turn.expectation.refusal and turn.observations
    return replace(turn, result=CallResult(ok=True)) if may_end else turn


def bearer_or_error(trial: Trial) -> Iterator[Problem]:
    """TOKEN-11: what was built with a token goes on with it or ends in a clear error."""
    yield from turn_by_turn(trial)
    yield from _unclear(trial, [turn for turn in trial.turns if not turn.result.ok])


def _unclear(trial: Trial, failed: list[Turn]) -> Iterator[Problem]:
    """Find errors without a text, and texts that hold a secret."""
    for turn in failed:
        result = turn.result
        if not result.error.strip():
            yield Problem("a clear error", f"{result.error_type} without a text")
        elif any(secrets_in(result.said, trial.in_sight)):
            yield Problem("an error text without a secret", f"{result.error_type} holds one")


def environment_unchanged(trial: Trial) -> Iterator[Problem]:
    """TOKEN-10: no environment variable is set, changed or removed by the client.

    Not for the length of a call either: other threads read it meanwhile.
    """
    if trial.sight is None or trial.sight.changed is None:
        raise NotObservable("the environment of the client's process cannot be seen")
    for name in trial.sight.changed:
        yield Problem("an environment that is unchanged", f"{name} was changed")
    for name in trial.sight.restored:
        yield Problem("an environment that is unchanged", f"{name} was changed for a while")


def rejected_once(trial: Trial) -> Iterator[Problem]:
    """TOKEN-13: a rejected key ends in one clear error: one request, by the token, no other."""
    rejected = [turn for turn in trial.turns if _is_rejected(turn)]
    if not rejected:
        raise NothingToJudge("no request was rejected")
    expected = "one request by the token, and a clear error"
    for turn in rejected:
        _, *more = turn.observations
        for seen in more:
            yield Problem(expected, f"then {describe(seen)}", seen)
        if turn.result.ok:
            yield Problem(expected, "a call that succeeded")
    yield from _unclear(trial, [turn for turn in rejected if not turn.result.ok])
    tokens = (*trial.keyring.tokens, *trial.foreign)
    for seen in trial.observations:
        if not any(carries_token(seen, token) for token in tokens):
            yield Problem(expected, describe(seen), seen)


def _is_rejected(turn: Turn) -> bool:
    return any(seen.exchange.status in _REJECTING for seen in turn.observations)


def when_it_takes_effect(trial: Trial) -> str:
    """TOKEN-12: with which request what was set later is used, and where the old one goes on."""
    first = next((turn for turn in trial.turns if _has_changed(turn)), None)
    if first is None:
        return f"never: {_went_on(trial.turns)}"
    if first.client:
        before = [turn for turn in trial.turns if not turn.client]
        return f"with the next client; the one made before: {_went_on(before)}"
    if not _is_changed(first.observations[0].origin):
        return "with the first request after it, within one call"
    return "with the first request after it"


def _has_changed(turn: Turn) -> bool:
    return any(_is_changed(seen.origin) for seen in turn.observations)


def _is_changed(origin: object) -> bool:
    return origin in _CHANGED


def _went_on(turns: list[Turn] | tuple[Turn, ...]) -> str:
    """Say what the last of some calls came to."""
    last = turns[-1]
    if not last.result.ok:
        return f"fails ({last.result.error_type})"
    return describe(last.observations[-1]) if last.observations else "sends nothing"
