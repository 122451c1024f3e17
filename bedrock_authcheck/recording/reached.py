"""Who really answered: the peers that were connected, not the names that were asked for.

What is not seen proves nothing, and what is not proven is not live. Seen is what goes through
Python's `socket`, in every thread; libraries in C that open sockets of their own (awscrt, libcurl,
uvloop, and asyncio's ProactorEventLoop) are not.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
import threading
import weakref
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from bedrock_authcheck.environments.patching import replaced
from bedrock_authcheck.recording.cassette import Origin
from bedrock_authcheck.recording.credential_services import is_credential_traffic
from bedrock_authcheck.recording.places import is_loopback, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    Function = Callable[..., Any]

SIMULATED_SERVER: Final = "bedrock-authcheck (SIMULATED)"
"""What the loopback endpoint says in its header Server."""

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_LOOK_UPS: Final = ("getaddrinfo", "gethostbyname", "gethostbyname_ex")
_BEGUN: Final = frozenset(
    {errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EAGAIN, errno.EINTR, errno.EALREADY}
    | {getattr(errno, "WSAEWOULDBLOCK", errno.EWOULDBLOCK)}
)
_PORTS: Final = {"http": 80, "https": 443}


class Peer(NamedTuple):
    """A connection: the address that was asked for, and the one that was reached.

    `reached` is None for one that has only begun. `own` is whether this machine itself answered.
    """

    asked: str
    port: int
    reached: str | None = None
    own: bool = False

    @property
    def elsewhere(self) -> bool:
        """Whether it was reached, on the public Internet: no loopback, private or own address."""
        return (
            self.reached is not None
            and not self.own
            and ipaddress.ip_address(self.reached).is_global
        )


class Connections:
    """What was looked up and connected to, filled by any thread while it is observed."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lock = threading.Lock()
        self._addresses: dict[str, set[str]] = {}
        self._peers: set[Peer] = set()

    def add_addresses(self, host: str, addresses: Iterable[str]) -> None:
        """Add what a host was resolved to."""
        with self._lock:
            self._addresses.setdefault(_name(host), set()).update(map(_address, addresses))

    def add_peer(self, peer: Peer) -> None:
        """Add a connection."""
        with self._lock:
            self._peers.add(peer)

    @property
    def peers(self) -> frozenset[Peer]:
        """All connections so far."""
        with self._lock:
            return frozenset(self._peers)

    def peers_of(self, host: str, port: int) -> frozenset[Peer]:
        """Find the connections to an address that a host was resolved to, or that it is."""
        with self._lock:
            addresses = self._addresses.get(_name(host), set()) | {_address(host)}
            return frozenset(p for p in self._peers if p.asked in addresses and p.port == port)

    def names_of(self, peer: Peer) -> frozenset[str]:
        """Find the hosts that were resolved to the address asked for, and the address itself."""
        with self._lock:
            names = {host for host, found in self._addresses.items() if peer.asked in found}
        return frozenset(names | {peer.asked})


@contextmanager
def observed_connections() -> Iterator[Connections]:
    """Watch which hosts are resolved and which peers are connected, in every thread.

    Nothing is refused. `socket` is as before when the block ends. Connections that were open
    before are not seen: enter it before the first client is built.
    """
    watch = _Watch()
    changes: list[tuple[Any, str, Function]] = [
        (socket, name, watch.look_up(getattr(socket, name))) for name in _LOOK_UPS
    ]
    methods = {"connect": watch.connect, "connect_ex": watch.connect_ex}
    methods["getsockopt"] = watch.getsockopt
    for name, wrapped in methods.items():
        changes.append((socket.socket, name, wrapped(getattr(socket.socket, name))))
    try:
        with replaced(changes):
            yield watch.connections
    finally:
        watch.over = True


class _Watch:
    """What stands in for functions of `socket`, until it is `over`."""

    def __init__(self) -> None:
        self.connections = Connections()
        self.over = False
        self._begun: weakref.WeakKeyDictionary[socket.socket, Peer] = weakref.WeakKeyDictionary()

    def look_up(self, original: Function) -> Function:
        def observing(host: object, *args: object, **kwargs: object) -> object:
            found = original(host, *args, **kwargs)
            if not self.over and host:
                name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
                self.connections.add_addresses(name, _found_addresses(found))
            return found

        return observing

    def connect(self, original: Function) -> Function:
        def observing(sock: socket.socket, address: Any) -> object:  # noqa: ANN401 - a socket's
            try:
                result = original(sock, address)
            except (BlockingIOError, InterruptedError):
                self._begin(sock, address)
                raise
            self._connected(sock, _asked(sock, address))
            return result

        return observing

    def connect_ex(self, original: Function) -> Function:
        def observing(sock: socket.socket, address: Any) -> object:  # noqa: ANN401 - a socket's
            code = original(sock, address)
            if code == 0:
                self._connected(sock, _asked(sock, address))
            elif code in _BEGUN:
                self._begin(sock, address)
            return code

        return observing

    def getsockopt(self, original: Function) -> Function:
        """Asking for SO_ERROR is how a loop learns that a connection it began has been made."""

        def observing(sock: socket.socket, *args: object) -> object:
            value = original(sock, *args)
            if args[:2] == (socket.SOL_SOCKET, socket.SO_ERROR) and value == 0:
                self._connected(sock, self._begun.pop(sock, None))
            return value

        return observing

    def _begin(self, sock: socket.socket, address: Any) -> None:  # noqa: ANN401 - a socket's
        peer = _asked(sock, address)
        if peer is not None and not self.over:
            self._begun[sock] = peer
            self.connections.add_peer(peer)

    def _connected(self, sock: socket.socket, peer: Peer | None) -> None:
        if peer is None or self.over:
            return
        try:
            # Asked of the system: what was asked for may have been redirected on the way here.
            reached, own = _address(sock.getpeername()[0]), _address(sock.getsockname()[0])
        except OSError:
            self.connections.add_peer(peer)  # gone again: it proves nothing
            return
        self.connections.add_peer(peer._replace(reached=reached, own=reached == own))


