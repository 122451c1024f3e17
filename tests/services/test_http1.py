from __future__ import annotations

import http.client
import socket
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.services import connection as connection_module
from bedrock_authcheck.services.http import Answer, Fault
from bedrock_authcheck.services.listener import HOST, Listener

from .recorder import PATIENCE, Recorder, read_to_end, talk, wait_until

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

    from bedrock_authcheck.services.loop import BackgroundLoop
    from bedrock_authcheck.services.tls import CertificateStore


@pytest.fixture
def client(listener: Listener) -> Iterator[http.client.HTTPConnection]:
    with closing(http.client.HTTPConnection(HOST, listener.port, timeout=PATIENCE)) as opened:
        yield opened


def test_a_request_is_observed_whole(
    client: http.client.HTTPConnection, listener: Listener, service: Recorder
) -> None:
    client.request("POST", "/model/m%3A0/converse?a=%20b", b"body", {"X-One": "1"})
    assert client.getresponse().read() == b'{"ok":true}'
    seen = service.only
    assert (seen.service, seen.method, seen.target) == (
        "bedrock-runtime",
        "POST",
        "/model/m%3A0/converse?a=%20b",
    )
    assert (seen.body, seen.protocol, seen.tls) == (b"body", "HTTP/1.1", None)
    assert seen.authority == f"127.0.0.1:{listener.port}"
    assert seen.complete
    assert seen.received_at is not None
    assert seen.received_at.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - seen.received_at) < timedelta(hours=1)
    assert service.heads[0].number == seen.number
    assert service.heads[0].body == b""


def test_headers_keep_order_spelling_and_duplicates(listener: Listener, service: Recorder) -> None:
    talk(listener, b"GET / HTTP/1.1\r\nhOsT: h\r\nX-b: 2\r\nX-A: 1\r\nx-B: \xe9\r\n\r\n")
    assert service.only.headers == (("hOsT", "h"), ("X-b", "2"), ("X-A", "1"), ("x-B", "\xe9"))


def test_raw_head_has_the_white_space_that_is_stripped_from_values(
    listener: Listener, service: Recorder
) -> None:
    head = b"GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer   fake \t\r\nX:1\r\n folded\r\n"
    talk(listener, head + b"\r\n")
    assert service.only.raw_head == head
    assert service.only.header_values("authorization") == ["Bearer   fake"]


def test_raw_head_shows_an_injected_line(listener: Listener, service: Recorder) -> None:
    head = b"GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer fake\nX-Injected: 1\r\n"
    talk(listener, head + b"\r\n")
    assert service.only.raw_head == head
    assert service.only.header_values("x-injected") == ["1"]


@pytest.mark.parametrize("cut", [1, 7, 40, 45, 46, 48, 60, 75])
def test_pipelined_requests_have_their_own_heads_wherever_the_bytes_are_cut(
    listener: Listener, service: Recorder, cut: int
) -> None:
    first = b"POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n"
    second = b"GET /2 HTTP/1.1\r\nHost:  h\r\n"
    stream = first + b"\r\n\r\n\r\n" + second + b"\r\n"
    with socket.create_connection((HOST, listener.port), PATIENCE) as raw:
        raw.sendall(stream[:cut])
        raw.sendall(stream[cut:])
        raw.shutdown(socket.SHUT_WR)
        assert read_to_end(raw).count(b"HTTP/1.1 200 OK\r\n") == 2
    assert [seen.raw_head for seen in service.exchanges] == [first, second]
    assert [seen.body for seen in service.exchanges] == [b"\r\n\r\n", b""]


