from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError
from urllib3.exceptions import ProtocolError

from bedrock_authcheck.environments.environment import Environment
from bedrock_authcheck.environments.isolation import isolated
from bedrock_authcheck.services.answers import plausible_answer
from bedrock_authcheck.services.authorization import EXPIRED_SESSION
from bedrock_authcheck.services.ledger import Ledger
from bedrock_authcheck.services.messages import TEXT
from bedrock_authcheck.services.steps import (
    cut,
    deny,
    redirect,
    reply,
    reset,
    server_error,
    slow,
    throttle,
)
from bedrock_authcheck.spec.catalogue import Catalogue
from bedrock_authcheck.wire.eventstream import decode_messages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bedrock_authcheck.services.steps import Step
    from tests.simulated import Services

MESSAGES: Any = [{"role": "user", "content": [{"text": "hello"}]}]
MODEL = "simulated.model-v1:0"
ONCE = Config(retries={"total_max_attempts": 1})


class Machine:
    """boto3 on a machine with one level, without retries."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def call(self, service: str, call: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - boto3's
        made: Any = boto3.session.Session().client(service, config=ONCE)  # type: ignore[call-overload] # any service
        with closing(made) as client:
            return call(client)


@pytest.fixture
def machine(services: Services) -> Iterator[Machine]:
    with Environment(services.loop, services.endpoint) as environment:
        environment.provide("environment")
        ledger = services.endpoint.open(Ledger(environment.keyring, environment.region))
        with isolated(environment):
            yield Machine(ledger)


def _runtime(machine: Machine, call: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - boto3's
    return machine.call("bedrock-runtime", call)


def _converse(client: Any) -> Any:  # noqa: ANN401 - boto3's
    return client.converse(modelId=MODEL, messages=MESSAGES)


def _stream(client: Any) -> list[Any]:  # noqa: ANN401 - boto3's
    with closing(client.converse_stream(modelId=MODEL, messages=MESSAGES)["stream"]) as stream:
        return list(stream)


def test_converse_is_read(machine: Machine) -> None:
    answer = _runtime(machine, _converse)
    assert answer["output"]["message"]["content"] == [{"text": TEXT}]
    assert answer["stopReason"] == "end_turn"
    assert answer["usage"]["totalTokens"] == 10
    assert "SIMULATED" in answer["ResponseMetadata"]["HTTPHeaders"]["server"]
    assert "simulated" in TEXT


def test_converse_stream_is_read_event_by_event_in_order(machine: Machine) -> None:
    events = _runtime(machine, _stream)
    assert [next(iter(event)) for event in events] == [
        "messageStart",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]
    assert events[1]["contentBlockDelta"]["delta"] == {"text": TEXT}


def test_invoke_model_is_a_blob_with_token_counts(machine: Machine) -> None:
    def invoke(client: Any) -> tuple[Any, bytes]:  # noqa: ANN401 - boto3's
        answer = client.invoke_model(modelId=MODEL, body=b"{}")
        return answer, answer["body"].read()

    answer, body = _runtime(machine, invoke)
    assert answer["contentType"] == "application/json"
    assert TEXT.encode() in body
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amzn-bedrock-input-token-count"] == "3"
    assert headers["x-amzn-bedrock-output-token-count"] == "7"


def test_invoke_model_with_response_stream_is_read_chunk_by_chunk(machine: Machine) -> None:
    def invoke(client: Any) -> list[bytes]:  # noqa: ANN401 - boto3's
        answer = client.invoke_model_with_response_stream(modelId=MODEL, body=b"{}")
        return [event["chunk"]["bytes"] for event in answer["body"]]

    chunks = _runtime(machine, invoke)
    assert [c.split(b'"')[3] for c in chunks] == [
        b"message_start",
        b"content_block_start",
        b"content_block_delta",
        b"content_block_stop",
        b"message_delta",
        b"message_stop",
    ]
    assert TEXT.encode() in chunks[2]


def test_the_neighbours_are_read(machine: Machine) -> None:
    models = machine.call("bedrock", lambda c: c.list_foundation_models())
    assert [m["modelId"] for m in models["modelSummaries"]] == [MODEL]
    identity = machine.call("sts", lambda c: c.get_caller_identity())
    assert identity["Account"] == "000000000000"
    assert identity["Arn"].endswith("user/simulated")
    buckets = machine.call("s3", lambda c: c.list_buckets())
    assert (buckets["Buckets"], buckets["Owner"]["ID"]) == ([], "simulated")
    invoked = machine.call(
        "sagemaker-runtime", lambda c: c.invoke_endpoint(EndpointName="x", Body=b"")["Body"].read()
    )
    assert invoked == b"{}"
    kinds = {o.exchange.service: o.exchange.status for o in machine.ledger.observations}
    assert kinds == dict.fromkeys(["bedrock", "sts", "s3", "sagemaker-runtime"], 200)


def test_every_operation_is_answered_in_its_kind() -> None:
    for operation in Catalogue.load():
        answer = plausible_answer(operation.service, operation)
        kind = dict(answer.headers)["Content-Type"]
        streams = kind == "application/vnd.amazon.eventstream"
        assert streams is operation.event_stream_output, operation
        if isinstance(answer.body, tuple):
            assert decode_messages(b"".join(answer.body))[1] == b""


@pytest.mark.parametrize(
    ("step", "code", "status"),
    [
        (throttle(), "ThrottlingException", 429),
        (server_error(), "InternalServerException", 500),
        (server_error(503), "ServiceUnavailableException", 503),
        (deny(EXPIRED_SESSION), "ExpiredTokenException", 403),
    ],
)
@pytest.mark.parametrize("call", [_converse, _stream])
def test_programmed_errors_are_read_as_what_they_are(
    machine: Machine, step: Step, code: str, status: int, call: Callable[[Any], Any]
) -> None:
    machine.ledger.program("bedrock-runtime", step)
    with pytest.raises(ClientError) as caught:
        _runtime(machine, call)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["Error"]["Message"]
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert [o.exchange.status for o in machine.ledger.observations] == [status]


@pytest.mark.parametrize("service", ["sts", "s3"])
def test_refusals_of_neighbours_are_read_as_what_they_are(machine: Machine, service: str) -> None:
    machine.ledger.program(service, deny(EXPIRED_SESSION, service))
    with pytest.raises(ClientError) as caught:
        machine.call(
            service, lambda c: c.list_buckets() if service == "s3" else c.get_caller_identity()
        )
    assert caught.value.response["Error"]["Code"] == "ExpiredTokenException"
    assert "expired" in str(caught.value)


def test_an_answer_that_is_late_or_ones_own_is_read(machine: Machine) -> None:
    machine.ledger.program("bedrock-runtime", slow(0.01), reply(b'{"stopReason": "own"}'))
    assert _runtime(machine, _converse)["stopReason"] == "end_turn"
    assert _runtime(machine, _converse)["stopReason"] == "own"


def test_a_redirect_is_not_followed_by_boto3_and_is_seen(machine: Machine) -> None:
    machine.ledger.program("bedrock-runtime", redirect("https://127.0.0.1:9/elsewhere"))
    with pytest.raises(ClientError) as caught:
        _runtime(machine, _converse)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 307


def test_an_answer_that_breaks_off_is_an_error(machine: Machine) -> None:
    machine.ledger.program("bedrock-runtime", cut())
    with pytest.raises(ProtocolError):
        _runtime(machine, _stream)
    machine.ledger.program("bedrock-runtime", reset())
    with pytest.raises(ConnectionClosedError):
        _runtime(machine, _converse)
    assert len(machine.ledger.observations) == 2
