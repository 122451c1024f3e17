"""TOKEN-5, TOKEN-6, LIMIT-6: which connections the token goes over, and to whom."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bedrock_authcheck.checks.choice import but_for, token_not_carried, with_token
from bedrock_authcheck.checks.travel import BODY, places_of
from bedrock_authcheck.checks.trial import NothingToJudge, Problem, Trial
from bedrock_authcheck.checks.wording import describe_origin
from bedrock_authcheck.spec.catalogue import takes_api_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_authcheck.model import Exchange
    from bedrock_authcheck.wire.attribution import Observation


def not_over_plain_http(trial: Trial) -> Iterator[Problem]:
    """TOKEN-5: no request without TLS carries the token, nor what a proxy can read.

    What is sent is as expected. NothingToJudge where a client goes past the proxy.
    """
    if trial.proxied == () and trial.observations:
        raise NothingToJudge("no request was made of the proxy: the client knows none")
    for read in _read_by_the_proxy(trial):
        yield Problem(str(trial.expectation), read)
    plain = [seen for seen in trial.observations if seen.exchange.tls is None]
    flagged = [seen for seen in plain if with_token(seen, trial)]
    for seen in flagged:
        yield Problem(str(trial.expectation), "the bearer token over plain http", seen)
    yield from but_for(flagged, trial)


def _read_by_the_proxy(trial: Trial) -> Iterator[str]:
    """Tell each secret, and each Authorization, in what a proxy was asked and passed on."""
    for asked in trial.proxied or ():
        for credential in trial.keyring.credentials:
            for name, secret in credential.secrets().items():
                what = f"{name} of {describe_origin(credential.origin)}"
                for place in places_of(secret, asked):
                    yield f"the {what} at the proxy, in {_through(place, asked)} in clear"
        if asked.header_values("Authorization") or b"authorization:" in asked.body.lower():
            yield f"an Authorization at the proxy, with a {asked.method} in clear"


def _through(place: str, asked: Exchange) -> str:
    tunnelled = asked.method == "CONNECT" and place == BODY
    return "what passed through it" if tunnelled else f"{place} of a {asked.method}"


def not_redirected(trial: Trial) -> Iterator[Problem]:
    """TOKEN-6: the token arrives at the address it was sent to first, and at no other."""
    first, *later = trial.observations or (None,)
    if first is None or not with_token(first, trial):
        raise NothingToJudge("no request with the token was redirected")
    for seen in later:
        if _address(seen) != _address(first) and with_token(seen, trial):
            expected = f"the bearer token at {_said(first)} alone"
            yield Problem(expected, f"the bearer token at {_said(seen)}", seen)


def neighbours_unaware(trial: Trial) -> Iterator[Problem]:
    """LIMIT-6: no other service sees the token, whatever else was called with it meanwhile."""
    taking = {turn.call.service for turn in trial.turns if takes_api_keys(turn.call.service)}
    seen = tuple(seen for seen in trial.observations if seen.exchange.service not in taking)
    trial = replace(trial, observations=seen)
    for turn in trial.turns:
        if turn.call.service not in taking:  # what was called beside Bedrock decides
            trial = replace(trial, call=turn.call, expectation=turn.expectation)
    yield from token_not_carried(trial)


def _address(seen: Observation) -> tuple[str, str]:
    """Who listens there, which says the port, and how; then the name that the client had for it."""
    return _said(seen), seen.exchange.authority


def _said(seen: Observation) -> str:
    host = seen.exchange.authority.partition(":")[0]
    return f"{seen.exchange.service}, {'https' if seen.exchange.tls else 'http'}://{host}"
