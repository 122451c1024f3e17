"""No connection leaves this machine while an environment is in force."""

from __future__ import annotations

import ipaddress
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class OtherHostError(OSError):
    """A connection to another host was refused before it was made."""


def _is_this_machine(host: object) -> bool:
    if host in (None, "", "localhost"):
        return True
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    try:
        return ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return False


def _refuse(host: object, refused: list[str]) -> OtherHostError:
    refused.append(str(host))
    return OtherHostError(
        f"bedrock-authcheck refused a connection to {host}: a checked environment reaches this "
        "machine only. The client did not use the loopback endpoint (AWS_ENDPOINT_URL_<SERVICE>): "
        "was it built before the fixture ran, or given an endpoint of its own?"
    )


@contextmanager
def only_loopback() -> Iterator[list[str]]:
    """Refuse look-ups and connections of Python sockets to other hosts with OtherHostError.

    Yields the list of hosts that were refused, which grows as the block runs.
    """
    refused: list[str] = []
    look_up, connect = socket.getaddrinfo, socket.socket.connect
    connect_ex = socket.socket.connect_ex

    def guarded_look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not _is_this_machine(host):
            raise _refuse(host, refused)
        return look_up(host, *args, **kwargs)

    def check(sock: socket.socket, address: Any) -> None:
        inet = sock.family in (socket.AF_INET, socket.AF_INET6)
        if inet and not _is_this_machine(address[0]):
            raise _refuse(address[0], refused)

    def guarded_connect(sock: socket.socket, address: Any) -> None:
        check(sock, address)
        connect(sock, address)

    def guarded_connect_ex(sock: socket.socket, address: Any) -> int:
        check(sock, address)
        return connect_ex(sock, address)

    replaced: list[tuple[Any, str, Any]] = [
        (socket, "getaddrinfo", guarded_look_up),
        (socket.socket, "connect", guarded_connect),
        (socket.socket, "connect_ex", guarded_connect_ex),
    ]
    before = [(owner, name, owner.__dict__.get(name)) for owner, name, _ in replaced]
    for owner, name, guard in replaced:
        setattr(owner, name, guard)
    try:
        yield refused
    finally:
        for owner, name, original in before:
            if original is None:
                delattr(owner, name)  # socket.socket inherits it from the C class
            else:
                setattr(owner, name, original)
