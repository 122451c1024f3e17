from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import HTTPClientError

from bedrock_authcheck.environments.environment import Environment
from bedrock_authcheck.environments.isolation import isolated
from bedrock_authcheck.environments.network import OtherHostError, only_loopback

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.simulated import Services

ELSEWHERE = "192.0.2.1"  # TEST-NET-1: routed nowhere, should a guard fail
GUARDED = ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr")
METHODS = ("connect", "connect_ex", "sendto", "sendmsg")


def _on_socket(act: Callable[[socket.socket], object], family: int, kind: int) -> None:
    with closing(socket.socket(family, kind)) as sock:
        act(sock)


def _stream(act: Callable[[socket.socket], object], family: int = socket.AF_INET) -> None:
    _on_socket(act, family, socket.SOCK_STREAM)


def _datagram(act: Callable[[socket.socket], object]) -> None:
    _on_socket(act, socket.AF_INET, socket.SOCK_DGRAM)


async def _open(host: str) -> None:
    await asyncio.open_connection(host, 443)


async def _open_with_default_loop_datagram() -> None:
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=(ELSEWHERE, 9))


@pytest.mark.parametrize(
    ("reach", "host"),
    [
        (lambda: socket.getaddrinfo("example.invalid", 443), "example.invalid"),
        (lambda: socket.getaddrinfo(host="example.invalid", port=443), "example.invalid"),
        (lambda: socket.getaddrinfo(b"example.invalid", 443), "example.invalid"),
        (lambda: socket.gethostbyname("example.invalid"), "example.invalid"),
        (lambda: socket.gethostbyname_ex("example.invalid"), "example.invalid"),
        (lambda: socket.gethostbyaddr(ELSEWHERE), ELSEWHERE),
        (lambda: socket.create_connection((ELSEWHERE, 443)), ELSEWHERE),
        (lambda: _stream(lambda s: s.connect((ELSEWHERE, 443))), ELSEWHERE),
        (lambda: _stream(lambda s: s.connect_ex((ELSEWHERE, 443))), ELSEWHERE),
        (lambda: _stream(lambda s: s.connect(("169.254.169.254", 80))), "169.254.169.254"),
        (lambda: _datagram(lambda s: s.sendto(b"x", (ELSEWHERE, 9))), ELSEWHERE),
        (lambda: _datagram(lambda s: s.sendto(b"x", 0, (ELSEWHERE, 9))), ELSEWHERE),
        (lambda: asyncio.run(_open(ELSEWHERE)), ELSEWHERE),
        (lambda: asyncio.run(_open("example.invalid")), "example.invalid"),
        (lambda: asyncio.run(_open_with_default_loop_datagram()), ELSEWHERE),
    ],
)
def test_another_host_is_refused(reach: Callable[[], object], host: str) -> None:
    with only_loopback() as refused:
        with pytest.raises(OtherHostError) as caught:
            reach()
        assert refused == [host]
    text = str(caught.value)
    assert f"refused a connection to {host}" in text
    assert "AWS_ENDPOINT_URL_<SERVICE>" in text


@pytest.mark.skipif(not hasattr(socket.socket, "sendmsg"), reason="this system has no sendmsg")
def test_a_datagram_by_sendmsg_is_refused() -> None:
    with only_loopback(), pytest.raises(OtherHostError, match=ELSEWHERE):
        _datagram(lambda s: s.sendmsg([b"x"], [], 0, (ELSEWHERE, 9)))


@pytest.mark.skipif(not socket.has_ipv6, reason="this system has no IPv6")
@pytest.mark.parametrize("host", ["2001:db8::1", "::ffff:192.0.2.1", "fe80::1%1"])
def test_another_host_is_refused_over_ipv6(host: str) -> None:
    with only_loopback() as refused, pytest.raises(OtherHostError):
        _stream(lambda s: s.connect((host, 443)), socket.AF_INET6)
    assert refused == [host]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.8.9.10",
        "localhost",
        "LOCALHOST",
        "localhost.",
        b"localhost",
        b"127.0.0.1",
        "",
        None,
        "0.0.0.0",
        "::1",
        "::ffff:127.0.0.1",
    ],
)
def test_names_of_this_machine_are_looked_up(host: str | bytes | None) -> None:
    plain: object
    try:
        plain = socket.getaddrinfo(host, 80)
    except socket.gaierror as error:
        plain = error.errno
    with only_loopback() as refused:
        try:
            guarded: object = socket.getaddrinfo(host, 80)
        except socket.gaierror as error:
            guarded = error.errno
    assert guarded == plain
    assert refused == []


