"""What changed from one release of a client to the next, found by comparing two reports."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from bedrock_authcheck.model import Outcome, RuleLevel
from bedrock_authcheck.report.summary import EXPECTED, STALE, summarise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bedrock_authcheck.model import Verdict
    from bedrock_authcheck.report.jsonl import Report
    from bedrock_authcheck.report.result import ScenarioResult
    from bedrock_authcheck.spec.rules import Rule

ABSENT: Final = "not there"
"""What a scenario or a rule comes to in a report that does not have it."""
DOES_NOT_HOLD: Final = frozenset(
    {str(Outcome.ERROR), str(Outcome.FAILED), str(Outcome.WARNING), EXPECTED, STALE}
)
"""The words of the summary for what is to be looked at."""


@dataclass(frozen=True, slots=True)
class Change:
    """Scenarios of one rule that came to one word before and to another one after.

    `example` is one of the `scenarios`; `expected`, `was` and `became` are what its
    verdicts say, in one line each. `services` are those of all the scenarios.
    """

    before: str
    after: str
    scenarios: tuple[str, ...]
    services: tuple[str, ...]
    example: str
    expected: str
    was: str
    became: str


@dataclass(frozen=True, slots=True)
class TurningPoint:
    """One rule that a release keeps or breaks otherwise than the release before it."""

    rule: Rule
    before: str
    after: str
    changes: tuple[Change, ...]


class _Seen(NamedTuple):
    """What one scenario came to under one rule."""

    word: str
    verdict: Verdict | None
    service: str


_NOWHERE: Final = _Seen(ABSENT, None, "")


def turning_points(
    before: Report, after: Report, rules: Mapping[str, Rule]
) -> tuple[TurningPoint, ...]:
    """Compare two reports, rule by rule, in the rules' order.

    A rule is a turning point where its word in the summary changed, where a scenario of it
    broke or was mended, or where what an observing rule saw is another thing.
    """
    was, became = _seen(before.results, rules), _seen(after.results, rules)
    words = [{s.rule.id: s.outcome for s in summarise(r.results, rules)} for r in (before, after)]
    points = []
    for rule in (rules[name] for name in rules if name in was or name in became):
        first, last = (outcomes.get(rule.id, ABSENT) for outcomes in words)
        changes = _changes(rule, was[rule.id], became[rule.id])
        telling = tuple(change for change in changes if _tells(rule, change))
        if first != last and not telling:
            telling = changes[:1]  # skipped before, passed now: the most frequent says it
        if telling:
            points.append(TurningPoint(rule, first, last, telling))
    return tuple(points)


def _seen(
    results: Iterable[ScenarioResult], rules: Mapping[str, Rule]
) -> defaultdict[str, dict[str, _Seen]]:
    """By rule, then by scenario."""
    seen: defaultdict[str, dict[str, _Seen]] = defaultdict(dict)
    for result in results:
        verdicts = {verdict.rule: verdict for verdict in result.verdicts}
        for summary in summarise([result], rules):
            name = summary.rule.id
            seen[name][result.id] = _Seen(summary.outcome, verdicts[name], result.service)
    return seen


def _changes(
    rule: Rule, was: Mapping[str, _Seen], became: Mapping[str, _Seen]
) -> tuple[Change, ...]:
    """Group scenarios that changed alike, the largest group first."""
    groups: defaultdict[tuple[tuple[str, ...], ...], list[str]] = defaultdict(list)
    for name in sorted(was.keys() | became.keys()):
        first, last = (_kind(rule, seen.get(name, _NOWHERE)) for seen in (was, became))
        if first != last:
            groups[first, last].append(name)
    changes = [_change(names, was, became) for names in groups.values()]
    return tuple(sorted(changes, key=lambda change: -len(change.scenarios)))


def _kind(rule: Rule, seen: _Seen) -> tuple[str, ...]:
    """Return what scenarios that are told as one have in common; an observing rule's, all of it."""
    if rule.level is RuleLevel.OBSERVE and seen.verdict:
        return seen.word, _in_one_line(seen.verdict.observed)
    return (seen.word,)


def _change(names: list[str], was: Mapping[str, _Seen], became: Mapping[str, _Seen]) -> Change:
    example = min(names, key=lambda name: (len(name), name))
    first, last = was.get(example, _NOWHERE), became.get(example, _NOWHERE)
    # A rule that does not hold says what it expected; one that was not judged says nothing.
    by_weight = sorted((last, first), key=lambda seen: seen.word not in DOES_NOT_HOLD)
    expected = [seen.verdict.expected for seen in by_weight if seen.verdict]
    services = {s.service for name in names for s in (was.get(name), became.get(name)) if s}
    return Change(
        first.word,
        last.word,
        tuple(names),
        tuple(sorted(services)),
        example,
        next((_in_one_line(text) for text in expected if text), ""),
        _told(first.verdict),
        _told(last.verdict),
    )


def _tells(rule: Rule, change: Change) -> bool:
    words = {change.before, change.after}
    return bool(words & DOES_NOT_HOLD) or (rule.level is RuleLevel.OBSERVE and ABSENT not in words)


def _told(verdict: Verdict | None) -> str:
    return _in_one_line(verdict.observed or verdict.reason) if verdict else ""


def _in_one_line(text: str) -> str:
    """Join lines; those that are indented are details, which may name files of a machine."""
    return " / ".join(line for line in text.splitlines() if not line.startswith(" "))
