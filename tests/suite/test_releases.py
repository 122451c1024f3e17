"""Environments for releases: which commands are run, and what goes wrong. No index is asked."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import bedrock_authcheck
from bedrock_authcheck.model import Outcome
from bedrock_authcheck.suite import releases
from bedrock_authcheck.suite.releases import (
    ReleaseError,
    Workshop,
    dependencies,
    judge_releases,
    run_command,
    source,
)
from tests.report.releases import plain_http, report, write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

METADATA = """\
Metadata-Version: 2.4
Name: bedrock-authcheck
Version: 0.1.0
Requires-Dist: boto3>=1.39.0
Requires-Dist: h11>=0.16
Requires-Dist: pytest>=8
Requires-Dist: hypothesis>=6.100; extra == 'hypothesis'
"""


def make_wheel(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "bedrock_authcheck-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bedrock_authcheck-0.1.0.dist-info/METADATA", METADATA)
    return path


@dataclass
class Machine:
    """Stands for pip and pytest: does as little as they, and keeps what was asked of it."""

    newest: str = "1.44.8"
    judged: str | None = None
    torn: bool = False
    fails: Callable[[Sequence[str]], bool] = lambda _: False
    output: str = "it went wrong"
    status: int = 1
    commands: list[Sequence[str]] = field(default_factory=list)
    variables: list[Mapping[str, str]] = field(default_factory=list)

    def __call__(
        self, command: Sequence[str], folder: Path, variables: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        assert folder.is_dir()
        self.commands.append(command)
        self.variables.append(variables)
        if self.fails(command):
            return subprocess.CompletedProcess(command, 3, self.output)
        match command[2]:
            case "pip" if "--report" in command:
                found = {"install": [{"metadata": {"version": self.newest}}]}
                Path(command[command.index("--report") + 1]).write_text(json.dumps(found), "utf-8")
            case "pip" if command[3] == "wheel":
                make_wheel(Path(command[command.index("--wheel-dir") + 1]))
            case "pytest":
                path = Path(command[command.index("--authcheck-report") + 1])
                made = report(self.judged or path.parent.name, plain_http(sent=False))
                write(path, made, self.status, torn=self.torn)
                return subprocess.CompletedProcess(command, self.status, self.output)
        return subprocess.CompletedProcess(command, 0, "")

    def ran(self, *words: str) -> list[Sequence[str]]:
        return [command for command in self.commands if {*words} <= {*command}]


def judged(tmp_path: Path, machine: Machine, *asked: str, rules: str | None = None) -> list[str]:
    workshop = Workshop(tmp_path, rules, run=machine)
    return [name for name, _ in judge_releases(asked, workshop)]


def test_releases_come_in_the_order_asked_for_and_the_newest_by_its_number(tmp_path: Path) -> None:
    machine = Machine()
    assert judged(tmp_path, machine, "1.43.0", "newest", "1.38.46") == [
        *("1.43.0", "1.44.8", "1.38.46"),
    ]
    assert len(machine.ran("wheel")) == 1  # one suite judges all
    assert len(machine.ran("--clear")) == 4


def test_both_packages_are_pinned_beside_what_the_package_asks_for(tmp_path: Path) -> None:
    machine = Machine()
    judged(tmp_path, machine, "1.38.46")
    (pinned,) = machine.ran("boto3==1.38.46")
    assert pinned[2:] == [
        *("pip", "install", "--quiet", "boto3==1.38.46", "botocore==1.38.46"),
        *("h11>=0.16", "pytest>=8"),
    ]
    (package,) = machine.ran("install", "--no-deps")
    assert package[-1].endswith(".whl")
    assert pinned[0] == package[0] == machine.ran("pytest")[0][0]
    assert Path(pinned[0]).is_relative_to(tmp_path / "1.38.46" / "environment")


def test_the_suite_sees_nothing_of_this_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-x")
    monkeypatch.setenv("PYTHONPATH", "mine")
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example")
    machine = Machine()
    judged(tmp_path, machine, "1.40.0", rules="TOKEN-3")
    (suite,) = machine.ran("pytest")
    seen = dict(zip(map(tuple, machine.commands), machine.variables, strict=True))[tuple(suite)]
    mine = {"AWS_PROFILE", "PYTEST_ADDOPTS", "PYTHONPATH", "PIP_INDEX_URL"}
    assert not mine & seen.keys()
    assert Path(seen["HOME"]).is_relative_to(tmp_path)
    assert suite[suite.index("--authcheck-rules") + 1] == "TOKEN-3"
    # pip is to find the index that the user has configured.
    assert machine.variables[0]["PIP_INDEX_URL"] == "https://index.example"
    assert "PYTHONPATH" not in machine.variables[0]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["1.40"], "'1.40' is no release: write one such as 1.40.0, or newest"),
        (["==1.40.0"], "'==1.40.0' is no release"),
        (["1.40.0; import"], "is no release"),
        (["1.40.0", "1.41.0", "1.40.0"], "1.40.0 is named twice: name each release once"),
        (["newest", "newest"], "newest is named twice"),
        (["1.44.8", "newest"], "1.44.8 is named twice (newest is 1.44.8)"),
    ],
)
def test_what_cannot_be_judged_is_refused_before_anything_is_installed(
    tmp_path: Path, asked: list[str], told: str
) -> None:
    machine = Machine()
    with pytest.raises(ReleaseError, match=re.escape(told)):
        judged(tmp_path, machine, *asked)
    assert not machine.ran("--quiet", "wheel")
    assert not machine.ran("pytest")


def test_a_release_that_the_index_does_not_have_is_named_with_the_end_of_pips_output(
    tmp_path: Path,
) -> None:
    every = ", ".join(f"1.{n}.0" for n in range(2000))
    output = f"ERROR: no version (from versions: {every})\nERROR: No matching distribution"
    machine = Machine(fails=lambda command: "botocore==1.42.0" in command, output=output)
    with pytest.raises(ReleaseError) as caught:
        judged(tmp_path, machine, "1.42.0")
    first, *rest = str(caught.value).splitlines()
    assert first == "botocore 1.42.0: pip install failed (status 3); its output ends:"
    assert rest[-1] == "  ERROR: No matching distribution"
    assert max(map(len, rest)) < 310


@pytest.mark.parametrize(
    ("machine", "told"),
    [
        (Machine(fails=lambda c: "--clear" in c), "tools: no environment could be made"),
        (Machine(fails=lambda c: "--report" in c), "the newest boto3: pip install failed"),
        (Machine(fails=lambda c: c[3] == "wheel"), "this package: pip wheel failed"),
        (Machine(fails=lambda c: c[2] == "pytest"), "botocore 1.44.8: the run left no whole"),
        (Machine(torn=True), "botocore 1.44.8: the run left no whole report"),
        (Machine(status=2), "botocore 1.44.8: the run did not end well (status 2)"),
        (Machine(judged="1.44.5"), "botocore 1.44.8: boto3 1.44.5 botocore 1.44.5 was judged"),
    ],
)
def test_what_goes_wrong_is_told_with_the_release(
    tmp_path: Path, machine: Machine, told: str
) -> None:
    with pytest.raises(ReleaseError, match=re.escape(told)) as caught:
        judged(tmp_path, machine, "newest")
    assert machine.judged or "  it went wrong" in str(caught.value).splitlines()


def test_a_report_of_an_older_run_does_not_stand_for_one_that_failed(tmp_path: Path) -> None:
    judged(tmp_path, Machine(), "1.40.0")
    with pytest.raises(ReleaseError, match="no whole report"):
        judged(tmp_path, Machine(fails=lambda command: command[2] == "pytest"), "1.40.0")


def test_a_command_that_cannot_be_run_is_told(tmp_path: Path) -> None:
    def hangs(command: Sequence[str]) -> bool:
        raise subprocess.TimeoutExpired(command[2], 1800)

    with pytest.raises(ReleaseError, match="'venv' timed out after 1800 seconds"):
        judged(tmp_path, Machine(fails=hangs), "1.40.0")


def test_the_suite_is_run_for_real_in_an_environment_that_is_there(tmp_path: Path) -> None:
    here = version("botocore")

    def without_pip(
        command: Sequence[str], folder: Path, variables: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        if command[2] != "pytest":
            return Machine()(command, folder, variables)
        installed = {"PYTHONPATH": str(Path(bedrock_authcheck.__file__).parents[1])}
        return run_command([sys.executable, *command[1:]], folder, {**variables, **installed})

    workshop = Workshop(tmp_path, "TOKEN-3", run=without_pip)
    ((name, made),) = judge_releases([here], workshop)
    assert name == made.header["client"]["versions"]["boto3"] == here
    assert {v.rule for result in made.results for v in result.verdicts} == {"TOKEN-3"}
    assert {result.outcome for result in made.results} == {Outcome.PASSED, Outcome.NOT_OFFERED}
    assert "passed" in (tmp_path / here / "output.txt").read_text("utf-8")


def test_a_command_is_run_with_the_variables_given_alone_and_its_streams_are_one(
    tmp_path: Path,
) -> None:
    code = "import os, sys; print(sorted(os.environ), flush=True); print('e', file=sys.stderr)"
    kept = {k: v for k, v in os.environ.items() if k == "SYSTEMROOT"}  # Windows starts none without
    done = run_command([sys.executable, "-I", "-c", code], tmp_path, {**kept, "ONLY": "this"})
    names, errors = done.stdout.splitlines()
    assert "'ONLY'" in names
    assert "'PATH'" not in names
    assert errors == "e"


def test_what_the_package_asks_for_is_read_from_its_wheel(tmp_path: Path) -> None:
    assert dependencies(make_wheel(tmp_path)) == ["h11>=0.16", "pytest>=8"]


class Installed:
    version = "0.1.0"

    def __init__(self, recorded: str | None) -> None:
        self.recorded = recorded

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return self.recorded


@pytest.mark.parametrize(
    ("recorded", "right"),
    [
        (None, "bedrock-authcheck==0.1.0"),
        ({"url": "file:///src", "dir_info": {}}, "file:///src"),
        (
            {"url": "https://host.example/r", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            "git+https://host.example/r@abc",
        ),
    ],
)
def test_the_package_is_built_from_where_it_was_installed_from(
    recorded: object, right: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bedrock_authcheck, "__file__", str(tmp_path / "p" / "__init__.py"))
    text = None if recorded is None else json.dumps(recorded)
    monkeypatch.setattr(releases, "distribution", lambda _: Installed(text))
    assert source() == right
    (tmp_path / "pyproject.toml").touch()
    assert source() == str(tmp_path)
