"""One description of a machine, for this process and for a subprocess alike."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from configparser import RawConfigParser
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from bedrock_authcheck.environments.canaries import canary
from bedrock_authcheck.environments.layout import lay_out
from bedrock_authcheck.environments.levels import (
    AUTHORIZATION_FILE,
    CONFIG_FILE,
    CREDENTIALS_FILE,
    Defect,
    LevelError,
    document,
    fresh_authorization,
    merged,
    parse_sources,
    provision,
)
from bedrock_authcheck.services.grants import Grants
from bedrock_authcheck.services.listener import Listener
from bedrock_authcheck.services.metadata import ContainerCredentials, Role
from bedrock_authcheck.spec.services import MANTLE, SERVICES
from bedrock_authcheck.wire.attribution import Keyring

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_authcheck.model import Credential, Exchange, Origin
    from bedrock_authcheck.services.endpoint import Endpoint
    from bedrock_authcheck.services.loop import BackgroundLoop
    from bedrock_authcheck.services.observing import Observing

DEFAULT_REGION: Final = "eu-central-1"
"""Not the Region that clients fall back to (us-east-1), so that a hard-coded one is seen."""

ALLOWED: Final = frozenset(
    {"PATH", "PATHEXT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TEMP", "TMP", "TMPDIR"}
    | {"SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "LANG", "LC_ALL", "LC_CTYPE", "TZ"}
)
"""What a subprocess inherits: where programs and temporary files are, and the locale.

