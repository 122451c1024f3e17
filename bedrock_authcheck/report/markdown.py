"""A run in Markdown, as a step of GitHub Actions shows it under a job."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.model import Outcome
from bedrock_authcheck.report.summary import EXPECTED, STALE, summarise
from bedrock_authcheck.report.text import failure_text
from bedrock_authcheck.spec.deviations import load_deviations
from bedrock_authcheck.spec.rules import load_rules
from bedrock_authcheck.wire.findings import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_authcheck.report.jsonl import Report

_SHOWN: Final = 10  # failures in full: a step's summary holds 1 MiB
_LONGEST: Final = 4_000  # characters of one
_FENCE: Final = re.compile(r"`{3,}")
_SPECIAL: Final = re.compile(r"[\\`*_{}\[\]<>()#+!|~-]")
_MARKS: Final = {
    Outcome.ERROR: "❌",
    Outcome.FAILED: "❌",
    STALE: "❌",
    Outcome.WARNING: "⚠️",
    EXPECTED: "⚠️",
    Outcome.PASSED: "✅",
}


def markdown(report: Report) -> str:
    """Write verdict, rules, and the first failures with the command that repeats each."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    failed = [result for result in report.results if result.unforeseen]
    client = report.header["client"]
    versions = " ".join(f"{name} {number}" for name, number in client["versions"].items())
    yield f"## bedrock-authcheck: {escaped(client['name'])}"
    yield ""
    total = counted(len(report.results), "scenario")
    verdict = f"{len(failed)} of {total} failed" if failed else f"{total}, no unforeseen failure"
    stopped = ", interrupted" if report.footer.get("interrupted") else ""
    yield f"**{verdict}{stopped}** ({escaped(versions)}, rule set {report.header['rule_set']})"
    yield ""
    yield "| rule | level | outcome | scenarios | beside |"
    yield "|---|---|---|---|---|"
    for one in summarise(report.results, load_rules()):
        mark = _MARKS.get(one.outcome, "·")
        cells = (one.rule.id, one.rule.level, f"{mark} {one.outcome}", one.counts[one.outcome])
        yield f"| {' | '.join(map(str, cells))} | {one.beside} |"
    deviations = {deviation.id: deviation for deviation in load_deviations()}
    for result in failed[:_SHOWN]:
        text = failure_text(result, load_rules(), deviations)[:_LONGEST]
        fence = "`" * max(3, *(len(found) + 1 for found in _FENCE.findall(text)), 3)
        yield ""
        yield f"<details><summary>{_in_html(result.id)}</summary>"
        yield ""
        yield f"{fence}text"
        yield text
        yield fence
        yield ""
        yield "</details>"
    if len(failed) > _SHOWN:
        yield ""
        yield f"and {len(failed) - _SHOWN} more: they are in the results file"


def _in_html(text: str) -> str:
    """Write a text inside of a block of HTML, where Markdown's own escapes would be shown."""
    shown = html.escape(" ".join(text.split()))
    return shown.replace("[", "&#91;").replace("`", "&#96;")


def escaped(text: str) -> str:
    """Write a text so that Markdown shows it as it is; line ends become spaces."""
    return _SPECIAL.sub(r"\\\g<0>", " ".join(text.split())).replace("\\<", "&lt;")
