"""The loopback endpoints of Bedrock and its neighbours: one address for each service.

The service of a request is known by the port that it came to, never guessed.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bedrock_authcheck.services.answers import (
    EVENT_STREAM,
    UNKNOWN_OPERATION,
    common_headers,
    denial_answer,
    plausible_answer,
)
from bedrock_authcheck.services.authorization import authorize
from bedrock_authcheck.services.conversation import conversation
from bedrock_authcheck.services.http import Answer, DuplexAnswer
from bedrock_authcheck.services.ledger import Ledger
from bedrock_authcheck.services.listener import Listener
from bedrock_authcheck.services.loop import BackgroundLoop
from bedrock_authcheck.services.mantle import mantle_answer
from bedrock_authcheck.services.tls import CertificateStore, create_certificate_store
from bedrock_authcheck.spec.catalogue import Catalogue, takes_api_keys
from bedrock_authcheck.spec.mantle import OPERATIONS
from bedrock_authcheck.spec.routing import Router
from bedrock_authcheck.spec.services import BEDROCK, MANTLE, SERVICES, ServiceFacts
from bedrock_authcheck.wire.attribution import observe

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from bedrock_authcheck.model import Exchange
    from bedrock_authcheck.services.authorization import Denial
    from bedrock_authcheck.spec.catalogue import Operation
    from bedrock_authcheck.wire.attribution import Observation

    Route = Callable[[str, Exchange], Operation | None]
    """Finds the operation of a request to a service."""


class _SimulatedService:
    """One service: observes each request, authorises it as AWS would, and answers.

    A request that no operation has is a 404 where the service models are known (Bedrock's).
    """

    def __init__(self, facts: ServiceFacts, endpoint: Endpoint) -> None:
        self.name = facts.name
        self._facts = facts
        self._endpoint = endpoint
        # By number of exchange: the ledger that it belongs to, its status if answered already.
        self._begun: dict[int, tuple[Ledger, int | None]] = {}

    def begin(self, head: Exchange) -> DuplexAnswer | None:
        """Open a stream in both directions for an operation whose request is one.

        It is refused at its head: a client that waits for the first event of the answer
        would never end its request.
        """
        ledger = self._endpoint.ledger
        self._begun[head.number] = ledger, None
        operation = self._endpoint.route(self.name, head)
        if operation is None or not operation.event_stream_input or head.protocol != "HTTP/2":
            return None  # HTTP/1.1 answers when the request has ended
        # Its events are still to come: what was not sent yet is not missed.
        observation = self._observe(replace(head, complete=False), operation, ledger)
        denial = self._authorize(observation, operation, ledger)
        if denial is None:
            content_type = (("Content-Type", EVENT_STREAM), *common_headers())
            duplex = DuplexAnswer(
                conversation(observation, self._record_open), headers=content_type
            )
        else:
            refusal = denial_answer(self.name, denial)
            headers = (*common_headers(), *refusal.headers)
            duplex = DuplexAnswer(_refusing(denial.body), refusal.status, headers)
        ledger.record(observation.answered(duplex.status))
        self._begun[head.number] = ledger, duplex.status
        return duplex

    def _record_open(self, observation: Observation) -> None:
        """Replace the record of a stream, unless it has ended and is recorded whole."""
        if (begun := self._begun.get(observation.exchange.number)) is not None:
            begun[0].record(observation)

    def answer(self, exchange: Exchange) -> Answer:
        """Answer by the programmed step, else by the denial or the answer AWS would give."""
        operation = self._endpoint.route(self.name, exchange)
        ledger, streamed = self._begun.pop(exchange.number, (self._endpoint.ledger, None))
        observation = self._observe(exchange, operation, ledger)
        if streamed is not None:  # answered already, as it began
            ledger.record(observation.answered(streamed))
            return Answer()
        if not exchange.complete:  # nobody is left to be answered: no step is spent on it
            ledger.record(observation)
            return Answer()
        step = ledger.next_step(self.name)
        if step is None and ledger.player is not None:
            answer = ledger.player(exchange)
        else:
            usual = self._usual(observation, operation, ledger)
            answer = step(usual) if step is not None else usual
            answer = replace(answer, headers=(*common_headers(), *answer.headers))
        ledger.record(observation.answered(answer.status))
        return answer

    def _usual(
        self, observation: Observation, operation: Operation | None, ledger: Ledger
    ) -> Answer:
        denial = self._authorize(observation, operation, ledger)
        if denial is None and operation is None and self._facts in BEDROCK:
            denial = UNKNOWN_OPERATION
        signer = None if denial else observation.origin
        granted = ledger.grants.answer(observation.exchange, signer)
        if granted is not None:
            return granted
        if denial is not None:
            return denial_answer(self.name, denial)
        if self._facts is MANTLE:
            return mantle_answer(operation, observation.exchange)
        return plausible_answer(self.name, operation)

    def _authorize(
        self, observation: Observation, operation: Operation | None, ledger: Ledger
    ) -> Denial | None:
        accepts = operation.guide_accepts_api_key if operation else takes_api_keys(self.name)
        return authorize(observation, accepts_api_key=accepts, region=ledger.region)

    def _observe(
        self, exchange: Exchange, operation: Operation | None, ledger: Ledger
    ) -> Observation:
        return observe(
            exchange,
            ledger.keyring,
            region=ledger.region,
            scope_service=self._facts.signing_name,
            other_scopes=self._facts.other_scopes,
            operation=operation.name if operation else None,
        )


def _refusing(body: bytes) -> Callable[[AsyncIterator[bytes]], AsyncIterator[bytes]]:
    async def refuse(_: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        yield body

    return refuse


class Endpoint:
    """All services on loopback over TLS, built once and used by many scenarios in turn.

    `open` gives each scenario a ledger of its own; a request that arrives late is held
    against the keyring of the scenario that runs then, to which its credential is a
    stranger's. Plain http listeners start when `urls(tls=False)` is first asked for.
    """

    def __init__(self, loop: BackgroundLoop, store: CertificateStore, route: Route) -> None:
        """Start the listeners; a port that cannot be bound raises OSError, naming the service."""
        self.route = route
        self.ledger = Ledger()
        self._loop = loop
        self._store = store
        self._services = {name: _SimulatedService(facts, self) for name, facts in SERVICES.items()}
        self._listeners: dict[bool, dict[str, Listener]] = {}
        self.urls()

    @property
    def ca_bundle(self) -> Path:
        """The PEM file that clients must trust."""
        return self._store.ca_file

    def authority(self) -> bytes:
        """Return key and certificate of the run's CA as PEM: a secret while the run lasts."""
        ca = self._store.authority
        return ca.private_key_pem.bytes() + ca.cert_pem.bytes()

    def urls(self, *, tls: bool = True) -> Mapping[str, str]:
        """Return the base URL of each service, by its service model's name.

        ListenError where a port cannot be bound; listeners that run already go on.
        """
        if tls not in self._listeners:
            context = self._store.context if tls else None
            with ExitStack() as stack:
                started: dict[str, Listener] = {}
                for name, service in self._services.items():
                    listener = Listener(service, self._loop, tls=context)
                    stack.enter_context(listener)
                    started[name] = listener
                stack.pop_all()
            self._listeners[tls] = started
        return {name: listener.url for name, listener in self._listeners[tls].items()}

    def addresses(self) -> Mapping[str, str]:
        """Return the service of each address (`127.0.0.1:4711`) that is listened at."""
        return {
            listener.url.partition("://")[2]: name
            for listeners in self._listeners.values()
            for name, listener in listeners.items()
        }

    def open(self, ledger: Ledger) -> Ledger:
        """Give all services a new ledger: what was received before is out of sight."""
        self.ledger = ledger
        return ledger

    def check(self) -> None:
        """Raise what a service raised while it answered, if one did."""
        for listeners in self._listeners.values():
            for listener in listeners.values():
                listener.check()

    def close(self) -> None:
        """Close all listeners; connections that are still open are dropped.

        Raises what a service raised while it answered, when all of them are closed.
        """
        with ExitStack() as stack:
            for listeners in self._listeners.values():
                for listener in listeners.values():
                    stack.callback(listener.close)
            self._listeners.clear()


@cache
def _router(service: str) -> Router:
    return Router(OPERATIONS if service == MANTLE.name else Catalogue.load().of(service))


def _route(service: str, exchange: Exchange) -> Operation | None:
    targets = exchange.header_values("X-Amz-Target")
    return _router(service).route(exchange.method, exchange.target, targets[0] if targets else None)


@contextmanager
def running() -> Iterator[tuple[BackgroundLoop, Endpoint]]:
    """Start a loop, a CA and the endpoint; all of it is gone when the block ends.

    OSError where a port cannot be bound or the certificate store cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="bedrock-authcheck-ca-") as directory:
        store = create_certificate_store(Path(directory))
        with BackgroundLoop() as loop:
            endpoint = Endpoint(loop, store, _route)
            try:
                yield loop, endpoint
            finally:
                endpoint.close()