Variables that put options into a runtime (JAVA_TOOL_OPTIONS, NODE_OPTIONS, PYTHONPATH) are
not among them: they could bring a proxy, a trust store or another SDK along.
"""


class Environment:
    """A machine that provides the credentials it was given, and nothing else.

    It has a home of its own, trusts the run's CA, finds the services at the loopback
    endpoint and sees no metadata unless a role is provided. Without an endpoint (where a
    cassette answers) it says nothing of either. Levels are added by `provide` and `add`;
    `close` stops its metadata services and deletes its home.
    """

    def __init__(
        self, loop: BackgroundLoop, endpoint: Endpoint | None, region: str = DEFAULT_REGION
    ) -> None:
        """Start from nothing. OSError where the home cannot be made, or the endpoint started."""
        self.region = region
        self.keyring = Keyring()
        self.settings: dict[str, str] = {}
        self.tokens_in_code: list[str] = []
        self.grants = Grants()
        self.metadata: dict[Origin, Observing] = {}
        self._loop = loop
        self._listeners: list[Listener] = []
        self._sockets: list[socket.socket] = []
        # First what may fail, while nothing is there to be removed.
        reaching = _reaching(endpoint) if endpoint else {}
        # Beside the CA: the services' end removes it, whatever Ctrl-C has cut short in here.
        beside = endpoint.ca_bundle.parent if endpoint else None
        prefix = "home-" if endpoint else "bedrock-authcheck-home-"
        self.home = Path(tempfile.mkdtemp(prefix=prefix, dir=beside))
        self.variables = self._level_zero() | reaching
        try:
            (self.home / ".aws").mkdir()
            for path in (CREDENTIALS_FILE, CONFIG_FILE):
                self._write(path, "")
        except BaseException:
            self.close()
            raise

    def _level_zero(self) -> dict[str, str]:
        home = str(self.home)
        return {
            "HOME": home,
            "USERPROFILE": home,
            # Named as well as found through the home: some runtimes ask the system for it.
            "AWS_CONFIG_FILE": str(self.home / CONFIG_FILE),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.home / CREDENTIALS_FILE),
            "AWS_SDK_LOAD_CONFIG": "1",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "BOTO_CONFIG": os.devnull,
            # Named, so that no proxy of the system (macOS, Windows) is looked up either.
            "NO_PROXY": "localhost,127.0.0.1,::1",
        }

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """All requests that its metadata services received, and who holds a hanging process."""
        return tuple(e for service in self.metadata.values() for e in service.exchanges)

    def provide(self, *levels: str) -> None:
        """Add fresh canaries for levels by name: all of them, or none and a LevelError.

        LevelError for a level that is unknown, named twice or provided already.
        """
        sources = parse_sources(levels)
        for source in sources:
            self._refuse_second(source)
        for source in sources:
            self.add(canary(source))

    def _refuse_second(self, origin: Origin) -> None:
        if any(held.origin is origin for held in self.keyring.credentials):
            msg = f"level {origin.value!r} is provided already: each level holds one credential"
            raise LevelError(msg)

    def add(
        self,
        credential: Credential,
        *,
        defect: Defect | None = None,
        token_file: bool = False,
        expiring: bool = False,
    ) -> None:
        """Add a credential where it comes from; a `defect` makes the level a broken one.

        `token_file` is for the container role: its authorization token comes in a file. An
        `expiring` credential of a role is nearly over whenever it is given.
        LevelError where its origin holds a credential already, OSError where its service
        cannot be bound.
        """
        self._refuse_second(credential.origin)
        added = lay_out(
            *(credential, self.region, self.home),
            defect=defect,
            token_file=token_file,
            expiring=expiring,
        )
        for path, text in added.files.items():
            self._write(path, text, merging=defect is not Defect.MALFORMED)
        for path in added.folders:
            (self.home / path).unlink(missing_ok=True)
            (self.home / path).mkdir()
        if added.service is not None:
            listener = Listener(added.service, self._loop)
            listener.open()
            self._listeners.append(listener)
            self.metadata[credential.origin] = added.service
            self.variables[added.url_variable] = listener.url + added.url_path
        for name, value in added.variables.items():
            is_path = name.endswith("_TOKEN_FILE")
            self.variables[name] = str(self.home / value) if is_path else value
        if added.refusing:
            self.variables[added.url_variable] = self._refusing_url() + added.url_path
        self.settings.update(added.settings)
        if added.token_in_code:
            self.tokens_in_code.append(added.token_in_code)
        self.grants.include(added.grants)
        for other in added.beside:
            self.hold(other)
        self.hold(credential)

    def hold(self, credential: Credential) -> None:
        """Know a credential without providing it: a scenario brings it in later.

        LevelError where its origin holds a credential already.
        """
        self._refuse_second(credential.origin)
        self.keyring = Keyring((*self.keyring.credentials, credential))

    def renew(self, origin: Origin, to: Origin) -> None:
        """Let a role give another credential that is held, as it does before the old one expires.

        An authorization token in a file is another one from now on. KeyError where there is no
        such role, or no such credential.
        """
        service = self.metadata[origin]
        renewed = {credential.origin: credential for credential in self.keyring.aws}[to]
        if not isinstance(service, Role):
            raise KeyError(origin)
        file = self.home / AUTHORIZATION_FILE
        if isinstance(service, ContainerCredentials) and file.exists():
            service.authorization = fresh_authorization()
            rotated = file.with_suffix(".new")
            rotated.write_text(service.authorization, encoding="utf-8")
            rotated.replace(file)
        service.renew(document(renewed))

    def configure(self, settings: Mapping[str, str], *, section: str = "default") -> None:
        """Put settings into a section of the config file, the default profile or another.

        What is there beside them stays; a value that begins a new line holds nested settings.
        """
        file, parser = self.home / CONFIG_FILE, RawConfigParser()
        parser.read(file, encoding="utf-8")
        held = parser[section] if parser.has_section(section) else {}
        parser[section] = {**held, **settings}
        with file.open("w", encoding="utf-8") as text:
            parser.write(text)

    def variables_of(self, origin: Origin) -> dict[str, str]:
        """Return the variables that provide a credential that is held; KeyError for another."""
        held = {credential.origin: credential for credential in self.keyring.credentials}
        return dict(provision(held[origin], self.region).variables)

    def env(self, inherit: Mapping[str, str] = os.environ, *names: str) -> dict[str, str]:
        """Build the whole environment of a subprocess: an allow-list, `names`, the levels.

        `names` are of variables to take over from `inherit` as well, in any case.
        """
        allowed = ALLOWED | {name.upper() for name in names}
        kept = {name: value for name, value in inherit.items() if name.upper() in allowed}
        return kept | self.variables

    def _write(self, path: str, text: str, *, merging: bool = False) -> None:
        """Write a text; `merging` keeps the sections that other credentials wrote into an INI."""
        file = self.home / path
        if merging and path in (CREDENTIALS_FILE, CONFIG_FILE):
            text = merged(file.read_text(encoding="utf-8"), text)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def _refusing_url(self) -> str:
        """Bind a port of loopback and hold it: nobody listens there, and nobody else can."""
        held = socket.socket()
        self._sockets.append(held)
        held.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{held.getsockname()[1]}"

    def close(self) -> None:
        """Stop the metadata services and delete the home."""
        with ExitStack() as stack:  # a listener tells here what its service raised
            stack.callback(shutil.rmtree, self.home, ignore_errors=True)
            while self._sockets:
                self._sockets.pop().close()
            while self._listeners:
                stack.callback(self._listeners.pop().close)

    def __enter__(self) -> Self:
        """Use as a context manager to have it closed."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()


def _reaching(endpoint: Endpoint) -> dict[str, str]:
    """Variables that send clients to the endpoint and let them trust it."""
    urls, bundle = endpoint.urls(), str(endpoint.ca_bundle)
    runtime = urls["bedrock-runtime"]
    return {
        "AWS_CA_BUNDLE": bundle,
        "SSL_CERT_FILE": bundle,
        "REQUESTS_CA_BUNDLE": bundle,
        "CURL_CA_BUNDLE": bundle,
        "NODE_EXTRA_CA_CERTS": bundle,
        "ANTHROPIC_BEDROCK_BASE_URL": runtime,
        "AWS_BEDROCK_RUNTIME_ENDPOINT": runtime,
        # Of Mantle's clients: openai's and anthropic's.
        "AWS_BEDROCK_BASE_URL": f"{urls[MANTLE.name]}/openai/v1",
        "ANTHROPIC_BEDROCK_MANTLE_BASE_URL": f"{urls[MANTLE.name]}/anthropic",
        **{facts.endpoint_variable: urls[name] for name, facts in SERVICES.items()},
    }
