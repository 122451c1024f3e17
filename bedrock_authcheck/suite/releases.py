"""The bundled suite over releases of botocore, each in a virtual environment of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from packaging.requirements import Requirement

import bedrock_authcheck
from bedrock_authcheck.environments.environment import ALLOWED
from bedrock_authcheck.report.jsonl import ReportError, read_report
from bedrock_authcheck.suite.scenario import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bedrock_authcheck.report.jsonl import Report

NEWEST: Final = "newest"
"""What stands for the newest release that the package index has."""

_CLIENT: Final = ("boto3", "botocore")
_VERSION: Final = re.compile(r"\d+\.\d+\.\d+")
_JUDGED: Final = (0, 1)  # pytest's statuses of a whole run: all passed, some failed
_PATIENCE: Final = 1800  # seconds for one command; the suite takes about 30
_TAIL: Final = 20  # lines of an output that are told
_LINE: Final = 300  # characters of each: pip lists every release that there is


class ReleaseError(Exception):
    """A release could not be judged; the text says which, by what, and how the output ended."""


class Run(Protocol):
    """Runs a command to its end, in a folder, with these variables alone."""

    def __call__(
        self, command: Sequence[str], folder: Path, variables: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Return status and output, both streams in `stdout`. OSError or SubprocessError."""


