"""Programs that take no endpoint, judged through mitmproxy by the real host names."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugin.conftest import Run

MITMDUMP = os.environ.get("BEDROCK_AUTHCHECK_MITMDUMP") or shutil.which("mitmdump") or ""
needs_mitmproxy = pytest.mark.skipif(
    not MITMDUMP, reason="mitmdump is not on PATH, nor named by BEDROCK_AUTHCHECK_MITMDUMP"
)
BOTO3 = """
import boto3
client = boto3.client("bedrock-runtime", region_name="eu-central-1")
client.converse(modelId="m", messages=[{"role": "user", "content": [{"text": "x"}]}])
"""
ELSEWHERE = """
import os, requests
token = os.environ.get("AWS_BEARER_TOKEN_BEDROCK", "")
requests.post("https://bedrock.example/", headers={"Authorization": f"Bearer {token}"}, json={})
"""


def judged(run: Run, folder: Path, program: str, *names: str) -> pytest.RunResult:
    """Judge a program in some scenarios."""
    file = folder / "program.py"
    file.write_text(program, encoding="utf-8")
    ids = [f"bedrock-authcheck::command::{name}" for name in names]
    command = f"--authcheck-client-command={sys.executable} {file}"
    options = ("--authcheck-intercept", f"--authcheck-mitmdump={MITMDUMP}")
    return run("--bedrock-authcheck", command, *options, *ids)


@needs_mitmproxy
def test_boto3_without_an_endpoint_is_judged_by_the_name_that_it_signed(
    run: Run, tmp_path: Path
) -> None:
    result = judged(run, tmp_path, BOTO3, "bearer", "environment", "bearer+environment")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["CHAIN-1 *passed *3*", "AUTH-3 *passed *1 *"])


@needs_mitmproxy
def test_a_token_for_another_host_is_refused_and_the_host_is_named(
    run: Run, tmp_path: Path
) -> None:
    result = judged(run, tmp_path, ELSEWHERE, "bearer")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*the client tried to reach bedrock.example*"])


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "*--authcheck-intercept: boto3 runs in this process*"),
        (
            [f"--authcheck-client-command={sys.executable}", "--authcheck-mitmdump=no-such-1"],
            "*--authcheck-mitmdump: there is no program 'no-such-1' on PATH or in *",
        ),
    ],
)
def test_what_cannot_be_intercepted_is_refused(run: Run, arguments: list[str], text: str) -> None:
    options = ["--bedrock-authcheck", "bedrock-authcheck", "--authcheck-intercept"]
    result = run(*options, *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([text])
