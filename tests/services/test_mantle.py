"""Mantle: the APIs of OpenAI and Anthropic, authorised by an API key or SigV4."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_authcheck.model import AuthScheme, CredentialSource, SignatureCheck, SignaturePart
from bedrock_authcheck.services.authorization import EXPIRED_KEY, NO_API_KEYS, Denial
from bedrock_authcheck.services.ledger import Ledger
from bedrock_authcheck.services.messages import TEXT
from bedrock_authcheck.services.steps import deny
from bedrock_authcheck.spec.mantle import OPERATIONS
from bedrock_authcheck.spec.services import MANTLE
from bedrock_authcheck.wire.attribution import Keyring
from tests.simulated import (
    REGION,
    Response,
    Services,
    aws_canary,
    send,
    sigv4_headers,
    token_canary,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

TOKEN = token_canary(CredentialSource.BEARER)
KEYS = aws_canary(CredentialSource.SHARED)
BEARER = {"Authorization": f"Bearer {TOKEN.value}"}
THROTTLED = Denial("ThrottlingException", "message", "Too many requests.", 429)
CHAT = "/v1/chat/completions"
MESSAGES = "/anthropic/v1/messages"


@pytest.fixture
def ledger(services: Services) -> Ledger:
    return services.endpoint.open(Ledger(Keyring((TOKEN, KEYS)), REGION))


def ask(
    services: Services,
    target: str,
    headers: Mapping[str, str] = BEARER,
    *,
    method: str = "POST",
    body: bytes = b"",
) -> Response:
    url, ca = services.endpoint.urls()[MANTLE.name], services.endpoint.ca_bundle
    return send(url, target, headers, ca=ca, method=method, body=body)


def signed(services: Services, service: str, region: str = REGION) -> dict[str, str]:
    host = services.host(MANTLE.name)
    return sigv4_headers(KEYS, host, MESSAGES, service=service, region=region)


def events_of(answer: Response) -> list[dict[str, Any]]:
    """The events of a stream, each with its name where it has one."""
    assert answer.headers["content-type"].startswith("text/event-stream")
    found: list[dict[str, Any]] = []
    for block in answer.body.decode().removesuffix("data: [DONE]\n\n").strip().split("\n\n"):
        *named, data = block.splitlines()
        event = json.loads(data.removeprefix("data: "))
        assert named == ([f"event: {event['type']}"] if "type" in event else [])
        found.append(event)
    return found


@pytest.mark.parametrize("prefix", ["/v1", "/openai/v1"])
def test_both_prefixes_of_the_openai_api_are_served(
    services: Services, ledger: Ledger, prefix: str
) -> None:
    chat = json.loads(ask(services, f"{prefix}/chat/completions").body)
    assert chat["choices"][0]["message"]["content"] == TEXT
    response = json.loads(ask(services, f"{prefix}/responses").body)
    assert response["output"][0]["content"][0]["text"] == TEXT
    models = json.loads(ask(services, f"{prefix}/models", method="GET").body)
    (model,) = models["data"]
    one = json.loads(ask(services, f"{prefix}/models/simulated.model", method="GET").body)
    assert model == one
    assert [seen.operation for seen in ledger.observations] == [
        "ChatCompletions",
        "Responses",
        "ListModels",
        "GetModel",
    ]
    assert {seen.exchange.service for seen in ledger.observations} == {"bedrock-mantle"}
    assert {seen.source for seen in ledger.observations} == {CredentialSource.BEARER}


def test_the_anthropic_api_is_served(services: Services, ledger: Ledger) -> None:
    message = json.loads(ask(services, f"{MESSAGES}?beta=true").body)
    assert message["content"][0]["text"] == TEXT
    counted = json.loads(ask(services, f"{MESSAGES}/count_tokens").body)
    assert counted == {"input_tokens": 3}
    assert [seen.operation for seen in ledger.observations] == ["Messages", "CountTokens"]


@pytest.mark.parametrize(
    ("target", "first", "last"),
    [
        ("/openai/v1/responses", "response.created", "response.completed"),
        (MESSAGES, "message_start", "message_stop"),
    ],
)
def test_a_stream_is_server_sent_events(
    services: Services, ledger: Ledger, target: str, first: str, last: str
) -> None:
    events = events_of(ask(services, target, body=b'{"stream": true}'))
    assert (events[0]["type"], events[-1]["type"]) == (first, last)
    assert TEXT in json.dumps(events)
    assert len(ledger.observations) == 1


def test_a_stream_of_chat_ends_as_openais_does(services: Services, ledger: Ledger) -> None:
    answer = ask(services, CHAT, body=b'{"stream": true}')
    assert answer.body.endswith(b"data: [DONE]\n\n")
    deltas = [event["choices"][0]["delta"] for event in events_of(answer)]
    assert "".join(delta.get("content", "") for delta in deltas) == TEXT
    assert len(ledger.observations) == 1


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b'{"stream": false}'])
def test_without_being_asked_nothing_is_streamed(
    services: Services, ledger: Ledger, body: bytes
) -> None:
    assert ask(services, CHAT, body=body).headers["content-type"] == "application/json"
    assert len(ledger.observations) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer ABSKunknown"},
        {"Authorization": "Bearer no-prefix"},
        {"Authorization": "Bearer "},
    ],
    ids=["none", "unknown", "prefix", "blank"],
)
def test_whatever_is_wrong_with_a_key_is_one_401(
    services: Services, ledger: Ledger, headers: dict[str, str]
) -> None:
    answer = ask(services, CHAT, headers)
    error = json.loads(answer.body)["error"]
    assert (answer.status, error["code"]) == (401, "invalid_api_key")
    assert error["message"] == "Invalid bearer token"
    assert error["type"]
    (seen,) = ledger.observations
    assert (seen.source, seen.exchange.status) == (None, 401)


def test_the_anthropic_api_takes_the_key_in_a_header_of_its_own(
    services: Services, ledger: Ledger
) -> None:
    assert ask(services, MESSAGES, {"X-Api-Key": TOKEN.value}).status == 200
    assert ask(services, MESSAGES, {"X-Api-Key": "ABSKunknown"}).status == 401
    known, unknown = ledger.observations
    assert (known.evidence.scheme, known.source) == (AuthScheme.BEARER, CredentialSource.BEARER)
    assert (unknown.evidence.scheme, unknown.source) == (AuthScheme.BEARER, None)


def test_two_headers_with_a_key_are_one_too_many(services: Services, ledger: Ledger) -> None:
    both = {**BEARER, "X-Api-Key": TOKEN.value}
    assert ask(services, MESSAGES, both).status != 200
    (seen,) = ledger.observations
    assert seen.evidence.scheme is AuthScheme.CONFLICTING


def test_elsewhere_the_header_is_none_of_its_own(services: Services, ledger: Ledger) -> None:
    assert ask(services, CHAT, {"X-Api-Key": TOKEN.value}).status == 401
    assert services.post({"X-Api-Key": TOKEN.value}, MESSAGES).status == 403
    assert services.post({**BEARER, "X-Api-Key": TOKEN.value}).status == 200
    schemes = [seen.evidence.scheme for seen in ledger.observations]
    assert schemes == [AuthScheme.UNSIGNED, AuthScheme.UNSIGNED, AuthScheme.BEARER]


@pytest.mark.parametrize("denial", [EXPIRED_KEY, NO_API_KEYS])
def test_a_programmed_refusal_of_a_key_is_in_mantles_words(
    services: Services, ledger: Ledger, denial: Denial
) -> None:
    ledger.program(MANTLE.name, deny(denial, MANTLE.name))
    assert json.loads(ask(services, CHAT).body)["error"]["code"] == "invalid_api_key"


def test_another_refusal_keeps_its_status(services: Services, ledger: Ledger) -> None:
    ledger.program(MANTLE.name, deny(THROTTLED, MANTLE.name))
    answer = ask(services, CHAT)
    error = json.loads(answer.body)["error"]
    assert (answer.status, error["code"]) == (429, THROTTLED.error_type)
    assert error["message"] == THROTTLED.message


@pytest.mark.parametrize("scope", ["bedrock-mantle", "bedrock"])
def test_a_signature_may_name_either_service(
    services: Services, ledger: Ledger, scope: str
) -> None:
    assert ask(services, MESSAGES, signed(services, scope)).status == 200
    (seen,) = ledger.observations
    assert seen.source is CredentialSource.SHARED
    assert seen.signature == SignatureCheck(valid=True)


def test_a_signature_for_another_service_or_region_is_wrong(
    services: Services, ledger: Ledger
) -> None:
    for headers in (signed(services, "s3"), signed(services, "bedrock", "us-east-1")):
        answer = ask(services, MESSAGES, headers)
        error = json.loads(answer.body)["error"]
        assert (answer.status, error["code"]) == (403, "InvalidSignatureException")
        assert "Credential should be scoped to" in error["message"]
    differs = [seen.signature.differs for seen in ledger.observations if seen.signature]
    assert differs == [SignaturePart.SCOPE] * 2


@pytest.mark.parametrize(
    ("method", "target"),
    [("GET", CHAT), ("POST", "/v1/embeddings"), ("POST", "/anthropic/v1/models"), ("GET", "/")],
)
def test_what_is_no_operation_is_not_found(
    services: Services, ledger: Ledger, method: str, target: str
) -> None:
    answer = ask(services, target, method=method)
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (404, "not_found")
    assert [seen.operation for seen in ledger.observations] == [None]


def test_every_operation_takes_api_keys() -> None:
    assert all(operation.guide_accepts_api_key for operation in OPERATIONS)
    assert all(operation.disagreement is None for operation in OPERATIONS)
