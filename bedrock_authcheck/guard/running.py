"""The test that is running: what it sent so far, what of that a server received, what is wrong."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.explain.operation import guided
from bedrock_authcheck.fixtures import ENDPOINT
from bedrock_authcheck.guard.reading import exchange_of, mark_of, seen_of, service_of
from bedrock_authcheck.guard.seen import Proof, Seen
from bedrock_authcheck.guard.told import breach_text, machine_text
from bedrock_authcheck.spec.services import BEDROCK_NAMES

if TYPE_CHECKING:
    import pytest

    from bedrock_authcheck.guard.expectations import Breach, Wanted
    from bedrock_authcheck.guard.reading import Words
    from bedrock_authcheck.guard.watching import Sighting
    from bedrock_authcheck.wire.attribution import Observation

_OTHER: Final = "another library or process"


class RunningTest:
    """One test under guard; requests come from any of its threads and tasks."""

    def __init__(self, item: pytest.Item, wanted: Wanted, words: Words) -> None:
        """Begin with nothing seen; `words` are those of the session."""
        self.item = item
        self.seen: list[Seen] = []
        self._wanted = wanted
        self._words = words
        self._lock = threading.Lock()
        self._breaches: list[tuple[int, Breach, str]] = []  # a place in `seen`, what, the machine
        self._received: set[int] = set()  # numbers of exchanges that have their place in `seen`

    def saw(self, sighting: Sighting) -> None:
        """Take a request at the boundary; one to another service is let go."""
        endpoint = self.item.stash.get(ENDPOINT, None)
        addresses = endpoint.addresses() if endpoint else {}
        service = sighting.service or service_of(sighting.url, addresses)
        if service is None:
            return
        seen = seen_of(
            exchange_of(service, sighting.method, sighting.url, sighting.headers),
            sighting.operation,
            test=self.item.nodeid,
            client=sighting.client,
            proof=Proof.HANDED_OVER if sighting.handed_over else Proof.ANSWERED,
            held=endpoint.provided if endpoint else (),
            words=self._words,
        )
        if not self._known_as_received(seen):
            self._add(seen)

    def saw_stub(self, client: str, service: str, operation: str) -> None:
        """Take a call that came back without a signed request: no evidence, and no breach."""
        takes = guided(service, operation).takes_api_key
        self._add(Seen(self.item.nodeid, client, service, operation, takes, Proof.STUBBED))

    def _known_as_received(self, seen: Seen) -> bool:
        """Whether the endpoint's word came first: a phase may end while a thread is waiting."""
        with self._lock:
            for place, one in enumerate(self.seen):
                if one.client == _OTHER and one.mark == seen.mark:
                    self.seen[place] = replace(one, client=seen.client)
                    return True
        return False

    def _add(self, seen: Seen) -> None:
        breaches = self._wanted.breaches(seen)
        machine = machine_text(seen) if breaches else ""
        seen = replace(seen, wrong=tuple(breach.rule for breach in breaches))
        with self._lock:
            place = len(self.seen)
            self.seen.append(seen)
            self._breaches += [(place, breach, machine) for breach in breaches]

    def match(self) -> None:
        """Note which requests the loopback endpoint received, and add those nobody else saw."""
        endpoint = self.item.stash.get(ENDPOINT, None)
        for received in endpoint.requests if endpoint else ():
            number, service = received.exchange.number, received.exchange.service
            if number not in self._received and service in BEDROCK_NAMES:
                self._received.add(number)
                if not self._placed(mark_of(received.exchange)):
                    self._add(self._of_others(received))

    def _placed(self, mark: str) -> bool:
        """Give what was received its place: the first such request that is not known to be."""
        with self._lock:
            for place, one in enumerate(self.seen):
                if one.mark == mark and one.proof is Proof.HANDED_OVER:
                    self.seen[place] = replace(one, proof=Proof.RECEIVED)
                    return True
        return False

    def _of_others(self, received: Observation) -> Seen:
        endpoint = self.item.stash.get(ENDPOINT, None)
        return seen_of(
            received.exchange,
            received.operation or "",
            test=self.item.nodeid,
            client=_OTHER,
            proof=Proof.RECEIVED,
            held=endpoint.provided if endpoint else (),
            words=self._words,
        )

    def told(self, *, take: bool = False) -> str:
        """Tell what is wrong so far, each text once; what is taken is not told again."""
        self.match()
        with self._lock:
            texts = [breach_text(b, self.seen[n], machine) for n, b, machine in self._breaches]
            if take:
                self._breaches.clear()
        return "\n\n".join(dict.fromkeys(texts))
