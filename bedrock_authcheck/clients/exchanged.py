"""What is said to a program and what it says: a call as JSON, an answer as JSON."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from bedrock_authcheck.clients.contract import (
    CallNotOffered,
    CallResult,
    ClientSettings,
    Preference,
)
from bedrock_authcheck.clients.manifest import CONTRACT
from bedrock_authcheck.spec.services import SERVICES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_authcheck.clients.contract import Call

_WISHES: Final = {
    Preference.SIGV4_BY_VERSION: "sigv4",
    Preference.SIGV4_BY_PREFERENCE: "sigv4",
    Preference.BEARER_BY_VERSION: "bearer",
    Preference.BEARER_BY_PREFERENCE: "bearer",
    Preference.ANONYMOUS: "anonymous",
}
_ANSWERS: Final = (
    frozenset({"ok"}),
    frozenset({"ok", "error_type", "error"}),
    frozenset({"not_offered"}),
)
CHANGED: Final = "changed"
"""The optional key of an answer that names the environment variables that the client changed."""


class NoAnswerError(ValueError):
    """What a program printed is no answer; the text says what would be one."""


def settings_json(settings: ClientSettings) -> dict[str, Any]:
    """Write the settings of a client as the contract has them: what is set, and nothing else."""
    wish = settings.preference and _WISHES[settings.preference]
    values: dict[str, Any] = {
        "keys": dict(settings.keys),
        "token": settings.token,
        "profile": settings.profile,
        "region": settings.region,
        "endpoint": settings.endpoint,
        "proxy": settings.proxy,
        "preference": wish,
    }
    return {name: value for name, value in values.items() if value}


def request_json(
    service: str, settings: ClientSettings, variables: Mapping[str, str]
) -> dict[str, Any]:
    """Write what every line to a program holds; where the endpoints are comes from `variables`."""
    named = ((name, variables.get(facts.endpoint_variable)) for name, facts in SERVICES.items())
    return {
        "contract": CONTRACT,
        "service": service,
        "settings": settings_json(settings),
        "endpoints": {name: url for name, url in named if url},
        "ca": variables.get("AWS_CA_BUNDLE", ""),
    }


def call_json(call: Call, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Write what a call adds to that."""
    return {
        "operation": call.operation,
        "parameters": _plain(parameters),
        "paginate": call.paginate,
    }


def _plain(value: object) -> object:
    """Write a value as JSON has it: bytes as base64, a time in ISO 8601."""
    match value:
        case bytes():
            return base64.b64encode(value).decode()
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case dict():
            return {key: _plain(one) for key, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case _:
            return value


def answer_of(line: str) -> tuple[CallResult, tuple[str, ...] | None]:
    """Read an answer: what came back, and the variables that the client changed, if it tells.

    NoAnswerError for what is none, CallNotOffered where the client has no such operation.
    """
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise NoAnswerError("what it printed is not JSON") from error
    if not isinstance(answer, dict):
        raise NoAnswerError("what it printed is JSON, and no object")
    changed = _changed(answer)
    if answer.keys() not in _ANSWERS or not all(map(_is_right, answer.items())):
        right = '{"ok": true}, {"ok": false, "error_type": …, "error": …} or {"not_offered": …}'
        raise NoAnswerError(f"its answer has the keys {', '.join(answer)}; right is {right}")
    if "not_offered" in answer:
        raise CallNotOffered(answer["not_offered"])
    if answer["ok"] is (len(answer) > 1):
        raise NoAnswerError("ok is true beside an error, or false without error_type and error")
    result = CallResult(answer["ok"], answer.get("error_type", ""), answer.get("error", ""))
    return result, changed


def _changed(answer: dict[str, Any]) -> tuple[str, ...] | None:
    if CHANGED not in answer:
        return None
    names = answer.pop(CHANGED)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise NoAnswerError(f"{CHANGED} is a list of names of environment variables")
    return tuple(names)


def _is_right(item: tuple[str, object]) -> bool:
    key, value = item
    return isinstance(value, bool) if key == "ok" else isinstance(value, str)


def last_line(output: str) -> str:
    """Return the last line of an output that is not blank."""
    # By line feeds alone: JSON may hold U+2028, which str.splitlines takes for a line's end.
    return next((line for line in reversed(output.split("\n")) if line.strip()), "").strip()
