from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    PingAckReceived,
    ResponseReceived,
    SettingsAcknowledged,
    StreamEnded,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes
from hyperframe.frame import ContinuationFrame, GoAwayFrame, HeadersFrame

from bedrock_authcheck.services import limits
from bedrock_authcheck.services.http import Answer, DuplexAnswer, Fault
from bedrock_authcheck.services.listener import HOST, Listener

from .http2_client import GET, POST, Http2Client
from .recorder import PATIENCE, Recorder, echo, leave_rudely, wait_until

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator

    from bedrock_authcheck.services.loop import BackgroundLoop
    from bedrock_authcheck.services.tls import CertificateStore

GRACEFUL = GoAwayFrame(0, last_stream_id=0, error_code=ErrorCodes.NO_ERROR)


@pytest.fixture
def service() -> Recorder:
    return Recorder()


@pytest.fixture
def listener(service: Recorder, loop: BackgroundLoop) -> Iterator[Listener]:
    with Listener(service, loop) as opened:
        yield opened


@pytest.fixture
def client(listener: Listener) -> Iterator[Http2Client]:
    with Http2Client(listener.port) as opened:
        yield opened


def test_prior_knowledge_is_recognised(client: Http2Client, service: Recorder) -> None:
    assert client.answer(client.request(POST, b"body")) == (200, b'{"ok":true}')
    seen = service.only
    assert (seen.method, seen.target, seen.authority) == ("POST", "/", "h")
    assert (seen.protocol, seen.tls, seen.raw_head) == ("HTTP/2", None, b"")
    assert (seen.body, seen.complete, seen.service) == (b"body", True, "bedrock-runtime")
    assert service.heads[0].number == seen.number


def test_the_preface_is_recognised_byte_by_byte(listener: Listener) -> None:
    peer = H2Connection(H2Configuration())
    peer.initiate_connection()
    peer.send_headers(1, GET, end_stream=True)
    with socket.create_connection((HOST, listener.port), PATIENCE) as raw:
        for byte in peer.data_to_send():
            raw.sendall(bytes([byte]))
        events: list[object] = []
        while not any(isinstance(event, StreamEnded) for event in events):
            events += peer.receive_data(raw.recv(65536))
    assert any(isinstance(event, ResponseReceived) for event in events)


def test_alpn_chooses_http2(
    service: Recorder, loop: BackgroundLoop, store: CertificateStore, trust: ssl.SSLContext
) -> None:
    trust.set_alpn_protocols(["h2"])
    try:
        with (
            Listener(service, loop, tls=store.context) as listener,
            Http2Client(listener.port, tls=trust) as client,
        ):
            assert client.answer(client.request()) == (200, b'{"ok":true}')
    finally:
        trust.set_alpn_protocols(["http/1.1"])
    assert (service.only.protocol, service.only.tls) == ("HTTP/2", "TLSv1.3")


def test_headers_arrive_as_sent(client: Http2Client, service: Recorder) -> None:
    odd = (("X-Upper", " spaces "), ("authorization", "  Bearer fake \t"), ("cookie", "a"))
    client.request((*GET, *odd, ("cookie", "b"), ("connection", "close"), ("bad name", "c\nd")))
    wait_until(lambda: bool(service.exchanges))
    assert service.only.headers == (
        *odd,
        ("cookie", "b"),
        ("connection", "close"),
        ("bad name", "c\nd"),
    )


def test_without_an_authority_it_is_the_host_header(client: Http2Client, service: Recorder) -> None:
    client.answer(client.request((GET[0], GET[1], GET[3], ("host", "named"))))
    assert service.only.authority == "named"


def test_an_answer_has_its_status_and_headers(client: Http2Client, service: Recorder) -> None:
    headers = (("X-Amzn-RequestId", "1"), ("Connection", "close"), ("Content-Length", "99"))
    service.programmed = Answer(403, headers, b"no")
    stream = client.request()
    assert client.answer(stream) == (403, b"no")
    assert client.headers(stream) == {
        b":status": b"403",
        b"x-amzn-requestid": b"1",
        b"content-length": b"2",
    }


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_answers_without_a_body(
    client: Http2Client, service: Recorder, method: str, status: int
) -> None:
    service.programmed = Answer(status, body=b"12345")
    stream = client.request(((":method", method), *GET[1:]))
    assert client.answer(stream) == (status, b"")


