"""What metadata services answer when they are broken: alterations of the right answer."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.services.http import Answer
from bedrock_authcheck.services.metadata import ROLES_PATH

if TYPE_CHECKING:
    from bedrock_authcheck.model import Exchange

LONG_AGO: Final = "2020-01-01T00:00:00Z"
"""When an expired credential expired."""
GARBAGE: Final = "<html>not what was asked for</html>"


def failing(_: Exchange, __: Answer) -> Answer:
    """Answer 500 to everything."""
    return Answer(500, (("Content-Type", "text/plain"),), b"Internal Server Error")


def forbidden(_: Exchange, __: Answer) -> Answer:
    """Answer 403 to everything, the PUT for a metadata token included."""
    return Answer(403, (("Content-Type", "text/plain"),), b"Forbidden")


def unauthorised(_: Exchange, answer: Answer) -> Answer:
    """Answer 401 where credentials were asked for, as when a metadata token is not taken."""
    if _document(answer) is None:
        return answer
    return Answer(401, (("Content-Type", "text/plain"),), b"Unauthorized")


def without_role(exchange: Exchange, answer: Answer) -> Answer:
    """List no role, as an instance does that has none."""
    listing = exchange.target.rstrip("/") == ROLES_PATH.rstrip("/")
    return replace(answer, body=b"") if listing else answer


def malformed(_: Exchange, answer: Answer) -> Answer:
    """Give a page of a proxy, with status 200, where credentials were asked for."""
    return answer if _document(answer) is None else replace(answer, body=GARBAGE.encode())


def expired(_: Exchange, answer: Answer) -> Answer:
    """Give credentials that have expired."""
    document = _document(answer)
    if document is None:
        return answer
    return replace(answer, body=json.dumps({**document, "Expiration": LONG_AGO}).encode())


def _document(answer: Answer) -> dict[str, str] | None:
    if not isinstance(answer.body, bytes) or b"Expiration" not in answer.body:
        return None
    document: dict[str, str] = json.loads(answer.body)
    return document
