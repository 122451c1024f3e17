"""Whatever a parameter holds stays in its place: its segment of the path, the query, a header."""

from __future__ import annotations

import re
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from unittest.mock import patch
from urllib.parse import quote

import botocore.serialize
import pytest

from bedrock_authcheck.clients.contract import Call, ClientSettings
from bedrock_authcheck.model import CredentialSource, SignatureCheck
from bedrock_authcheck.strategies import awkward_tokens, model_ids
from bedrock_authcheck.wire.authorization import raw_headers
from tests.properties.calling import BOTO3, wrong_client
from tests.properties.hunting import caught, holds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bedrock_authcheck.clients.contract import Client, Connection
    from bedrock_authcheck.fixtures import BedrockEndpoint
    from bedrock_authcheck.machine_fixture import Machines
    from bedrock_authcheck.wire.attribution import Observation

VALID: Final = SignatureCheck(valid=True)
WHITE_SPACE: Final = " \t"  # what HTTP allows around the value of a field
FOLD: Final = re.compile(r"(?:\r\n|\n|\r)(?=[ \t])")
GUARDRAIL: Final = "x-amzn-bedrock-guardrailidentifier"


@dataclass(frozen=True)
class Place:
    """Where a value goes: the call that takes it there, and the target that follows."""

    call: Callable[[str], Call]
    target: Callable[[str], str]
    header: str = ""


def _quoted(value: str) -> str:
    return quote(value, safe="-._~")


PLACES: Final = {
    "path": Place(
        lambda value: Call("bedrock-runtime", "InvokeModel", {"modelId": value, "body": b"{}"}),
        lambda value: f"/model/{_quoted(value)}/invoke",
    ),
    "query": Place(
        lambda value: Call("bedrock", "ListFoundationModels", {"byProvider": value}),
        lambda value: f"/foundation-models?byProvider={_quoted(value)}",
    ),
    "header": Place(
        lambda value: Call(
            "bedrock-runtime",
            "InvokeModel",
            {"modelId": "m", "body": b"{}", "guardrailIdentifier": value},
        ),
        lambda _: "/model/m/invoke",
        GUARDRAIL,
    ),
}
VALUES: Final = model_ids() | awkward_tokens(in_environment=False)
WORST: Final = (
    *("..", "../..", "a/../../b", "%2e%2e%2f", "?X-Amz-Signature=0", "#", "a\r\nX: y", "a\n b"),
    *("\x00", "\ud800", "\\", "//host/", "@host", "\u2028", " ", "{modelId}", ""),
)


@contextmanager
def sending(
    machines: Machines, place: str, client: Client = BOTO3
) -> Iterator[tuple[Place, Connection, BedrockEndpoint, Observation]]:
    """Build a client for a place; yield it with its endpoint and a usual request."""
    where = PLACES[place]
    usual = where.call("usual")
    with (
        machines("environment") as (_, endpoint),
        closing(client.connect(usual.service, ClientSettings())) as connection,
    ):
        connection.call(usual)
        yield where, connection, endpoint, endpoint.requests[0]


def check_a_value(
    where: Place,
    connection: Connection,
    endpoint: BedrockEndpoint,
    usual: Observation,
    value: str,
) -> None:
    endpoint.clear()
    result = connection.call(where.call(value))
    if not endpoint.requests:
        assert not result.ok
        assert result.error.strip()
        return
    (only,) = endpoint.requests
    assert _names(only) == _names(usual)
    assert only.exchange.target == where.target(value)
    assert only.operation == usual.operation
    assert only.source is CredentialSource.ENVIRONMENT
    if only.exchange.complete:  # the server refuses heads with control characters half-way
        assert only.signature == VALID
    if where.header:
        head = raw_headers(only.exchange.raw_head)
        sent = [v.strip(WHITE_SPACE) for name, v in head if name.lower() == where.header]
        assert sent == [value.encode().decode("latin-1").strip(WHITE_SPACE)]
        # boto3 folds lines, which adds no header; any other line end is refused.
        assert not {"\r", "\n"} & {*FOLD.sub("", value)}


def _names(seen: Observation) -> str:
    return " ".join(name.lower() for name, _ in raw_headers(seen.exchange.raw_head))


@pytest.mark.hypothesis
@pytest.mark.parametrize("place", PLACES)
def test_a_value_stays_in_its_place(place: str, bedrock_machine: Machines) -> None:
    with sending(bedrock_machine, place) as sent:
        for value in WORST:
            check_a_value(*sent, value)
        holds(check_a_value, *sent, value=VALUES)


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("path", "path-encoded-once"),
        ("path", "path-decoded"),
        ("path", "query-added-after-signing"),
        ("query", "query-encoded-twice"),
        ("query", "query-as-a-form"),
        ("header", "line-ends-sent"),
        ("header", "one-digit-off"),
    ],
)
def test_a_client_that_signs_or_sends_something_else_is_caught(
    place: str, name: str, bedrock_machine: Machines
) -> None:
    with (
        wrong_client(name).made() as client,
        sending(bedrock_machine, place, client) as sent,
    ):
        caught(check_a_value, *sent, value=VALUES)


@pytest.mark.parametrize("safe", ["/", "/?#%", " \r\n"])
def test_a_client_that_leaves_characters_as_they_are_is_caught(
    safe: str, bedrock_machine: Machines
) -> None:
    def encoded(value: str, safe: str = f"-._~{safe}") -> str:
        return quote(value, safe=safe)

    with (
        patch.object(botocore.serialize, "percent_encode", encoded),
        sending(bedrock_machine, "path") as sent,
    ):
        caught(check_a_value, *sent, value=VALUES)
