"""A command line that is judged without a contract, by what it sends."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from tests.clients.reference import PROGRAM

if TYPE_CHECKING:
    from tests.plugin.conftest import Run

_APPLICATION = PROGRAM.with_name("application.py")


def judged(run: Run, wrong: str, *names: str) -> pytest.RunResult:
    """Judge the application, wrong in a way, in some scenarios."""
    command = shlex.join([sys.executable, str(_APPLICATION), *([wrong] if wrong else [])])
    ids = [f"bedrock-authcheck::command::{name}" for name in names]
    return run("--bedrock-authcheck", f"--authcheck-client-command={command}", *ids)


def test_an_application_that_uses_the_token_alone_is_right_where_there_is_one(run: Run) -> None:
    names = ("none", "bearer", "bearer+shared", "blank-token+none", "foreign-token+none")
    result = judged(run, "", *names, "bearer-over-shared-malformed")
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(["*client command 0*"])


def test_one_that_passes_a_level_over_is_wrong(run: Run) -> None:
    result = judged(run, "", "environment")
    result.assert_outcomes(failed=1)
    command = "pytest --bedrock-authcheck --authcheck-client-command '*application.py'"
    result.stdout.fnmatch_lines(
        ["CHAIN-1 failed: any: no request seen*", f"  again *{command} *::command::environment"]
    )


def test_one_that_sends_the_token_to_an_agent_is_wrong_by_the_rule_of_agents(run: Run) -> None:
    result = judged(run, "agent", "bearer", "bearer+environment")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["CHAIN-1 *passed *2*", "LIMIT-2 *failed *2*"])


def test_one_that_calls_agents_alone_is_right_to_send_nothing_with_a_token_alone(run: Run) -> None:
    result = judged(run, "agents-alone", "bearer")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["CHAIN-1 *skipped*", "LIMIT-5 *passed *1*"])


def test_one_that_sends_without_any_credential_is_wrong(run: Run) -> None:
    result = judged(run, "unsigned", "none")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["CHAIN-2 failed:*"])


def test_one_that_sends_nothing_is_wrong(run: Run) -> None:
    result = judged(run, "silent", "bearer")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["CHAIN-1 failed: any: no request seen*"])


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            ["--authcheck-client-command="],
            "*--authcheck-client-command: the command line is empty*",
        ),
        (["--authcheck-client-command=' "], '*--authcheck-client-command: "\' " is no command*'),
        (["--authcheck-client-command=no-such-1"], "*there is no program 'no-such-1' on PATH or*"),
        (
            ["--authcheck-client-command=python x", "--authcheck-client=boto3"],
            "*--authcheck-client-command and --authcheck-client name a client each: give one*",
        ),
        (["--authcheck-client-timeout=soon"], "*--authcheck-client-timeout: 'soon' is no number*"),
        (["--authcheck-client=no.toml"], "*--authcheck-client: *no.toml: cannot be read*"),
    ],
)
def test_what_names_no_client_is_refused(run: Run, arguments: list[str], text: str) -> None:
    result = run("--bedrock-authcheck", "bedrock-authcheck", *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([text])


def test_no_other_group_is_collected(run: Run) -> None:
    command = f"--authcheck-client-command={sys.executable}"
    result = run("--bedrock-authcheck", "bedrock-authcheck", command, "--collect-only", "-q")
    lines = [line for line in result.outlines if "::" in line]
    assert all(line.startswith("bedrock-authcheck::command::") for line in lines)
    subsets = [line for line in lines if "token" not in line and "-over-" not in line]
    assert len(subsets) == 64
