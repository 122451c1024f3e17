from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import PingAckReceived, ResponseReceived, StreamEnded
from hyperframe.frame import ContinuationFrame, HeadersFrame

from bedrock_authcheck.services.http import Answer, Fault
from bedrock_authcheck.services.listener import HOST, Listener

from .http2_client import GET, POST, Http2Client
from .recorder import PATIENCE, Recorder, wait_until

if TYPE_CHECKING:
    import ssl

    from bedrock_authcheck.services.loop import BackgroundLoop
    from bedrock_authcheck.services.tls import CertificateStore


def test_prior_knowledge_is_recognised(http2: Http2Client, service: Recorder) -> None:
    assert http2.answer(http2.request(POST, b"body")) == (200, b'{"ok":true}')
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


def test_headers_arrive_as_sent(http2: Http2Client, service: Recorder) -> None:
    odd = (("X-Upper", " spaces "), ("authorization", "  Bearer fake \t"), ("cookie", "a"))
    http2.request((*GET, *odd, ("cookie", "b"), ("connection", "close"), ("bad name", "c\nd")))
    wait_until(lambda: bool(service.exchanges))
    assert service.only.headers == (
        *odd,
        ("cookie", "b"),
        ("connection", "close"),
        ("bad name", "c\nd"),
    )


def test_without_an_authority_it_is_the_host_header(http2: Http2Client, service: Recorder) -> None:
    http2.answer(http2.request((GET[0], GET[1], GET[3], ("host", "named"))))
    assert service.only.authority == "named"


def test_an_answer_has_its_status_and_headers(http2: Http2Client, service: Recorder) -> None:
    headers = (("X-Amzn-RequestId", "1"), ("Connection", "close"), ("Content-Length", "99"))
    service.programmed = Answer(403, headers, b"no")
    stream = http2.request()
    assert http2.answer(stream) == (403, b"no")
    assert http2.headers(stream) == {
        b":status": b"403",
        b"x-amzn-requestid": b"1",
        b"content-length": b"2",
    }


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_answers_without_a_body(
    http2: Http2Client, service: Recorder, method: str, status: int
) -> None:
    service.programmed = Answer(status, body=b"12345")
    stream = http2.request(((":method", method), *GET[1:]))
    assert http2.answer(stream) == (status, b"")


def test_a_tuple_is_sent_part_by_part(http2: Http2Client, service: Recorder) -> None:
    service.programmed = Answer(body=(b"one", b"", b"two"))
    stream = http2.request()
    assert http2.answer(stream) == (200, b"onetwo")
    assert b"content-length" not in http2.headers(stream)


def test_reset_resets_the_stream_alone(http2: Http2Client, service: Recorder) -> None:
    service.programmed = Answer(fault=Fault.RESET)
    assert http2.reset(http2.request()) == ErrorCodes.INTERNAL_ERROR
    service.programmed = Answer(body=b"fine")
    assert http2.answer(http2.request()) == (200, b"fine")


@pytest.mark.parametrize("body", [b"0123456789", (b"012", b"3456", b"789")])
def test_cut_sends_half_of_the_body(
    http2: Http2Client, service: Recorder, body: bytes | tuple[bytes, ...]
) -> None:
    service.programmed = Answer(body=body, fault=Fault.CUT)
    stream = http2.request()
    assert http2.reset(stream) == ErrorCodes.INTERNAL_ERROR
    assert http2.headers(stream)[b":status"] == b"200"
    assert http2.bodies[stream] == b"01234"


def test_ping_is_answered(http2: Http2Client) -> None:
    http2.h2.ping(b"12345678")
    http2.flush()
    assert http2.until(PingAckReceived).ping_data == b"12345678"


def test_continuation_frames_are_joined(http2: Http2Client, service: Recorder) -> None:
    block = http2.h2.encoder.encode([*GET, ("x", "1")])
    http2.flush(
        HeadersFrame(1, block[:5], flags=["END_STREAM"]),
        ContinuationFrame(1, block[5:], flags=["END_HEADERS"]),
    )
    wait_until(lambda: bool(service.exchanges))
    assert service.only.header_values("x") == ["1"]