def origin_of(
    uris: Iterable[str],
    connections: Connections,
    simulated: Collection[str],
    servers: Iterable[str] = (),
) -> Origin:
    """Decide who answered requests to `uris` (absolute; scheme, host and port count).

    `simulated` are the addresses of the loopback endpoint, `127.0.0.1:4711`; `servers` are the
    values of the answers' header Server. SIMULATED if one of these shows, on any request. AWS if
    each URI is https to a host of AWS and all connections to what that host was resolved to have
    reached public addresses. OTHER for all else, and what cannot be seen is among it: a proxy (the
    host is never connected to; whoever stands between may have answered), an AWS name that a hosts
    file or a patch sends to this machine, a private address (a VPC endpoint as well as a
    stand-in), a connection that was open before, no request at all. A proxy on the network that
    answers in a public address's name is not seen.
    """
    if any(server.strip() == SIMULATED_SERVER for server in servers):
        return Origin.SIMULATED
    known = frozenset(address.lower() for address in simulated)
    origins = {_origin(uri, connections, known) for uri in uris}
    if Origin.SIMULATED in origins:
        return Origin.SIMULATED
    return Origin.AWS if origins == {Origin.AWS} else Origin.OTHER


def _origin(uri: str, connections: Connections, simulated: frozenset[str]) -> Origin:
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return Origin.OTHER
    peers = connections.peers_of(host, port)
    ports = {address.rpartition(":")[2] for address in simulated}
    reached_ours = any(
        peer.reached is not None
        and (peer.own or ipaddress.ip_address(peer.reached).is_loopback)
        and str(peer.port) in ports
        for peer in peers
    )
    if reached_ours or parts.netloc.rpartition("@")[2].lower() in simulated:
        return Origin.SIMULATED
    reached = [peer for peer in peers if peer.reached is not None]
    live = parts.scheme == "https" and place_of(parts.netloc) is not None
    return Origin.AWS if live and reached and all(p.elsewhere for p in reached) else Origin.OTHER


def hosts_unrecorded(
    connections: Connections,
    recorded: Iterable[str],
    environ: Mapping[str, str] = _NOTHING,
    watched: Collection[str] = (),
) -> tuple[str, ...]:
    """Name hosts that were connected to though nothing accounts for them: round the recorder.

    Accounted for are the hosts of `recorded` URIs, services that hand out credentials, and the
    proxies that `environ` names. Addresses of this machine are left out (databases, event loops),
    but for those of `watched`, `127.0.0.1:4711`, that stand for a service. A second request to a
    host that is recorded cannot be told from the first.
    """
    known = {_host(uri) for uri in recorded}
    known |= {_host(v) for k, v in environ.items() if k.upper().endswith("_PROXY") and "//" in v}
    unrecorded = set()
    for peer in connections.peers:
        names = connections.names_of(peer)
        here = peer.own or is_loopback(_netloc(peer.reached or peer.asked, peer.port))
        if here and _netloc(peer.asked, peer.port) not in watched:
            continue
        if not any(
            _netloc(name, peer.port) in known
            or is_credential_traffic("GET", f"http://{_netloc(name, peer.port)}/", environ)
            for name in names
        ):
            name = peer.asked if here else min(names - {peer.asked}, default=peer.asked)
            unrecorded.add(_netloc(name, peer.port).removesuffix(":443"))
    return tuple(sorted(unrecorded))


def _host(uri: str) -> str:
    try:
        parts = urlsplit(uri)
        return _netloc(_name(parts.hostname or ""), parts.port or _PORTS.get(parts.scheme, 0))
    except ValueError:
        return ""


def _netloc(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _name(host: str) -> str:
    return host.lower().removesuffix(".")


def _address(text: str) -> str:
    """Write an address as it is compared; what is no address stays."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return _name(text)
    return str(getattr(address, "ipv4_mapped", None) or address)


def _asked(sock: socket.socket, address: Any) -> Peer | None:  # noqa: ANN401 - a socket's
    streams = sock.family in (socket.AF_INET, socket.AF_INET6) and sock.type == socket.SOCK_STREAM
    if not streams or not isinstance(address, tuple) or len(address) < 2:  # noqa: PLR2004 - a pair
        return None
    return Peer(_address(str(address[0])), int(address[1]))


def _found_addresses(found: Any) -> Iterator[str]:  # noqa: ANN401 - of three functions
    if isinstance(found, str):  # gethostbyname
        yield found
    elif isinstance(found, tuple):  # gethostbyname_ex
        yield from found[2]
    else:
        yield from (str(entry[4][0]) for entry in found)
