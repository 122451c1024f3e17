"""CHAIN-7 as a table: which variant of a level signed where it met others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bedrock_authcheck.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bedrock_authcheck.report.result import ScenarioResult

RULE: Final = "CHAIN-7"
NOBODY: Final = "nobody"
"""Who won where no request was seen, or one of neither."""


def wins(results: Iterable[ScenarioResult]) -> dict[str, tuple[str, ...]]:
    """Say by origin's name which others it won against, most wins first.

    What signed is read from the first request to the service that was called. Under `nobody`
    stand pairs (`process or sso`) of which neither signed.
    """
    found: dict[str, list[str]] = {}
    for result in results:
        if not any(v.rule == RULE and v.outcome is Outcome.OBSERVED for v in result.verdicts):
            continue
        sent = (request for request in result.requests if request["service"] == result.service)
        winner = next(sent, {}).get("source")
        if winner in result.present:
            losers = [name for name in result.present if name != winner]
            found.setdefault(str(winner), []).extend(losers)
        else:
            found.setdefault(NOBODY, []).append(" or ".join(result.present))
    order = sorted(found, key=lambda name: (name == NOBODY, -len(found[name]), name))
    return {name: tuple(found[name]) for name in order}


def table(results: Iterable[ScenarioResult]) -> list[tuple[str, str]]:
    """Write the table as rows: `web-identity before`, and the names it won against."""
    won = wins(results)
    widest = max(map(len, won), default=0)
    heads = {name: f"{name.ljust(widest)}  {'of' if name == NOBODY else 'before'}" for name in won}
    return [(heads[name], ", ".join(others)) for name, others in won.items()]