def test_many_streams_run_at_once(client: Http2Client, service: Recorder) -> None:
    client.until(SettingsAcknowledged)
    assert client.h2.remote_settings.max_concurrent_streams >= 250
    streams = []
    for _ in range(250):
        stream = client.h2.get_next_available_stream_id()
        client.h2.send_headers(stream, POST)
        streams.append(stream)
    client.flush()
    wait_until(lambda: len(service.heads) == 250)
    for stream in reversed(streams):
        client.h2.send_data(stream, b"%d" % stream, end_stream=True)
    client.flush()
    assert {client.answer(stream) for stream in streams} == {(200, b'{"ok":true}')}
    assert [seen.body for seen in service.exchanges] == [b"%d" % n for n in reversed(streams)]
    assert len({seen.number for seen in service.exchanges}) == 250
    assert len({seen.connection for seen in service.exchanges}) == 1


def test_a_slow_answer_does_not_hold_up_another(client: Http2Client, service: Recorder) -> None:
    service.programmed = Answer(delay=3600)
    client.request()
    wait_until(lambda: len(service.exchanges) == 1)
    service.programmed = Answer(body=b"quick")
    assert client.answer(client.request()) == (200, b"quick")


def test_a_large_answer_waits_for_the_windows(listener: Listener, service: Recorder) -> None:
    body = bytes(range(256)) * 1024
    service.programmed = Answer(body=body)
    with Http2Client(listener.port, acknowledging=False) as client:
        stream = client.request()
        while len(client.bodies[stream]) < 65535:
            assert client.read()
        assert len(client.bodies[stream]) == 65535
        other = client.request()  # answered with nothing: the window is the connection's too
        client.headers(other)
        assert client.bodies[other] == b""
        client.h2.increment_flow_control_window(2**30)
        client.h2.increment_flow_control_window(2**30, stream)
        client.h2.increment_flow_control_window(2**30, other)
        client.flush()
        assert client.answer(stream) == (200, body)
        assert client.answer(other) == (200, body)


def test_windows_follow_the_settings_of_the_client(client: Http2Client, service: Recorder) -> None:
    client.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 0})
    client.flush()
    client.until(SettingsAcknowledged)
    service.programmed = Answer(body=b"a" * 100_000)
    stream = client.request()
    client.headers(stream)
    assert client.bodies[stream] == b""
    client.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 200_000})
    client.flush()
    assert client.answer(stream) == (200, b"a" * 100_000)


def test_a_large_body_gets_its_window_back(client: Http2Client, service: Recorder) -> None:
    client.until(SettingsAcknowledged)
    size = 2 * limits.STREAM_WINDOW_BYTES + 12345
    stream = client.h2.get_next_available_stream_id()
    client.h2.send_headers(stream, POST)
    left = size
    while left:
        room = min(
            left,
            client.h2.local_flow_control_window(stream),
            client.h2.max_outbound_frame_size,
        )
        if not room:
            assert client.read()
            continue
        left -= room
        client.h2.send_data(stream, b"a" * room, end_stream=not left)
        client.flush()
    assert client.answer(stream) == (200, b'{"ok":true}')
    assert service.only.body == b"a" * size


def test_a_tuple_is_sent_part_by_part(client: Http2Client, service: Recorder) -> None:
    service.programmed = Answer(body=(b"one", b"", b"two"))
    stream = client.request()
    assert client.answer(stream) == (200, b"onetwo")
    assert b"content-length" not in client.headers(stream)


def test_reset_resets_the_stream_alone(client: Http2Client, service: Recorder) -> None:
    service.programmed = Answer(fault=Fault.RESET)
    assert client.reset(client.request()) == ErrorCodes.INTERNAL_ERROR
    service.programmed = Answer(body=b"fine")
    assert client.answer(client.request()) == (200, b"fine")


@pytest.mark.parametrize("body", [b"0123456789", (b"012", b"3456", b"789")])
def test_cut_sends_half_of_the_body(
    client: Http2Client, service: Recorder, body: bytes | tuple[bytes, ...]
) -> None:
    service.programmed = Answer(body=body, fault=Fault.CUT)
    stream = client.request()
    assert client.reset(stream) == ErrorCodes.INTERNAL_ERROR
    assert client.headers(stream)[b":status"] == b"200"
    assert client.bodies[stream] == b"01234"


def test_ping_is_answered(client: Http2Client) -> None:
    client.h2.ping(b"12345678")
    client.flush()
    assert client.until(PingAckReceived).ping_data == b"12345678"


