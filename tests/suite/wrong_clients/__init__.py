"""Clients that are wrong on purpose: one fault each, and the rules that must catch it."""

from tests.suite.wrong_clients import (
    addresses,
    below,
    beside,
    bidirectional,
    changes,
    conduct,
    exposure,
    life,
    limits,
    metadata,
    mixing,
    order,
    renewed,
    signature,
    token,
    transport,
    wishes,
)
from tests.suite.wrong_clients.registry import WRONG_CLIENTS, WrongClient

__all__ = [
    "WRONG_CLIENTS",
    "WrongClient",
    "addresses",
    "below",
    "beside",
    "bidirectional",
    "changes",
    "conduct",
    "exposure",
    "life",
    "limits",
    "metadata",
    "mixing",
    "order",
    "renewed",
    "signature",
    "token",
    "transport",
    "wishes",
]
