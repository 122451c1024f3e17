"""No connection leaves this machine while an environment is in force."""

from __future__ import annotations

import ipaddress
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from bedrock_authcheck.environments.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Guard = Callable[..., Any]

_LOOK_UPS: Final = ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr")
"""Functions of `socket` whose first argument is a host."""

_ADDRESSED: Final = {"connect": 0, "connect_ex": 0, "sendto": -1, "sendmsg": 3}
"""Methods of sockets, and where among their arguments the address stands."""

_LOOPBACK_NAMES: Final = ("localhost", "ip6-localhost", "ip6-loopback")


class OtherHostError(RuntimeError):
    """A connection to another host was refused before it was made.

    Not an OSError: HTTP libraries turn those into texts of their own (botocore keeps the URL
    alone) or retry them in silence, and the sentence that says what to do would be lost.
    """


def _is_this_machine(host: object) -> bool:
    if isinstance(host, bytes | bytearray):
        host = host.decode("ascii", "replace")
    if host is None or host == "":
        return True
    name = str(host).lower().removesuffix(".")
    if name in _LOOPBACK_NAMES or name.endswith(".localhost"):  # RFC 6761, section 6.3
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any(a.is_loopback or a.is_unspecified for a in (address, mapped) if a is not None)


class _Guards:
    """What stands in for functions of `socket`, until it is `over`."""

    def __init__(self) -> None:
        self.refused: list[str] = []
        # Whoever wrapped a guard and outlives it must not go on refusing.
        self.over = False

    def check(self, host: object) -> None:
        if self.over or _is_this_machine(host):
            return
        shown = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
        self.refused.append(shown)
        raise OtherHostError(
            f"bedrock-authcheck refused a connection to {shown}: a checked environment reaches "
            "this machine only. The client did not use the loopback endpoint "
            "(AWS_ENDPOINT_URL_<SERVICE>): was it built before the fixture ran, or given an "
            "endpoint of its own?"
        )

    def look_up(self, original: Guard) -> Guard:
        def guarded(host: object, *args: object, **kwargs: object) -> object:
            self.check(host)
            return original(host, *args, **kwargs)

        return guarded

    def method(self, original: Guard, position: int) -> Guard:
        def guarded(sock: socket.socket, *args: object) -> object:
            address = args[position] if -len(args) <= position < len(args) else None
            if isinstance(address, tuple) and sock.family in (socket.AF_INET, socket.AF_INET6):
                self.check(address[0])
            return original(sock, *args)

        return guarded


@contextmanager
def only_loopback() -> Iterator[list[str]]:
    """Refuse look-ups, connections and datagrams to other hosts with OtherHostError.

    Yields the list of hosts that were refused, which grows as the block runs. Holds for every
    thread of this process and for what goes through Python's `socket`; libraries in C that
    open sockets of their own (awscrt, libcurl, gRPC, uvloop, and asyncio's ProactorEventLoop
    for an address that needs no look-up) are not seen.
    """
    guards = _Guards()
    changes: list[tuple[Any, str, Guard]] = [
        (socket, name, guards.look_up(getattr(socket, name))) for name in _LOOK_UPS
    ]
    changes += [
        (socket.socket, name, guards.method(getattr(socket.socket, name), position))
        for name, position in _ADDRESSED.items()
        if hasattr(socket.socket, name)  # Windows has no sendmsg
    ]
    try:
        with replaced(changes):
            yield guards.refused
    finally:
        guards.over = True
