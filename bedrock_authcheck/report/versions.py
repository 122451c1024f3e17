"""Rules by releases of a client, and where they turn: reports in, Markdown out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from packaging.version import InvalidVersion, Version

from bedrock_authcheck.report.jsonl import ReportError
from bedrock_authcheck.report.marks import code, inline, table
from bedrock_authcheck.report.summary import summarise
from bedrock_authcheck.report.turning import ABSENT, DOES_NOT_HOLD, turning_points
from bedrock_authcheck.spec.rules import load_rules, rule_set
from bedrock_authcheck.wire.findings import counted

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bedrock_authcheck.report.jsonl import Report
    from bedrock_authcheck.report.summary import RuleSummary
    from bedrock_authcheck.report.turning import Change, TurningPoint
    from bedrock_authcheck.spec.rules import Rule

_ROOT: Final = "bedrock-authcheck::"
_WIDTH: Final = 140  # characters of what was seen; an error's text can be long
_LEGEND: Final = (
    "A cell holds the gravest outcome of a rule, and in how many of the scenarios that hold it; "
    "the others came to something less grave.\n"
    "**Bold** is what does not hold.\n"
    "*known deviation* is broken as "
    "[`deviations.toml`](../bedrock_authcheck/spec/deviations.toml) foresees, "
    "*not offered* is what the release lacks, "
    "*skipped* sent no request that the rule speaks of; "
    "the [README](../README.md) has the other words."
)


@dataclass(frozen=True, slots=True)
class Making:
    """How the reports were made: when, by which command, on which Python.

    `newest` is the release that was the newest one then, where it was asked for.
    """

    date: dt.date
    command: str
    python: str
    newest: str | None = None


def versions_page(reports: Iterable[Report], making: Making) -> str:
    """Render reports of several releases of botocore as one page, the oldest first.

    ReportError where two are of one release, where one is of no release, was stopped early or
    is of another rule set than this version's.
    """
    by_version = _by_version(reports)
    rules = load_rules()
    summaries = {
        name: {s.rule.id: s for s in summarise(report.results, rules)}
        for name, report in by_version.items()
    }
    held = [rule for rule in rules if any(rule in by_rule for by_rule in summaries.values())]
    pairs = pairwise(by_version.items())
    blocks = [
        _head(by_version, making),
        table(["rule", "level", *by_version], _rows([rules[r] for r in held], summaries)),
        _LEGEND,
        *_left_out([rule for rule in rules if rule not in held]),
        "## Releases",
        table(_RELEASE_TITLES, (_release(*item, making) for item in by_version.items())),
        "## Turning points",
        "What changed from each release to the next one here, with one scenario as an example.",
        *(_turn(*before, *after, rules) for before, after in pairs),
    ]
    return "\n\n".join(blocks) + "\n"


def _by_version(reports: Iterable[Report]) -> dict[str, Report]:
    found: dict[str, Report] = {}
    for report in reports:
        name = report.header.get("client", {}).get("versions", {}).get("botocore")
        if not isinstance(name, str) or not _is_version(name):
            text = f"botocore {name!r}, where a report names a release such as 1.40.0"
            raise ReportError(f"a report is of {text}")
        if name in found:
            raise ReportError(f"two reports are of botocore {name}: give one of each release")
        judged_by = report.header.get("rule_set")
        if judged_by != rule_set():
            text = f"botocore {name} was judged by the rule set {judged_by}, and this version"
            raise ReportError(f"{text} has {rule_set()}: judge it again with this version")
        if report.footer.get("interrupted"):
            raise ReportError(f"the run for botocore {name} was stopped early: run it again")
        found[name] = report
    if not found:
        raise ReportError("there is no report: judge one release at least")
    return dict(sorted(found.items(), key=lambda item: Version(item[0])))


def _is_version(name: str) -> bool:
    try:
        Version(name)
    except InvalidVersion:
        return False
    return True


def _head(by_version: Mapping[str, Report], making: Making) -> str:
    tools = {str(report.header["tool"]["version"]) for report in by_version.values()}
    by = f"bedrock-authcheck {' and '.join(sorted(tools))}, rule set `{rule_set()}`"
    return f"""\
# What the suite says of releases of botocore

Generated on {making.date.isoformat()} by `{making.command}`: {by}, Python {making.python}.
Do not edit this page, run the command again.
Each release was judged in an environment of its own, with boto3 and botocore pinned together."""


def _rows(
    rules: Iterable[Rule], summaries: Mapping[str, Mapping[str, RuleSummary]]
) -> Iterator[list[str]]:
    for rule in rules:
        cells = (_cell(by_rule.get(rule.id)) for by_rule in summaries.values())
        yield [rule.id, str(rule.level), *cells]


def _cell(summary: RuleSummary | None) -> str:
    """Write `passed 401/423`: the gravest outcome, how often, of how many."""
    if summary is None:
        return ABSENT
    word = _marked(summary.outcome)
    return f"{word} {summary.counts[summary.outcome]}/{summary.counts.total()}"


def _marked(word: str) -> str:
    return f"**{word}**" if word in DOES_NOT_HOLD else word


def _left_out(rules: Sequence[str]) -> Iterator[str]:
    if rules:
        yield f"No scenario holds these rules: {', '.join(rules)}."


_RELEASE_TITLES: Final = (
    *("botocore", "boto3", "scenarios", "unforeseen failures"),
    *("known deviations", "stale deviations"),
)


def _release(name: str, report: Report, making: Making) -> list[str]:
    results = report.results
    return [
        f"{name} (newest)" if name == making.newest else name,
        report.header["client"]["versions"].get("boto3", "none"),
        str(len(results)),
        str(sum(result.unforeseen for result in results)),
        str(sum(bool(result.deviations) for result in results)),
        ", ".join(sorted({name for result in results for name in result.stale})) or "none",
    ]


def _turn(first: str, before: Report, last: str, after: Report, rules: Mapping[str, Rule]) -> str:
    points = turning_points(before, after, rules)
    blocks = [f"### {last}, after {first}"]
    blocks += [_point(point, first, last) for point in points] or ["No rule turns here."]
    ids = [{result.id for result in report.results} for report in (before, after)]
    blocks.append(_grown(len(ids[1] - ids[0]), len(ids[0] - ids[1])))
    return "\n\n".join(blocks)


def _grown(new: int, gone: int) -> str:
    if not new and not gone:
        return "The scenarios are the same."
    return f"{counted(new, 'scenario')} more and {gone} fewer, by the operations that it offers."


def _point(point: TurningPoint, first: str, last: str) -> str:
    rule = point.rule
    turned = f"{_marked(point.before)} → {_marked(point.after)}"
    lines = [f"**{rule.id}** ({rule.level}), {turned}: {inline(rule.statement)}"]
    lines += [f"- {_line(change, first, last)}" for change in point.changes]
    return "\n\n".join((lines[0], "\n".join(lines[1:])))


def _line(change: Change, first: str, last: str) -> str:
    """Write one line: which scenarios, one of them, what was expected and seen in it."""
    count = counted(len(change.scenarios), "scenario")
    example = change.example.removeprefix(_ROOT)
    parts = [f"expected {code(change.expected, _WIDTH)}"] if change.expected else []
    parts += [
        f"{name} {_marked(word)}" + (f", {code(told, _WIDTH)}" if told else "")
        for name, word, told in (
            (first, change.before, change.was),
            (last, change.after, change.became),
        )
    ]
    return f"{count} of {', '.join(change.services)}, such as `{example}`: {'; '.join(parts)}."
