"""One description of a machine, for this process and for a subprocess alike."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.environments.canaries import canary
from bedrock_authcheck.environments.levels import (
    CONFIG_FILE,
    CREDENTIALS_FILE,
    LevelError,
    Part,
    parse_sources,
    provision,
)
from bedrock_authcheck.model import Credential, CredentialSource
from bedrock_authcheck.services.listener import Listener
from bedrock_authcheck.spec.services import SERVICES
from bedrock_authcheck.wire.attribution import Keyring

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_authcheck.model import Exchange
    from bedrock_authcheck.services.endpoint import Endpoint
    from bedrock_authcheck.services.loop import BackgroundLoop
    from bedrock_authcheck.services.metadata import ContainerCredentials, InstanceMetadata

DEFAULT_REGION: Final = "eu-central-1"
"""Not the Region that clients fall back to (us-east-1), so that a hard-coded one is seen."""

ALLOWED: Final = frozenset(
    "PATH PATHEXT SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC TEMP TMP TMPDIR LANG LC_ALL TZ".split()
)
"""What a subprocess inherits: where programs and temporary files are, and the locale."""


class Environment:
    """A machine that provides the credentials it was given, and nothing else.

    It has a home of its own, trusts the run's CA, finds the services at the loopback
    endpoint and sees no metadata unless a role is provided. Levels are added by
    `provide` and `add`; `close` stops its metadata services and deletes its home.
    """

    def __init__(self, loop: BackgroundLoop, endpoint: Endpoint, region: str = DEFAULT_REGION) -> None:
        """Start from nothing. OSError where the home cannot be made."""
        self.region = region
        self.home = Path(tempfile.mkdtemp(prefix="bedrock-authcheck-"))
        self.keyring = Keyring()
        self.settings: dict[str, str] = {}
        self.variables = self._level_zero(endpoint)
        self.metadata: dict[CredentialSource, InstanceMetadata | ContainerCredentials] = {}
        self._loop = loop
        self._listeners: list[Listener] = []
        for path in (CREDENTIALS_FILE, CONFIG_FILE):
            self._write(path, "")

    def _level_zero(self, endpoint: Endpoint) -> dict[str, str]:
        home, bundle = str(self.home), str(endpoint.ca_bundle)
        urls = endpoint.urls()
        runtime = urls["bedrock-runtime"]
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
            "AWS_CA_BUNDLE": bundle,
            "SSL_CERT_FILE": bundle,
            "REQUESTS_CA_BUNDLE": bundle,
            "NODE_EXTRA_CA_CERTS": bundle,
            "ANTHROPIC_BEDROCK_BASE_URL": runtime,
            "AWS_BEDROCK_RUNTIME_ENDPOINT": runtime,
            **{facts.endpoint_variable: urls[name] for name, facts in SERVICES.items()},
        }

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """All requests that this environment's metadata services received."""
        return tuple(e for service in self.metadata.values() for e in service.exchanges)

    def provide(self, *levels: str) -> None:
        """Add fresh canaries for levels by name; LevelError for an unknown or repeated one."""
        for source in parse_sources(levels):
            self.add(canary(source))

    def add(
        self, credential: Credential, *, without: Part | None = None, token_file: bool = False
    ) -> None:
        """Add a credential at its source; `without` a part the level is a broken one."""
        source = credential.source
        if any(held.source is source for held in self.keyring.credentials):
            msg = f"level {source.value!r} is provided already: each level holds one credential"
            raise LevelError(msg)
        added = provision(credential, self.region, without=without, token_file=token_file)
        for path, text in added.files.items():
            self._write(path, text)
        if added.service is not None:
            listener = Listener(added.service, self._loop)
            listener.open()
            self._listeners.append(listener)
            self.metadata[source] = added.service
            self.variables[added.url_variable] = listener.url + added.url_path
        for name, value in added.variables.items():
            is_path = name.endswith("_TOKEN_FILE")
            self.variables[name] = str(self.home / value) if is_path else value
        self.settings.update(added.settings)
        self.keyring = Keyring((*self.keyring.credentials, credential))

    def env(self, inherit: Mapping[str, str] = os.environ, *names: str) -> dict[str, str]:
        """The whole environment of a subprocess: an allow-list, `names` beside it, the levels."""
        allowed = ALLOWED | set(names)
        kept = {name: value for name, value in inherit.items() if name.upper() in allowed}
        return kept | self.variables

    def _write(self, path: str, text: str) -> None:
        file = self.home / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def close(self) -> None:
        """Stop the metadata services and delete the home."""
        while self._listeners:
            self._listeners.pop().close()
        shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self) -> Environment:
        """Use as a context manager to have it closed."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()
