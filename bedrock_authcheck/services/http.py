"""What a loopback service says to the HTTP layer: one answer for each exchange."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from bedrock_authcheck.model import Exchange


class Fault(StrEnum):
    """How an answer goes wrong on purpose."""

    RESET = "reset"  # the connection is reset before a byte of the answer
    CUT = "cut"  # head and half of the body are sent, then the connection is dropped


@dataclass(frozen=True, slots=True)
class Tunnel:
    """Where a tunnel leads, and who is told the bytes that the client sends through it."""

    host: str
    port: int
    seen: Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answers: status, headers, body, or a fault.

    A `body` given as a tuple is streamed part by part (chunked on HTTP/1.1, DATA frames on
    HTTP/2); given as bytes it goes out in one write with its content-length. `delay` is in
    seconds and is spent before the first byte. Headers that frame the body (content-length,
    transfer-encoding) are the HTTP layer's own: those given here are left out. A `tunnel`
    answers a CONNECT on HTTP/1.1 by 200, without headers or body, and is what the connection
    is from then on.
    """

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | tuple[bytes, ...] = b""
    delay: float = 0.0
    fault: Fault | None = None
    tunnel: Tunnel | None = None


@dataclass(frozen=True, slots=True)
class DuplexAnswer:
    """An answer that begins before the request has ended: bytes in, bytes out.

    `converse` is given the parts of the request's body as they arrive and yields parts of
    the answer's body; when it returns, the answer ends. It is cancelled where the sender
    breaks off. HTTP/2 only: on HTTP/1.1 the request is answered 505.
    """

    converse: Callable[[AsyncIterator[bytes]], AsyncIterator[bytes]]
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


class Service(Protocol):
    """One simulated service; called in the thread of the loop, so it must not block.

    What `begin` or `answer` raises is answered 500, and raised again by the listener.
    """

    @property
    def name(self) -> str:
        """The service model's name, `bedrock-runtime`: what `Exchange.service` says."""

    def begin(self, head: Exchange) -> DuplexAnswer | None:
        """Look at a request whose head has arrived; None waits for the whole of it.

        A DuplexAnswer starts at once; `answer` is then called when the request has ended,
        with the same `number`, for the record, and what it returns is not sent.
        """

    def answer(self, exchange: Exchange) -> Answer:
        """Observe and answer a request that has ended, whole or (`complete` false) broken off.

        The answer to a broken request goes nowhere: the call is for the record. `status` is
        set where the HTTP layer refused the request itself (400, 413, 431, 500, 505).
        """
