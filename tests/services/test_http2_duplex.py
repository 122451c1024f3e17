"""Streams in both directions, and the GOAWAY that a client sends at their start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from hyperframe.frame import GoAwayFrame

from bedrock_authcheck.services.http import DuplexAnswer
from bedrock_authcheck.services.listener import Listener

from .http2_client import POST, Http2Client
from .recorder import Recorder, echo, wait_until

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from bedrock_authcheck.services.loop import BackgroundLoop

GRACEFUL = GoAwayFrame(0, last_stream_id=0, error_code=ErrorCodes.NO_ERROR)


def test_both_directions_run_at_once(http2: Http2Client, service: Recorder) -> None:
    service.duplex = DuplexAnswer(echo, 201, (("x-duplex", "yes"),))
    stream = http2.h2.get_next_available_stream_id()
    http2.h2.send_headers(stream, POST)
    http2.flush()
    assert http2.headers(stream) == {b":status": b"201", b"x-duplex": b"yes"}
    for number in range(5):
        http2.h2.send_data(stream, b"part %d;" % number)
        http2.flush()
        http2.until_body(stream, b"PART %d;" % number)
    assert service.exchanges == []
    http2.h2.end_stream(stream)
    http2.flush()
    assert http2.answer(stream) == (201, b"PART 0;PART 1;PART 2;PART 3;PART 4;")
    assert service.only.body == b"part 0;part 1;part 2;part 3;part 4;"
    assert service.only.number == service.heads[0].number
    assert service.only.complete


def test_a_broken_off_stream_of_both_directions_ends_its_converse(
    http2: Http2Client, service: Recorder
) -> None:
    ended: list[str] = []

    async def watched(parts: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        try:
            async for part in parts:
                yield part
        finally:
            ended.append("ended")

    service.duplex = DuplexAnswer(watched)
    http2.h2.send_headers(1, POST)
    http2.h2.send_data(1, b"half")
    http2.flush()
    http2.until_body(1, b"half")
    http2.h2.reset_stream(1, ErrorCodes.CANCEL)
    http2.flush()
    wait_until(lambda: bool(ended))
    assert not service.only.complete
    assert service.only.body == b"half"


def test_an_answer_of_both_directions_may_end_first(http2: Http2Client, service: Recorder) -> None:
    async def short(parts: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        yield await anext(parts)

    service.duplex = DuplexAnswer(short)
    http2.h2.send_headers(1, POST)
    http2.h2.send_data(1, b"one")
    http2.flush()
    assert http2.answer(1) == (200, b"one")
    http2.h2.send_data(1, b"two", end_stream=True)
    http2.flush()
    assert service.only.body == b"onetwo"


def test_a_converse_that_raises_resets_and_is_told(service: Recorder, loop: BackgroundLoop) -> None:
    async def broken(parts: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        yield await anext(parts)
        raise LookupError("told")

    service.duplex = DuplexAnswer(broken)
    listener = Listener(service, loop)
    listener.open()
    with Http2Client(listener.port) as client:
        client.h2.send_headers(1, POST)
        client.h2.send_data(1, b"one")
        client.flush()
        assert client.reset(1) == ErrorCodes.INTERNAL_ERROR
        assert client.bodies[1] == b"one"
    with pytest.raises(LookupError, match="told"):
        listener.close()


def test_h2_itself_ends_at_a_graceful_goaway() -> None:
    """Why `frames` takes it out; where this fails, that may go."""
    client, server = H2Connection(), H2Connection(H2Configuration(client_side=False))
    client.initiate_connection()
    server.initiate_connection()
    client.send_headers(1, POST)
    server.receive_data(client.data_to_send() + GRACEFUL.serialize())
    with pytest.raises(ProtocolError, match="CLOSED"):
        server.send_headers(1, [(":status", "200")])


def test_a_graceful_goaway_right_behind_the_headers_ends_nothing(
    http2: Http2Client, service: Recorder
) -> None:
    service.duplex = DuplexAnswer(echo)
    http2.h2.send_headers(1, POST)
    http2.flush(GRACEFUL)
    for part in (b"one ", b"two "):
        http2.h2.send_data(1, part)
        http2.flush()
        http2.until_body(1, part.upper())
    http2.h2.end_stream(1)
    http2.flush(GRACEFUL)
    assert http2.answer(1) == (200, b"ONE TWO ")
    assert service.only.complete
    service.duplex = None
    assert http2.answer(http2.request()) == (200, b'{"ok":true}')


def test_a_graceful_goaway_cut_into_bytes_ends_nothing(
    http2: Http2Client, service: Recorder
) -> None:
    http2.h2.send_headers(1, POST)
    http2.flush()
    for byte in GRACEFUL.serialize():
        http2.socket.sendall(bytes([byte]))
    http2.h2.send_data(1, b"body", end_stream=True)
    http2.flush()
    assert http2.answer(1) == (200, b'{"ok":true}')
    assert service.only.body == b"body"


def test_a_goaway_with_an_error_ends_the_connection(http2: Http2Client, service: Recorder) -> None:
    http2.h2.send_headers(1, POST)
    http2.flush(GoAwayFrame(0, last_stream_id=0, error_code=ErrorCodes.PROTOCOL_ERROR))
    while http2.read():
        pass
    assert not service.only.complete
