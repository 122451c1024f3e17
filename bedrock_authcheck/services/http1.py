"""HTTP/1.1 on one connection, over h11: requests one after the other, seen byte for byte."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from http import HTTPStatus
from http.client import responses
from typing import TYPE_CHECKING

import h11

from bedrock_authcheck.services.connection import (
    RefusedError,
    body_parts,
    first_half,
    sendable_headers,
)
from bedrock_authcheck.services.http import Fault
from bedrock_authcheck.services.limits import MAX_BODY_BYTES, MAX_HEADER_BYTES
from bedrock_authcheck.services.tunnel import relay

if TYPE_CHECKING:
    from bedrock_authcheck.model import Exchange
    from bedrock_authcheck.services.connection import Connection
    from bedrock_authcheck.services.http import Answer, Tunnel

_BLANK_LINE = re.compile(rb"\n\r?\n")  # as h11 finds it


async def serve_http1(connection: Connection, received: bytes) -> None:
    """Answer the requests of a connection until a side ends it; `received` is read already.

    Raises OSError when the client leaves before its answer.
    """
    server = _Http1(connection, received)
    while await server.run():
        server.next()


class _Http1:
    """A request and its answer, then the next on the same connection."""

    def __init__(self, connection: Connection, received: bytes) -> None:
        self._connection = connection
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEADER_BYTES)
        self._h11.receive_data(received)
        self._buffered = b""  # what h11 had before it parsed the head
        self._head: Exchange | None = None
        self._body = bytearray()

    def next(self) -> None:
        """Prepare for the next request."""
        self._h11.start_next_cycle()
        self._head = None
        self._body.clear()

    async def run(self) -> bool:
        """Take one request and answer it; return whether another may follow."""
        try:
            exchange = await self._receive()
        except h11.RemoteProtocolError as error:
            return await self._refuse(error.error_status_hint)
        except RefusedError as refused:
            return await self._refuse(refused.status)
        if exchange is None:
            return False
        return await self._send(self._connection.answer(exchange), exchange.method)

    async def _receive(self) -> Exchange | None:
        """Receive one request; None when the connection ends instead."""
        request = await self._event()
        if not isinstance(request, h11.Request):
            return None
        self._head = head = self._observe(request)
        announced = [value for name, value in request.headers if name == b"content-length"]
        if announced and int(announced[0]) > MAX_BODY_BYTES:
            raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if self._connection.begin(head) is not None:
            raise RefusedError(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
        while isinstance(event := await self._event(), h11.Data):
            self._body += event.data
            if len(self._body) > MAX_BODY_BYTES:
                raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return replace(head, body=bytes(self._body))

    async def _event(self) -> h11.Event:
        while True:
            if self._h11.their_state is h11.IDLE:
                self._buffered = self._h11.trailing_data[0]
            event = self._h11.next_event()
            if isinstance(event, h11.Event):
                return event
            if self._h11.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(
                    status_code=HTTPStatus.CONTINUE, headers=[], reason=b"Continue"
                )
                await self._connection.write(self._h11.send(go_on))
            self._h11.receive_data(await self._connection.read())

    def _observe(self, request: h11.Request) -> Exchange:
        return self._connection.exchange(
            request.method.decode("ascii"),
            request.target.decode("latin-1"),
            tuple(
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in request.headers.raw_items()
            ),
            protocol=f"HTTP/{request.http_version.decode('ascii')}",
            raw_head=_raw_head(self._buffered),
        )

    def _observe_malformed(self) -> Exchange:
        """Read what can be read of a head that h11 rejected, line by line."""
        raw_head = _raw_head(self._buffered)
        first, *lines = (line.removesuffix("\r") for line in raw_head.decode("latin-1").split("\n"))
        method, _, rest = first.partition(" ")
        target, _, _ = rest.partition(" ")
        fields = [line.partition(":") for line in lines]
        headers = tuple((name, value.strip()) for name, colon, value in fields if colon)
        return self._connection.exchange(
            method, target, headers, protocol="HTTP/1.1", raw_head=raw_head
        )

    async def _refuse(self, status: int) -> bool:
        head = self._head or self._observe_malformed()
        answer = self._connection.refuse(replace(head, body=bytes(self._body)), status)
        farewell = replace(answer, headers=(*answer.headers, ("connection", "close")))
        await self._send(farewell, self._head.method if self._head else "")
        await self._connection.end()
        return False

    async def _send(self, answer: Answer, method: str) -> bool:
        """Send an answer; return whether the connection may go on."""
        if answer.delay:
            await asyncio.sleep(answer.delay)
        if answer.tunnel is not None:
            await self._tunnel(answer.tunnel)
            return False
        if answer.fault is Fault.RESET:
            self._connection.reset()
            return False
        parts = body_parts(answer, method)
        if answer.fault is Fault.CUT:
            parts = first_half(parts)
        ready = self._h11.send(_response(answer))
        for part in parts:
            ready += self._h11.send(h11.Data(data=part))
            if isinstance(answer.body, tuple):
                await self._connection.write(ready)
                ready = b""
        if answer.fault is not Fault.CUT:
            ready += self._h11.send(h11.EndOfMessage())
        await self._connection.write(ready)
        return self._h11.states == {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}

    async def _tunnel(self, tunnel: Tunnel) -> None:
        """Grant a CONNECT; what the client says behind it is not HTTP to us any more."""
        granted = h11.Response(status_code=HTTPStatus.OK, headers=[], reason=b"Connected")
        await self._connection.write(self._h11.send(granted))
        await relay(self._connection, tunnel, self._h11.trailing_data[0])


def _response(answer: Answer) -> h11.Response:
    reason = responses.get(answer.status, "")
    return h11.Response(status_code=answer.status, headers=sendable_headers(answer), reason=reason)


def _raw_head(buffered: bytes) -> bytes:
    """Return the request line and header lines at the start of `buffered`, or all of it."""
    blank = _BLANK_LINE.search(buffered)
    return buffered[: blank.start() + 1] if blank else buffered
