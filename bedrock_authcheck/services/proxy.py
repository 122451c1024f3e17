"""An HTTP proxy of this machine that observes what it is asked in clear."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from bedrock_authcheck.services.http import Answer, Tunnel

if TYPE_CHECKING:
    from bedrock_authcheck.model import Exchange

_SEEN_AT_MOST: Final = 1 << 18  # bytes through one tunnel; what a client says first is what tells
_TEXT: Final = b"This proxy does not pass this on (SIMULATED)."


@dataclass(slots=True)
class _Asked:
    """A request to the proxy, and what the client sent through the tunnel that it was given."""

    exchange: Exchange
    through: bytearray = field(default_factory=bytearray)

    def see(self, data: bytes) -> None:
        self.through += data[: _SEEN_AT_MOST - len(self.through)]


class Proxy:
    """Answers each CONNECT by one status; 200 opens a tunnel, to addresses of loopback alone.

    A tunnel to elsewhere is refused by 403, and a request to be passed on in clear by 502: the
    endpoint would not see whether the client had spoken TLS (RFC 9110, section 9.3.6).
    """

    name = "proxy"

    def __init__(self, status: int = HTTPStatus.OK) -> None:
        """`status` is 200, or what every CONNECT is refused by: 407, 502."""
        self._status = status
        self._asked: list[_Asked] = []

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """All requests so far, in the order in which they ended.

        The body of a CONNECT is what its client sent through the tunnel, as the proxy saw it.
        """
        return tuple(
            replace(asked.exchange, body=asked.exchange.body + bytes(asked.through))
            for asked in self._asked
        )

    def begin(self, head: Exchange) -> None:
        """Wait for the whole of every request."""

    def answer(self, exchange: Exchange) -> Answer:
        """Keep the request; open its tunnel, or refuse it."""
        asked = _Asked(exchange)
        self._asked.append(asked)
        answer = self._answer(exchange, asked)
        asked.exchange = replace(exchange, status=answer.status)
        return answer

    def _answer(self, exchange: Exchange, asked: _Asked) -> Answer:
        if exchange.method != "CONNECT":
            return _refusal(HTTPStatus.BAD_GATEWAY)
        if self._status != HTTPStatus.OK:
            return _refusal(self._status)
        address = _on_loopback(exchange.target)
        if address is None:
            return _refusal(HTTPStatus.FORBIDDEN)
        return Answer(tunnel=Tunnel(*address, asked.see))


def _refusal(status: int) -> Answer:
    headers = [("Content-Type", "text/plain")]
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        headers.append(("Proxy-Authenticate", 'Basic realm="proxy"'))
    return Answer(status, tuple(headers), _TEXT)


def _on_loopback(authority: str) -> tuple[str, int] | None:
    """Read `127.0.0.1:4711`, `[::1]:4711` or `localhost:4711`; None for another machine's."""
    try:
        parts = urlsplit(f"//{authority}")
        host, port = parts.hostname or "", parts.port
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return None
    return (host, port) if loopback and port else None
