"""The bundled suite over all clients that are installed here, in processes side by side."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.clients.install import missing
from bedrock_authcheck.clients.known import INSTALLED, KNOWN, shipped
from bedrock_authcheck.clients.manifest import FILE, ManifestError, read_manifest
from bedrock_authcheck.environments.environment import ALLOWED
from bedrock_authcheck.report.jsonl import ReportError, read_report
from bedrock_authcheck.suite.catalogue import GROUPS
from bedrock_authcheck.suite.scenario import ROOT
from bedrock_authcheck.wire.findings import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_OF_PROJECT: Final = ("keys", "project", "recording")
"""Groups that judge a project, whatever client it uses."""
OF_CLIENTS: Final = tuple(group for group in GROUPS if group not in _OF_PROJECT)
"""Groups that judge a client."""
_JUDGED: Final = (0, 1)  # pytest's statuses of a whole run: all passed, some failed
_PATIENCE: Final = 6 * 3600  # seconds for one client
_TAIL: Final = 10  # lines of an output that are told


class MatrixError(Exception):
    """A client that was asked for could not be judged; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Clients:
    """The clients of a matrix: what `--authcheck-client` takes for each, and who is absent, why."""

    here: dict[str, str] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)


def clients_here(folder: Path, asked: Iterable[str] = ()) -> Clients:
    """Find the clients that are installed in a folder, and those in this process.

    `asked` narrows them by name. MatrixError for one that is unknown or not installed.
    """
    found = Clients()
    for name, known in KNOWN.items():
        if name in known.versions():
            found.here[name] = name
        else:
            found.absent[name] = f"no {name} beside this package"
    for name, source in shipped().items():
        if not (folder / name / FILE).is_file():
            found.absent[name] = _why_absent(name, source)
    for file in sorted(folder.glob(f"*/{FILE}")):
        found.here[file.parent.name] = str(file.resolve())
    names = tuple(asked)
    for name in names:
        if name not in found.here:
            reason = found.absent.get(name, f"there is {', '.join(found.here)}")
            raise MatrixError(f"{name} cannot be judged: {reason}")
    if names:
        return Clients({name: found.here[name] for name in names}, {})
    return found


def _why_absent(name: str, source: Path) -> str:
    try:
        return missing(read_manifest(source)) or f"run `bedrock-authcheck client install {name}`"
    except ManifestError as error:
        return f"its manifest is wrong: {error}"


@dataclass(frozen=True, slots=True)
class Matrix:
    """Judges clients into a folder of JSON Lines files, `at_once` at a time.

    `groups` are those of the suite, `timeout` is what a scenario may take, in seconds.
    """

    into: Path
    at_once: int = 2
    groups: tuple[str, ...] = OF_CLIENTS
    timeout: str | None = None

    def run(self, clients: Clients, tell: Callable[[str], None]) -> dict[str, str]:
        """Judge all; `tell` hears of each. Return those that could not be judged, with why."""
        self.into.mkdir(parents=True, exist_ok=True)

        def judge(item: tuple[str, str]) -> tuple[str, str]:
            fault = self._judge(*item, tell)
            return item[0], fault

        with ThreadPoolExecutor(self.at_once) as pool:
            return {name: fault for name, fault in pool.map(judge, clients.here.items()) if fault}

    def file_of(self, name: str) -> Path:
        """Where the results of a client are."""
        return self.into / f"{name}.jsonl"

    def _judge(self, name: str, client: str, tell: Callable[[str], None]) -> str:
        """Judge one client; return what went wrong, or an empty text."""
        path = self.file_of(name).resolve()
        path.unlink(missing_ok=True)
        with TemporaryDirectory(prefix="bedrock-authcheck-matrix-") as work:
            try:
                status, output = self._pytest(client, path, Path(work))
                report = read_report(path)
            except (OSError, ReportError, subprocess.SubprocessError) as error:
                output, status, report = str(error), None, None
        if report is None or status not in _JUDGED:
            tail = " | ".join(output.splitlines()[-_TAIL:])
            path.unlink(missing_ok=True)
            tell(f"{name}: could not be judged: {tail}")
            return f"the run did not end well (status {status}): {tail[-300:]}"
        failures = counted(sum(result.unforeseen for result in report.results), "failure")
        tell(f"{name}: {counted(len(report.results), 'scenario')}, {failures}")
        return ""

    def _pytest(self, client: str, path: Path, work: Path) -> tuple[int, str]:
        # It ends pytest's search for a project's settings in the folders above.
        (work / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header"]
        command += ["--bedrock-authcheck", *(f"{ROOT}::{group}" for group in self.groups)]
        command += ["--authcheck-client", client, "--authcheck-report", str(path), "--tb=no"]
        command += ["--authcheck-client-timeout", self.timeout] if self.timeout else []
        variables = {name: value for name, value in os.environ.items() if name.upper() in ALLOWED}
        done = subprocess.run(  # noqa: S603 - our own command
            command,
            cwd=work,
            env=variables | {"HOME": str(work), "USERPROFILE": str(work)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=_PATIENCE,
            check=False,
        )
        return done.returncode, done.stdout


def groups_asked(text: str | None) -> Sequence[str]:
    """Read names of groups with commas between. MatrixError lists what there is."""
    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    for name in names:
        if name not in OF_CLIENTS:
            raise MatrixError(f"{name!r} is no group that judges clients: {', '.join(OF_CLIENTS)}")
    return names or OF_CLIENTS


DEFAULT_FOLDER: Final = INSTALLED
"""Where clients are looked for."""
