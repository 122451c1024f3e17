"""The command line, as a shell and pre-commit use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

import bedrock_authcheck
from bedrock_authcheck.cli import main
from tests.recording.planting import by_vcrpy, interaction
from tests.wire import lookalikes

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[1]
HOOKS = ROOT / ".pre-commit-hooks.yaml"
KEY = lookalikes.long_term_key()


@pytest.fixture
def leaking(tmp_path: Path) -> Path:
    path = tmp_path / "leaking.yaml"
    path.write_bytes(by_vcrpy(interaction("request header as bytes", KEY.encode())))
    return path


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    path = tmp_path / "clean.yaml"
    path.write_bytes(by_vcrpy(interaction()))
    return path


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command: Sequence[str] = [sys.executable, "-m", "bedrock_authcheck", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT)}
    )


def test_a_clean_file_is_status_0(clean: Path) -> None:
    done = run("scan", clean)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 file scanned, 0 leaks\n", "")


def test_a_leak_is_status_1_and_one_line(leaking: Path, clean: Path) -> None:
    done = run("scan", clean, leaking)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        f"{leaking}: interaction 1, request header Authorization: a long-term API key (!!binary)",
        "2 files scanned, 1 leak in 1 file",
    ]
    assert KEY[:24] not in done.stdout + done.stderr


def test_a_file_that_cannot_be_read_is_status_2(
    clean: Path, leaking: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "missing.yaml"
    assert main(["scan", str(clean), str(missing)]) == 2
    assert capsys.readouterr().out.splitlines() == [
        f"{missing}: error: cannot be read: No such file or directory",
        "1 file scanned, 0 leaks, 1 file not scanned",
    ]
    assert main(["scan", str(missing), str(leaking)]) == 1  # a leak is the worse of the two


@pytest.mark.parametrize("arguments", [[], ["scan"], ["scna", "x"], ["scan", "--what", "x"]])
def test_wrong_usage_is_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: bedrock-authcheck" in capsys.readouterr().err


def test_json_is_one_document(
    leaking: Path, clean: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "missing"
    assert main(["scan", "--json", str(leaking), str(clean), str(missing)]) == 1
    assert json.loads(capsys.readouterr().out) == {
        "files": 3,
        "leaks": [
            {
                "path": str(leaking),
                "where": "interaction 1, request header Authorization",
                "what": "a long-term API key",
                "form": "!!binary",
            }
        ],
        "errors": [{"path": str(missing), "error": "cannot be read: No such file or directory"}],
    }


@pytest.mark.skipif(os.name == "nt", reason="names of files are tame there")
def test_names_of_files_steer_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "red\x1b[31m\nname\udcff é"
    path.write_text(KEY)
    assert main(["scan", str(path)]) == 1
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert r"red\x1b[31m\nname\udcff é: line 1" in out


@pytest.mark.skipif(os.name == "nt", reason="there is no sh")
def test_a_reader_that_has_seen_enough_is_no_error(leaking: Path) -> None:
    command = f"{sys.executable} -m bedrock_authcheck scan {leaking} {leaking.parent} | true"
    done = subprocess.run(
        ["sh", "-c", command],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    assert done.stderr == ""


def test_the_version_is_told_and_nothing_costly_is_loaded() -> None:
    done = run("--version")
    assert done.stdout == f"bedrock-authcheck {bedrock_authcheck.__version__}\n"
    code = (
        "import sys, bedrock_authcheck.cli\n"
        "print({'yaml', 'vcr', 'boto3', 'botocore', 'pytest', 'json'} & set(sys.modules))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT)},
    )
    assert loaded.stdout == "set()\n"


@pytest.mark.skipif(not HOOKS.exists(), reason="the hooks are in a checkout alone")
def test_pre_commit_finds_a_command_that_there_is() -> None:
    (hook,) = yaml.safe_load(HOOKS.read_text(encoding="utf-8"))
    program, *arguments = hook["entry"].split()
    assert program == "bedrock-authcheck"
    assert main([*arguments, str(Path(__file__))]) == 0
    assert {"id", "name", "entry", "language"} <= hook.keys()
