"""An HTTP proxy that observes what it is asked in clear, and lets nobody through."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.services.http import Answer

if TYPE_CHECKING:
    from bedrock_authcheck.model import Exchange

_REFUSED: Final = 502
_TEXT: Final = b"This proxy lets nobody through (SIMULATED)."


class RefusingProxy:
    """Answers whatever it is asked by 502: a CONNECT, or a request to be passed on.

    What may be seen of a client behind a proxy is its first request to it, in clear; what it
    would send through the tunnel is the endpoint's to see (RFC 9110, section 9.3.6).
    """

    name = "proxy"

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._exchanges: list[Exchange] = []

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """All requests so far, in the order in which they ended."""
        return tuple(self._exchanges)

    def begin(self, head: Exchange) -> None:
        """Wait for the whole of every request."""

    def answer(self, exchange: Exchange) -> Answer:
        """Keep the request and refuse it."""
        self._exchanges.append(replace(exchange, status=_REFUSED))
        return Answer(_REFUSED, (("Content-Type", "text/plain"),), _TEXT)
