"""A small client of HTTP/2 over h2, with its hands on the frames."""

from __future__ import annotations

import socket
from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self, TypeVar

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, ResponseReceived, StreamEnded, StreamReset
from hpack import Encoder

from bedrock_authcheck.services.listener import HOST

from .recorder import PATIENCE

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from h2.events import Event
    from hyperframe.frame import Frame

E = TypeVar("E", bound="Event")

GET = ((":method", "GET"), (":scheme", "https"), (":authority", "h"), (":path", "/"))
POST = ((":method", "POST"), *GET[1:])


class _PlainEncoder(Encoder):
    """Without Huffman's code, which hpack takes minutes to write for 4 MiB."""

    def encode(self, headers: Any, huffman: bool = True) -> bytes:  # noqa: ANN401, ARG002 - as hpack has it
        return super().encode(headers, huffman=False)


class Http2Client:
    """One connection; methods that read wait for what they are named after."""

    def __init__(
        self, port: int, *, tls: ssl.SSLContext | None = None, acknowledging: bool = True
    ) -> None:
        self.socket = socket.create_connection((HOST, port), PATIENCE)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname=HOST)
        self.h2 = H2Connection(
            H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False)
        )
        self.h2.encoder = _PlainEncoder()
        self.acknowledging = acknowledging
        self.events: list[Event] = []
        self.bodies: dict[int, bytes] = defaultdict(bytes)
        self.h2.initiate_connection()
        self.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def flush(self, *frames: Frame) -> None:
        """Send what h2 has ready, and frames behind its back."""
        self.socket.sendall(self.h2.data_to_send() + b"".join(f.serialize() for f in frames))

    def request(self, headers: tuple[tuple[str, str], ...] = GET, body: bytes | None = None) -> int:
        """Send a request whole and return its stream."""
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, headers, end_stream=body is None)
        if body is not None:
            self.h2.send_data(stream, body, end_stream=True)
        self.flush()
        return stream

    def read(self) -> bool:
        """Take in what arrives; return whether the connection is still open."""
        received = self.socket.recv(65536)
        for event in self.h2.receive_data(received):
            self.events.append(event)
            if isinstance(event, DataReceived):
                self.bodies[event.stream_id] += event.data
                if self.acknowledging:
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        with suppress(ConnectionError):  # the server may have ended the connection
            self.flush()
        return bool(received)

    def until(self, kind: type[E], when: Callable[[E], bool] = lambda _: True) -> E:
        """Read until an event of a kind has come; fail if the connection ends before."""
        while True:
            for event in self.events:
                if isinstance(event, kind) and when(event):
                    return event
            if not self.read():
                raise AssertionError(f"the connection ended without {kind.__name__}")

    def until_body(self, stream: int, ending: bytes) -> bytes:
        """Read until what has come of an answer's body ends so; return all of it."""
        while not self.bodies[stream].endswith(ending):
            if not self.read():
                raise AssertionError(f"the connection ended after {self.bodies[stream]!r}")
        return self.bodies[stream]

    def answer(self, stream: int) -> tuple[int, bytes]:
        """The status and body of a stream's answer, read to its end."""
        self.until(StreamEnded, lambda event: event.stream_id == stream)
        return int(self.headers(stream)[b":status"]), self.bodies[stream]

    def headers(self, stream: int) -> dict[bytes, bytes]:
        """The headers of a stream's answer."""
        return dict(self.until(ResponseReceived, lambda event: event.stream_id == stream).headers)

    def reset(self, stream: int) -> int:
        """The error code that a stream is reset with."""
        return int(self.until(StreamReset, lambda event: event.stream_id == stream).error_code)
