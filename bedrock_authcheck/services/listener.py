"""A service bound to a port of this machine: accepts, tells the protocol, and ends cleanly."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING, Final, Self

from bedrock_authcheck.services.connection import Connection
from bedrock_authcheck.services.frames import PREFACE
from bedrock_authcheck.services.http1 import serve_http1
from bedrock_authcheck.services.http2 import serve_http2
from bedrock_authcheck.services.limits import READ_BYTES

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

    from bedrock_authcheck.services.http import Service
    from bedrock_authcheck.services.loop import BackgroundLoop

HOST: Final = "127.0.0.1"
_BACKLOG: Final = 512
_ACCEPT_PAUSE: Final = 0.1  # seconds, where no descriptor is left for another connection


class ListenError(OSError):
    """A service cannot be bound to a port."""


class Listener:
    """One service on one port of 127.0.0.1, chosen by the system.

    HTTP/2 and HTTP/1.1 are told apart by ALPN under TLS and by the first bytes without.
    What the service raises, its clients see as a 500 and `check` raises again. All methods
    may be called from any thread but the loop's own.
    """

    def __init__(
        self, service: Service, loop: BackgroundLoop, *, tls: ssl.SSLContext | None = None
    ) -> None:
        """`loop` is started when it is needed, and not stopped; without `tls` it is plain http."""
        self._service = service
        self._loop = loop
        self._tls = tls
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._running: asyncio.AbstractEventLoop | None = None
        self._resumption: asyncio.TimerHandle | None = None
        self._conversations: dict[asyncio.Task[None], socket.socket] = {}
        self._failures: list[Exception] = []
        self._port = 0

    @property
    def port(self) -> int:
        """The port; RuntimeError when not open."""
        if self._socket is None:
            msg = f"the service {self._service.name} is not open: it has no port"
            raise RuntimeError(msg)
        return self._port

    @property
    def url(self) -> str:
        """`https://127.0.0.1:port`, or http without TLS; RuntimeError when not open."""
        return f"{'https' if self._tls else 'http'}://{HOST}:{self.port}"

    def open(self) -> None:
        """Bind and accept; does nothing when open.

        Raises ListenError when no port can be bound, and what BackgroundLoop.start raises.
        """
        with self._lock:
            if self._socket is not None:
                return
            try:
                listening = socket.create_server((HOST, 0), backlog=_BACKLOG)
            except OSError as error:
                reason = error.strerror or type(error).__name__
                msg = f"the service {self._service.name} cannot listen on {HOST}: {reason}"
                raise ListenError(msg) from error
            try:
                listening.setblocking(False)
                self._running = self._loop.run(self._start(listening))
            except BaseException:
                listening.close()
                raise
            self._socket = listening
            self._port = listening.getsockname()[1]

    def close(self) -> None:
        """Stop accepting, abort what is open and wait for it, then `check`."""
        with self._lock:
            if self._socket is not None and self._running is not None:
                if not self._running.is_closed():  # it ends conversations when it is stopped
                    self._loop.run(self._end(self._socket))
                self._socket.close()
                self._socket = self._running = None
        self.check()

    def check(self) -> None:
        """Raise what the service raised since the last check: itself, or an ExceptionGroup."""
        failures: list[Exception] = []
        while self._failures:
            failures.append(self._failures.pop(0))
        if len(failures) == 1:
            raise failures[0]
        if failures:
            msg = f"the service {self._service.name} failed {len(failures)} times"
            raise ExceptionGroup(msg, failures)

    def __enter__(self) -> Self:
        """Open."""
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    async def _start(self, listening: socket.socket) -> asyncio.AbstractEventLoop:
        loop = asyncio.get_running_loop()
        loop.add_reader(listening, self._accept, loop, listening)
        return loop

    async def _end(self, listening: socket.socket) -> None:
        asyncio.get_running_loop().remove_reader(listening)
        if self._resumption is not None:
            self._resumption.cancel()
        conversations = list(self._conversations)
        for conversation in conversations:
            conversation.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)

    def _accept(self, loop: asyncio.AbstractEventLoop, listening: socket.socket) -> None:
        """Accept the client that waits: at once, so that a cancellation cannot lose it."""
        try:
            accepted, _ = listening.accept()
        except BlockingIOError:
            return  # it has left again
        except OSError as error:
            self._failures.append(error)
            loop.remove_reader(listening)
            self._resumption = loop.call_later(
                _ACCEPT_PAUSE, loop.add_reader, listening, self._accept, loop, listening
            )
            return
        accepted.setblocking(False)
        conversation = loop.create_task(self._converse(accepted))
        self._conversations[conversation] = accepted
        conversation.add_done_callback(self._forget)

    def _forget(self, conversation: asyncio.Task[None]) -> None:
        # Closed now, not when the loop comes to what abort() asked of it.
        self._conversations.pop(conversation).close()

    async def _converse(self, accepted: socket.socket) -> None:
        """Serve one connection from its handshake to its end."""
        try:
            # asyncio would, were the protocol named where the socket is made; Nagle's
            # algorithm and a delayed ACK together cost 44 ms.
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # Not asyncio.start_server: it gives no hold on a connection in its handshake.
            reader = asyncio.StreamReader(READ_BYTES)
            protocol = asyncio.StreamReaderProtocol(reader)
            loop = asyncio.get_running_loop()
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol, accepted, ssl=self._tls
            )
            writer = asyncio.StreamWriter(transport, protocol, reader, loop)
            try:
                await self._serve(reader, writer)
                writer.close()
                await writer.wait_closed()
            finally:
                writer.transport.abort()
        except OSError:
            pass  # a client that leaves, or that agrees on no TLS, is not a fault of ours
        except Exception as error:  # noqa: BLE001 - kept for `check`, lost in a task
            self._failures.append(error)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        encrypted: ssl.SSLObject | None = writer.get_extra_info("ssl_object")
        connection = Connection(
            service=self._service,
            reader=reader,
            writer=writer,
            failures=self._failures,
            tls=encrypted.version() if encrypted else None,
        )
        received = await connection.read()
        while len(received) < len(PREFACE) and PREFACE.startswith(received):
            more = await connection.read()
            if not more:
                break
            received += more
        agreed = encrypted.selected_alpn_protocol() if encrypted else None
        if agreed == "h2" or received.startswith(PREFACE):
            await serve_http2(connection, received)
        elif received:
            await serve_http1(connection, received)
