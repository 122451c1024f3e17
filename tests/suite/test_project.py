"""SAFE-1 and SAFE-5: each is broken by a project, and what git ignores is nobody's business."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.checks.project import PROJECT_CHECKS, judge_project
from bedrock_authcheck.model import Outcome
from bedrock_authcheck.spec.rules import load_rules
from bedrock_authcheck.suite import project
from bedrock_authcheck.suite.project import scanned
from tests.wire import lookalikes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Make = Callable[..., Path]

GIT = shutil.which("git") or ""
pytestmark = pytest.mark.skipif(not GIT, reason="git is not installed")
KEY = lookalikes.long_term_key()
BOTH = (Outcome.FAILED, Outcome.FAILED)
SOURCE = (Outcome.FAILED, Outcome.SKIPPED)
CLEAN = (Outcome.PASSED, Outcome.SKIPPED)
CELL = {"cells": [{"source": [f'token = "{KEY}"\n']}]}
RECORDED = "interactions:\n- request:\n    headers:\n      Authorization:\n      - {}\n"


def _git(folder: Path, *words: str) -> None:
    subprocess.run((GIT, *words), cwd=folder, check=True, capture_output=True)


@pytest.fixture
def made(tmp_path: Path) -> Make:
    """Make a repository of files, all of them added but those named `untracked`."""

    def make(files: Mapping[str, str | bytes], ignored: str = "") -> Path:
        _git(tmp_path, "init", "-q")
        for name, content in {**files, ".gitignore": ignored}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        _git(tmp_path, "add", ".gitignore", *[n for n in files if n.startswith("src/")])
        return tmp_path

    return make


def _outcomes(root: Path, secrets: Mapping[str, str] | None = None) -> tuple[Outcome, ...]:
    found = scanned(root, secrets or {})
    return tuple(judge_project(load_rules()[rule], found).outcome for rule in PROJECT_CHECKS)


@pytest.mark.parametrize(
    ("files", "outcomes"),
    [
        ({"src/app.py": f"TOKEN = '{KEY}'\n"}, SOURCE),
        ({"src/look.ipynb": json.dumps(CELL)}, SOURCE),
        ({".env": f"AWS_BEARER_TOKEN_BEDROCK={KEY}\n"}, SOURCE),
        ({"src/b.py": f"x = '{base64.b64encode(KEY.encode()).decode()}'\n"}, SOURCE),
        ({"tests/cassettes/a.yaml": RECORDED.format(f"Bearer {KEY}")}, BOTH),
        (
            {
                "elsewhere/recorded.yml": RECORDED.format(
                    f"!!binary {base64.b64encode(f'Bearer {KEY}'.encode()).decode()}"
                )
            },
            BOTH,
        ),
        ({"src/app.py": "TOKEN = os.environ['AWS_BEARER_TOKEN_BEDROCK']\n"}, CLEAN),
        (
            {"cassettes/a.yaml": RECORDED.format("Bearer ABSK-<bearer-token>")},
            (Outcome.PASSED, Outcome.PASSED),
        ),
    ],
)
def test_a_key_is_found_where_it_is_written(
    made: Make, files: dict[str, str], outcomes: tuple[Outcome, ...]
) -> None:
    assert _outcomes(made(files)) == outcomes


def test_what_git_ignores_is_passed_over(made: Make) -> None:
    root = made({".env": f"AWS_BEARER_TOKEN_BEDROCK={KEY}\n", "src/a.py": ""}, ignored=".env\n")
    assert _outcomes(root) == CLEAN


def test_a_secret_of_the_machine_is_found_whatever_it_looks_like(made: Make) -> None:
    secret = "correct horse battery"
    root = made({"src/a.py": f"x = '{secret}'\n"})
    assert _outcomes(root) == CLEAN
    assert _outcomes(root, {secret: "secret of environment"}) == SOURCE


def test_it_says_where_and_never_what(made: Make) -> None:
    root = made({"src/a.py": f"\nTOKEN = '{KEY}'\n", "src/b.py": f"'{KEY}'"})
    verdict = judge_project(load_rules()["SAFE-1"], scanned(root, {}))
    assert verdict.reason == "2 secrets in the project's files"
    assert verdict.observed.splitlines()[0].startswith("src/a.py: line 2: ")
    assert KEY not in repr(verdict)


def test_many_are_counted(made: Make) -> None:
    root = made({f"src/{n}.py": f"'{KEY}'" for n in range(25)})
    verdict = judge_project(load_rules()["SAFE-1"], scanned(root, {}))
    assert verdict.observed.splitlines()[-1] == "… and 5 more: bedrock-authcheck scan ."


def test_a_file_that_cannot_be_scanned_is_not_passed(made: Make) -> None:
    root = made({"src/a.py": "", "src/large.bin": b"\0" * 100})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bedrock_authcheck.recording.scan.LARGEST", 50)
        found = scanned(root, {})
    verdict = judge_project(load_rules()["SAFE-1"], found)
    assert verdict.outcome is Outcome.NOT_OBSERVABLE
    assert "src/large.bin: is larger" in verdict.observed


def test_a_deleted_file_and_a_link_are_no_fault(made: Make) -> None:
    root = made({"src/gone.py": "", "src/a.py": ""})
    (root / "src/gone.py").unlink()
    (root / "link").symlink_to("/dev/zero")
    assert _outcomes(root) == CLEAN


def test_what_is_not_scanned_is_not_observable(
    made: Make, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = tmp_path_factory.mktemp("nowhere")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(nowhere.parent))
    assert "no repository here" in scanned(nowhere, {}).unscanned
    root = made({"src/a.py": "x" * 100})
    monkeypatch.setattr(project, "LARGEST", 10)
    assert "more than the 0 that a run looks through" in scanned(root, {}).unscanned
    assert _outcomes(root) == (Outcome.NOT_OBSERVABLE,) * 2
    monkeypatch.setattr("bedrock_authcheck.recording.tracked.shutil.which", lambda _: None)
    assert scanned(root, {}).unscanned.startswith("git is not installed")
