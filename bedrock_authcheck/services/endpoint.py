"""The loopback endpoints of Bedrock and its neighbours: one address for each service.

The service of a request is known by the port that it came to, never guessed.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bedrock_authcheck.services.answers import (
    EVENT_STREAM,
    denial_answer,
    plausible_answer,
    request_id,
)
from bedrock_authcheck.services.authorization import authorize
from bedrock_authcheck.services.http import Answer, DuplexAnswer
from bedrock_authcheck.services.ledger import Ledger
from bedrock_authcheck.services.listener import Listener
from bedrock_authcheck.services.loop import BackgroundLoop
from bedrock_authcheck.services.tls import CertificateStore, create_certificate_store
from bedrock_authcheck.spec.catalogue import Catalogue, takes_api_keys
from bedrock_authcheck.spec.routing import Router
from bedrock_authcheck.spec.services import SERVICES, ServiceFacts
from bedrock_authcheck.wire.attribution import observe
from bedrock_authcheck.wire.eventstream import decode_messages, encode_message

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from bedrock_authcheck.model import Exchange
    from bedrock_authcheck.spec.catalogue import Operation
    from bedrock_authcheck.wire.attribution import Observation

    Route = Callable[[str, Exchange], Operation | None]
    """Finds the operation of a request to a service."""


class _SimulatedService:
    """One service: observes each request, authorises it as AWS would, and answers."""

    def __init__(self, facts: ServiceFacts, endpoint: Endpoint) -> None:
        self.name = facts.name
        self._facts = facts
        self._endpoint = endpoint

    def begin(self, head: Exchange) -> DuplexAnswer | None:
        """Open a stream in both directions for an operation whose request is one."""
        operation = self._endpoint.route(self.name, head)
        if operation is None or not operation.event_stream_input:
            return None
        observation = self._observe(head, operation)
        denial = authorize(observation, accepts_api_key=operation.guide_accepts_api_key)
        if denial is not None:
            return None  # the stream's head is refused like any request, when it has ended
        self._endpoint.ledger.record(observation.answered(200))
        return DuplexAnswer(_echo, headers=(("Content-Type", EVENT_STREAM), request_id()))

    def answer(self, exchange: Exchange) -> Answer:
        """Answer by the programmed step, else by the denial or the answer AWS would give."""
        ledger = self._endpoint.ledger
        operation = self._endpoint.route(self.name, exchange)
        observation = self._observe(exchange, operation)
        accepts = operation.guide_accepts_api_key if operation else takes_api_keys(self.name)
        denial = authorize(observation, accepts_api_key=accepts)
        if denial is not None:
            answer = denial_answer(self.name, denial)
        else:
            answer = plausible_answer(self.name, operation)
        step = ledger.next_step(self.name)
        if step is not None:
            answer = step(answer)
        ledger.record(observation.answered(answer.status))
        return replace(answer, headers=(request_id(), *answer.headers))

    def _observe(self, exchange: Exchange, operation: Operation | None) -> Observation:
        ledger = self._endpoint.ledger
        return observe(
            exchange,
            ledger.keyring,
            region=ledger.region,
            scope_service=self._facts.signing_name,
            operation=operation.name if operation else None,
        )


async def _echo(incoming: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Answer each event of a bidirectional stream by one that says how much it held."""
    rest = b""
    async for part in incoming:
        messages, rest = decode_messages(rest + part)
        for message in messages:
            headers = {
                ":event-type": "chunk",
                ":content-type": "application/json",
                ":message-type": "event",
            }
            yield encode_message(headers, b'{"bytes":"%s"}' % str(len(message.payload)).encode())


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

    def urls(self, *, tls: bool = True) -> Mapping[str, str]:
        """The base URL of each service, by its service model's name."""
        if tls not in self._listeners:
            started: dict[str, Listener] = {}
            self._listeners[tls] = started
            try:
                for name, service in self._services.items():
                    context = self._store.context if tls else None
                    listener = Listener(service, self._loop, tls=context)
                    listener.open()
                    started[name] = listener
            except OSError:
                self.close()
                raise
        return {name: listener.url for name, listener in self._listeners[tls].items()}

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
        """Close all listeners; connections that are still open are dropped."""
        for listeners in self._listeners.values():
            for listener in listeners.values():
                listener.close()
        self._listeners.clear()


@cache
def _router(service: str) -> Router:
    return Router(Catalogue.load().of(service))


def _route(service: str, exchange: Exchange) -> Operation | None:
    targets = exchange.header_values("X-Amz-Target")
    return _router(service).route(
        exchange.method, exchange.target, targets[0] if targets else None
    )


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
