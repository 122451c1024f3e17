"""Where scenarios run: services built once, an environment and a client for each."""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from io import StringIO
from secrets import token_hex
from typing import TYPE_CHECKING

from bedrock_authcheck.checks.trial import Sight, Trial
from bedrock_authcheck.clients.process import ProcessClient
from bedrock_authcheck.environments.canaries import canary
from bedrock_authcheck.environments.environment import DEFAULT_REGION, Environment
from bedrock_authcheck.environments.isolation import isolated
from bedrock_authcheck.model import AwsCredential, BearerToken, CredentialSource
from bedrock_authcheck.services.ledger import Ledger
from bedrock_authcheck.services.listener import HOST
from bedrock_authcheck.services.steps import redirect
from bedrock_authcheck.spec.services import SERVICES
from bedrock_authcheck.suite import elsewhere
from bedrock_authcheck.suite.acts import Redirecting
from bedrock_authcheck.suite.elsewhere import Elsewhere
from bedrock_authcheck.suite.late import Latecomers
from bedrock_authcheck.suite.machine import Machine, SharedMachines
from bedrock_authcheck.suite.performing import Performance
from bedrock_authcheck.suite.routes import route_of
from bedrock_authcheck.suite.sight import logged
from bedrock_authcheck.wire.tokens import fake_short_term_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_authcheck.clients.contract import Client
    from bedrock_authcheck.clients.interceptor import Interceptor
    from bedrock_authcheck.model import Credential
    from bedrock_authcheck.services.endpoint import Endpoint
    from bedrock_authcheck.services.loop import BackgroundLoop
    from bedrock_authcheck.services.steps import Step
    from bedrock_authcheck.suite.acts import Changing
    from bedrock_authcheck.suite.scenario import Held, Scenario


