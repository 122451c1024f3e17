from __future__ import annotations

import gc
import http.client
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import h11
import pytest

from bedrock_authcheck.services.http import Answer
from bedrock_authcheck.services.listener import HOST, Listener, ListenError
from bedrock_authcheck.services.loop import BackgroundLoop

from .recorder import PATIENCE, Recorder, belongings, wait_until

if TYPE_CHECKING:
    import ssl

    from bedrock_authcheck.model import Exchange
    from bedrock_authcheck.services.http import DuplexAnswer
    from bedrock_authcheck.services.tls import CertificateStore


class Broken(Recorder):
    """A service that raises where it is told to."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where

    def begin(self, head: Exchange) -> DuplexAnswer | None:
        if self.where == "begin":
            raise LookupError(head.target)
        return super().begin(head)

    def answer(self, exchange: Exchange) -> Answer:
        super().answer(exchange)
        if self.where == "answer":
            raise LookupError(exchange.target)
        if self.where == "header":
            return Answer(headers=(("X", "a\r\nInjected: 1"),))
        return Answer(99 if self.where == "status" else 200)


def _status(listener: Listener, target: str = "/") -> int:
    with closing(http.client.HTTPConnection(HOST, listener.port, timeout=PATIENCE)) as client:
        client.request("GET", target)
        answer = client.getresponse()
        answer.read()
        return answer.status


def test_it_says_where_it_is(loop: BackgroundLoop, store: CertificateStore) -> None:
    with Listener(Recorder(), loop) as plain, Listener(Recorder(), loop, tls=store.context) as tls:
        assert plain.url == f"http://127.0.0.1:{plain.port}"
        assert tls.url == f"https://127.0.0.1:{tls.port}"
        assert plain.port != tls.port


def test_it_has_no_place_unless_it_is_open(loop: BackgroundLoop) -> None:
    listener = Listener(Recorder(), loop)
    with pytest.raises(RuntimeError, match="bedrock-runtime is not open"):
        _ = listener.url
    with listener:
        assert listener.port
    with pytest.raises(RuntimeError, match="bedrock-runtime is not open"):
        _ = listener.port


def test_tls_is_observed(
    loop: BackgroundLoop, store: CertificateStore, trust: ssl.SSLContext
) -> None:
    service = Recorder()
    with (
        Listener(service, loop, tls=store.context) as listener,
        closing(
            http.client.HTTPSConnection("localhost", listener.port, timeout=PATIENCE, context=trust)
        ) as client,
    ):
        client.request("GET", "/")
        assert client.getresponse().status == 200
        assert service.only.tls == "TLSv1.3"
        assert service.only.protocol == "HTTP/1.1"
        assert service.only.authority == f"localhost:{listener.port}"


def test_it_opens_and_closes_twice_and_again(loop: BackgroundLoop) -> None:
    listener = Listener(Recorder(), loop)
    listener.close()
    listener.open()
    port = listener.port
    listener.open()
    assert listener.port == port
    listener.close()
    listener.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, port), PATIENCE)
    with listener:
        assert _status(listener) == 200


def test_it_opens_and_closes_from_many_threads(loop: BackgroundLoop) -> None:
    before = belongings()
    with ThreadPoolExecutor(8) as pool:

        def once(_: int) -> int:
            with Listener(Recorder(), loop) as listener:
                return _status(listener)

        assert list(pool.map(once, range(32))) == [200] * 32
    loop.stop()
    assert belongings() == before


def test_a_port_that_cannot_be_bound_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    before = belongings()

    def refuse(*_: object, **__: object) -> socket.socket:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket, "create_server", refuse)
    listener = Listener(Recorder(), BackgroundLoop())
    with pytest.raises(ListenError) as raised:
        listener.open()
    assert str(raised.value) == (
        "the service bedrock-runtime cannot listen on 127.0.0.1: Permission denied"
    )
    listener.close()
    assert belongings() == before


def test_a_loop_that_cannot_start_leaves_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    before = belongings()

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            Listener(Recorder(), BackgroundLoop()).open()
    assert belongings() == before


@pytest.mark.parametrize("stop_first", [False, True])
def test_nothing_is_left_of_clients_in_any_state(
    store: CertificateStore, trust: ssl.SSLContext, *, stop_first: bool
) -> None:
    before = belongings()
    service = Recorder(Answer(delay=3600))
    loop = BackgroundLoop()
    plain = Listener(service, loop)
    tls = Listener(service, loop, tls=store.context)
    plain.open()
    tls.open()
    clients = [socket.create_connection((HOST, plain.port), PATIENCE) for _ in range(4)]
    clients += [socket.create_connection((HOST, tls.port), PATIENCE) for _ in range(3)]
    _, half_head, half_preface, waiting, _, half_handshake, trusting = clients
    half_head.sendall(b"GET / HTTP/1.1\r\nHo")
    half_preface.sendall(b"PRI * HT")
    waiting.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    half_handshake.sendall(b"\x16\x03\x01")
    clients[-1] = trust.wrap_socket(trusting, server_hostname=HOST)
    clients[-1].sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    wait_until(lambda: len(service.exchanges) == 2)
    if stop_first:
        loop.stop()
    plain.close()
    tls.close()
    loop.stop()
    for client in clients:
        client.close()
    assert belongings() == before


def test_a_connection_that_nobody_has_looked_at_is_closed(loop: BackgroundLoop) -> None:
    for _ in range(50):
        with Listener(Recorder(), loop) as listener:
            raw = socket.create_connection((HOST, listener.port), PATIENCE)
        raw.close()
    gc.collect()
    assert loop.running


@pytest.mark.parametrize(
    ("where", "error"),
    [
        ("begin", LookupError),
        ("answer", LookupError),
        ("header", h11.LocalProtocolError),
        ("status", h11.LocalProtocolError),
    ],
)
def test_a_service_that_fails_is_answered_500_and_raised_at_close(
    loop: BackgroundLoop, where: str, error: type[Exception]
) -> None:
    service = Broken(where)
    listener = Listener(service, loop)
    listener.open()
    assert _status(listener) == 500
    assert len(service.exchanges) == 1
    with pytest.raises(error):
        listener.close()
    listener.close()  # told once


def test_check_raises_each_failure(loop: BackgroundLoop) -> None:
    with Listener(Broken("answer"), loop) as listener:
        listener.check()
        assert [_status(listener, target) for target in ("/a", "/b")] == [500, 500]
        with pytest.raises(ExceptionGroup, match="bedrock-runtime failed 2 times") as raised:
            listener.check()
        assert [str(error) for error in raised.value.exceptions] == ["/a", "/b"]
        listener.check()


def test_bytes_that_are_no_tls_harm_nobody(
    loop: BackgroundLoop, store: CertificateStore, trust: ssl.SSLContext
) -> None:
    service = Recorder()
    with Listener(service, loop, tls=store.context) as listener:
        with socket.create_connection((HOST, listener.port), PATIENCE) as raw:
            raw.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert b"HTTP/1.1" not in raw.recv(65536)
        with closing(
            http.client.HTTPSConnection(HOST, listener.port, timeout=PATIENCE, context=trust)
        ) as client:
            client.request("GET", "/")
            assert client.getresponse().status == 200
    assert len(service.exchanges) == 1


def test_no_descriptor_for_a_client_is_told_and_got_over(
    loop: BackgroundLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept = socket.socket.accept
    refusals = [OSError(24, "Too many open files")]

    def refuse_once(listening: socket.socket) -> tuple[socket.socket, object]:
        if refusals:
            raise refusals.pop()
        return accept(listening)

    monkeypatch.setattr(socket.socket, "accept", refuse_once)
    listener = Listener(Recorder(), loop)
    listener.open()
    assert _status(listener) == 200
    with pytest.raises(OSError, match="Too many open files"):
        listener.close()
