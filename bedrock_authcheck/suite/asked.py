"""Which client a run is asked to judge."""

from __future__ import annotations

import math
import shlex

import pytest

from bedrock_authcheck.clients.command import CommandFound
from bedrock_authcheck.clients.interceptor import InterceptorError, find_mitmdump
from bedrock_authcheck.clients.known import (
    KNOWN,
    Found,
    KnownClient,
    UnknownClientError,
    find_client,
)
from bedrock_authcheck.clients.manifest import ManifestError
from bedrock_authcheck.clients.program import Bounds
from bedrock_authcheck.report.text import COMMAND


def asked_client(config: pytest.Config) -> Found:
    """Find the client that options or ini keys name. UsageError says what is right."""
    name, origin = _asked(config, "authcheck_client")
    command, of_command = _asked(config, "authcheck_client_command")
    given = command or config.getoption("authcheck_client_command") is not None
    config.option.authcheck_client_command = command or None  # as the ini key has it, for groups
    bounds = Bounds(seconds=_seconds(config))
    # What is typed is relative to where it is typed; a setting to the file that it is in.
    here = config.invocation_params.dir if origin.startswith("--") else config.rootpath
    if command and name:
        raise pytest.UsageError(f"{of_command} and {origin} name a client each: give one of them")
    try:
        if given:
            return CommandFound(command, config.invocation_params.dir, bounds)
        return find_client(name or next(iter(KNOWN)), here, bounds)
    except (UnknownClientError, ManifestError) as error:
        raise pytest.UsageError(f"{of_command if given else origin}: {error}") from error


def command_of(config: pytest.Config) -> str:
    """Return the command that runs the suite for the same client, ids of scenarios aside."""
    for name in ("authcheck_client", "authcheck_client_command"):
        given = config.getoption(name)
        if given:
            return f"{COMMAND} --{name.replace('_', '-')} {shlex.quote(given)}"
    return COMMAND


def asked_mitmdump(config: pytest.Config, client: Found) -> str | None:
    """Find the program that intercepts; None where no interception is asked for.

    UsageError says what is missing.
    """
    named, origin = _asked(config, "authcheck_mitmdump")
    if not (config.getoption("authcheck_intercept") or config.getini("authcheck_intercept")):
        return None
    if isinstance(client, KnownClient):
        raise pytest.UsageError(
            f"--authcheck-intercept: {client.name} runs in this process and takes its endpoint; "
            "name a program by --authcheck-client or --authcheck-client-command"
        )
    here = config.invocation_params.dir if origin.startswith("--") else config.rootpath
    try:
        return find_mitmdump(named, here)
    except InterceptorError as error:
        raise pytest.UsageError(f"{origin}: {error}") from error


def _seconds(config: pytest.Config) -> float:
    text, origin = _asked(config, "authcheck_client_timeout")
    if not text:
        return Bounds().seconds
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise pytest.UsageError(f"{origin}: {text!r} is no number of seconds, such as 30")
    return seconds


def _asked(config: pytest.Config, name: str) -> tuple[str, str]:
    """Return what is asked for, and the option or ini key that asks for it."""
    given: str | None = config.getoption(name)
    if given is not None:
        return given, f"--{name.replace('_', '-')}"
    return str(config.getini(name) or ""), name
