"""What is built: the wheel holds all that the package reads, and nothing that it does not."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DATA = {
    "bedrock_authcheck/py.typed",
    "bedrock_authcheck/spec/rules.toml",
    "bedrock_authcheck/spec/deviations.toml",
    "bedrock_authcheck/spec/documented.toml",
    "bedrock_authcheck/spec/remedies.toml",
    "bedrock_authcheck/report/results.schema.json",
    "bedrock_authcheck/page/page.html",
    "bedrock_authcheck/page/page.css",
    "bedrock_authcheck/page/page.js",
}
BUILT = ("/venv/", "/node_modules/", "/target/", "__pycache__", ".pyc", ".class", ".jar")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and the sdist once, with what is installed."""
    if find_spec("build") is None or find_spec("hatchling") is None:
        pytest.skip("build and hatchling are not installed")
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return folder


def _sources(folder: str) -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files", folder], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
    )
    return {*listed.stdout.splitlines()}


def test_the_wheel_is_what_git_tracks_of_the_package(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    cassettes = {f"bedrock_authcheck/{name}" for name in _sources("cassettes")}
    assert names >= DATA
    assert names == _sources("bedrock_authcheck") | cassettes
    assert not [name for name in names if any(part in name for part in BUILT)]


def test_the_sdist_has_what_a_packager_needs(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "tox.ini"} <= names
    assert {name.partition("/")[0] for name in names} >= {"tests", "docs", "examples", "cassettes"}
    assert not [name for name in names if any(part in f"/{name}" for part in BUILT)]


def test_its_metadata_is_good_for_an_index(built: Path) -> None:
    if find_spec("twine") is None:
        pytest.skip("twine is not installed")
    files = [str(path) for path in built.iterdir()]
    command = [sys.executable, "-m", "twine", "check", "--strict", *files]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout
