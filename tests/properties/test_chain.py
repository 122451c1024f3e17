"""Levels come, change and go while clients are built and used: a model says who signs."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bedrock_authcheck.model import CredentialSource
from bedrock_authcheck.strategies import levels
from tests.properties.calling import BOTO3, wrong_client
from tests.properties.chain_model import Built, Machine
from tests.properties.hunting import HUNT, a_part
from tests.properties.wrong_chains import WRONG_CHAINS

if TYPE_CHECKING:
    from bedrock_authcheck.clients.contract import Client
    from tests.simulated import Services

SOURCES = st.sampled_from(CredentialSource)


class Chain(RuleBasedStateMachine):
    """The levels of one machine, and clients that are built on it."""

    services: ClassVar[Services]
    client: ClassVar[Client]
    clients: Bundle[Built] = Bundle("clients")

    def __init__(self) -> None:
        super().__init__()
        self.machine = Machine(self.services)
        self.open: list[Built] = []

    @initialize(present=levels())
    def begin(self, present: tuple[str, ...]) -> None:
        for name in present:
            self.machine.set(CredentialSource(name))

    @rule(source=SOURCES)
    def provide_or_change(self, source: CredentialSource) -> None:
        self.machine.set(source)

    @precondition(lambda self: self.machine.present)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        self.machine.remove(data.draw(st.sampled_from([*self.machine.present])))

    @precondition(lambda self: CredentialSource.BEARER in self.machine.present)
    @rule()
    def remove_the_token(self) -> None:
        self.machine.remove(CredentialSource.BEARER)

    @rule(target=clients)
    def build(self) -> Built:
        built = Built.on(self.machine, self.client)
        self.open.append(built)
        return built

    @rule(built=clients)
    def call(self, built: Built) -> None:
        expected = built.signs(self.machine)
        result, seen = built.call(self.machine)
        if expected is None:
            assert not seen, "no request was to leave"
            assert not result.ok
            assert result.error.strip()
            return
        assert result.ok, result.error_type
        assert len(seen) == 1
        (only,) = seen
        assert only.credential == expected
        assert only.signature is None or (only.signature.valid and not only.signature.differs)

    @rule(built=consumes(clients))
    def close(self, built: Built) -> None:
        self.open.remove(built)
        built.connection.close()

    def teardown(self) -> None:
        for built in self.open:
            built.connection.close()
        self.machine.close()


def run(services: Services, client: Client, under: settings) -> None:
    on = {"services": services, "client": client}
    run_state_machine_as_test(type("Chain", (Chain,), on), settings=under)


HUNT_IN_TIME = settings(HUNT, max_examples=200, stateful_step_count=20)


@pytest.mark.hypothesis
def test_who_signs_is_who_the_model_says(services: Services) -> None:
    run(services, BOTO3, settings(a_part(8), stateful_step_count=20))


@pytest.mark.parametrize("client", WRONG_CHAINS, ids=lambda client: client.__name__)
def test_a_client_that_is_wrong_in_time_is_caught(client: type[Client], services: Services) -> None:
    with pytest.raises(AssertionError):
        run(services, client(), HUNT_IN_TIME)


@pytest.mark.parametrize(
    "name",
    [
        "key-id-of-environment-secret-of-shared",
        "session-token-of-config-with-shared",
        "first-credential-remembered",
        "never-signs",
        "tries-unsigned-first",
    ],
)
def test_a_client_that_is_wrong_at_once_is_caught(name: str, services: Services) -> None:
    with wrong_client(name).made() as client, pytest.raises(AssertionError):
        run(services, client, HUNT_IN_TIME)