def test_keep_alive_counts_requests_and_connections(
    client: http.client.HTTPConnection, listener: Listener, service: Recorder
) -> None:
    for _ in range(3):
        client.request("GET", "/")
        client.getresponse().read()
    talk(listener, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    connections = [seen.connection for seen in service.exchanges]
    assert connections[0] == connections[1] == connections[2] < connections[3]
    numbers = [seen.number for seen in service.exchanges]
    assert numbers == sorted(set(numbers))


def test_connection_close_is_honoured(listener: Listener) -> None:
    with socket.create_connection((HOST, listener.port), PATIENCE) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        answer = read_to_end(raw)  # ends although this side has not ended
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nconnection: close\r\n" in answer.lower()


def test_chunked_body_is_joined(listener: Listener, service: Recorder) -> None:
    talk(
        listener,
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"2;x=y\r\nde\r\n0\r\nTrailer: 1\r\n\r\n",
    )
    assert service.only.body == b"abcde"
    assert service.only.complete


def test_expect_continue_is_answered_before_the_body(listener: Listener, service: Recorder) -> None:
    with socket.create_connection((HOST, listener.port), PATIENCE) as raw:
        raw.sendall(
            b"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
        )
        assert raw.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        raw.sendall(b"body")
        assert raw.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")
    assert service.only.body == b"body"


@pytest.mark.parametrize(
    ("method", "status", "length"),
    [("HEAD", 200, "11"), ("GET", 204, None), ("GET", 304, "11")],
)
def test_answers_without_a_body_leave_the_connection_usable(
    client: http.client.HTTPConnection,
    service: Recorder,
    method: str,
    status: int,
    length: str | None,
) -> None:
    service.programmed = Answer(status, body=b'{"ok":true}')
    for _ in range(2):
        client.request(method, "/")
        answer = client.getresponse()
        assert (answer.status, answer.read()) == (status, b"")
        assert answer.headers["content-length"] == length
    assert service.exchanges[0].connection == service.exchanges[1].connection


def test_an_answer_has_its_status_and_headers_as_given(
    client: http.client.HTTPConnection, service: Recorder
) -> None:
    headers = (("x-amzn-RequestId", "1"), ("X-Two", "a"), ("X-Two", "b"), ("Content-Length", "9"))
    service.programmed = Answer(403, headers, b"no")
    client.request("GET", "/")
    answer = client.getresponse()
    assert (answer.status, answer.reason, answer.read()) == (403, "Forbidden", b"no")
    assert answer.getheaders() == [
        ("x-amzn-RequestId", "1"),
        ("X-Two", "a"),
        ("X-Two", "b"),
        ("content-length", "2"),
    ]


def test_head_and_body_go_out_in_one_write(
    client: http.client.HTTPConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[bytes] = []
    write = connection_module.Connection.write

    async def spy(self: connection_module.Connection, data: bytes) -> None:
        written.append(data)
        assert self.writer.get_extra_info("socket").getsockopt(
            socket.IPPROTO_TCP, socket.TCP_NODELAY
        )
        await write(self, data)

    monkeypatch.setattr(connection_module.Connection, "write", spy)
    client.request("GET", "/")
    client.getresponse().read()
    assert len(written) == 1
    assert written[0].endswith(b'\r\n\r\n{"ok":true}')


def test_a_tuple_is_streamed_part_by_part(listener: Listener, service: Recorder) -> None:
    service.programmed = Answer(body=(b"one", b"", b"two"))
    answer = talk(listener, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head.lower()
    assert b"content-length" not in head.lower()
    assert body == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"


def test_a_large_body_travels_both_ways(
    client: http.client.HTTPConnection, service: Recorder
) -> None:
    body = bytes(range(256)) * 40_000
    service.programmed = Answer(body=body)
    client.request("POST", "/", body)
    assert client.getresponse().read() == body
    assert service.only.body == body


def test_an_answer_can_be_late_without_holding_up_others(
    listener: Listener, service: Recorder
) -> None:
    service.programmed = Answer(delay=3600)
    with closing(http.client.HTTPConnection(HOST, listener.port, timeout=PATIENCE)) as slow:
        slow.request("GET", "/slow")
        wait_until(lambda: len(service.exchanges) == 1)
        service.programmed = Answer(body=b"quick")
        with closing(http.client.HTTPConnection(HOST, listener.port, timeout=PATIENCE)) as quick:
            quick.request("GET", "/quick")
            assert quick.getresponse().read() == b"quick"
        listener.close()  # does not wait an hour
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            slow.getresponse()


@pytest.mark.parametrize("encrypted", [False, True])
def test_reset_is_a_tcp_reset(
    loop: BackgroundLoop, store: CertificateStore, trust: ssl.SSLContext, *, encrypted: bool
) -> None:
    service = Recorder(Answer(fault=Fault.RESET))
    with (
        Listener(service, loop, tls=store.context if encrypted else None) as listener,
        socket.create_connection((HOST, listener.port), PATIENCE) as raw,
    ):
        talking = trust.wrap_socket(raw, server_hostname=HOST) if encrypted else raw
        with talking:
            talking.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            with pytest.raises(ConnectionResetError):
                socket.socket.recv(talking, 1)  # below TLS, which tells it as an end of file
    assert service.only.complete


@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize("body", [b"0123456789", (b"012", b"3456", b"789")])
def test_cut_sends_half_of_the_body(
    loop: BackgroundLoop,
    store: CertificateStore,
    trust: ssl.SSLContext,
    body: bytes | tuple[bytes, ...],
    *,
    encrypted: bool,
) -> None:
    service = Recorder(Answer(body=body, fault=Fault.CUT))
    with Listener(service, loop, tls=store.context if encrypted else None) as listener:
        client = (
            http.client.HTTPSConnection(HOST, listener.port, timeout=PATIENCE, context=trust)
            if encrypted
            else http.client.HTTPConnection(HOST, listener.port, timeout=PATIENCE)
        )
        with closing(client):
            client.request("GET", "/")
            answer = client.getresponse()
            assert answer.status == 200
            with pytest.raises(http.client.IncompleteRead) as raised:
                answer.read()
    assert raised.value.partial == b"01234"


def test_http_1_0_is_answered_and_closed(listener: Listener, service: Recorder) -> None:
    with socket.create_connection((HOST, listener.port), PATIENCE) as raw:
        raw.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert read_to_end(raw).endswith(b'{"ok":true}')
    assert service.only.protocol == "HTTP/1.0"
    assert service.only.authority == ""
