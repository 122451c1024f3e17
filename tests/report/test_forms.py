"""Markdown, badge and their command: what they say, and that what is quoted stays text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.cli import main
from bedrock_authcheck.model import Outcome
from bedrock_authcheck.report.badge import badge
from bedrock_authcheck.report.jsonl import Report, ReportWriter
from bedrock_authcheck.report.markdown import markdown
from bedrock_authcheck.spec.rules import rule_set
from tests.page.conftest import report, result

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "</details>\n````\n# big [x](javascript:alert(1)) <script>|`"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A file of results with one failure."""
    path = tmp_path / "results.jsonl"
    client = {"name": "boto3", "versions": {"boto3": "1.44.8"}}
    writer = ReportWriter(path, {"client": client, "rule_set": rule_set()})
    writer.add(result(outcome=Outcome.FAILED))
    writer.add(result("chain::two"))
    writer.finish(1, interrupted=False)
    return path


@pytest.mark.parametrize(
    ("made", "message", "colour"),
    [
        (report(result()), "holds in 1 scenario", "brightgreen"),
        (report(result(), result("a::b", Outcome.FAILED)), "1 of 2 failed", "red"),
        (report(), "not run to its end", "lightgrey"),
        (Report(report().header, (result(),), {"interrupted": True}), "not run", "lightgrey"),
    ],
)
def test_a_badge_says_what_a_run_came_to(made: Report, message: str, colour: str) -> None:
    told = json.loads(badge(made))
    assert told["label"] == "bedrock auth: boto3"
    assert message in told["message"]
    assert told["color"] == colour
    assert told["schemaVersion"] == 1


def test_markdown_tells_the_rules_and_each_failure_with_its_command(results: Path) -> None:
    del results
    made = report(result(outcome=Outcome.FAILED), result("chain::two"))
    text = markdown(made)
    assert "**1 of 2 scenarios failed** (boto3 1\\.44\\.8" not in text
    assert "**1 of 2 scenarios failed** (boto3 1.44.8, rule set " in text
    assert "| CHAIN-1 | MUST | ❌ failed | 1 | 1 passed |" in text
    assert "again     pytest --bedrock-authcheck bedrock-authcheck::chain::bearer-converse" in text


def test_markdown_cuts_what_is_long_and_counts_what_it_leaves_out() -> None:
    many = (result(f"a::{n}", Outcome.FAILED, said="x" * 10_000) for n in range(12))
    text = markdown(report(*many))
    assert len(text) < 60_000
    assert text.endswith("and 2 more: they are in the results file\n")


def test_what_is_quoted_stays_in_its_fence() -> None:
    bad = result(f"chain::{HOSTILE}", Outcome.FAILED, said=HOSTILE)
    lines = markdown(report(bad, client=HOSTILE)).splitlines()
    fence = next(line for line in lines if line.startswith("`"))
    assert fence == "`````text"
    assert lines.count("`````") == 1
    outside = "\n".join(lines[: lines.index(fence)])
    assert "<script>" not in outside
    assert "[x](" not in outside


def test_the_command_writes_each_form(
    results: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    pytest.importorskip("jinja2", reason="Jinja is not installed (the extra `html`)")
    assert main(["report", "markdown", str(results)]) == 0
    assert "1 of 2 scenarios failed" in capfdbinary.readouterr().out.decode()
    assert main(["report", "badge", str(results)]) == 0
    assert json.loads(capfdbinary.readouterr().out)["color"] == "red"
    page = tmp_path / "page.html"
    assert main(["report", "html", str(results), "--into", str(page)]) == 0
    assert "1 scenario of 2 failed" in page.read_text(encoding="utf-8")
    merged = tmp_path / "merged.jsonl"  # as `report merge` writes it: one run after the other
    merged.write_text(results.read_text() + results.read_text().replace("boto3", "go"))
    assert main(["report", "html", str(merged), "--into", str(page)]) == 0
    assert "2 scenarios of 4 failed" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file"),
        ("", "is no report"),
        ('{"type":"header","format":9}\n', "is of format 9; this version reads 1"),
        ('{"type":"header","format":1}\n{"type":"scen', "line 2: not JSON"),
        ('{"type":"header","format":1}\n', "has no footer"),
    ],
)
@pytest.mark.parametrize("verb", ["html", "markdown", "badge"])
def test_what_is_no_report_is_refused_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str, content: str | None, said: str
) -> None:
    path = tmp_path / "r.jsonl"
    if content is not None:
        path.write_text(content)
    into = ["--into", str(tmp_path / "page.html")] if verb == "html" else []
    assert main(["report", verb, str(path), *into]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("bedrock-authcheck report: ")
    assert said in line
    assert not (tmp_path / "page.html").exists()


def test_a_page_of_another_rule_set_or_in_no_folder_is_refused(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("jinja2", reason="Jinja is not installed (the extra `html`)")
    assert main(["report", "html", str(results), "--into", str(tmp_path / "no" / "p.html")]) == 2
    assert "cannot be written: No such file" in capsys.readouterr().err
    results.write_text(results.read_text().replace(rule_set(), "0+old"))
    assert main(["report", "html", str(results), "--into", str(tmp_path / "p.html")]) == 2
    assert "rule set 0+old cannot be shown" in capsys.readouterr().err
