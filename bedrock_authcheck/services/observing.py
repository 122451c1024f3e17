"""A small service of a machine's own, which keeps what it was asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_authcheck.model import Exchange
    from bedrock_authcheck.services.http import Answer

    Alteration = Callable[[Exchange, Answer], Answer]
    """Makes another answer of the right one to a request."""


def unaltered(_: Exchange, answer: Answer) -> Answer:
    """Leave the right answer as it is."""
    return answer


class Observing(ABC):
    """Keeps what was asked, with the status that it was answered with.

    `name` is that of the service. `alter` may make another answer of the right one.
    """

    name: str

    def __init__(self) -> None:
        """Begin with nothing asked."""
        self.alter: Alteration = unaltered
        self._exchanges: list[Exchange] = []

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """All requests so far, in the order in which they ended."""
        return tuple(self._exchanges)

    def begin(self, head: Exchange) -> None:  # noqa: B027 - complete as it is
        """Wait for the whole of every request: there are no streams here."""

    def answer(self, exchange: Exchange) -> Answer:
        """Answer and keep the exchange; one that broke off is kept as it is."""
        answer = self.alter(exchange, self._reply(exchange))
        seen = replace(exchange, status=answer.status) if exchange.complete else exchange
        self._exchanges.append(seen)
        return answer

    @abstractmethod
    def _reply(self, exchange: Exchange) -> Answer:
        """Answer a request."""
