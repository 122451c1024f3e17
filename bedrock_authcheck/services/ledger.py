"""What was received, in order, and what is to be answered: the state of one scenario."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from typing import TYPE_CHECKING

from bedrock_authcheck.services.grants import Grants
from bedrock_authcheck.wire.attribution import Keyring, Observation

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_authcheck.model import Exchange
    from bedrock_authcheck.services.http import Answer
    from bedrock_authcheck.services.steps import Step

    Player = Callable[[Exchange], Answer]
    """Answers a request, from a cassette for one."""


class Ledger:
    """The requests of one scenario and the answers programmed for it.

    Written by the thread of the loop and read by the test's. `keyring` and `region` are
    what requests are held against; a `region` of None accepts any. `keyring` may be replaced
    while requests arrive. `grants` are what the token services give. A `player` answers in
    place of the simulated services.
    """

    def __init__(
        self,
        keyring: Keyring | None = None,
        region: str | None = None,
        grants: Grants | None = None,
    ) -> None:
        """Begin with nothing received and nothing programmed."""
        self.keyring = keyring or Keyring()
        self.region = region
        self.grants = grants or Grants()
        self.player: Player | None = None
        self._observations: dict[int, Observation] = {}
        self._steps: defaultdict[str, deque[Step]] = defaultdict(deque)
        self._lock = threading.Lock()

    def record(self, observation: Observation) -> None:
        """Keep a request; one seen before (by its number) is replaced in its place."""
        with self._lock:
            self._observations[observation.exchange.number] = observation

    @property
    def observations(self) -> tuple[Observation, ...]:
        """All requests so far, in the order in which they began."""
        with self._lock:
            return tuple(self._observations[number] for number in sorted(self._observations))

    def clear(self) -> None:
        """Forget the requests so far; programmed answers stay."""
        with self._lock:
            self._observations.clear()

    def program(self, service: str, *steps: Step) -> None:
        """Answer the next requests to a service by these steps, one each."""
        with self._lock:
            self._steps[service].extend(steps)

    @property
    def unused(self) -> dict[str, int]:
        """How many programmed answers no request has taken yet, by service; empty if all were."""
        with self._lock:
            return {service: len(steps) for service, steps in self._steps.items() if steps}

    def next_step(self, service: str) -> Step | None:
        """Take the step for a request that has just arrived; None answers as usual."""
        with self._lock:
            steps = self._steps[service]
            return steps.popleft() if steps else None