class Bench:
    """Runs scenarios of one client, one after the other, at one set of loopback services.

    What is costly is shared: the services, and for `shared` scenarios the environment and
    the client; the ledger, the variables and the credentials in force never are.
    """

    def __init__(
        self,
        loop: BackgroundLoop,
        endpoint: Endpoint,
        client: Client,
        interceptor: Interceptor | None = None,
    ) -> None:
        """Take what runs already; `suite.running` starts it.

        An `interceptor` is for a client in another process, and closed with the bench.
        """
        self.client = client
        self.endpoint = endpoint
        self._loop = loop
        self._latecomers = Latecomers()
        self._shared = SharedMachines(self._make)
        self._elsewhere = None
        if isinstance(client, ProcessClient):
            self._elsewhere = Elsewhere(client, loop, interceptor)
        self._intercepting = interceptor is not None

    def not_offered(self, scenario: Scenario) -> str | None:
        """Say why the client cannot run a scenario; None where it can."""
        return elsewhere.not_offered(scenario, self.client)

    def not_observable(self, scenario: Scenario) -> str | None:
        """Say what of a scenario the client gives no sight of; None for nothing."""
        return elsewhere.not_observable(scenario, self.client, intercepting=self._intercepting)

    def run(self, scenario: Scenario) -> Trial:
        """Run a scenario and gather what was seen; the client alone decides what is sent.

        Raises LateRequestError where a request of the scenario before came late, ClientFault and
        CallNotOffered where a program in another process says or does what they tell.
        """
        service = scenario.calls[0].service
        region = scenario.settings.region or DEFAULT_REGION
        with ExitStack() as stack:
            machine = stack.enter_context(self._machine(scenario))
            environment = machine.environment
            way = route_of(scenario, environment, self.endpoint, self._loop)
            route = stack.enter_context(way)
            asked_before = {asked.number for asked in environment.exchanges}
            ledger = self.endpoint.open(Ledger(environment.keyring, region, environment.grants))
            foreign = _foreign_tokens(scenario)
            tokens = {name: token.value for name, token in foreign.items()}
            variables = {**route.variables, **scenario.variables, **tokens}
            performance = Performance(
                environment,
                ledger,
                partial(machine.connect, service, route.settings),
                in_sight=self._in_sight(scenario),
                printing=scenario.printed,
            )
            ledger.program(service, *map(performance.step, self._steps(scenario)))
            over = self._laid_over(scenario, environment, variables, performance)
            with over as refused_hosts:
                sight = self._perform(scenario, performance)
            sight = self._elsewhere.sight if self._elsewhere else sight
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
                turns=tuple(performance.turns),
                observations=observations,
                broken=scenario.broken,
                foreign=tuple(foreign.values()),
                refused_hosts=tuple(refused_hosts),
                metadata=tuple(
                    asked for asked in environment.exchanges if asked.number not in asked_before
                ),
                proxied=route.proxied,
                sight=sight,
            )

    @contextmanager
    def _laid_over(
        self,
        scenario: Scenario,
        environment: Environment,
        variables: dict[str, str],
        performance: Performance,
    ) -> Iterator[list[str]]:
        """Lay the environment over the client's process; yield the hosts that it was refused."""
        if self._elsewhere is not None:
            with self._elsewhere.over(scenario, environment, variables, performance) as refused:
                yield refused
            return
        with isolated(environment, variables) as refused, self._latecomers.awaited():
            yield refused

    def _steps(self, scenario: Scenario) -> Iterator[Step | Changing]:
        """Programmed answers, those that lead elsewhere with their addresses."""
        for step in scenario.steps:
            if isinstance(step, Redirecting):
                url = self.endpoint.urls(tls=not step.plain)[step.service]
                yield redirect(url.replace(HOST, step.host) + "/redirected", step.status)
            else:
                yield step

    def _in_sight(self, scenario: Scenario) -> bool:
        return bool(scenario.log_level) and self.client.in_process

    def _perform(self, scenario: Scenario, performance: Performance) -> Sight | None:
        """Do the acts, and look at the process while they are done where that can be seen."""
        in_sight = self._in_sight(scenario)
        with logged(scenario.log_level) if in_sight else nullcontext(StringIO()) as log:
            for act in scenario.performed:
                performance.perform(act, scenario.expectation)
        if not in_sight:
            return None
        shown = performance.shown()
        watch = performance.watch
        seen = tuple(watch.changed), tuple(watch.restored)
        return Sight(scenario.log_level, log.getvalue(), shown, *seen)

    @contextmanager
    def _machine(self, scenario: Scenario) -> Iterator[Machine]:
        """Yield a machine that is shared, or one for this scenario alone."""
        if scenario.shared:
            yield self._shared.of(scenario.held)
            return
        with closing(self._make(scenario.held)) as machine:
            if scenario.config:
                machine.environment.configure(scenario.config)
            yield machine

    def _make(self, held: tuple[Held, ...]) -> Machine:
        return Machine(self._environment(held), self.client)

    def _environment(self, held: tuple[Held, ...]) -> Environment:
        environment = Environment(self._loop, self.endpoint)
        try:
            for level in held:
                credential = _credential(level, environment.region)
                if level.spare:
                    environment.hold(credential)
                    continue
                environment.add(
                    credential,
                    defect=level.defect,
                    token_file=level.token_file,
                    expiring=level.expiring,
                )
        except BaseException:
            environment.close()
            raise
        return environment

    def close(self) -> None:
        """Close shared clients and environments; the services are not its own to close."""
        with ExitStack() as stack:
            if self._elsewhere is not None:
                stack.callback(self._elsewhere.close)
            stack.callback(self._shared.close)


def _credential(level: Held, region: str) -> Credential:
    credential = canary(level.origin, temporary=level.temporary)
    if isinstance(credential, AwsCredential):
        return credential
    value, signer = credential.value, None
    if level.short_term:
        signer = AwsCredential(credential.source, "ASIA0FAKESHORTTERM00", f"FAKE/{token_hex(17)}")
        value = fake_short_term_key(signer, region=region, made_at=datetime.now(UTC))
    return replace(credential, value=f"{level.before}{value}{level.after}", signer=signer)


def _foreign_tokens(scenario: Scenario) -> dict[str, BearerToken]:
    if scenario.foreign_variable is None:
        return {}
    token = canary(CredentialSource.BEARER)
    return {scenario.foreign_variable: token} if isinstance(token, BearerToken) else {}
