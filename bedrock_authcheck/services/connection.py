"""One accepted connection as both protocols see it: bytes in and out, the service behind."""

from __future__ import annotations

import itertools
import json
import socket
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import h11

from bedrock_authcheck.model import Exchange
from bedrock_authcheck.services.http import Answer
from bedrock_authcheck.services.limits import READ_BYTES

if TYPE_CHECKING:
    import asyncio

    from bedrock_authcheck.services.http import DuplexAnswer, Service

_exchange_numbers = itertools.count(1)
_connection_numbers = itertools.count(1)

# struct linger: on, 0 seconds; of two short numbers on Windows.
_LINGER_NOT_AT_ALL = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
_FRAMING = ("content-length", "transfer-encoding")


class RefusedError(Exception):
    """The HTTP layer answers a request by itself, with this status."""

    def __init__(self, status: int) -> None:
        """`status` is an error of HTTP: 400, 413, 431, 500, 505."""
        super().__init__(status)
        self.status = status


@dataclass(slots=True, kw_only=True)
class Connection:
    """A connection of a client, after the handshake of TLS if there is one.

    `failures` collects what a service raised; `tls` is the version, `TLSv1.3`, or None.
    """

    service: Service
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    failures: list[Exception]
    tls: str | None = None
    number: int = field(default_factory=lambda: next(_connection_numbers))

    def exchange(
        self,
        method: str,
        target: str,
        headers: tuple[tuple[str, str], ...],
        *,
        protocol: str,
        authority: str | None = None,
        raw_head: bytes = b"",
    ) -> Exchange:
        """Give a request that has just arrived its number and time.

        Without `authority` it is what the header Host says.
        """
        if authority is None:
            authority = next((value for name, value in headers if name.lower() == "host"), "")
        return Exchange(
            service=self.service.name,
            method=method,
            target=target,
            headers=headers,
            authority=authority,
            protocol=protocol,
            tls=self.tls,
            received_at=datetime.now(UTC),
            raw_head=raw_head,
            connection=self.number,
            number=next(_exchange_numbers),
        )

    def begin(self, head: Exchange) -> DuplexAnswer | None:
        """Ask the service about a head; RefusedError(500) if it raises, which is kept."""
        try:
            duplex = self.service.begin(head)
            if duplex is not None:
                _demand_sendable(duplex)
        except Exception as error:
            self.failures.append(error)
            raise RefusedError(HTTPStatus.INTERNAL_SERVER_ERROR) from error
        return duplex

    def answer(self, exchange: Exchange) -> Answer:
        """Ask the service for its answer; a 500 if it raises, which is kept."""
        try:
            answer = self.service.answer(exchange)
            _demand_sendable(answer)
        except Exception as error:  # noqa: BLE001 - anything that a service raises is kept
            self.failures.append(error)
            return _error_answer(HTTPStatus.INTERNAL_SERVER_ERROR)
        return answer

    def refuse(self, exchange: Exchange, status: int) -> Answer:
        """Record a request that the HTTP layer refuses; return what the client is told."""
        self.answer(replace(exchange, complete=False, status=status))
        return _error_answer(status)

    async def read(self) -> bytes:
        """Return what has arrived, or wait for it; empty when the client left, however."""
        try:
            return await self.reader.read(READ_BYTES)
        except OSError:
            return b""

    async def write(self, data: bytes) -> None:
        """Send in one write; what is sent to a client that has left is lost."""
        with suppress(OSError):
            if not self.writer.is_closing():
                self.writer.write(data)
                await self.writer.drain()

    async def end(self) -> None:
        """Say that nothing more is sent, and drop what is still received.

        Closing over unread bytes resets the connection, and what was sent last may be lost.
        Under TLS one direction cannot be ended alone: there it does nothing.
        """
        if self.writer.can_write_eof() and not self.writer.is_closing():
            self.writer.write_eof()
            while await self.read():
                pass

    def reset(self) -> None:
        """Drop the connection with a TCP reset, under TLS too."""
        # Closing a socket that lingers for no time at all is how a reset is asked for.
        self.writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT_AT_ALL
        )
        self.writer.transport.abort()


def sendable_headers(answer: Answer | DuplexAnswer) -> list[tuple[str, str]]:
    """Return the headers of an answer, with the content-length that its body has."""
    headers = [(name, value) for name, value in answer.headers if name.lower() not in _FRAMING]
    if (
        isinstance(answer, Answer)
        and isinstance(answer.body, bytes)
        and answer.status != HTTPStatus.NO_CONTENT
    ):
        headers.append(("content-length", str(len(answer.body))))
    return headers


def body_parts(answer: Answer, method: str) -> tuple[bytes, ...]:
    """Return the parts that a body is sent in: none where HTTP allows no body."""
    if method == "HEAD" or answer.status in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}:
        return ()
    return answer.body if isinstance(answer.body, tuple) else (answer.body,)


def first_half(parts: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Cut parts off after half of their bytes."""
    left = sum(map(len, parts)) // 2
    kept = []
    for part in parts:
        kept.append(part[:left])
        left -= len(kept[-1])
    return tuple(kept)


def _demand_sendable(answer: Answer | DuplexAnswer) -> None:
    """Raise ValueError or h11.LocalProtocolError for a status or header that is not HTTP."""
    h11.Response(status_code=answer.status, headers=sendable_headers(answer))


def _error_answer(status: int) -> Answer:
    # Nothing of the request is quoted: it may hold a secret.
    body = json.dumps({"message": f"refused by the HTTP layer: {HTTPStatus(status).phrase}"})
    return Answer(status, (("content-type", "application/json"),), body.encode())