@pytest.mark.parametrize("how", ["stream", "connection", "rudely"])
def test_a_request_broken_off_is_recorded(client: Http2Client, service: Recorder, how: str) -> None:
    client.h2.send_headers(1, (*POST, ("x-one", "1")))
    client.h2.send_data(1, b"half")
    client.flush()
    wait_until(lambda: len(service.heads) == 1)
    if how == "stream":
        client.h2.reset_stream(1, ErrorCodes.CANCEL)
        client.flush()
    elif how == "connection":
        client.socket.close()
    else:
        leave_rudely(client.socket)
    seen = service.only
    assert not seen.complete
    assert seen.header_values("x-one") == ["1"]
    assert seen.number == service.heads[0].number
    if how == "stream":
        assert seen.body == b"half"
        assert client.answer(client.request()) == (200, b'{"ok":true}')


def test_a_stream_reset_by_the_client_is_answered_no_more(
    client: Http2Client, service: Recorder
) -> None:
    service.programmed = Answer(body=b"a" * 200_000)
    client.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 10})
    client.flush()
    client.until(SettingsAcknowledged)
    stream = client.request()
    client.headers(stream)
    client.h2.reset_stream(stream, ErrorCodes.CANCEL)
    client.flush()
    service.programmed = Answer(body=b"next")
    assert client.answer(client.request()) == (200, b"next")


def test_both_directions_run_at_once(client: Http2Client, service: Recorder) -> None:
    service.duplex = DuplexAnswer(echo, 201, (("x-duplex", "yes"),))
    stream = client.h2.get_next_available_stream_id()
    client.h2.send_headers(stream, POST)
    client.flush()
    assert client.headers(stream) == {b":status": b"201", b"x-duplex": b"yes"}
    for number in range(5):
        client.h2.send_data(stream, b"part %d;" % number)
        client.flush()
        client.until_body(stream, b"PART %d;" % number)
    assert service.exchanges == []
    client.h2.end_stream(stream)
    client.flush()
    assert client.answer(stream) == (201, b"PART 0;PART 1;PART 2;PART 3;PART 4;")
    assert service.only.body == b"part 0;part 1;part 2;part 3;part 4;"
    assert service.only.number == service.heads[0].number
    assert service.only.complete


