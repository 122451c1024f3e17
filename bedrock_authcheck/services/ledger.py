"""What was received, in order, and what is to be answered: the state of one scenario."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from dataclasses import replace
from typing import TYPE_CHECKING

from bedrock_authcheck.services.http import Answer, Fault
from bedrock_authcheck.wire.attribution import Keyring, Observation

if TYPE_CHECKING:
    from collections.abc import Callable

    Step = Callable[[Answer], Answer]
    """A programmed answer: given the plausible one, returns the one that is sent."""


class Ledger:
    """The requests of one scenario and the answers programmed for it.

    Written by the thread of the loop and read by the test's. `keyring` and `region` are
    what requests are held against; a `region` of None accepts any.
    """

    def __init__(self, keyring: Keyring | None = None, region: str | None = None) -> None:
        """Begin with nothing received and nothing programmed."""
        self.keyring = keyring or Keyring()
        self.region = region
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

    def next_step(self, service: str) -> Step | None:
        """Take the step for a request that has just arrived; None answers as usual."""
        with self._lock:
            steps = self._steps[service]
            return steps.popleft() if steps else None


def _error(status: int, error_type: str, message: str) -> Answer:
    body = b'{"message":"%s"}' % message.encode()
    headers = (("Content-Type", "application/json"), ("x-amzn-ErrorType", error_type))
    return Answer(status, headers, body)


def throttle() -> Step:
    """429, as Bedrock throttles."""
    return lambda _: _error(429, "ThrottlingException", "Too many requests, please wait.")


def server_error(status: int = 500) -> Step:
    """500 or 503, as Bedrock fails."""
    names = {500: "InternalServerException", 503: "ServiceUnavailableException"}
    name = names.get(status, "InternalServerException")
    return lambda _: _error(status, name, "The request failed on the server. Try again.")


def redirect(location: str, status: int = 307) -> Step:
    """A redirect to another address."""
    return lambda _: Answer(status, (("Location", location),))


def slow(seconds: float) -> Step:
    """The usual answer, `seconds` late."""
    return lambda usual: replace(usual, delay=seconds)


def cut() -> Step:
    """The usual answer, cut off in the middle of its body."""
    return lambda usual: replace(usual, fault=Fault.CUT)


def reset() -> Step:
    """No answer: the connection is reset."""
    return lambda usual: replace(usual, fault=Fault.RESET)


def as_usual() -> Step:
    """The usual answer, to let a request pass before a programmed one."""
    return lambda usual: usual


def reply(body: bytes, content_type: str = "application/json", status: int = 200) -> Step:
    """An answer of your own, behind the usual authorisation: a denied request stays denied."""
    headers = (("Content-Type", content_type),)

    def step(usual: Answer) -> Answer:
        return Answer(status, headers, body) if usual.status == 200 else usual  # noqa: PLR2004 - OK

    return step
