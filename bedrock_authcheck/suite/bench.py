"""Where scenarios run: services built once, an environment and a client for each."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from secrets import token_hex
from typing import TYPE_CHECKING

from bedrock_authcheck.checks.trial import Trial
from bedrock_authcheck.environments.canaries import canary
from bedrock_authcheck.environments.environment import DEFAULT_REGION, Environment
from bedrock_authcheck.environments.isolation import isolated
from bedrock_authcheck.model import AwsCredential, BearerToken, CredentialSource
from bedrock_authcheck.services.ledger import Ledger
from bedrock_authcheck.spec.services import SERVICES
from bedrock_authcheck.suite.late import Latecomers
from bedrock_authcheck.wire.tokens import fake_short_term_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_authcheck.clients.contract import Client, ClientSettings, Connection
    from bedrock_authcheck.model import Credential
    from bedrock_authcheck.services.endpoint import Endpoint
    from bedrock_authcheck.services.loop import BackgroundLoop
    from bedrock_authcheck.suite.scenario import Held, Scenario


class Bench:
    """Runs scenarios of one client, one after the other, at one set of loopback services.

    What is costly is shared: the services, and for `shared` scenarios the environment and
    the client; the ledger, the variables and the credentials in force never are.
    """

    def __init__(self, loop: BackgroundLoop, endpoint: Endpoint, client: Client) -> None:
        """Take what runs already; `suite.running` starts it."""
        self.client = client
        self.endpoint = endpoint
        self._loop = loop
        self._stack = ExitStack()
        self._latecomers = Latecomers()
        self._environments: dict[tuple[Held, ...], Environment] = {}
        self._connections: dict[tuple[tuple[Held, ...], str, ClientSettings], Connection] = {}

    def not_offered(self, scenario: Scenario) -> str | None:
        """Say why the client cannot run a scenario; None where it can."""
        reasons = (self.client.not_offered(call, scenario.settings) for call in scenario.calls)
        return next((reason for reason in reasons if reason), None)

    def run(self, scenario: Scenario) -> Trial:
        """Run a scenario and gather what was seen; the client alone decides what is sent.

        Raises LateRequestError where a request of the scenario before came late.
        """
        service = scenario.calls[0].service
        region = scenario.settings.region or DEFAULT_REGION
        with self._machine(scenario) as (environment, connection):
            asked_before = {asked.number for asked in environment.exchanges}
            ledger = self.endpoint.open(Ledger(environment.keyring, region))
            ledger.program(service, *scenario.steps)
            foreign = _foreign_tokens(scenario)
            variables = {**scenario.variables, **{name: t.value for name, t in foreign.items()}}
            with isolated(environment, variables) as refused_hosts, self._latecomers.awaited():
                results, seen = [], [0]
                for call in scenario.calls:
                    results.append(connection.call(call))
                    seen.append(len(ledger.observations))
            self.endpoint.check()
            observations = ledger.observations
            self._latecomers.check(scenario.id, ledger, observations)
            return Trial(
                call=scenario.calls[0],
                present=scenario.present,
                expectation=scenario.expectation,
                keyring=environment.keyring,
                region=region,
                scope_service=SERVICES[service].signing_name,
                results=tuple(results),
                sent=tuple(after - before for before, after in pairwise(seen)),
                observations=observations,
                broken=scenario.broken,
                foreign=tuple(foreign.values()),
                refused_hosts=tuple(refused_hosts),
                metadata=tuple(
                    asked for asked in environment.exchanges if asked.number not in asked_before
                ),
            )

    @contextmanager
    def _machine(self, scenario: Scenario) -> Iterator[tuple[Environment, Connection]]:
        service = scenario.calls[0].service
        if scenario.shared:
            environment = self._shared_environment(scenario.held)
            key = (scenario.held, service, scenario.settings)
            if key not in self._connections:
                self._connections[key] = self._connect(scenario, environment)
            yield environment, self._connections[key]
            return
        with self._environment(scenario.held) as environment:
            connection = self._connect(scenario, environment)
            try:
                yield environment, connection
            finally:
                connection.close()

    def _connect(self, scenario: Scenario, environment: Environment) -> Connection:
        settings: ClientSettings = replace(scenario.settings, keys=environment.settings)
        return self.client.connect(scenario.calls[0].service, settings)

    def _shared_environment(self, held: tuple[Held, ...]) -> Environment:
        if held not in self._environments:
            self._environments[held] = self._stack.enter_context(self._environment(held))
        return self._environments[held]

    def _environment(self, held: tuple[Held, ...]) -> Environment:
        environment = Environment(self._loop, self.endpoint)
        try:
            for level in held:
                environment.add(
                    _credential(level, environment.region),
                    without=level.without,
                    token_file=level.token_file,
                )
        except BaseException:
            environment.close()
            raise
        return environment

    def close(self) -> None:
        """Close shared clients and environments; the services are not its own to close."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()
        self._stack.close()
        self._environments.clear()


def _credential(level: Held, region: str) -> Credential:
    credential = canary(level.source, temporary=level.temporary)
    if isinstance(credential, AwsCredential):
        return credential
    value, signer = credential.value, None
    if level.short_term:
        signer = AwsCredential(level.source, "ASIA0FAKESHORTTERM00", f"FAKE/{token_hex(17)}")
        value = fake_short_term_key(signer, region=region, made_at=datetime.now(UTC))
    return replace(credential, value=f"{level.before}{value}{level.after}", signer=signer)


def _foreign_tokens(scenario: Scenario) -> dict[str, BearerToken]:
    if scenario.foreign_variable is None:
        return {}
    token = canary(CredentialSource.BEARER)
    return {scenario.foreign_variable: token} if isinstance(token, BearerToken) else {}
