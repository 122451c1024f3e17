"""A failure as a person reads it at two in the morning."""

from __future__ import annotations

from textwrap import shorten
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.checks.wording import describe_origin
from bedrock_authcheck.model import Outcome, origin_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bedrock_authcheck.model import Verdict
    from bedrock_authcheck.report.result import ScenarioResult
    from bedrock_authcheck.spec.deviations import Deviation
    from bedrock_authcheck.spec.rules import Rule


COMMAND: Final = "pytest --bedrock-authcheck"
"""What runs a scenario, its id behind it."""


def failure_text(
    result: ScenarioResult,
    rules: Mapping[str, Rule],
    deviations: Mapping[str, Deviation],
    command: str = COMMAND,
) -> str:
    """All that is wrong with a scenario: each broken rule, then stale deviations.

    `command` is what repeats it, the scenario's id aside.
    """
    shown = (Outcome.FAILED, Outcome.WARNING, Outcome.ERROR)
    broken = [v for v in result.verdicts if v.outcome in shown and v.deviation is None]
    blocks = [
        verdict_text(result, verdict, rules[verdict.rule], command, evidence=verdict is broken[0])
        for verdict in broken
    ]
    blocks += [_stale_text(result, deviations[name], command) for name in result.stale]
    return "\n\n".join(blocks)


def first_warnings(results: Iterable[ScenarioResult], rules: Mapping[str, Rule]) -> list[str]:
    """Write the first unforeseen warning of each rule in full: the others say the same."""
    first: dict[str, str] = {}
    for result in results:
        for verdict in result.verdicts:
            if verdict.outcome is Outcome.WARNING and verdict.deviation is None:
                first.setdefault(verdict.rule, verdict_text(result, verdict, rules[verdict.rule]))
    return list(first.values())


def verdict_text(
    result: ScenarioResult,
    verdict: Verdict,
    rule: Rule,
    command: str = COMMAND,
    *,
    evidence: bool = True,
) -> str:
    """One verdict with rule, expectation, source and, with `evidence`, what the scenario shows.

    The evidence is the scenario's: the levels, the requests, what the client said, and the
    command that repeats it. A second verdict of the same scenario need not say it again.
    """
    word = {Outcome.WARNING: "warns", Outcome.ERROR: "could not be judged"}
    headline = f"{verdict.rule} {word.get(verdict.outcome, 'failed')}: {verdict.reason}"
    lines = [
        ("rule", f"{rule.level}  {rule.statement}"),
        ("expected", verdict.expected),
        ("observed", verdict.observed),
        ("source", "; ".join(str(source) for source in rule.sources)),
    ]
    if evidence:
        lines[1:1] = [
            ("present", levels_text(result.present)),
            ("broken", levels_text(result.broken) if result.broken else ""),
        ]
        lines[-1:-1] = [
            *(("request", request["line"]) for request in result.requests),
            *(("client", line) for line in client_lines(result)),
        ]
        lines.append(("again", f"{command} {result.id}"))
    return "\n".join([headline, *aligned(lines)])


def levels_text(origins: tuple[str, ...]) -> str:
    """Levels with their numbers: `1 bearer token · 4 shared credentials file`."""
    return " · ".join(describe_origin(origin_of(name)) for name in origins) or "nothing"


def aligned(lines: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Write labels and texts in two columns; an empty text is left out, its label may be empty."""
    for label, text in lines:
        if text:
            first, *rest = text.splitlines()
            yield f"  {label:<9} {first}"
            yield from (f"  {'':<9} {line}" for line in rest)


def client_lines(result: ScenarioResult) -> Iterator[str]:
    """Write what the client said of each call that failed."""
    for answer in result.results:
        if not answer["ok"]:
            yield shorten(f"{answer['error_type']}: {answer['error']}", 300, placeholder="…")


def _stale_text(result: ScenarioResult, deviation: Deviation, command: str) -> str:
    return "\n".join(
        [
            f"{deviation.rule} passed, but a known deviation says it does not: {deviation.id}",
            *aligned(
                [
                    ("entry", f'id = "{deviation.id}" in {deviation.origin}'),
                    ("versions", f"{deviation.client} {deviation.versions}"),
                    ("delete", "the entry, or end its range of versions or scenarios before this"),
                    ("again", f"{command} {result.id}"),
                ]
            ),
        ]
    )
