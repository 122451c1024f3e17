"""Plausible answers of Bedrock and its neighbours: SIMULATED, enough for real SDKs to read.

Each answer says so itself: in the text of its model, and in its header Server.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from bedrock_authcheck.services.authorization import Denial
from bedrock_authcheck.services.http import Answer
from bedrock_authcheck.services.mantle import mantle_denial
from bedrock_authcheck.services.messages import MESSAGE, MESSAGE_EVENTS, TEXT
from bedrock_authcheck.spec.services import MANTLE
from bedrock_authcheck.wire.eventstream import encode_message

if TYPE_CHECKING:
    from bedrock_authcheck.spec.catalogue import Operation

EVENT_STREAM: Final = "application/vnd.amazon.eventstream"
UNKNOWN_OPERATION: Final = Denial(
    "UnknownOperationException",
    "message",
    "No operation of this service has this method and path (SIMULATED, by the service models "
    "of the installed botocore).",
    404,
)
"""What a request gets whose method and path no service model has, once it is authorised."""

_USAGE: Final = {"inputTokens": 3, "outputTokens": 7, "totalTokens": 10}
_CONVERSE: Final = {
    "output": {"message": {"role": "assistant", "content": [{"text": TEXT}]}},
    "stopReason": "end_turn",
    "usage": _USAGE,
    "metrics": {"latencyMs": 1},
}
_CONVERSE_EVENTS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("messageStart", {"role": "assistant"}),
    ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": TEXT}}),
    ("contentBlockStop", {"contentBlockIndex": 0}),
    ("messageStop", {"stopReason": "end_turn"}),
    ("metadata", {"usage": _USAGE, "metrics": {"latencyMs": 1}}),
)
_MODELS: Final = {
    "modelSummaries": [
        {
            "modelArn": "arn:aws:bedrock:us-east-1::foundation-model/simulated.model-v1:0",
            "modelId": "simulated.model-v1:0",
            "modelName": "Simulated",
            "providerName": "bedrock-authcheck",
            "inputModalities": ["TEXT"],
            "outputModalities": ["TEXT"],
            "responseStreamingSupported": True,
            "inferenceTypesSupported": ["ON_DEMAND"],
            "modelLifecycle": {"status": "ACTIVE"},
        }
    ]
}
_XML: Final = {
    "sts": (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        "<GetCallerIdentityResult><Arn>arn:aws:iam::000000000000:user/simulated</Arn>"
        "<UserId>AIDASIMULATED</UserId><Account>000000000000</Account>"
        "</GetCallerIdentityResult></GetCallerIdentityResponse>"
    ),
    "s3": (
        '<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        "<Owner><ID>simulated</ID></Owner><Buckets/></ListAllMyBucketsResult>"
    ),
}


def _json(value: object, *headers: tuple[str, str]) -> Answer:
    return Answer(200, (*headers, ("Content-Type", "application/json")), json.dumps(value).encode())


def event(event_type: str, payload: dict[str, Any]) -> bytes:
    """Encode one event of a response stream."""
    headers = {
        ":event-type": event_type,
        ":content-type": "application/json",
        ":message-type": "event",
    }
    return encode_message(headers, json.dumps(payload).encode())


def chunk(payload: dict[str, Any]) -> bytes:
    """Encode a model's own JSON as InvokeModelWithResponseStream wraps it."""
    return event("chunk", {"bytes": base64.b64encode(json.dumps(payload).encode()).decode()})


def stream_error(denial: Denial) -> bytes:
    """Encode a refusal that comes when a stream has begun: an error that no model lists."""
    headers = {
        ":message-type": "error",
        ":error-code": denial.error_type,
        ":error-message": denial.message,
    }
    return encode_message(headers, b"")


def _stream(*parts: bytes) -> Answer:
    return Answer(200, (("Content-Type", EVENT_STREAM),), parts)


_ANSWERS: Final = {
    "Converse": _json(_CONVERSE),
    "ConverseStream": _stream(*(event(name, payload) for name, payload in _CONVERSE_EVENTS)),
    "InvokeModel": _json(
        MESSAGE,
        ("x-amzn-bedrock-input-token-count", "3"),
        ("x-amzn-bedrock-output-token-count", "7"),
        ("x-amzn-bedrock-invocation-latency", "1"),
    ),
    "InvokeModelWithResponseStream": _stream(*map(chunk, MESSAGE_EVENTS)),
    "ListFoundationModels": _json(_MODELS),
    **{name: Answer(200, (("Content-Type", "text/xml"),), x.encode()) for name, x in _XML.items()},
}
"""By the name of an operation, or of a service whose every operation is answered alike."""


def plausible_answer(service: str, operation: Operation | None) -> Answer:
    """Answer as the service might; operations without an answer of their own get `{}`."""
    known = _ANSWERS.get(operation.name if operation else service)
    if known is not None:
        return known
    return _stream() if operation is not None and operation.event_stream_output else _json({})


def denial_answer(service: str, denial: Denial) -> Answer:
    """Answer a refusal in the shape of the service: XML for STS and S3, JSON else."""
    if service == MANTLE.name:
        return mantle_denial(denial)
    if service in _XML:
        code = denial.error_type.partition(":")[0]
        body = (
            f"<ErrorResponse><Error><Code>{code}</Code>"
            f"<Message>{denial.message}</Message></Error></ErrorResponse>"
        )
        return Answer(denial.status, (("Content-Type", "text/xml"),), body.encode())
    headers = (("Content-Type", "application/json"), ("x-amzn-ErrorType", denial.error_type))
    return Answer(denial.status, headers, denial.body)


def common_headers() -> tuple[tuple[str, str], ...]:
    """Build the headers of every answer: a fresh request id, and who really answers."""
    return (("x-amzn-RequestId", str(uuid4())), ("Server", "bedrock-authcheck (SIMULATED)"))
