"""The example, whose tests know nothing of this package: a token slips under its role."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.environments.environment import Environment
from bedrock_authcheck.services.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulated import Services

ROOT = Path(__file__).parents[2]
GUARDED = ("--bedrock-authcheck", "bedrock-authcheck::keys", "test_summary.py")


@contextmanager
def machine(services: Services, *levels: str) -> Iterator[Environment]:
    services.endpoint.open(Ledger())
    with Environment(services.loop, services.endpoint) as environment:
        environment.provide(*levels)
        yield environment


@pytest.fixture
def example(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "examples" / "guarded", tmp_path / "guarded"))


def outcome_of(folder: Path, environment: Environment, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env={**environment.env(), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "120"}
        | {"PYTEST_PLUGINS": "bedrock_authcheck.plugin"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    told = done.stdout + done.stderr
    for credential in environment.keyring.credentials:
        assert not [value for value in credential.secrets().values() if value in told]
    return done.returncode, told


def test_under_its_role_it_passes_and_the_run_says_who_signed(
    services: Services, example: Path
) -> None:
    with machine(services, "container") as environment:
        status, told = outcome_of(example, environment, *GUARDED)
    assert status == 0, told
    assert "3 requests to Amazon Bedrock in 2 tests: 3 sigv4" in told
    assert "   3  sigv4 by level 6 container role (temporary-credentials)" in told
    assert "here: sigv4 by level 6 container role (temporary credentials, if it is there)" in told


def test_a_token_that_slips_under_the_role_is_caught(services: Services, example: Path) -> None:
    with machine(services, "container", "bearer") as environment:
        status, told = outcome_of(example, environment, *GUARDED, "-rf")
        unguarded, _ = outcome_of(example, environment, "test_summary.py")
    assert unguarded == 0
    assert status == 1
    assert "FAILED test_summary.py::test_one_sentence" in told
    assert "FAILED test_summary.py::test_many_at_once" in told
    lines = told.splitlines()
    headline = "Converse was signed with bearer by level 1 bearer token, expected sigv4"
    assert f"CHAIN-1 failed: {headline}" in lines
    assert "  present   1 bearer token · 6 container role (may be there)" in lines
    assert "  expected  sigv4 (bedrock_auth_expect)" in lines
    (observed, *_) = [line for line in lines if line.startswith("  observed")]
    assert "bearer  AWS_BEARER_TOKEN_BEDROCK  long-term-api-key  k1:" in observed
    assert any("/converse" in line for line in lines if line.startswith("  request "))
    again = 'pytest --bedrock-authcheck -m "not bedrock_authcheck" test_summary.py::test_one_sent'
    assert any(again in line for line in lines)


def test_a_long_term_key_is_caught(services: Services, example: Path) -> None:
    with machine(services, "shared") as environment:
        status, told = outcome_of(example, environment, *GUARDED)
    assert status == 1
    assert "SAFE-3 failed: Converse shows what bedrock_auth_forbid names: long-term-key" in told
    assert "  observed  sigv4  ~/.aws/credentials [default]  long-term-iam-key  AKIA…" in told


def test_the_command_that_repeats_a_failure_does(services: Services, example: Path) -> None:
    with machine(services, "container", "bearer") as environment:
        again = ("--bedrock-authcheck", "-m", "not bedrock_authcheck")
        status, told = outcome_of(
            example, environment, *again, "test_summary.py::test_one_sentence"
        )
    assert status == 1
    assert "CHAIN-1 failed" in told
    assert "SAFE-3 failed" in told  # it is a long-term key, too
    assert "1 failed, " in told
