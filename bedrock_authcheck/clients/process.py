"""A program in any language as a client: a process for each call, or for those of a scenario."""

from __future__ import annotations

import json
import os
import re
import tempfile
import time
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from packaging.version import InvalidVersion, Version

from bedrock_authcheck.clients.contract import CallResult, ClientFault
from bedrock_authcheck.clients.exchanged import (
    NoAnswerError,
    answer_of,
    call_json,
    last_line,
    request_json,
    settings_json,
)
from bedrock_authcheck.clients.manifest import CALLS, LOG
from bedrock_authcheck.clients.parameters import minimal_of
from bedrock_authcheck.clients.program import Bounds, Program
from bedrock_authcheck.environments.environment import ALLOWED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bedrock_authcheck.clients.contract import Call, ClientSettings, Connection, Stage
    from bedrock_authcheck.clients.manifest import Manifest

_NUMBER: Final = re.compile(r"\d+(?:\.\d+)+[\w.+-]*")
_ONE_RETRY: Final = {"AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "2"}
"""One retry shows how a retry is signed; more shows nothing new."""


class Surroundings:
    """What a program runs in for the length of one scenario, and what was seen of it.

    `variables` are its whole environment: what is changed there holds for the next process, and
    is told to one that stays. `log` is what was on standard error, `changed` the variables that
    the client changed, None where it does not tell.
    """

    def __init__(self, variables: Mapping[str, str], log_level: str, bounds: Bounds) -> None:
        """Begin with no process."""
        self.variables = dict(variables)
        self.log_level = log_level
        self.log = ""
        self.changed: dict[str, None] | None = None
        self.program: Program | None = None  # the one that stays
        self.told: dict[str, str] = {}  # what it knows its environment to be
        self.clients: dict[int, int] = {}  # numbers of clients, by id of their connections
        self.bounds = bounds
        self.deadline = time.monotonic() + bounds.seconds

    def differing(self) -> dict[str, str | None]:
        """Return what the variables differ by from what the process was told, and tell it so."""
        names = sorted(self.variables.keys() | self.told.keys())
        now, told = self.variables.get, self.told.get
        differing = {name: now(name) for name in names if now(name) != told(name)}
        self.told = dict(self.variables)
        return differing


class ProcessClient:
    """A program that keeps to the contract, as its manifest describes it."""

    in_process = False

    def __init__(self, manifest: Manifest, bounds: Bounds = Bounds()) -> None:  # noqa: B008 - frozen
        """`bounds` are those of a scenario."""
        self.manifest = manifest
        self.bounds = bounds
        self.current: Surroundings | None = None

    @property
    def name(self) -> str:
        """The name that known deviations use."""
        return self.manifest.name

    @property
    def parts(self) -> frozenset[str]:
        """The optional parts of the contract that it keeps."""
        return self.manifest.process

    @cached_property
    def version(self) -> str:
        """The version of its package, as its own command prints it. ClientFault where it fails."""
        return version_of(self.manifest, self.bounds)

    def not_offered(self, call: Call, settings: ClientSettings) -> str | None:
        """Say what the manifest does not offer for the call; nothing is started for it."""
        if not self.manifest.offers(call.service, call.operation):
            return f"{self.name} does not offer {call.service} {call.operation}"
        if call.waiter:
            return f"{self.name} is asked for operations: the contract knows no waiters"
        lacking = settings_json(settings).keys() - self.manifest.settings
        if lacking:
            return f"{self.name} cannot be given {', '.join(sorted(lacking))} in code"
        return None

    def connect(self, service: str, settings: ClientSettings) -> Connection:
        """Prepare a client; its process is started by a call."""
        return ProgramConnection(self, service, settings)

    @contextmanager
    def surrounded(self, variables: Mapping[str, str], log_level: str) -> Iterator[Surroundings]:
        """Run programs in this environment, and no other, for the length of the block.

        ClientFault where a process that stayed does not end well, or wrote into the real home.
        """
        scratch = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), variables["HOME"])
        own = dict(self.manifest.environment)
        around = Surroundings({**_ONE_RETRY, **own, **variables, **scratch}, log_level, self.bounds)
        before = _real_home()
        self.current = around
        try:
            yield around
            if around.program is not None:
                around.program.ended()
                around.log += around.program.log
        finally:
            self.current = None
            if around.program is not None:
                around.program.end()
        if _real_home() != before:
            text = "wrote into the real home (~/.aws), though HOME is another"
            raise ClientFault(f"the client's program {text}")

    def started(self, around: Surroundings) -> Program:
        """Start a process in these surroundings."""
        command = self.manifest.resolved(self.manifest.command)
        folder, variables = self.manifest.folder, around.variables
        return Program(command, folder, variables, around.bounds, around.deadline)


