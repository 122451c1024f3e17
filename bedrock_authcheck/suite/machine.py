"""One environment with the clients that live on it, and the few that are kept for the next."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_authcheck.clients.contract import Client, ClientSettings, Connection
    from bedrock_authcheck.environments.environment import Environment
    from bedrock_authcheck.suite.scenario import Held

_KEPT: Final = 8  # scenarios that share a machine follow one another, but for a few groups


class Machine:
    """An environment and the connections that were made on it; `close` ends them all."""

    def __init__(self, environment: Environment, client: Client) -> None:
        """Take over the environment."""
        self.environment = environment
        self._client = client
        self._made: dict[tuple[str, ClientSettings, int], Connection] = {}

    def connect(self, service: str, settings: ClientSettings, number: int) -> Connection:
        """Find or make the connection of a client, with what the environment hands over in code.

        Clients of a scenario are numbered from 0; each takes the token in code of its number.
        """
        key = (service, settings, number)
        if key not in self._made:
            tokens = self.environment.tokens_in_code
            own = replace(
                settings,
                keys=self.environment.settings,
                token=tokens[number] if number < len(tokens) else "",
            )
            self._made[key] = self._client.connect(service, own)
        return self._made[key]

    def close(self) -> None:
        """Close connections, then the environment."""
        with ExitStack() as stack:
            stack.callback(self.environment.close)
            for connection in self._made.values():
                stack.callback(connection.close)
            self._made.clear()


class SharedMachines:
    """Machines by what they hold; the one that was used longest ago goes when there are many.

    So that the open files of a run do not grow with its scenarios.
    """

    def __init__(self, make: Callable[[tuple[Held, ...]], Machine]) -> None:
        """`make` makes the machine that is asked for first."""
        self._make = make
        self._kept: dict[tuple[Held, ...], Machine] = {}

    def of(self, held: tuple[Held, ...]) -> Machine:
        """Find or make the machine that holds this."""
        machine = self._kept.pop(held, None) or self._make(held)
        self._kept[held] = machine  # behind all others
        if len(self._kept) > _KEPT:
            self._kept.pop(next(iter(self._kept))).close()
        return machine

    def close(self) -> None:
        """Close all that are kept."""
        with ExitStack() as stack:
            for machine in self._kept.values():
                stack.callback(machine.close)
            self._kept.clear()
