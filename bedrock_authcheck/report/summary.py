"""The summary by rule that a run ends with."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from textwrap import shorten, wrap
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.checks.judge import CHECKED
from bedrock_authcheck.model import Outcome
from bedrock_authcheck.report import variants
from bedrock_authcheck.report.result import GRAVEST_FIRST
from bedrock_authcheck.spec.deviations import load_deviations
from bedrock_authcheck.spec.rules import rule_order
from bedrock_authcheck.wire.findings import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bedrock_authcheck.report.result import ScenarioResult
    from bedrock_authcheck.spec.remedies import Remedy
    from bedrock_authcheck.spec.rules import Rule

    Line = tuple[str, Mapping[str, bool]]
    """A line of text and the markup of pytest's terminal writer that it is shown in."""

EXPECTED: Final = "known deviation"
"""What a failure that was foreseen is shown as."""
STALE: Final = "stale deviation"
"""What a rule is shown as that passed where a known deviation says it does not."""

_BEHIND: Final = {Outcome.FAILED: STALE, Outcome.WARNING: EXPECTED}
_GRAVEST_FIRST: Final = tuple(
    shown
    for outcome in GRAVEST_FIRST
    for shown in (outcome, _BEHIND.get(outcome))
    if shown is not None
)
_MARKUP: Final[Mapping[str, Mapping[str, bool]]] = {
    Outcome.ERROR: {"red": True},
    Outcome.FAILED: {"red": True},
    STALE: {"red": True},
    Outcome.WARNING: {"yellow": True},
    EXPECTED: {"yellow": True},
    Outcome.PASSED: {"green": True},
}
_LEAST_STATEMENT: Final = 40  # characters; with less room it stands on a line of its own
_TITLES: Final = ("rule", "level", "outcome", "scenarios", "beside", "statement")


@dataclass(frozen=True, slots=True)
class RuleSummary:
    """One rule's outcomes over all scenarios that held it, of which there is at least one."""

    rule: Rule
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def outcome(self) -> str:
        """The gravest outcome."""
        return next(str(outcome) for outcome in _GRAVEST_FIRST if self.counts[outcome])

    @property
    def beside(self) -> str:
        """How many scenarios came to something else: `2 passed, 1 not offered`."""
        _, *others = (outcome for outcome in _GRAVEST_FIRST if self.counts[outcome])
        return ", ".join(f"{self.counts[outcome]} {outcome}" for outcome in others)


def summarise(
    results: Iterable[ScenarioResult], rules: Mapping[str, Rule]
) -> tuple[RuleSummary, ...]:
    """Count outcomes by rule, in the rules' order; rules that nothing held are left out."""
    counts: dict[str, Counter[str]] = {}
    stale_rules = {deviation.id: deviation.rule for deviation in load_deviations()}
    for result in results:
        stale = {stale_rules[name] for name in result.stale}
        for verdict in result.verdicts:
            shown = EXPECTED if verdict.deviation else verdict.outcome
            shown = STALE if verdict.rule in stale else shown
            counts.setdefault(verdict.rule, Counter())[shown] += 1
    return tuple(RuleSummary(rules[name], counts[name]) for name in sorted(counts, key=rule_order))


def summary_of(
    results: Sequence[ScenarioResult],
    rules: Mapping[str, Rule],
    width: int,
    remedies: Iterable[Remedy] = (),
) -> Iterator[Line]:
    """Write the whole summary for a terminal of `width` characters.

    `remedies` are those of the client, in the version that was judged.
    """
    summaries = summarise(results, rules)
    yield from _table(summaries, width)
    yield "", {}
    held = {summary.rule.id for summary in summaries}
    yield from _listed(
        "not part of this run", [rule for rule in CHECKED if rule not in held], width
    )
    yield from _observations(results, width)
    yield from _deviations(results, width)
    for remedy in remedies:
        yield from _remedy(remedy, results, width)


