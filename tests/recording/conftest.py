from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.environments.environment import Environment
from bedrock_authcheck.environments.isolation import isolated
from bedrock_authcheck.recording.places import Place
from bedrock_authcheck.services.ledger import Ledger
from tests.simulated import REGION, Services, running_services, services

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["loopback", "machine", "running_services", "services"]


@pytest.fixture
def machine(services: Services) -> Iterator[Environment]:
    """A machine with a token and keys, whose requests reach the simulated service."""
    with Environment(services.loop, services.endpoint) as environment:
        environment.provide("bearer", "environment")
        services.endpoint.open(Ledger(environment.keyring, REGION))
        with isolated(environment):
            yield environment


@pytest.fixture
def loopback(services: Services) -> dict[str, Place]:
    """What the addresses of the simulated service stand for."""
    addresses = services.endpoint.addresses()
    return {netloc: Place(service, REGION) for netloc, service in addresses.items()}
