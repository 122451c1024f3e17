"""Requests that leave after their call has returned: waited for, or laid at the right door."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.checks.wording import describe, request_line
from bedrock_authcheck.wire.redaction import redact_exchange

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_authcheck.model import Credential
    from bedrock_authcheck.services.ledger import Ledger
    from bedrock_authcheck.wire.attribution import Observation

_PATIENCE: Final = 5.0  # seconds in a whole run, so that threads that never end cost no more


class LateRequestError(Exception):
    """A request arrived when its scenario had been judged; the text names both."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """A scenario that is over: its ledger, and the numbers of the requests that were judged."""

    id: str
    ledger: Ledger
    numbers: frozenset[int]

    def late(self, received_since: tuple[Observation, ...]) -> Iterator[Observation]:
        """Find its requests that came afterwards: to its own ledger, or to the next one's."""
        for seen in self.ledger.observations:
            # One that broke off may have been given up in time, and noticed later.
            if seen.exchange.number not in self.numbers and seen.exchange.complete:
                yield seen
        for seen in received_since:
            owner = self._owner(seen) if seen.credential is None else None
            if owner is not None:
                yield replace(seen, credential=owner)

    def _owner(self, seen: Observation) -> Credential | None:
        keyring = self.ledger.keyring
        tokens = (keyring.token(token) for token in seen.evidence.tokens)
        return keyring.key(seen.evidence.key_id) or next(filter(None, tokens), None)


class Latecomers:
    """Sees to it that no request of a run is left unjudged for being late.

    Threads that a call leaves behind are waited for, as long as patience lasts: what they send
    is their own scenario's. What comes later still, by a thread of an older pool for instance,
    is told in the scenario that follows, which then could not be judged; after the last one
    nobody looks.
    """

    def __init__(self, patience: float = _PATIENCE) -> None:
        """`patience` is in seconds, and for all scenarios together."""
        self._patience = patience
        self._former: _Judged | None = None

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """Wait, when the block has ended, for the threads that it started."""
        before = set(threading.enumerate())
        yield
        while self._patience > 0 and (left := set(threading.enumerate()) - before):
            begun = time.monotonic()
            left.pop().join(self._patience)
            self._patience -= time.monotonic() - begun

    def check(self, scenario_id: str, ledger: Ledger, judged: tuple[Observation, ...]) -> None:
        """Raise LateRequestError if a request of the scenario before this one came late.

        `judged` are the requests that this scenario is judged by.
        """
        former = self._former
        numbers = frozenset(seen.exchange.number for seen in judged)
        self._former = _Judged(scenario_id, ledger, numbers)
        seen = next(former.late(judged), None) if former else None
        if former is None or seen is None:
            return
        shown = redact_exchange(seen.exchange, former.ledger.keyring.credentials)
        raise LateRequestError(
            f"not judged: a request of {former.id} came late, after its call had returned\n"
            f"  observed  {describe(seen)}\n"
            f"  request   {request_line(shown)}\n"
            f"  again     pytest --bedrock-authcheck {former.id} {scenario_id}"
        )
