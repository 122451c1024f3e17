"""A wrong client end to end: as a plugin of a pytest run of its own, and what a person reads."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

_PLUGIN = """
from botocore.auth import BearerAuth
from botocore.signers import RequestSigner

honest = BearerAuth.add_auth
sign = RequestSigner.sign


def truncated(self, request):
    honest(self, request)
    value = request.headers["Authorization"]
    del request.headers["Authorization"]
    request.headers["Authorization"] = value[:-1]


def unsigned_agents(self, operation_name, request, **options):
    if operation_name != "ListAgents":
        sign(self, operation_name, request, **options)


BearerAuth.add_auth = truncated
RequestSigner.sign = unsigned_agents
"""


_LATE = """
import copy

from botocore.httpsession import URLLib3Session

honest, kept = URLLib3Session.send, []


def send(self, request):
    if not kept:
        kept.append(copy.copy(request))
    elif kept[0] is not None:
        honest(self, kept[0])
        kept[0] = None
    return honest(self, request)


URLLib3Session.send = send
"""


_OLD = """
import os

from botocore.signers import RequestSigner

from bedrock_authcheck.clients.known import KnownClient


def by_token(self, operation_name, request, **options):
    request.headers["Authorization"] = f"Bearer {os.environ['AWS_BEARER_TOKEN_BEDROCK']}"


RequestSigner.sign = by_token
KnownClient.versions = lambda _: {"boto3": "1.39.0", "botocore": "1.39.0"}
"""


def _run(folder: Path, plugin: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the suite in a folder of its own, with a client that a plugin makes wrong."""
    (folder / "wrong_client.py").write_text(plugin, encoding="utf-8")
    # What this run was started with is not the inner run's: options, or an xdist worker's name.
    env = {name: v for name, v in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "wrong_client", "-p", "no:cacheprovider"),
            *("-p", "no:randomly", "--color=no", "--bedrock-authcheck"),
            *arguments,
        ],
        cwd=folder,
        env={**env, "PYTHONPATH": str(folder), "COLUMNS": "160"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """A run of four scenarios by a client with two faults."""
    chosen = "bearer+config-converse or bedrock-agent.ListAgents-bearer+environment+shared"
    groups = ("bedrock-authcheck::chain", "bedrock-authcheck::limit")
    return _run(tmp_path_factory.mktemp("project"), _PLUGIN, *groups, "-k", chosen)


def test_the_run_fails_and_its_text_says_what_is_wrong(
    run: subprocess.CompletedProcess[str],
) -> None:
    output = run.stdout
    assert run.returncode == pytest.ExitCode.TESTS_FAILED, output + run.stderr
    blocks = output.split("CHAIN-1 failed: ")
    assert len(blocks) > 1, output
    told = blocks[1]
    for label, text in (
        ("rule", "MUST  With any set of levels present"),
        ("present", "1 bearer token · 5 config file"),
        ("expected", "bearer  AWS_BEARER_TOKEN_BEDROCK"),
        ("observed", "bearer  a credential of no level here"),
        ("again", "pytest --bedrock-authcheck bedrock-authcheck::chain::bearer+config-converse"),
    ):
        assert f"  {label:<9} {text}" in told
    assert "AUTH-1 failed: Converse: the token cut to " in output
    assert "LIMIT-4 failed: ListAgents" in output
    assert "→ 403" in output, "the endpoint refuses what AWS would refuse"


def test_the_summary_counts_what_failed_by_rule(run: subprocess.CompletedProcess[str]) -> None:
    lines = {line.split()[0]: line for line in run.stdout.splitlines() if " MUST " in line}
    assert "failed" in lines["CHAIN-1"]
    assert "failed" in lines["LIMIT-4"]
    assert "failed" not in lines["AUTH-2"]


def test_the_output_holds_no_token(run: subprocess.CompletedProcess[str]) -> None:
    assert "ABSK" not in run.stdout
    assert "FAKE/" not in run.stdout


def test_a_request_that_comes_late_is_an_error_that_names_its_own_scenario(tmp_path: Path) -> None:
    first, second = (f"bedrock-authcheck::chain::{name}-converse" for name in ("bearer", "shared"))
    output = _run(tmp_path, _LATE, first, second).stdout
    told = output.partition("not judged: ")[2].partition("=====")[0]
    assert told.splitlines()[:2] == [
        f"a request of {first} came late, after its call had returned",
        "  observed  bearer  AWS_BEARER_TOKEN_BEDROCK",
    ], output
    assert f"again     pytest --bedrock-authcheck {first} {second}" in told
    lines = {line.split()[0]: line for line in output.splitlines() if " MUST " in line}
    assert " error " in lines["CHAIN-1"]
    assert "1 failed, 1 passed" in output
    assert "ABSK" not in output


def test_failures_of_an_old_release_are_told_what_a_new_one_does(tmp_path: Path) -> None:
    chosen = "bedrock-authcheck::limit::bedrock-agent.ListAgents-bearer+environment+shared"
    output = _run(tmp_path, _OLD, chosen).stdout
    told = output.partition("failed in this release of the client, and not in others:\n")[2]
    assert told.startswith("  LIMIT-2 (1), LIMIT-4 (1)\n    the token goes out"), output
