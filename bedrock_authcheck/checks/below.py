"""CHAIN-6 and CHAIN-7: below a usable token all is quiet; which variant of a level wins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_authcheck.checks.choice import METADATA_HOSTS
from bedrock_authcheck.checks.trial import NothingToJudge, Problem, Trial

if TYPE_CHECKING:
    from collections.abc import Iterator


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