def _table(summaries: Sequence[RuleSummary], width: int) -> Iterator[Line]:
    rows = [
        (s.rule.id, str(s.rule.level), s.outcome, str(s.counts[s.outcome]), s.beside)
        for s in summaries
    ]
    widths = [max(map(len, column)) for column in zip(_TITLES[:-1], *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.rjust(room) if title == "scenarios" else cell.ljust(room)
            for title, cell, room in zip(_TITLES, cells, widths, strict=False)
        ]
        return "  ".join(padded)

    room = width - 1 - len(line(_TITLES[:-1])) - 2
    beside_it = room >= _LEAST_STATEMENT
    indent = " " * (widths[0] + 2)
    title = line(_TITLES[:-1])
    yield f"{title}  statement" if beside_it else title.rstrip(), {"bold": True}
    for summary, row in zip(summaries, rows, strict=True):
        markup = _MARKUP.get(summary.outcome, {})
        statement = summary.rule.statement
        if beside_it:
            yield f"{line(row)}  {_cut(statement, room)}", markup
        else:
            yield line(row).rstrip(), markup
            for wrapped in _wrapped(indent + statement, width, indent):
                yield wrapped, {}


def _listed(title: str, names: Sequence[str], width: int) -> Iterator[Line]:
    if names:
        for line in _wrapped(f"{title}: {', '.join(names)}", width, "  "):
            yield line, {}
        yield "", {}


def _observations(results: Sequence[ScenarioResult], width: int) -> Iterator[Line]:
    """Say what was seen of the rules that only observe, the most frequent first."""
    seen: dict[str, Counter[str]] = {}
    for result in results:
        for verdict in result.verdicts:
            if verdict.outcome is Outcome.OBSERVED:
                seen.setdefault(verdict.rule, Counter())[verdict.observed] += 1
    if not seen:
        return
    yield "observed, where sources are silent or clients legitimately differ (never a failure):", {}
    for rule in sorted(seen, key=rule_order):
        yield f"  {rule}", {"bold": True}
        if rule == variants.RULE:
            yield from _variants(results, width)
            continue
        for text, count in seen[rule].most_common():
            for line in _wrapped(f"    {counted(count, 'scenario')}: {text}", width, "      "):
                yield line, {}
    yield "", {}


def _variants(results: Sequence[ScenarioResult], width: int) -> Iterator[Line]:
    for head, others in variants.table(results):
        start = f"    {head}  "
        for line in _wrapped(f"{start}{others}", width, " " * len(start)):
            yield line, {}


def _deviations(results: Iterable[ScenarioResult], width: int) -> Iterator[Line]:
    """Each known deviation that was seen: how often, the reason, the link."""
    seen = Counter(name for result in results for name in result.deviations)
    known = [deviation for deviation in load_deviations() if deviation.id in seen]
    if not known:
        return
    yield "known deviations, expected to fail (the run stays green):", {}
    for deviation in known:
        count = counted(seen[deviation.id], "scenario")
        yield f"  {deviation.rule}  {deviation.id}, {count}", {"yellow": True}
        for line in _wrapped(f"    {deviation.reason}", width, "    "):
            yield line, {}
        yield f"    {deviation.link}", {}
    yield "", {}


def _remedy(remedy: Remedy, results: Iterable[ScenarioResult], width: int) -> Iterator[Line]:
    """Say what other releases do, once for all the failures that they do not have."""
    failed = Counter(
        verdict.rule
        for result in results
        for verdict in result.verdicts
        if verdict.outcome is Outcome.FAILED
        and verdict.deviation is None
        and remedy.helps(verdict.rule, verdict.observed)
    )
    if failed:
        counts = (f"{rule} ({failed[rule]})" for rule in sorted(failed, key=rule_order))
        yield "failed in this release of the client, and not in others:", {}
        for line in _wrapped(f"  {', '.join(counts)}", width, "  "):
            yield line, {"red": True}
        for line in _wrapped(f"    {remedy.text}", width, "    "):
            yield line, {}
        yield f"    {remedy.link}", {}
        yield "", {}


def _cut(text: str, width: int) -> str:
    return shorten(text, width, placeholder=" …", break_on_hyphens=False)


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    return wrap(
        text,
        width - 1,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
