"""TOKEN-5 and TOKEN-6: which connections the token goes over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_authcheck.checks.choice import but_for, carries_token
from bedrock_authcheck.checks.travel import places_of
from bedrock_authcheck.checks.trial import NothingToJudge, Problem, Trial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_authcheck.wire.attribution import Observation


def not_over_plain_http(trial: Trial) -> Iterator[Problem]:
    """TOKEN-5: no request without TLS carries the token, nor what a proxy is asked in clear.

    What is sent is as expected.
    """
    for token in trial.keyring.tokens:
        for asked in trial.proxied:
            for place in places_of(token.value, asked):
                observed = f"the bearer token at the proxy, in {place} of a {asked.method} in clear"
                yield Problem(str(trial.expectation), observed)
    plain = [seen for seen in trial.observations if seen.exchange.tls is None]
    flagged = [seen for seen in plain if _with_token(seen, trial)]
    for seen in flagged:
        yield Problem(str(trial.expectation), "the bearer token over plain http", seen)
    yield from but_for(flagged, trial)


def not_redirected(trial: Trial) -> Iterator[Problem]:
    """TOKEN-6: the token arrives at the address it was sent to first, and at no other."""
    first, *later = trial.observations or (None,)
    if first is None or not _with_token(first, trial):
        raise NothingToJudge("no request with the token was redirected")
    for seen in later:
        if _address(seen) != _address(first) and _with_token(seen, trial):
            expected = f"the bearer token at {_said(first)} alone"
            yield Problem(expected, f"the bearer token at {_said(seen)}", seen)


def _with_token(seen: Observation, trial: Trial) -> bool:
    return any(carries_token(seen, token) for token in trial.keyring.tokens)


def _address(seen: Observation) -> tuple[str, str]:
    """Who listens there, which says the port, and how; then the name that the client had for it."""
    return _said(seen), seen.exchange.authority


def _said(seen: Observation) -> str:
    host = seen.exchange.authority.partition(":")[0]
    return f"{seen.exchange.service}, {'https' if seen.exchange.tls else 'http'}://{host}"