def run_command(
    command: Sequence[str], folder: Path, variables: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command for half an hour at most, its two streams as one text."""
    return subprocess.run(  # noqa: S603 - our own commands, by their full paths
        command,
        cwd=folder,
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        timeout=_PATIENCE,
        check=False,
    )


@dataclass(frozen=True, slots=True)
class Workshop:
    """Makes environments in a folder and runs the suite in them.

    `rules` are ids or groups as `--authcheck-rules` takes them, None for all; `at_once` is how
    many releases are judged at a time, `run` how commands are run. The package is built once, so
    that all are judged by the same suite though its files are edited meanwhile.
    """

    folder: Path
    rules: str | None = None
    at_once: int = 2
    run: Run = run_command

    def environment(self, name: str) -> Path:
        """Make a fresh virtual environment and return its interpreter. ReleaseError if it fails."""
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        made = folder / "environment"
        command = [sys.executable, "-m", "venv", "--clear", str(made)]
        done = self._done(command, folder, _inherited())
        if done.returncode:
            raise ReleaseError(_with_output(f"{name}: no environment could be made", done))
        return made / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    def newest(self, python: Path) -> str:
        """Ask the package index for the newest release of boto3. ReleaseError where it fails."""
        asked = ("install", "--dry-run", "--ignore-installed", "--no-deps", "--report")
        report = self.folder / "newest.json"
        self._pip(python, "the newest boto3", *asked, str(report), "boto3")
        (found,) = json.loads(report.read_text(encoding="utf-8"))["install"]
        return str(found["metadata"]["version"])

    def wheel(self, python: Path) -> Path:
        """Build this package. ReleaseError where it cannot be built."""
        folder = self.folder / "wheel"
        for older in folder.glob("*.whl"):
            older.unlink()
        to = ("--no-deps", "--wheel-dir", str(folder))
        self._pip(python, "this package", "wheel", *to, source())
        (wheel,) = folder.glob("*.whl")
        return wheel

    def judge(self, version: str, wheel: Path) -> Report:
        """Judge one release. ReleaseError where it cannot be installed or leaves no report."""
        what = f"botocore {version}"
        python = self.environment(version)
        pinned = [f"{name}=={version}" for name in _CLIENT]
        self._pip(python, what, "install", *pinned, *dependencies(wheel))
        # By itself: an old release is below what the package asks for.
        self._pip(python, what, "install", "--no-deps", str(wheel))
        return self._report(python, version)

    def _report(self, python: Path, version: str) -> Report:
        folder = self.folder / version / "run"
        home = folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        # It ends pytest's search for a project's settings in the folders above.
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        path = folder.parent / "report.jsonl"
        path.unlink(missing_ok=True)
        command = [str(python), "-m", "pytest", "--bedrock-authcheck", ROOT]
        command += ["--authcheck-report", str(path), "-p", "no:cacheprovider", "-q"]
        command += ["--authcheck-rules", self.rules] if self.rules else []
        variables = {name: value for name, value in os.environ.items() if name.upper() in ALLOWED}
        done = self._done(
            command, folder, variables | {"HOME": str(home), "USERPROFILE": str(home)}
        )
        (folder.parent / "output.txt").write_text(done.stdout, encoding="utf-8")
        try:
            report = read_report(path)
        except (OSError, ReportError) as error:
            text = f"botocore {version}: the run left no whole report, {error}"
            raise ReleaseError(_with_output(text, done)) from error
        if done.returncode not in _JUDGED:
            raise ReleaseError(_with_output(f"botocore {version}: the run did not end well", done))
        seen = report.header["client"]["versions"]
        if any(seen.get(name) != version for name in _CLIENT):
            text = " ".join(f"{name} {seen.get(name)}" for name in _CLIENT)
            raise ReleaseError(f"botocore {version}: {text} was judged in its place")
        return report

    def _pip(self, python: Path, what: str, verb: str, *arguments: str) -> None:
        command = [str(python), "-m", "pip", verb, "--quiet", *arguments]
        done = self._done(command, self.folder, _inherited())
        if done.returncode:
            raise ReleaseError(_with_output(f"{what}: pip {verb} failed", done))

    def _done(
        self, command: Sequence[str], folder: Path, variables: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        try:
            return self.run(command, folder, variables)
        except (OSError, subprocess.SubprocessError) as error:
            raise ReleaseError(str(error)) from error


def judge_releases(asked: Sequence[str], workshop: Workshop) -> Iterator[tuple[str, Report]]:
    """Judge releases; yields version and report in the order asked for.

    ReleaseError for what is no release such as 1.40.0, for one that is named twice, and for
    what `Workshop` says.
    """
    for name in asked:
        if name != NEWEST and not _VERSION.fullmatch(name):
            raise ReleaseError(f"{name!r} is no release: write one such as 1.40.0, or {NEWEST}")
    _refuse_second(asked, "")
    python = workshop.environment("tools")
    # Asked of the index before the long part: it may be one of the others.
    newest = workshop.newest(python) if NEWEST in asked else ""
    versions = [newest if name == NEWEST else name for name in asked]
    _refuse_second(versions, f" ({NEWEST} is {newest})")
    wheel = workshop.wheel(python)
    with ThreadPoolExecutor(workshop.at_once) as pool:
        reports = pool.map(lambda version: workshop.judge(version, wheel), versions)
        yield from zip(versions, reports, strict=True)


def _refuse_second(names: Sequence[str], why: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ReleaseError(f"{', '.join(twice)} is named twice{why}: name each release once")


def source() -> str:
    """Return what pip builds this package from: its checkout, or where it was installed from."""
    checkout = Path(bedrock_authcheck.__file__).parents[1]
    if (checkout / "pyproject.toml").is_file():
        return str(checkout)
    installed = distribution(ROOT)
    recorded = json.loads(installed.read_text("direct_url.json") or "{}")
    if "url" not in recorded:
        return f"{ROOT}=={installed.version}"
    if "vcs_info" not in recorded:
        return str(recorded["url"])
    vcs = recorded["vcs_info"]
    return f"{vcs['vcs']}+{recorded['url']}@{vcs['commit_id']}"


def dependencies(wheel: Path) -> list[str]:
    """Return what a wheel of this package asks for, its extras and the client left out."""
    (package,) = distributions(path=[str(wheel)])
    return [str(asked) for asked in _required(package) if asked.name not in _CLIENT]


def _required(package: Distribution) -> Iterator[Requirement]:
    for asked in map(Requirement, package.requires or ()):
        if asked.marker is None or asked.marker.evaluate({"extra": ""}):
            yield asked


def _inherited() -> dict[str, str]:
    """Return the environment less what would lead an interpreter out of its own packages."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def _with_output(text: str, done: subprocess.CompletedProcess[str]) -> str:
    lines = [f"  {_cut(line)}" for line in done.stdout.splitlines()[-_TAIL:]]
    return "\n".join([f"{text} (status {done.returncode}); its output ends:", *lines])


def _cut(line: str) -> str:
    return line if len(line) <= _LINE else f"{line[: _LINE - 1]}…"