class ProgramConnection:
    """A client in a process of its own: a process for each call, or one that stays."""

    def __init__(self, client: ProcessClient, service: str, settings: ClientSettings) -> None:
        """Note what to ask."""
        self._client = client
        self._service = service
        self._settings = settings

    def prepare(self, stage: Stage) -> None:
        """Let a process that stays make the session or the client."""
        self._ask(self._service, {"prepare": str(stage)})

    def shown(self) -> Mapping[str, str]:
        """Show nothing: it is in another process."""
        return {}

    def call(self, call: Call) -> CallResult:
        """Make the call in a process, and read what it answers."""
        return self._ask(call.service, call_json(call, minimal_of(call)))

    def _ask(self, service: str, what: Mapping[str, Any]) -> CallResult:
        around = self._client.current
        if around is None:
            raise ClientFault(f"{self._client.name} was called outside of a scenario")
        line = {**request_json(service, self._settings, around.variables), **what}
        if LOG in self._client.parts and around.log_level:
            line["log_level"] = around.log_level
        if CALLS in self._client.parts:
            return self._of_line(around, line)
        with self._client.started(around) as program:
            program.write(json.dumps(line))
            output = program.ended()
            around.log += program.log
            return _told(around, program, last_line(output))

    def _of_line(self, around: Surroundings, line: dict[str, Any]) -> CallResult:
        """Ask the process that stays, and take the first line that is an object for its answer."""
        program = around.program
        if program is None:
            program = around.program = self._client.started(around)
            around.told = dict(around.variables)
        line["client"] = around.clients.setdefault(id(self), len(around.clients))
        if differing := around.differing():
            line["environment"] = differing
        program.write(json.dumps(line))
        while answer := program.line():
            if answer.startswith("{"):
                return _told(around, program, answer)
        program.ended()
        raise program.fault("ended before it had answered")

    def close(self) -> None:
        """Hold nothing."""


def _told(around: Surroundings, program: Program, line: str) -> CallResult:
    try:
        result, changed = answer_of(line)
    except NoAnswerError as error:
        raise program.fault(f"gave no answer: {error}") from error
    if changed is not None:
        around.changed = {**(around.changed or {}), **dict.fromkeys(changed)}
    return result


def version_of(manifest: Manifest, bounds: Bounds) -> str:
    """Run the command that prints the version of a client's package, in a home of its own.

    ClientFault where it fails, or prints none.
    """
    with tempfile.TemporaryDirectory(
        prefix="bedrock-authcheck-version-", ignore_cleanup_errors=True
    ) as home:
        inherited = {n: v for n, v in os.environ.items() if n.upper() in ALLOWED}
        variables = inherited | dict(manifest.environment) | {"HOME": home, "USERPROFILE": home}
        variables["AWS_EC2_METADATA_DISABLED"] = "true"
        command = manifest.resolved(manifest.version)
        deadline = time.monotonic() + bounds.seconds
        with Program(command, manifest.folder, variables, bounds, deadline) as program:
            output = program.ended()
            found = _NUMBER.search(last_line(output))
            if found is None:
                raise program.fault("printed no version, such as 1.2.3, for `version`")
    return _comparable(found[0])


def _comparable(text: str) -> str:
    """Return a version that ranges can be held against: as it is, or its numbers alone."""
    try:
        Version(text)
    except InvalidVersion:
        return text[: len(text) - len(text.lstrip("0123456789."))].strip(".")
    return text


_IN_HOME: Final = (".aws", ".aws/cli/cache", ".aws/sso/cache", ".aws/boto/cache")
"""Where SDKs write in a home."""


def _real_home() -> tuple[int, ...]:
    """Tell when the folders of the real home that SDKs write into were written, 0 for none."""
    home = real_home()
    return tuple(_written(home / name) for name in _IN_HOME)


def real_home() -> Path:
    """Find the home of the user, whatever HOME says."""
    if os.name == "nt":
        return Path.home()
    import pwd  # noqa: PLC0415 - Windows has none

    return Path(pwd.getpwuid(os.getuid()).pw_dir)


def _written(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