def test_a_broken_off_stream_of_both_directions_ends_its_converse(
    client: Http2Client, service: Recorder
) -> None:
    ended: list[str] = []

    async def watched(parts: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        try:
            async for part in parts:
                yield part
        finally:
            ended.append("ended")

    service.duplex = DuplexAnswer(watched)
    client.h2.send_headers(1, POST)
    client.h2.send_data(1, b"half")
    client.flush()
    client.until_body(1, b"half")
    client.h2.reset_stream(1, ErrorCodes.CANCEL)
    client.flush()
    wait_until(lambda: bool(ended))
    assert not service.only.complete
    assert service.only.body == b"half"


def test_an_answer_of_both_directions_may_end_first(client: Http2Client, service: Recorder) -> None:
    async def short(parts: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        yield await anext(parts)

    service.duplex = DuplexAnswer(short)
    client.h2.send_headers(1, POST)
    client.h2.send_data(1, b"one")
    client.flush()
    assert client.answer(1) == (200, b"one")
    client.h2.send_data(1, b"two", end_stream=True)
    client.flush()
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
    client: Http2Client, service: Recorder
) -> None:
    service.duplex = DuplexAnswer(echo)
    client.h2.send_headers(1, POST)
    client.flush(GRACEFUL)
    for part in (b"one ", b"two "):
        client.h2.send_data(1, part)
        client.flush()
        client.until_body(1, part.upper())
    client.h2.end_stream(1)
    client.flush(GRACEFUL)
    assert client.answer(1) == (200, b"ONE TWO ")
    assert service.only.complete
    service.duplex = None
    assert client.answer(client.request()) == (200, b'{"ok":true}')


def test_a_graceful_goaway_cut_into_bytes_ends_nothing(
    client: Http2Client, service: Recorder
) -> None:
    client.h2.send_headers(1, POST)
    client.flush()
    for byte in GRACEFUL.serialize():
        client.socket.sendall(bytes([byte]))
    client.h2.send_data(1, b"body", end_stream=True)
    client.flush()
    assert client.answer(1) == (200, b'{"ok":true}')
    assert service.only.body == b"body"


def test_a_goaway_with_an_error_ends_the_connection(client: Http2Client, service: Recorder) -> None:
    client.h2.send_headers(1, POST)
    client.flush(GoAwayFrame(0, last_stream_id=0, error_code=ErrorCodes.PROTOCOL_ERROR))
    while client.read():
        pass
    assert not service.only.complete


@pytest.mark.parametrize("missing", [":method", ":path"])
def test_a_request_without_its_pseudo_headers_is_400(
    client: Http2Client, service: Recorder, missing: str
) -> None:
    stream = client.request(tuple(pair for pair in GET if pair[0] != missing))
    assert client.answer(stream)[0] == 400
    assert (service.only.complete, service.only.status) == (False, 400)


def test_what_h2_rejects_is_recorded_as_far_as_it_was_read(
    client: Http2Client, service: Recorder
) -> None:
    client.request((*GET, ("content-length", "many"), ("authorization", "Bearer fake")))
    terminated = client.until(ConnectionTerminated)
    assert terminated.error_code == ErrorCodes.PROTOCOL_ERROR
    assert (service.only.complete, service.only.target) == (False, "/")
    assert service.only.header_values("authorization") == ["Bearer fake"]


def test_headers_that_cannot_be_decompressed_are_recorded_as_nothing_read(
    client: Http2Client, service: Recorder
) -> None:
    client.flush(HeadersFrame(1, b"\xff\xff\xff\xff\xff", flags=["END_HEADERS"]))
    client.until(ConnectionTerminated)
    assert (service.only.complete, service.only.method, service.only.headers) == (False, "", ())


def test_a_rejected_frame_is_not_taken_for_the_request_before_it(
    client: Http2Client, service: Recorder
) -> None:
    client.answer(client.request((*GET, ("authorization", "Bearer fake"))))
    client.flush(ContinuationFrame(3, b"", flags=["END_HEADERS"]))
    client.until(ConnectionTerminated)
    first, rejected = service.exchanges
    assert (first.complete, rejected.complete) == (True, False)
    assert (rejected.method, rejected.headers) == ("", ())


def test_a_body_of_another_length_breaks_off_the_request_of_the_same_write(
    client: Http2Client, service: Recorder
) -> None:
    client.h2.send_headers(1, (*POST, ("content-length", "3")))
    client.h2.send_data(1, b"four", end_stream=True)
    client.flush()
    client.until(ConnectionTerminated)
    assert (service.only.complete, service.only.target) == (False, "/")


def test_headers_up_to_the_limit_are_taken(client: Http2Client, service: Recorder) -> None:
    client.until(SettingsAcknowledged)
    assert client.h2.remote_settings.max_header_list_size == limits.MAX_HEADER_BYTES
    value = "a" * (limits.MAX_HEADER_BYTES - 1000)
    assert client.answer(client.request((*GET, ("x", value))))[0] == 200
    assert service.only.header_values("x") == [value]


def test_headers_over_the_limit_are_431_and_the_connection_lives(
    client: Http2Client, service: Recorder
) -> None:
    client.until(SettingsAcknowledged)
    stream = client.request((*POST, ("x", "a" * limits.MAX_HEADER_BYTES)), b"body")
    assert client.answer(stream)[0] == 431
    assert (service.only.complete, service.only.status) == (False, 431)
    assert client.answer(client.request()) == (200, b'{"ok":true}')


@pytest.mark.parametrize("duplex", [False, True])
def test_a_body_over_the_limit_is_413(
    client: Http2Client, service: Recorder, monkeypatch: pytest.MonkeyPatch, *, duplex: bool
) -> None:
    monkeypatch.setattr(limits, "MAX_BODY_BYTES", 1000)
    service.duplex = DuplexAnswer(echo) if duplex else None
    client.h2.send_headers(1, POST)
    client.h2.send_data(1, b"a" * 1001)
    client.flush()
    if duplex:
        assert client.reset(1) == ErrorCodes.ENHANCE_YOUR_CALM
    else:
        assert client.answer(1)[0] == 413
        assert client.reset(1) == ErrorCodes.NO_ERROR
    assert (service.only.complete, service.only.status) == (False, 413)


def test_a_service_that_raises_is_answered_500(
    loop: BackgroundLoop, service: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise LookupError("told")

    for name in ("begin", "answer"):
        with monkeypatch.context() as patch, Listener(service, loop) as listener:
            patch.setattr(service, name, fail)
            with Http2Client(listener.port) as client:
                assert client.answer(client.request(POST, b"body"))[0] == 500
            with pytest.raises(LookupError, match="told"):
                listener.check()


def test_continuation_frames_are_joined(client: Http2Client, service: Recorder) -> None:
    block = client.h2.encoder.encode([*GET, ("x", "1")])
    client.flush(
        HeadersFrame(1, block[:5], flags=["END_STREAM"]),
        ContinuationFrame(1, block[5:], flags=["END_HEADERS"]),
    )
    wait_until(lambda: bool(service.exchanges))
    assert service.only.header_values("x") == ["1"]