def test_this_machine_is_reached_by_stream_and_datagram() -> None:
    with only_loopback() as refused, closing(socket.create_server(("127.0.0.1", 0))) as server:
        address = server.getsockname()
        with closing(socket.create_connection(address)) as client:
            accepted, _ = server.accept()
            with closing(accepted):
                client.send(b"x")
                assert accepted.recv(1) == b"x"
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as receiver:
            receiver.bind(("127.0.0.1", 0))
            _datagram(lambda s: s.sendto(b"y", receiver.getsockname()))
            assert receiver.recv(1) == b"y"
    assert refused == []


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this system has no Unix sockets")
def test_unix_sockets_are_no_ones_business(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with only_loopback() as refused, closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind(path)
        server.listen()
        with closing(socket.socket(socket.AF_UNIX)) as client:
            client.connect(path)
    assert refused == []


def test_other_threads_are_guarded_too() -> None:
    caught: list[BaseException] = []

    def reach() -> None:
        try:
            socket.create_connection((ELSEWHERE, 443))
        except OtherHostError as error:
            caught.append(error)

    with only_loopback() as refused:
        thread = threading.Thread(target=reach)
        thread.start()
        thread.join()
    assert len(caught) == len(refused) == 1


def _installed() -> list[object]:
    methods = [vars(socket.socket).get(name) for name in METHODS]
    return [*(getattr(socket, name) for name in GUARDED), *methods]


def test_everything_is_as_before_and_guards_nest() -> None:
    before = _installed()
    with only_loopback() as outer:
        guards = _installed()
        assert not any(guard is original for guard, original in zip(guards, before, strict=True))
        with only_loopback() as inner, pytest.raises(OtherHostError):
            socket.gethostbyname("example.invalid")
        assert _installed() == guards
        assert (outer, inner) == ([], ["example.invalid"])
        with pytest.raises(OtherHostError):
            socket.gethostbyname("example.invalid")
        assert outer == ["example.invalid"]
    assert all(now is was for now, was in zip(_installed(), before, strict=True))


def _patch_and_forget() -> None:
    socket.getaddrinfo = lambda *_, **__: []
    socket.socket.connect = lambda *_: None  # type: ignore[method-assign] # as patchers do
    raise LookupError


def test_everything_is_as_before_after_an_exception_and_a_stranger() -> None:
    before = _installed()
    with pytest.raises(LookupError), only_loopback():
        _patch_and_forget()
    assert all(now is was for now, was in zip(_installed(), before, strict=True))


def test_a_guard_that_somebody_kept_lets_through_afterwards() -> None:
    original = socket.gethostbyname
    with only_loopback() as refused:
        kept = socket.gethostbyname
        with pytest.raises(OtherHostError):
            kept(ELSEWHERE)
    assert kept is not original
    assert kept(ELSEWHERE) == ELSEWHERE  # an address is looked up without a request
    assert refused == [ELSEWHERE]


def test_the_error_of_botocore_carries_the_sentence(services: Services) -> None:
    with Environment(services.loop, services.endpoint) as environment:
        environment.provide("bearer")
        with isolated(environment) as refused:
            client = boto3.client(
                "bedrock-runtime",
                endpoint_url="https://bedrock-runtime.example.invalid",
                config=Config(retries={"total_max_attempts": 1}),
            )
            with pytest.raises(HTTPClientError) as caught:
                client.invoke_model(modelId="m", body=b"{}")
            client.close()
    assert "refused a connection to bedrock-runtime.example.invalid" in str(caught.value)
    assert "built before the fixture ran" in str(caught.value)
    assert refused == ["bedrock-runtime.example.invalid"]
