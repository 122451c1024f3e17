"""Any command line that calls Bedrock, without a contract: it is started, and nothing is said."""

from __future__ import annotations

import os
import shlex
import shutil
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.clients.contract import CallResult, ClientFault
from bedrock_authcheck.clients.known import UnknownClientError
from bedrock_authcheck.clients.manifest import ALL, Manifest
from bedrock_authcheck.clients.process import ProcessClient
from bedrock_authcheck.spec.services import SERVICES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bedrock_authcheck.clients.contract import Call, ClientSettings, Connection, Stage
    from bedrock_authcheck.clients.program import Bounds

NAME: Final = "command"
"""What such a client is called in reports."""


class CommandClient(ProcessClient):
    """A command line; it decides itself what it calls."""

    version = "0"

    def connect(self, service: str, settings: ClientSettings) -> Connection:  # noqa: ARG002 - it is told nothing
        """Prepare to start it."""
        return _CommandConnection(self)


class _CommandConnection:
    def __init__(self, client: CommandClient) -> None:
        self._client = client

    def prepare(self, stage: Stage) -> None:
        """Nothing can be made of it before it runs."""

    def shown(self) -> Mapping[str, str]:
        return {}

    def call(self, call: Call) -> CallResult:  # noqa: ARG002 - it decides itself
        """Run the command to its end; it failed if its status says so."""
        around = self._client.current
        if around is None:
            raise ClientFault("the command was started outside of a scenario")
        with self._client.started(around) as program:
            program.ended(any_status=True)
            around.log += program.log
            if not program.status:
                return CallResult(ok=True)
            said = program.log.strip() or "without a text on standard error"
            return CallResult(ok=False, error_type=f"status {program.status}", error=said)

    def close(self) -> None:
        """Hold nothing."""


class CommandFound:
    """A command line that can be judged, started in a folder."""

    name = NAME

    def __init__(self, text: str, folder: Path, bounds: Bounds) -> None:
        """Read it as a shell would. UnknownClientError where it is none, or not here."""
        try:
            words = shlex.split(text, posix=os.name != "nt")
        except ValueError as error:
            raise UnknownClientError(f"{text!r} is no command line: {error}") from error
        if not words:
            raise UnknownClientError("the command line is empty: write one such as 'python -m app'")
        if shutil.which(words[0], path=None) is None and not (folder / words[0]).is_file():
            raise UnknownClientError(f"there is no program {words[0]!r} on PATH or in {folder}")
        operations = {service: frozenset({ALL}) for service in SERVICES}
        self._bounds = bounds
        self._manifest = Manifest(
            folder, NAME, "any", words[0], tuple(words), tuple(words), operations
        )

    def versions(self) -> dict[str, str]:
        """Name its program; nothing is known of a version."""
        return {NAME: "0"}

    def made(self) -> CommandClient:
        """Make the client."""
        return CommandClient(self._manifest, self._bounds)
