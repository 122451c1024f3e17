"""CHAIN-6 and CHAIN-7: below a usable token all is quiet; which variant of a level wins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_authcheck.checks.choice import METADATA_HOSTS, as_expected
from bedrock_authcheck.checks.trial import NothingToJudge, Problem, Trial
from bedrock_authcheck.services.hanging import GAVE_UP_PATH

if TYPE_CHECKING:
    from collections.abc import Iterator


def unbroken(trial: Trial) -> Iterator[Problem]:
    """CHAIN-5: what is broken below a usable token neither ends the call nor holds it up."""
    yield from as_expected(trial)
    gave_up = [asked.number for asked in trial.metadata if asked.target == GAVE_UP_PATH]
    held_up = [seen for seen in trial.requests if seen.exchange.number > min(gave_up, default=0)]
    if gave_up and held_up:
        observed = "a request after a wait for a credential process that hangs"
        yield Problem(str(trial.expectation), observed, held_up[0])


def nobody_asked(trial: Trial) -> Iterator[Problem]:
    """CHAIN-6: with a usable token, no metadata service and no token service is contacted."""
    expected = "no request to a metadata or token service"
    asked = [exchange.service for exchange in trial.metadata]
    asked += [seen.exchange.service for seen in trial.observations if seen not in trial.requests]
    tried = [host for host in trial.refused_hosts if host in METADATA_HOSTS]
    for service in dict.fromkeys(asked):
        yield Problem(expected, f"{service} was asked")
    for host in dict.fromkeys(tried):
        yield Problem(expected, f"an attempt to reach {host}")
    if not (asked or tried or trial.requests):
        raise NothingToJudge("no request was seen")


def winner_among_variants(trial: Trial) -> str:
    """CHAIN-7: say which of the variants that are present signed."""
    present = " or ".join(origin.title for origin in trial.present)
    if not trial.requests:
        said = "; ".join(result.error_type for result in trial.results if not result.ok)
        return f"none of {present}: {said or 'no request'}"
    seen = trial.requests[0]
    signed = seen.origin.title if seen.origin else f"{seen.evidence.scheme}"
    return f"{signed}, of {present}"
