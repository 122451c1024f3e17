"""Who really answered: what is observed of sockets, and what it proves."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bedrock_authcheck.recording.cassette import Origin
from bedrock_authcheck.recording.reached import (
    SIMULATED_SERVER,
    Connections,
    Peer,
    hosts_unrecorded,
    observed_connections,
    origin_of,
)
from bedrock_authcheck.services.answers import common_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.simulated import Services

HOST = "bedrock-runtime.eu-central-1.amazonaws.com"
URI = f"https://{HOST}/model/m/converse"
PUBLIC = "3.120.0.1"
OURS = ("127.0.0.1:4711",)


def connected(
    *peers: Peer, host: str = HOST, addresses: tuple[str, ...] = (PUBLIC,)
) -> Connections:
    connections = Connections()
    connections.add_addresses(host, addresses)
    for peer in peers:
        connections.add_peer(peer)
    return connections


LIVE = Peer(PUBLIC, 443, PUBLIC)


@pytest.mark.parametrize(
    ("uri", "peer", "expected"),
    [
        (URI, LIVE, Origin.AWS),
        (URI.replace(HOST, f"{HOST}:443"), LIVE, Origin.AWS),
        (URI.replace(HOST, HOST.upper()), LIVE, Origin.AWS),
        (URI.replace("https", "http"), LIVE._replace(port=80), Origin.OTHER),
        (URI.replace(HOST, f"{HOST}:444"), LIVE._replace(port=444), Origin.OTHER),
        (URI.replace(HOST, "bedrock.example.com"), LIVE, Origin.OTHER),
        (URI, LIVE._replace(reached=None), Origin.OTHER),  # begun, and never made
        (URI, LIVE._replace(port=444), Origin.OTHER),
        (URI, LIVE._replace(own=True), Origin.OTHER),
        (URI, LIVE._replace(asked="3.120.0.2"), Origin.OTHER),  # a proxy: not the host's address
        *(
            (URI, LIVE._replace(reached=address), Origin.OTHER)
            for address in ("127.0.0.1", "::1", "10.0.0.5", "172.17.0.2", "100.64.0.1", "fd00::1")
        ),
        (URI, LIVE._replace(reached="127.0.0.1", port=4711), Origin.OTHER),
        (URI.replace(HOST, f"{HOST}:4711"), Peer(PUBLIC, 4711, "127.0.0.1"), Origin.SIMULATED),
        ("https://127.0.0.1:4711/", LIVE, Origin.SIMULATED),
        ("https://127.0.0.1:4712/", LIVE, Origin.OTHER),
        ("https://[/", LIVE, Origin.OTHER),
        ("no URI", LIVE, Origin.OTHER),
    ],
)
def test_the_origin_of_one_request(uri: str, peer: Peer, expected: Origin) -> None:
    assert origin_of([uri], connected(peer), OURS) is expected


def test_no_request_proves_nothing() -> None:
    assert origin_of([], connected(LIVE), OURS) is Origin.OTHER
    assert origin_of([URI], Connections(), OURS) is Origin.OTHER


def test_one_request_that_is_not_live_makes_all_of_them_so() -> None:
    connections = connected(LIVE)
    assert origin_of([URI, URI], connections, OURS) is Origin.AWS
    assert origin_of([URI, "https://other.example.com/"], connections, OURS) is Origin.OTHER
    assert origin_of([URI, "https://127.0.0.1:4711/"], connections, OURS) is Origin.SIMULATED
    connections.add_addresses(HOST, ["127.0.0.1"])
    assert origin_of([URI], connections, OURS) is Origin.AWS
    connections.add_peer(Peer("127.0.0.1", 443, "127.0.0.1"))  # the name was bent meanwhile
    assert origin_of([URI], connections, OURS) is Origin.OTHER


def test_an_answer_that_says_that_it_is_simulated_is() -> None:
    assert dict(common_headers())["Server"] == SIMULATED_SERVER
    servers = ["AmazonEC2", SIMULATED_SERVER]
    assert origin_of([URI], connected(LIVE), OURS, servers) is Origin.SIMULATED
    assert origin_of([URI], connected(LIVE), OURS, ["nginx"]) is Origin.AWS


@contextmanager
def _server(family: int = socket.AF_INET) -> Iterator[tuple[str, int]]:
    """A socket of this machine that accepts, and says nothing."""
    address = "127.0.0.1" if family == socket.AF_INET else "::1"
    with closing(socket.create_server((address, 0), family=family)) as server:
        yield address, server.getsockname()[1]


def _create_connection(host: str, port: int) -> None:
    socket.create_connection((host, port)).close()


def _connect_ex(host: str, port: int) -> None:
    with closing(socket.socket()) as sock:
        assert sock.connect_ex((host, port)) == 0


def _in_a_thread(host: str, port: int) -> None:
    thread = threading.Thread(target=_create_connection, args=(host, port))
    thread.start()
    thread.join()


def _by_asyncio(host: str, port: int) -> None:
    async def reach() -> None:
        _, writer = await asyncio.open_connection(host, port)
        writer.close()
        await writer.wait_closed()

    asyncio.run(reach())


@pytest.mark.parametrize("reach", [_create_connection, _connect_ex, _in_a_thread, _by_asyncio])
def test_a_connection_is_seen(reach: Callable[[str, int], None]) -> None:
    with _server() as (address, port), observed_connections() as connections:
        reach(address, port)
    assert connections.peers == {Peer(address, port, address, own=True)} or connections.peers == {
        Peer(address, port),  # as it was begun, by a loop
        Peer(address, port, address, own=True),
    }
    assert connections.peers_of(address, port)
    assert not connections.peers_of(address, port + 1)


def test_a_name_is_seen_with_its_addresses() -> None:
    with _server() as (address, port), observed_connections() as connections:
        _create_connection("LocalHost", port)
    (peer,) = connections.peers_of("localhost.", port)
    assert peer.reached == address
    assert connections.names_of(peer) == {"localhost", address}


def test_other_ways_to_look_a_name_up_are_seen() -> None:
    with _server() as (_, port), observed_connections() as connections:
        address = socket.gethostbyname("localhost")
        socket.gethostbyname_ex("localhost")
        socket.getaddrinfo(b"localhost", None)
        socket.getaddrinfo(None, 80)
        _create_connection(address, port)
    assert connections.peers_of("localhost", port)


@pytest.mark.skipif(not socket.has_ipv6, reason="this system has no IPv6")
def test_a_connection_over_ipv6_is_seen() -> None:
    try:
        with _server(socket.AF_INET6) as (address, port), observed_connections() as connections:
            _create_connection("0:0:0:0:0:0:0:1", port)
    except OSError:
        pytest.skip("this system has no IPv6 loopback")
    assert connections.peers_of(address, port)


def test_what_was_not_made_is_not_seen_as_made() -> None:
    with _server() as (address, port):
        pass
    with observed_connections() as connections:
        with pytest.raises(OSError, match="refused"):
            _create_connection(address, port)
        with closing(socket.socket()) as sock:
            assert sock.connect_ex((address, port)) != 0
        with pytest.raises(OSError, match=r"refused|Connect call failed"):
            _by_asyncio(address, port)
    assert all(peer.reached is None for peer in connections.peers)


def test_datagrams_and_unix_sockets_are_no_connections() -> None:
    with observed_connections() as connections:
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
            sock.connect(("192.0.2.1", 9))
        if hasattr(socket, "AF_UNIX"):
            with closing(socket.socket(socket.AF_UNIX)) as sock, pytest.raises(OSError, match=r"."):
                sock.connect("nowhere")
    assert connections.peers == frozenset()


def _installed() -> list[object]:
    functions = [socket.getaddrinfo, socket.gethostbyname, socket.gethostbyname_ex]
    methods = ("connect", "connect_ex", "getsockopt")
    return [*functions, *(vars(socket.socket).get(name) for name in methods)]


def test_everything_is_as_before_and_observers_nest() -> None:
    before = _installed()
    with pytest.raises(LookupError), observed_connections() as outer:  # noqa: PT012
        changed = _installed()
        with _server() as (address, port), observed_connections() as inner:
            _create_connection(address, port)
        assert _installed() == changed
        assert inner.peers == outer.peers
        raise LookupError
    assert _installed() == before
    assert len(outer.peers) == 1


def test_an_observer_that_somebody_kept_is_silent_afterwards() -> None:
    with observed_connections() as connections:
        kept = socket.socket.connect
    with _server() as address, closing(socket.socket()) as sock:
        kept(sock, address)
    assert connections.peers == frozenset()


def _call(url: str | None = None, proxy: str | None = None) -> None:
    """Call Bedrock by botocore, which fails where nobody answers rightly."""
    client = boto3.client(
        "bedrock-runtime",
        region_name="eu-central-1",
        endpoint_url=url,
        aws_access_key_id="AKIA0FAKE0REACHED000",
        aws_secret_access_key="FAKE/reached",
        verify=False,
        config=Config(
            retries={"total_max_attempts": 1},
            connect_timeout=5,
            read_timeout=5,
            proxies={"https": proxy} if proxy else {},
        ),
    )
    with pytest.raises((BotoCoreError, ClientError)):
        client.converse(modelId="m", messages=[])
    client.close()


@contextmanager
def _hanging_up() -> Iterator[int]:
    """A port of this machine where each connection is closed at once."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def serve() -> None:
            try:
                while True:
                    accepted, _ = server.accept()
                    accepted.close()
            except OSError:
                return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        port = server.getsockname()[1]
        yield port
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def _bend_names(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """Send AWS's names to this machine, as a hosts file or a patch does."""
    original = socket.getaddrinfo

    def bent(host: Any, _: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - any of its
        return original("127.0.0.1" if host == HOST else host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", bent)


def test_a_name_that_is_sent_to_this_machine_is_not_live(monkeypatch: pytest.MonkeyPatch) -> None:
    with _hanging_up() as port:
        _bend_names(monkeypatch, port)
        with observed_connections() as connections:
            _call(f"https://{HOST}:{port}")
    uri = f"https://{HOST}:{port}/model/m/converse"
    assert [peer.reached for peer in connections.peers_of(HOST, port)] == ["127.0.0.1"]
    assert origin_of([uri, URI], connections, OURS) is Origin.OTHER
    assert origin_of([uri, URI], connections, [f"127.0.0.1:{port}"]) is Origin.SIMULATED


def test_a_connection_that_is_redirected_below_is_not_live(monkeypatch: pytest.MonkeyPatch) -> None:
    original = socket.socket.connect
    with _hanging_up() as port:
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", (PUBLIC, 443))])
        monkeypatch.setattr(
            socket.socket, "connect", lambda sock, _: original(sock, ("127.0.0.1", port))
        )
        with observed_connections() as connections:
            _call()
    assert connections.peers_of(HOST, 443) == {Peer(PUBLIC, 443, "127.0.0.1", own=True)}
    assert origin_of([URI], connections, OURS) is Origin.OTHER


def test_behind_a_proxy_nothing_is_live() -> None:
    with _hanging_up() as port, observed_connections() as connections:
        _call(proxy=f"http://127.0.0.1:{port}")
    assert [peer.port for peer in connections.peers] == [port]
    assert connections.peers_of(HOST, 443) == frozenset()
    assert origin_of([URI], connections, OURS) is Origin.OTHER


def test_the_simulated_service_is_simulated(services: Services) -> None:
    url = services.endpoint.urls()["bedrock-runtime"]
    netloc = url.removeprefix("https://")
    with observed_connections() as connections:
        _call(url)
    assert origin_of([url], connections, [netloc]) is Origin.SIMULATED
    assert origin_of([url], connections, ()) is Origin.OTHER


ELSEWHERE = "telemetry.example.com"


def test_hosts_that_no_recording_accounts_for() -> None:
    connections = connected(LIVE)
    for host, address, port in (
        (ELSEWHERE, "198.51.100.1", 443),
        ("sts.eu-central-1.amazonaws.com", "198.51.100.2", 443),
        ("proxy.example.com", "198.51.100.3", 3128),
        ("localhost", "127.0.0.1", 5432),
    ):
        connections.add_addresses(host, [address])
        connections.add_peer(Peer(address, port, address))
    connections.add_peer(Peer("169.254.169.254", 80, "169.254.169.254"))
    connections.add_peer(Peer("198.51.100.9", 8443))
    connections.add_peer(Peer("127.0.0.1", 4711, "127.0.0.1", own=True))
    environ = {"HTTPS_PROXY": "http://user:password@Proxy.example.com:3128", "NO_PROXY": "x//y"}
    assert hosts_unrecorded(connections, [URI], environ) == ("198.51.100.9:8443", ELSEWHERE)
    assert hosts_unrecorded(connections, [f"https://{ELSEWHERE.upper()}/x"], environ, OURS) == (
        "127.0.0.1:4711",
        "198.51.100.9:8443",
        HOST,
    )
    assert "proxy.example.com:3128" in hosts_unrecorded(connections, [URI])
    assert hosts_unrecorded(Connections(), []) == ()


def test_a_host_that_was_recorded_by_its_loopback_address() -> None:
    connections = Connections()
    connections.add_peer(Peer("127.0.0.1", 4711, "127.0.0.1", own=True))
    assert hosts_unrecorded(connections, ["https://127.0.0.1:4711/a"], {}, OURS) == ()
    assert hosts_unrecorded(connections, ["https://[/"], {}, OURS) == ("127.0.0.1:4711",)


def test_what_a_variable_names_is_accounted_for() -> None:
    connections = connected(host="creds.example.com", addresses=("198.51.100.4",))
    connections.add_peer(Peer("198.51.100.4", 8080, "198.51.100.4"))
    environ = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://creds.example.com:8080/x"}
    assert hosts_unrecorded(connections, [], environ) == ()
    assert hosts_unrecorded(connections, []) == ("creds.example.com:8080",)
