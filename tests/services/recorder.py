"""What the tests of the HTTP layer serve, and how they look at what is left behind."""

from __future__ import annotations

import gc
import socket
import struct
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bedrock_authcheck.services.http import Answer
from bedrock_authcheck.services.listener import HOST

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

    from bedrock_authcheck.model import Exchange
    from bedrock_authcheck.services.http import DuplexAnswer
    from bedrock_authcheck.services.listener import Listener

PATIENCE = 20.0  # seconds until a test gives up; none waits for them to pass


class Recorder:
    """A service that keeps what it is shown and answers what it is told."""

    name = "bedrock-runtime"

    def __init__(self, answer: Answer | None = None, duplex: DuplexAnswer | None = None) -> None:
        self.programmed = answer or Answer(body=b'{"ok":true}')
        self.duplex = duplex
        self.heads: list[Exchange] = []
        self.exchanges: list[Exchange] = []

    def begin(self, head: Exchange) -> DuplexAnswer | None:
        self.heads.append(head)
        return self.duplex

    def answer(self, exchange: Exchange) -> Answer:
        self.exchanges.append(exchange)
        return self.programmed

    @property
    def only(self) -> Exchange:
        """The one exchange there is, waited for: the loop is another thread."""
        wait_until(lambda: len(self.exchanges) > 0)
        (exchange,) = self.exchanges
        return exchange


async def echo(parts: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Send each part back in capitals."""
    async for part in parts:
        yield part.upper()


def talk(listener: Listener, *sent: bytes) -> bytes:
    """Send bytes, end the sending side, and return all that comes back."""
    with socket.create_connection((HOST, listener.port), PATIENCE) as raw:
        for part in sent:
            raw.sendall(part)
        raw.shutdown(socket.SHUT_WR)
        return read_to_end(raw)


def read_to_end(raw: socket.socket) -> bytes:
    """Return all that comes until the other side ends."""
    received = b""
    while part := raw.recv(65536):
        received += part
    return received


def leave_rudely(raw: socket.socket) -> None:
    """Close with a TCP reset."""
    linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    raw.close()


def wait_until(condition: Callable[[], bool]) -> None:
    """Return as soon as a condition holds; fail if it never does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("what the test waited for did not happen")
        time.sleep(0.001)


def belongings(*, collected: bool = True) -> tuple[set[threading.Thread], int]:
    """The threads of this process, and the number of its descriptors where that is told.

    Garbage is collected first: a descriptor of another test's would be counted before a test
    and be gone, by chance, behind it. Coroutines, loops and sockets that were forgotten warn
    as they are collected, which is an error here. Unless `collected`, only what was closed on
    purpose is gone.
    """
    if collected:
        gc.collect()
    descriptors = Path("/proc/self/fd")
    count = len(list(descriptors.iterdir())) if descriptors.exists() else 0
    return set(threading.enumerate()), count
