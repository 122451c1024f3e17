"""The proxy: tunnels to this machine alone, what it is asked, and what passes through in clear."""

from __future__ import annotations

import http.client
import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.services.listener import HOST, Listener
from bedrock_authcheck.services.proxy import Proxy

from .recorder import PATIENCE, Recorder, belongings, talk, wait_until

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

    from bedrock_authcheck.services.loop import BackgroundLoop
    from bedrock_authcheck.services.tls import CertificateStore

SECRET = "FAKE-said-in-confidence"


@pytest.fixture
def proxy() -> Proxy:
    return Proxy()


@pytest.fixture
def entrance(proxy: Proxy, loop: BackgroundLoop) -> Iterator[Listener]:
    with Listener(proxy, loop) as opened:
        yield opened


def test_a_tunnel_carries_tls_that_the_proxy_cannot_read(
    proxy: Proxy,
    entrance: Listener,
    loop: BackgroundLoop,
    store: CertificateStore,
    trust: ssl.SSLContext,
) -> None:
    service = Recorder()
    with Listener(service, loop, tls=store.context) as behind:
        client = http.client.HTTPSConnection(HOST, entrance.port, timeout=PATIENCE, context=trust)
        port = behind.port
        client.set_tunnel(HOST, port, {"X-Said": "to the proxy"})
        with closing(client):
            for _ in range(2):
                client.request("POST", "/", body=SECRET, headers={"X-Secret": SECRET})
                assert client.getresponse().read() == b'{"ok":true}'
    assert [seen.body for seen in service.exchanges] == [SECRET.encode()] * 2
    (asked,) = proxy.exchanges
    assert (asked.method, asked.target) == ("CONNECT", f"{HOST}:{port}")
    assert asked.header_values("X-Said") == ["to the proxy"]
    assert asked.status == 200
    assert asked.body.startswith(b"\x16\x03")  # a handshake of TLS
    assert SECRET.encode() not in asked.body


def test_what_is_said_through_a_tunnel_in_clear_is_seen(
    proxy: Proxy, entrance: Listener, listener: Listener, service: Recorder
) -> None:
    client = http.client.HTTPConnection(HOST, entrance.port, timeout=PATIENCE)
    client.set_tunnel("localhost", listener.port)
    with closing(client):
        client.request("GET", "/", headers={"X-Secret": SECRET})
        assert client.getresponse().status == 200
    assert service.only.header_values("X-Secret") == [SECRET]
    (asked,) = proxy.exchanges
    assert asked.body.startswith(b"GET / HTTP/1.1\r\n")
    assert SECRET.encode() in asked.body


def test_what_comes_with_the_connect_goes_through_the_tunnel(
    proxy: Proxy, entrance: Listener, listener: Listener, service: Recorder
) -> None:
    to = f"{HOST}:{listener.port}"
    answer = talk(
        entrance,
        f"CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n".encode()
        + b"GET /early HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    )
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert head == b"HTTP/1.1 200 Connected"
    assert rest.endswith(b'{"ok":true}')
    assert service.only.target == "/early"
    assert proxy.exchanges[0].body.startswith(b"GET /early")


@pytest.mark.parametrize(
    "target",
    ["192.0.2.1:443", "bedrock-runtime.eu-central-1.amazonaws.com:443", "127.0.0.1", "a:b"],
)
def test_a_tunnel_to_elsewhere_is_refused(proxy: Proxy, entrance: Listener, target: str) -> None:
    assert _asked(entrance, "CONNECT", target) == 403
    assert [(asked.target, asked.status) for asked in proxy.exchanges] == [(target, 403)]


def test_a_request_in_clear_is_not_passed_on(
    proxy: Proxy, entrance: Listener, listener: Listener, service: Recorder
) -> None:
    assert _asked(entrance, "GET", f"{listener.url}/model") == 502
    assert [asked.method for asked in proxy.exchanges] == ["GET"]
    assert service.exchanges == []


@pytest.mark.parametrize("status", [407, 502])
def test_a_proxy_may_refuse_every_tunnel(
    loop: BackgroundLoop, listener: Listener, service: Recorder, status: int
) -> None:
    proxy = Proxy(status)
    with Listener(proxy, loop) as entrance:
        assert _asked(entrance, "CONNECT", f"{HOST}:{listener.port}") == status
    assert [asked.status for asked in proxy.exchanges] == [status]
    assert service.exchanges == []


def test_an_open_tunnel_ends_with_its_proxy_and_leaves_nothing_behind(
    loop: BackgroundLoop, listener: Listener
) -> None:
    before = belongings()
    proxy = Proxy()
    entrance = Listener(proxy, loop)
    entrance.open()
    client = http.client.HTTPConnection(HOST, entrance.port, timeout=PATIENCE)
    client.set_tunnel(HOST, listener.port)
    with closing(client):
        client.connect()
        entrance.close()
        assert client.sock.recv(1) == b""
    wait_until(lambda: belongings() == before)
    assert proxy.exchanges[0].body == b""


def test_a_tunnel_to_where_nobody_listens_ends(proxy: Proxy, entrance: Listener) -> None:
    with socket.socket() as bound:
        bound.bind((HOST, 0))
        to = f"{HOST}:{bound.getsockname()[1]}"
        answer = talk(entrance, f"CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n".encode())
    assert answer == b"HTTP/1.1 200 Connected\r\n\r\n"
    entrance.check()  # it is no fault of the proxy's
    assert len(proxy.exchanges) == 1


def _asked(entrance: Listener, method: str, target: str) -> int:
    """Ask the proxy, and return the status of its answer."""
    with closing(http.client.HTTPConnection(HOST, entrance.port, timeout=PATIENCE)) as client:
        client.request(method, target)
        return client.getresponse().status
