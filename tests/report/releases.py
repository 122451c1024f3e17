"""Reports as runs over releases of botocore would leave them, made by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_authcheck.model import Outcome, Verdict
from bedrock_authcheck.report.jsonl import Report, ReportWriter
from bedrock_authcheck.report.result import ScenarioResult
from bedrock_authcheck.spec.rules import rule_set

if TYPE_CHECKING:
    from pathlib import Path

BEARER = "bearer  AWS_BEARER_TOKEN_BEDROCK"
REFUSED = "a clear error and no request"
PLAIN = "token::plain-http-converse"


def verdict(rule: str, outcome: str, observed: str = "", **texts: str) -> Verdict:
    return Verdict(rule, Outcome(outcome), observed=observed, **texts)


def scenario(
    name: str, *verdicts: Verdict, service: str = "bedrock-runtime", stale: tuple[str, ...] = ()
) -> ScenarioResult:
    identifier = f"bedrock-authcheck::{name}"
    return ScenarioResult(identifier, service, "Converse", (), (), verdicts, stale=stale)


def plain_http(*, sent: bool) -> ScenarioResult:
    """The token over plain http: sent by releases before 1.44.0, refused since."""
    outcome, observed = ("warning", BEARER) if sent else ("passed", REFUSED)
    return scenario(PLAIN, verdict("TOKEN-5", outcome, observed, expected=REFUSED))


def report(
    version: str,
    *results: ScenarioResult,
    rules: str | None = None,
    interrupted: bool = False,
) -> Report:
    versions = {"boto3": version, "botocore": version}
    header = {
        "tool": {"name": "bedrock-authcheck", "version": "0.1.0"},
        "client": {"name": "boto3", "versions": versions},
        "rule_set": rules or rule_set(),
    }
    return Report(header, results, {"interrupted": interrupted})


def write(path: Path, made: Report, status: int = 0, *, torn: bool = False) -> None:
    """Write a report as a run does, or as one that was killed."""
    writer = ReportWriter(path, made.header)
    for result in made.results:
        writer.add(result)
    writer.finish(status, interrupted=False)
    if torn:
        path.write_text(path.read_text("utf-8").rsplit("\n", 2)[0] + "\n", "utf-8")
