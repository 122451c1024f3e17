"""PREF-2: what a preference that stands outside the code comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_authcheck.checks.wording import describe

if TYPE_CHECKING:
    from bedrock_authcheck.checks.trial import Trial


def who_signed(trial: Trial) -> str:
    """Say how the requests of the call were authenticated, or what was raised without one."""
    seen = [describe(observation) for observation in trial.requests]
    seen += [r.said for r in trial.results if not r.ok]
    return "; ".join(dict.fromkeys(seen)) or "no request and no error"
