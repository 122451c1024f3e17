"""Interception by mitmproxy: the real host names of the services lead to the loopback endpoint.

mitmproxy is a program of its own here, `mitmdump` with an addon that ships: its pins are
others than ours, and it may stand in another Python's environment.
"""

from __future__ import annotations

import http.client
import json
import shutil
import sys
import tempfile
import time
from importlib.resources import files
from os import environ
from pathlib import Path
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

from bedrock_authcheck.clients.contract import ClientFault
from bedrock_authcheck.clients.program import Bounds, Program
from bedrock_authcheck.environments.environment import ALLOWED
from bedrock_authcheck.services.listener import HOST
from bedrock_authcheck.spec.hosts import HOSTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_authcheck.services.endpoint import Endpoint

MITMDUMP: Final = "mitmdump"
_ADDON: Final = Path(str(files(__package__) / "programs" / "interceptor" / "addon.py"))
_START: Final = 30.0  # seconds; it imports for one or two
_OPTIONS: Final = (
    f"mode=regular@{HOST}:0",
    "connection_strategy=lazy",  # eager, it would connect to the real host at a CONNECT
    "upstream_cert=false",  # and ask it for its certificate
    "rawtcp=false",  # what is no HTTP has nowhere to go
    "termlog_verbosity=error",
    "flow_detail=0",
)


class InterceptorError(RuntimeError):
    """mitmdump is not here, or does not start."""


def find_mitmdump(named: str, here: Path) -> str:
    """Find the program: as it is named, beside this Python, or on PATH.

    InterceptorError says how it is installed.
    """
    if named:
        found = shutil.which(str(here / named)) or shutil.which(named)
        if found is None:
            raise InterceptorError(f"there is no program {named!r} on PATH or in {here}")
        return found
    beside = shutil.which(MITMDUMP, path=str(Path(sys.executable).parent))
    found = beside or shutil.which(MITMDUMP)
    if found is None:
        raise InterceptorError(
            "mitmproxy is not installed: install it apart (pipx install mitmproxy), and "
            "name its mitmdump by --authcheck-mitmdump where it is not on PATH"
        )
    return found


class Interceptor:
    """A proxy that ends TLS in the names of the services, by certificates of the run's CA.

    `close` ends its process and waits for it; it ends by itself where this one is gone.
    """

    def __init__(self, mitmdump: str, endpoint: Endpoint) -> None:
        """Start it. InterceptorError where it does not, OSError where no folder can be made."""
        self._bases = tuple(endpoint.urls().values())
        self._path = f"/{token_urlsafe(24)}"
        # Of mode 0700, and beside the CA: the services' end removes it, whatever Ctrl-C cut short.
        self._folder = Path(tempfile.mkdtemp(prefix="proxy-", dir=endpoint.ca_bundle.parent))
        self._program: Program | None = None
        try:
            self._start(mitmdump, endpoint)
        except BaseException:
            self.close()
            raise

    def _start(self, mitmdump: str, endpoint: Endpoint) -> None:
        key = self._folder / "mitmproxy-ca.pem"
        key.write_bytes(endpoint.authority())
        trusted = f"ssl_verify_upstream_trusted_ca={endpoint.ca_bundle}"
        options = (f"confdir={self._folder}", trusted, *_OPTIONS)
        command = [mitmdump, "-s", str(_ADDON)]
        command += [part for option in options for part in ("--set", option)]
        kept = {name: value for name, value in environ.items() if name.upper() in ALLOWED}
        home = dict.fromkeys(("HOME", "USERPROFILE"), str(self._folder))
        quiet = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
        deadline = time.monotonic() + _START
        try:
            self._program = Program(
                command, self._folder, {**kept, **home, **quiet}, Bounds(_START), deadline
            )
            self._program.write(json.dumps({"routes": _routes(endpoint), "path": self._path}))
            line = self._program.line().strip()
        except ClientFault as fault:
            raise InterceptorError(f"{mitmdump} does not start: {fault}") from fault
        if not line.isdecimal():
            said = " ".join((line, self._program.log[-600:].strip()))
            raise InterceptorError(
                f"{mitmdump} does not start: {said.strip() or 'it says nothing'}"
            )
        self._port = int(line)

    @property
    def url(self) -> str:
        """What HTTPS_PROXY and HTTP_PROXY name."""
        return f"http://{HOST}:{self._port}"

    def laid_over(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Return an environment that names no endpoint any more, but this proxy."""
        kept = {n: value for n, value in variables.items() if not value.startswith(self._bases)}
        names = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")
        return {**kept, **dict.fromkeys(names, self.url)}

    def refused(self) -> list[str]:
        """Ask for the hosts that were refused so far, in order. ClientFault where it is gone."""
        connection = http.client.HTTPConnection(HOST, self._port, timeout=_START)
        try:
            connection.request("GET", f"http://bedrock-authcheck.invalid{self._path}")
            hosts: list[str] = json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ClientFault(f"the interceptor does not answer: {type(error).__name__}") from error
        finally:
            connection.close()
        return hosts

    def close(self) -> None:
        """End the process, wait for it, and remove what it was given."""
        if self._program is not None:
            self._program.end()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        """Use as a context manager to have it closed."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()


def _routes(endpoint: Endpoint) -> list[tuple[str, int | None, int | None]]:
    https, plain = endpoint.urls(), endpoint.urls(tls=False)
    return [
        (host, urlsplit(https[service]).port, urlsplit(plain[service]).port)
        for service, host in HOSTS.items()
    ]
