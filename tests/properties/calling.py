"""One call of boto3 on a machine of its own, and what is known of boto3 beforehand."""

from __future__ import annotations

from contextlib import closing
from functools import cache
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.clients.boto3 import Boto3Client
from bedrock_authcheck.clients.contract import Call, ClientSettings
from bedrock_authcheck.spec.deviations import load_deviations
from tests.suite.wrong_clients import WRONG_CLIENTS

if TYPE_CHECKING:
    from bedrock_authcheck.clients.contract import CallResult, Client
    from tests.suite.wrong_clients import WrongClient

BOTO3: Final = Boto3Client()
CONVERSE: Final = Call("bedrock-runtime", "Converse")


def called(call: Call, client: Client = BOTO3) -> CallResult:
    """Build a client in the environment of the moment and make one call."""
    with closing(client.connect(call.service, ClientSettings())) as connection:
        return connection.call(call)


@cache
def deviates(name: str) -> bool:
    """Whether a known deviation, by the name of its entry, is one of the botocore installed."""
    entries = [entry for entry in load_deviations() if entry.id == name]
    return any(e.foresees(e.rule, e.client, BOTO3.version, e.scenarios[0]) for e in entries)


def wrong_client(name: str) -> WrongClient:
    """Find one of the clients that are wrong on purpose."""
    (found,) = (client for client in WRONG_CLIENTS if client.name == name)
    return found
