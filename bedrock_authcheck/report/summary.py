"""The summary by rule that a run ends with."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from textwrap import shorten
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.model import Outcome, RuleScope
from bedrock_authcheck.spec.rules import rule_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bedrock_authcheck.report.result import ScenarioResult
    from bedrock_authcheck.spec.rules import Rule

EXPECTED: Final = "known deviation"
"""What a failure that was foreseen is shown as."""
STALE: Final = "stale deviation"
"""What a rule is shown as that passed where a known deviation says it does not."""
UNCHECKED: Final = "not yet checked"

_GRAVEST_FIRST: Final = (
    Outcome.ERROR,
    Outcome.FAILED,
    STALE,
    Outcome.WARNING,
    EXPECTED,
    Outcome.PASSED,
    Outcome.NOT_OBSERVABLE,
    Outcome.NOT_OFFERED,
    Outcome.SKIPPED,
)


@dataclass(frozen=True, slots=True)
class RuleSummary:
    """One rule's outcomes over all scenarios that held it."""

    rule: Rule
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def outcome(self) -> str:
        """The gravest outcome; `not yet checked` where no scenario held the rule."""
        return next((str(o) for o in _GRAVEST_FIRST if self.counts[o]), UNCHECKED)

    @property
    def detail(self) -> str:
        """How many scenarios came to what: `384 passed, 2 skipped`."""
        return ", ".join(f"{self.counts[o]} {o}" for o in _GRAVEST_FIRST if self.counts[o])


def summarise(
    results: Iterable[ScenarioResult], rules: Mapping[str, Rule]
) -> tuple[RuleSummary, ...]:
    """Count outcomes by rule, in the rules' order; rules that nothing held are there too."""
    summaries = {name: RuleSummary(rules[name]) for name in sorted(rules, key=rule_order)}
    for result in results:
        for verdict in result.verdicts:
            shown = EXPECTED if verdict.deviation else str(verdict.outcome)
            summaries[verdict.rule].counts[shown] += 1
        for rule in _stale_rules(result):
            summaries[rule].counts[STALE] += 1
            summaries[rule].counts[Outcome.PASSED] -= 1
    return tuple(summaries.values())


def _stale_rules(result: ScenarioResult) -> Iterator[str]:
    from bedrock_authcheck.spec.deviations import load_deviations  # noqa: PLC0415 - rarely needed

    for deviation in load_deviations():
        if deviation.id in result.stale:
            yield deviation.rule


def summary_lines(summaries: Iterable[RuleSummary], width: int) -> Iterator[tuple[str, str]]:
    """Lines of the summary, each with the outcome that colours it.

    Rules that no scenario of this run held are gathered in one line at the end.
    """
    unchecked = []
    for summary in summaries:
        if not summary.counts:
            unchecked.append(summary.rule)
            continue
        rule = summary.rule
        line = f"{rule.id:<9} {rule.level:<8} {summary.outcome:<16} {summary.detail:<34} "
        room = max(width - len(line), 24)
        yield line + shorten(rule.statement, room, placeholder="…"), summary.outcome
    if unchecked:
        names = ", ".join(_with_scope(rule) for rule in unchecked)
        yield f"{UNCHECKED}: {names}", UNCHECKED


def _with_scope(rule: Rule) -> str:
    return rule.id if rule.scope is RuleScope.WIRE else f"{rule.id} ({rule.scope})"


def deviation_lines(results: Iterable[ScenarioResult]) -> Iterator[str]:
    """One line for each known deviation that was seen: how often, and the reason."""
    from bedrock_authcheck.spec.deviations import load_deviations  # noqa: PLC0415 - rarely needed

    seen: defaultdict[str, int] = defaultdict(int)
    for result in results:
        for name in result.deviations:
            seen[name] += 1
    for deviation in load_deviations():
        if deviation.id in seen:
            yield (
                f"{deviation.rule:<9} {deviation.id} ({seen[deviation.id]} scenarios): "
                f"{deviation.reason} {deviation.link}"
            )
