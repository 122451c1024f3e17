"""The main job: the whole suite against the botocore that is installed, alone and with workers."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.checks.judge import CHECKED
from bedrock_authcheck.report.jsonl import read_report
from tests.releases import LEAKS, needs_a_right_client

if TYPE_CHECKING:
    from tests.plugin.conftest import Run


RULE = re.compile(r"[A-Z]+-\d+ ")


@needs_a_right_client
def test_the_whole_suite_is_green_and_workers_come_to_the_same(
    pytester: pytest.Pytester, run: Run
) -> None:
    chosen = ("--bedrock-authcheck", "bedrock-authcheck", "-W", "error")
    alone = run(*chosen, "--authcheck-report=alone.jsonl")
    together = run(*chosen, "-n", "2", "--authcheck-report=two.jsonl", plugins=("xdist.plugin",))
    assert (alone.ret, together.ret) == (pytest.ExitCode.OK, pytest.ExitCode.OK)

    counts = alone.parseoutcomes()
    assert counts["passed"] >= 1200
    assert counts["xfailed"] > 0
    assert counts == together.parseoutcomes()
    summaries = [
        [line for line in result.outlines if RULE.match(line)] for result in (alone, together)
    ]
    assert summaries[0] == summaries[1]
    assert [line.split()[0] for line in summaries[0]] == list(CHECKED)
    client = f"boto3 {version('boto3')} botocore {version('botocore')}"
    alone.stdout.fnmatch_lines([f"{sum(counts.values())} scenarios, client {client}"])

    first, second = (read_report(pytester.path / name) for name in ("alone.jsonl", "two.jsonl"))
    assert first.footer == second.footer
    assert first.footer["scenarios"] == sum(counts.values())
    assert first.footer["foreseen"] == counts["xfailed"]
    assert not [found.id for found in first.results if found.unforeseen or found.stale]
    assert {v.rule for found in first.results for v in found.verdicts} == {*CHECKED}
    verdicts = [
        {
            found.id: [
                (verdict.rule, verdict.outcome, verdict.deviation) for verdict in found.verdicts
            ]
            for found in report.results
        }
        for report in (first, second)
    ]
    assert verdicts[0] == verdicts[1]


@pytest.mark.skipif(not LEAKS, reason="this botocore does not send the token to the agents")
def test_a_release_that_leaks_the_token_is_red(run: Run) -> None:
    result = run("--bedrock-authcheck", "bedrock-authcheck")
    assert result.ret is pytest.ExitCode.TESTS_FAILED
    failed = {
        line.split()[0] for line in result.outlines if re.match(r"[A-Z]+-\d+ .* failed ", line)
    }
    assert failed >= {"LIMIT-2", "LIMIT-3"}
    result.stdout.fnmatch_lines(
        [
            "LIMIT-2 failed: *",
            "*No operation of Agents for Amazon Bedrock*",
            "*expected*no bearer token for this operation",
            "*observed*bearer  AWS_BEARER_TOKEN_BEDROCK",
            "*This operation does not support API Keys*",
        ]
    )
