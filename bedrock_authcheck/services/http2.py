"""HTTP/2 on one connection, over h2: each stream a request of its own, answered in a task."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Self

import h2.events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings
from hpack import Decoder

from bedrock_authcheck.services import limits
from bedrock_authcheck.services.connection import (
    RefusedError,
    body_parts,
    first_half,
    sendable_headers,
)
from bedrock_authcheck.services.frames import FrameSplitter, carries_headers
from bedrock_authcheck.services.http import Answer, Fault

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from hpack import HeaderTuple
    from hpack.struct import Header

    from bedrock_authcheck.model import Exchange
    from bedrock_authcheck.services.connection import Connection
    from bedrock_authcheck.services.http import DuplexAnswer

_FIELD_OVERHEAD = 32  # bytes that each header counts besides its own (RFC 9113, 6.5.2)
_DECODER_SLACK = 4  # past this many times the limit the connection ends: nothing is decoded
_HOP_BY_HOP = ("connection", "keep-alive", "proxy-connection", "upgrade")  # RFC 9113, 8.2.2


async def serve_http2(connection: Connection, received: bytes) -> None:
    """Answer the streams of a connection until a side ends it; `received` is read already."""
    await _Http2(connection).run(received)


class _Parts:
    """The parts of a request's body as they arrive."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()

    def put(self, part: bytes | None) -> None:
        """Hand over a part; None after the last."""
        self._queue.put_nowait(part)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        part = await self._queue.get()
        if part is None:
            raise StopAsyncIteration
        return part


@dataclass(slots=True)
class _Request:
    """A request that has not ended; `parts` where its answer has begun."""

    head: Exchange
    body: bytearray = field(default_factory=bytearray)
    parts: _Parts | None = None

    def exchange(self) -> Exchange:
        return replace(self.head, body=bytes(self.body))


class _RememberingDecoder(Decoder):
    """Keeps the last headers it decoded: h2 loses those of a request that it rejects."""

    def __init__(self) -> None:
        super().__init__()
        self.last: list[HeaderTuple] = []

    def decode(self, data: bytes, raw: bool = False) -> list[HeaderTuple]:
        self.last = list(super().decode(data, raw))
        return self.last


