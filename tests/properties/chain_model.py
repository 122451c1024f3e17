"""A machine whose levels come, change and go, and a model of who signs on it.

The model is the chain of the specification with what boto3 was measured to do in time: a
client keeps what it found when it was built, and the variable of the token is looked at again
for each request, though not for its value.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.clients.contract import ClientSettings, Stage
from bedrock_authcheck.environments.canaries import canary
from bedrock_authcheck.environments.environment import Environment
from bedrock_authcheck.environments.isolation import isolated
from bedrock_authcheck.environments.levels import Provision, provision
from bedrock_authcheck.model import AwsCredential, BearerToken, Credential, CredentialSource
from bedrock_authcheck.services.ledger import Ledger
from bedrock_authcheck.services.listener import Listener
from bedrock_authcheck.wire.attribution import Keyring
from tests.properties.calling import CONVERSE

if TYPE_CHECKING:
    from bedrock_authcheck.clients.contract import CallResult, Client, Connection
    from bedrock_authcheck.wire.attribution import Observation
    from tests.simulated import Services

# Of the two forms of level 6 boto3 asks the container first (CHAIN-7).
ORDER: Final = (
    CredentialSource.SETTINGS,
    CredentialSource.ENVIRONMENT,
    CredentialSource.SHARED,
    CredentialSource.CONFIG,
    CredentialSource.CONTAINER,
    CredentialSource.INSTANCE,
)
METADATA_OFF: Final = {"AWS_EC2_METADATA_DISABLED": "true"}


class Machine:
    """An environment, laid over this process, in which each level can be set and removed."""

    def __init__(self, services: Services) -> None:
        self.present: dict[CredentialSource, Credential] = {}
        self.settings: dict[str, str] = {}
        self._services = services
        self._provided: dict[CredentialSource, tuple[Provision, Listener | None]] = {}
        self._stack = ExitStack()
        self._environment = Environment(services.loop, services.endpoint)
        self._stack.enter_context(self._environment)
        self._stack.enter_context(isolated(self._environment))
        self._known: list[Credential] = []
        self.ledger = services.endpoint.open(Ledger(Keyring(), self._environment.region))

    def set(self, source: CredentialSource) -> None:
        """Put a fresh credential where the source has its own, or in its place."""
        if source in self.present:
            self.remove(source)
        credential = canary(source)
        added = provision(credential, self._environment.region)
        variables = dict(added.variables)
        listener = None
        if added.service is not None:
            listener = Listener(added.service, self._services.loop)
            listener.open()
            variables[added.url_variable] = listener.url + added.url_path
        os.environ.update(variables)
        for path, text in added.files.items():
            (self._environment.home / path).write_text(text, encoding="utf-8")
        self.settings.update(added.settings)
        self._provided[source] = added, listener
        self.present[source] = credential
        self._known.append(credential)
        self.ledger.keyring = Keyring(self._known)

    def remove(self, source: CredentialSource) -> None:
        """Take away what the source had."""
        del self.present[source]
        added, listener = self._provided.pop(source)
        for name in {*added.variables, added.url_variable} - {""}:
            del os.environ[name]
        if source is CredentialSource.INSTANCE:
            os.environ.update(METADATA_OFF)
        for path in added.files:
            (self._environment.home / path).write_text("", encoding="utf-8")
        for name in added.settings:
            del self.settings[name]
        if listener is not None:
            listener.close()

    def close(self) -> None:
        """Take everything away, and the machine itself."""
        for source in [*self.present]:
            self.remove(source)
        self._stack.close()
        self._services.endpoint.check()


@dataclass(frozen=True)
class Built:
    """A client, and what it found when it was built."""

    connection: Connection
    token: BearerToken | None
    keys: AwsCredential | None

    @classmethod
    def on(cls, machine: Machine, client: Client) -> Built:
        """Build a client with what the machine has now."""
        found = {source: machine.present.get(source) for source in CredentialSource}
        token = found[CredentialSource.BEARER]
        keys = next((found[source] for source in ORDER if found[source]), None)
        assert not isinstance(token, AwsCredential)
        assert not isinstance(keys, BearerToken)
        settings = ClientSettings(keys=dict(machine.settings))
        connection = client.connect(CONVERSE.service, settings)
        connection.prepare(Stage.CLIENT)
        return cls(connection, token, keys)

    def signs(self, machine: Machine) -> Credential | None:
        """Predict whose credential a call shows; None where it fails before a request leaves.

        Known of boto3 (TOKEN-11): a token that is removed turns its client to the keys that it
        found. One that is set later stops a client that found none.
        """
        return self.token if CredentialSource.BEARER in machine.present else self.keys

    def call(self, machine: Machine) -> tuple[CallResult, tuple[Observation, ...]]:
        """Make a call; return what it came to and the requests that it sent."""
        machine.ledger.clear()
        result = self.connection.call(CONVERSE)
        return result, machine.ledger.observations
