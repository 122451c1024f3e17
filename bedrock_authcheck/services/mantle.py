"""Plausible answers of Mantle, in the APIs of OpenAI and Anthropic: SIMULATED."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from bedrock_authcheck.services.http import Answer
from bedrock_authcheck.services.messages import MESSAGE, MESSAGE_EVENTS, TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bedrock_authcheck.model import Exchange
    from bedrock_authcheck.services.authorization import Denial
    from bedrock_authcheck.spec.catalogue import Operation

_CREATED: Final = 1_767_225_600  # 2026-01-01, in seconds: an answer is the same each time
_MODEL: Final[dict[str, Any]] = {
    "id": "simulated.model",
    "object": "model",
    "created": _CREATED,
    "owned_by": "bedrock-authcheck",
}
_CHAT: Final[dict[str, Any]] = {
    "id": "chatcmpl-simulated",
    "created": _CREATED,
    "model": _MODEL["id"],
}
_TOKENS: Final = {"prompt_tokens": 3, "completion_tokens": 7, "total_tokens": 10}
_PART: Final[dict[str, Any]] = {"type": "output_text", "text": TEXT, "annotations": []}
_ITEM: Final[dict[str, Any]] = {
    "id": "msg_simulated",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "content": [_PART],
}
_BEGUN: Final[dict[str, Any]] = {**_ITEM, "status": "in_progress", "content": []}
_RESPONSE: Final[dict[str, Any]] = {
    "id": "resp_simulated",
    "object": "response",
    "created_at": _CREATED,
    "model": _MODEL["id"],
    "status": "completed",
    "output": [_ITEM],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "usage": {
        "input_tokens": 3,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 7,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 10,
    },
}
_OPEN: Final[dict[str, Any]] = {**_RESPONSE, "status": "in_progress", "output": [], "usage": None}
_PLACE: Final[dict[str, Any]] = {"item_id": _ITEM["id"], "output_index": 0, "content_index": 0}


def _choice(part: dict[str, Any], reason: str | None) -> dict[str, Any]:
    choices = [{"index": 0, "delta": part, "finish_reason": reason}]
    return {**_CHAT, "object": "chat.completion.chunk", "choices": choices}


_WHOLE: Final[dict[str, dict[str, Any]]] = {
    "ChatCompletions": {
        **_CHAT,
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": TEXT},
                "finish_reason": "stop",
            }
        ],
        "usage": _TOKENS,
    },
    "Responses": _RESPONSE,
    "ListModels": {"object": "list", "data": [_MODEL]},
    "GetModel": _MODEL,
    "Messages": MESSAGE,
    "CountTokens": {"input_tokens": 3},
}
_RESPONSE_EVENTS: Final[tuple[dict[str, Any], ...]] = (
    {"type": "response.created", "response": _OPEN},
    {"type": "response.output_item.added", "output_index": 0, "item": _BEGUN},
    {"type": "response.content_part.added", **_PLACE, "part": {**_PART, "text": ""}},
    {"type": "response.output_text.delta", **_PLACE, "delta": TEXT, "logprobs": []},
    {"type": "response.output_text.done", **_PLACE, "text": TEXT, "logprobs": []},
    {"type": "response.content_part.done", **_PLACE, "part": _PART},
    {"type": "response.output_item.done", "output_index": 0, "item": _ITEM},
    {"type": "response.completed", "response": _RESPONSE},
)
_STREAMED: Final[dict[str, tuple[dict[str, Any], ...]]] = {
    "ChatCompletions": (
        _choice({"role": "assistant", "content": ""}, None),
        _choice({"content": TEXT}, None),
        _choice({}, "stop"),
    ),
    "Responses": tuple(
        {**event, "sequence_number": number} for number, event in enumerate(_RESPONSE_EVENTS)
    ),
    "Messages": MESSAGE_EVENTS,
}


def mantle_answer(operation: Operation | None, exchange: Exchange) -> Answer:
    """Answer an authorised request: whole, or as server-sent events where its body asks so."""
    if operation is None:
        body = _error("not_found", "Nothing is served at this method and path (SIMULATED).")
        return _json(body, 404)
    events = _STREAMED.get(operation.name)
    if events is not None and _asks_for_a_stream(exchange.body):
        done = (b"data: [DONE]\n\n",) if operation.name == "ChatCompletions" else ()
        return Answer(
            200,
            (("Content-Type", "text/event-stream; charset=utf-8"),),
            (*_server_sent(events), *done),
        )
    return _json(_WHOLE[operation.name])


def mantle_denial(denial: Denial) -> Answer:
    """Answer a refusal as Mantle does: whatever is wrong with an API key, one 401 for it.

    What it says to a wrong signature is not known from public reports.
    """
    if denial.message_key == "Message":  # about API keys, in the words of the other endpoints
        return _json(_error("invalid_api_key", "Invalid bearer token"), 401)
    return _json(_error(denial.error_type, denial.message), denial.status)


def _error(code: str, message: str) -> dict[str, Any]:
    about = {"code": code, "message": message, "param": None, "type": "invalid_request_error"}
    return {"error": about}


def _json(value: object, status: int = 200) -> Answer:
    return Answer(status, (("Content-Type", "application/json"),), json.dumps(value).encode())


def _server_sent(events: Iterable[dict[str, Any]]) -> Iterable[bytes]:
    for event in events:
        name = f"event: {event['type']}\n" if "type" in event else ""
        yield f"{name}data: {json.dumps(event)}\n\n".encode()


def _asks_for_a_stream(body: bytes) -> bool:
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(asked, dict) and asked.get("stream") is True