class _Http2:
    """The streams of one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._h2 = H2Connection(
            H2Configuration(
                client_side=False,
                # What a client sent is evidence: it arrives as sent, right or wrong.
                validate_inbound_headers=False,
                normalize_inbound_headers=False,
            )
        )
        self._decoder = _RememberingDecoder()
        self._requests: dict[int, _Request] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._window_opened = asyncio.Event()

    async def run(self, received: bytes) -> None:
        """Serve until a side ends the connection."""
        self._open()
        splitter = FrameSplitter()
        try:
            while received:
                for frame in splitter.feed(received):
                    for event in self._events(frame):
                        self._handle(event)
                await self._flush()
                received = await self._connection.read()
        except ProtocolError:
            pass  # h2 has a GOAWAY ready that says why
        finally:
            for stream in list(self._requests):
                self._break_off(stream)
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await self._flush()
        await self._connection.end()

    def _open(self) -> None:
        """Say what this side takes; h2 does not apply initial settings to itself."""
        settings = {
            SettingCodes.MAX_CONCURRENT_STREAMS: limits.MAX_CONCURRENT_STREAMS,
            SettingCodes.MAX_HEADER_LIST_SIZE: limits.MAX_HEADER_BYTES,
            SettingCodes.MAX_FRAME_SIZE: limits.MAX_FRAME_BYTES,
            SettingCodes.INITIAL_WINDOW_SIZE: limits.STREAM_WINDOW_BYTES,
        }
        self._h2.local_settings = Settings(client=False, initial_values=settings)
        self._h2.max_inbound_frame_size = limits.MAX_FRAME_BYTES
        self._h2.decoder = self._decoder
        self._decoder.max_header_list_size = _DECODER_SLACK * limits.MAX_HEADER_BYTES
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(
            limits.CONNECTION_WINDOW_BYTES - self._h2.inbound_flow_control_window
        )

    def _events(self, frame: bytes) -> list[h2.events.Event]:
        """Give h2 a frame; one that it rejects is recorded as far as it could be read."""
        self._decoder.last = []
        try:
            return self._h2.receive_data(frame)
        except ProtocolError:
            if carries_headers(frame):
                # For the record alone: the client is told by a GOAWAY.
                self._connection.refuse(self._observe(self._decoder.last), HTTPStatus.BAD_REQUEST)
            raise

    def _handle(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.RequestReceived(stream_id=stream, headers=headers):
                self._begin(stream, headers)
            case h2.events.DataReceived(stream_id=stream):
                self._h2.acknowledge_received_data(event.flow_controlled_length, stream)
                self._take(stream, event.data)
            case h2.events.StreamEnded(stream_id=stream):
                self._end(stream)
            case h2.events.StreamReset(stream_id=stream):
                self._break_off(stream)
                if task := self._tasks.get(stream):
                    task.cancel()
            case h2.events.WindowUpdated() | h2.events.RemoteSettingsChanged():
                self._window_opened.set()
            case h2.events.ConnectionTerminated():
                raise ProtocolError

    def _begin(self, stream_id: int, headers: Iterable[Header]) -> None:
        """Take the head of a request."""
        head = self._observe(headers)
        request = self._requests[stream_id] = _Request(head)
        if not head.method or not head.target:
            self._refuse(stream_id, HTTPStatus.BAD_REQUEST)
            return
        size = sum(len(name) + len(value) + _FIELD_OVERHEAD for name, value in headers)
        if size > limits.MAX_HEADER_BYTES:
            self._refuse(stream_id, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            return
        try:
            duplex = self._connection.begin(head)
        except RefusedError as refused:
            self._refuse(stream_id, refused.status)
            return
        if duplex is not None:
            request.parts = _Parts()
            self._spawn(stream_id, self._converse(stream_id, duplex, request.parts))

    def _take(self, stream_id: int, data: bytes) -> None:
        """Take a part of a body; that of a refused request is dropped."""
        request = self._requests.get(stream_id)
        if request is None:
            return
        request.body += data
        if len(request.body) > limits.MAX_BODY_BYTES:
            self._refuse(stream_id, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        elif request.parts is not None:
            request.parts.put(data)

    def _end(self, stream_id: int) -> None:
        """Answer a request that has ended; one that is being answered is recorded."""
        request = self._requests.pop(stream_id, None)
        if request is None:
            return
        answer = self._connection.answer(request.exchange())
        if request.parts is not None:
            request.parts.put(None)
        else:
            self._spawn(stream_id, self._send(stream_id, answer, request.head.method))

    def _break_off(self, stream_id: int) -> None:
        """Record a request that will not end."""
        request = self._requests.pop(stream_id, None)
        if request is not None:
            self._connection.answer(replace(request.exchange(), complete=False))

    def _refuse(self, stream_id: int, status: int) -> None:
        """Record and answer a request that is not taken any further."""
        request = self._requests.pop(stream_id)
        answer = self._connection.refuse(request.exchange(), status)
        if request.parts is None:
            self._spawn(stream_id, self._send(stream_id, answer, request.head.method))
            return
        if task := self._tasks.get(stream_id):
            task.cancel()
        self._h2.reset_stream(stream_id, ErrorCodes.ENHANCE_YOUR_CALM)

    def _observe(self, headers: Iterable[Header]) -> Exchange:
        decoded = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
        pseudo = {name: value for name, value in decoded if name.startswith(":")}
        return self._connection.exchange(
            pseudo.get(":method", ""),
            pseudo.get(":path", ""),
            tuple((name, value) for name, value in decoded if not name.startswith(":")),
            protocol="HTTP/2",
            authority=pseudo.get(":authority"),
        )

    def _spawn(self, stream_id: int, answering: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(answering)
        self._tasks[stream_id] = task
        task.add_done_callback(lambda done: self._finish(stream_id, done))

    def _finish(self, stream_id: int, task: asyncio.Task[None]) -> None:
        del self._tasks[stream_id]
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            self._connection.failures.append(error)

    async def _send(self, stream_id: int, answer: Answer, method: str) -> None:
        """Send an answer; the request behind it has ended, or nobody waits for its end."""
        if answer.delay:
            await asyncio.sleep(answer.delay)
        if answer.fault is Fault.RESET:
            await self._reset(stream_id)
            return
        parts = body_parts(answer, method)
        cut = answer.fault is Fault.CUT
        if cut:
            parts = first_half(parts)
        ended = not parts and not cut
        self._h2.send_headers(stream_id, _head(answer), end_stream=ended)
        for part in parts:
            await self._send_data(stream_id, part)
            if isinstance(answer.body, tuple):
                await self._flush()
        if cut:
            await self._reset(stream_id)
            return
        if not ended:
            self._h2.end_stream(stream_id)
        if self._h2.streams[stream_id].open:  # the rest of a refused request is not wanted
            self._h2.reset_stream(stream_id, ErrorCodes.NO_ERROR)
        await self._flush()

    async def _converse(self, stream_id: int, duplex: DuplexAnswer, parts: _Parts) -> None:
        """Answer a request while it arrives."""
        self._h2.send_headers(stream_id, _head(duplex))
        await self._flush()
        answer = duplex.converse(parts)
        try:
            async for part in answer:
                await self._send_data(stream_id, part)
                await self._flush()
        except Exception:
            await self._reset(stream_id)
            raise
        finally:
            if isinstance(answer, AsyncGenerator):
                await answer.aclose()  # not when it is collected, when the loop may be gone
        self._h2.end_stream(stream_id)
        await self._flush()

    async def _send_data(self, stream_id: int, data: bytes) -> None:
        """Pass data to h2 as far as the client's windows let it, waiting for them."""
        rest = memoryview(data)
        while rest:
            room = await self._room(stream_id)
            self._h2.send_data(stream_id, rest[:room])
            rest = rest[room:]

    async def _room(self, stream_id: int) -> int:
        """Wait until something may be sent on a stream; return how many bytes in one frame."""
        while (window := self._h2.local_flow_control_window(stream_id)) <= 0:
            await self._flush()
            self._window_opened.clear()
            await self._window_opened.wait()
        return min(window, self._h2.max_outbound_frame_size)

    async def _reset(self, stream_id: int) -> None:
        self._h2.reset_stream(stream_id, ErrorCodes.INTERNAL_ERROR)
        await self._flush()

    async def _flush(self) -> None:
        if data := self._h2.data_to_send():
            await self._connection.write(data)


def _head(answer: Answer | DuplexAnswer) -> list[tuple[str, str]]:
    headers = [pair for pair in sendable_headers(answer) if pair[0].lower() not in _HOP_BY_HOP]
    return [(":status", str(answer.status)), *headers]
