"""The examples run, each from a copy, as somebody who copied it would run them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
NEEDS = {"asyncio": "aiobotocore", "fastapi": "fastapi", "langchain": "langchain_aws"}


@pytest.mark.parametrize("name", NEEDS)
def test_its_tests_pass_and_some_ran(tmp_path: Path, name: str) -> None:
    if find_spec(NEEDS[name]) is None:
        pytest.skip(f"{NEEDS[name]} is not installed (tox -e examples)")
    folder = shutil.copytree(EXAMPLES / name, tmp_path / name)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "default"],
        cwd=folder,
        env={**os.environ, "COLUMNS": "120"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_each_example_is_told_of_and_run() -> None:
    folders = {path.name for path in EXAMPLES.iterdir() if path.is_dir()}
    folders -= {name for name in folders if name.startswith((".", "_"))}
    assert folders == {*NEEDS, "guarded"}
    told = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert all(f"[{name}]({name})" in told for name in folders)
