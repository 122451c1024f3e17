"""HTTP/1.1 that breaks off, is malformed, is too large, or asks for what it cannot have."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.services import http1 as http1_module
from bedrock_authcheck.services.http import DuplexAnswer
from bedrock_authcheck.services.limits import MAX_BODY_BYTES, MAX_HEADER_BYTES
from bedrock_authcheck.services.listener import HOST

from .recorder import PATIENCE, Recorder, echo, leave_rudely, read_to_end, talk, wait_until

if TYPE_CHECKING:
    from bedrock_authcheck.services.listener import Listener


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (b"GET / HTTP/1.1\r\nHost: h\r\nA: Bearer fake\r\nno colon\r\n", ("GET", "/", 2)),
        (b"GET / HTTP/1.1\r\nHost : h\r\n", ("GET", "/", 1)),
        (b"nonsense\r\n", ("nonsense", "", 0)),
        (b"GET /\x00 HTTP/1.1\r\nHost: h\r\n", ("GET", "/\x00", 1)),
        (b"HEAD / HTTP/9\r\nHost: h\r\n", ("HEAD", "/", 1)),
        (b"GET / HTTP/1.1\r\n", ("GET", "/", 0)),
        (b"\r\n", ("", "", 0)),
    ],
)
def test_a_malformed_head_is_recorded_and_answered_400(
    listener: Listener, service: Recorder, sent: bytes, read: tuple[str, str, int]
) -> None:
    answer = talk(listener, sent + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"fake" not in answer
    seen = service.only
    assert not seen.complete
    assert seen.status == 400
    assert seen.raw_head == sent
    assert (seen.method, seen.target, len(seen.headers)) == read


@pytest.mark.parametrize(
    "sent",
    [
        b"POST / HTTP/1.1\r\nHost: h\r\nAuthorization: Bear",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n01234",
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n",
    ],
)
def test_a_request_broken_off_is_recorded(
    listener: Listener, service: Recorder, sent: bytes
) -> None:
    head, _, body = sent.partition(b"\r\n\r\n")
    with socket.create_connection((HOST, listener.port), PATIENCE) as raw:
        raw.sendall(sent)
    seen = service.only
    assert not seen.complete
    assert seen.method == "POST"
    assert seen.raw_head.removesuffix(b"\r\n") == head
    assert seen.header_values("host") == ["h"]
    assert seen.body == (b"01234" if body else b"")


def test_a_client_that_resets_half_way_is_recorded(listener: Listener, service: Recorder) -> None:
    raw = socket.create_connection((HOST, listener.port), PATIENCE)
    raw.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n")
    wait_until(lambda: len(service.heads) == 1)
    leave_rudely(raw)
    assert not service.only.complete
    assert service.only.number == service.heads[0].number


def test_headers_up_to_the_limit_are_taken(listener: Listener, service: Recorder) -> None:
    value = b"a" * (MAX_HEADER_BYTES - 100)
    answer = talk(listener, b"GET / HTTP/1.1\r\nHost: h\r\nX: " + value + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert service.only.header_values("x") == [value.decode()]


def test_headers_over_the_limit_are_431(listener: Listener, service: Recorder) -> None:
    with socket.create_connection((HOST, listener.port), PATIENCE) as raw:
        raw.sendall(b"GET /big HTTP/1.1\r\nHost: h\r\nX: " + b"a" * (MAX_HEADER_BYTES + 1))
        assert read_to_end(raw).startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    seen = service.only
    assert (seen.status, seen.complete, seen.target) == (431, False, "/big")
    assert seen.header_values("host") == ["h"]


def test_a_body_announced_over_the_limit_is_413_before_it_comes(
    listener: Listener, service: Recorder
) -> None:
    with socket.create_connection((HOST, listener.port), PATIENCE) as raw:
        raw.sendall(
            b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
            b"Content-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1)
        )
        assert read_to_end(raw).startswith(b"HTTP/1.1 413 ")
    assert (service.only.status, service.only.complete) == (413, False)


def test_a_chunked_body_over_the_limit_is_413(
    listener: Listener, service: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MAX_BODY_BYTES >= 128 * 1024**2
    monkeypatch.setattr(http1_module, "MAX_BODY_BYTES", 1000)
    with socket.create_connection((HOST, listener.port), PATIENCE) as raw:
        raw.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
        raw.sendall(b"3e8\r\n" + b"a" * 1000 + b"\r\n1\r\na\r\n")
        assert read_to_end(raw).startswith(b"HTTP/1.1 413 ")
    assert (service.only.status, service.only.complete) == (413, False)
    assert len(service.only.body) == 1001


def test_streams_in_both_directions_need_http2(listener: Listener, service: Recorder) -> None:
    service.duplex = DuplexAnswer(echo)
    with socket.create_connection((HOST, listener.port), PATIENCE) as raw:
        raw.sendall(b"POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert read_to_end(raw).startswith(b"HTTP/1.1 505 ")
    assert (service.only.status, service.only.complete) == (505, False)
