"""What metadata services answer when they are broken: alterations of the right answer."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.services.http import Answer, Fault
from bedrock_authcheck.services.metadata import ROLES_PATH

if TYPE_CHECKING:
    from bedrock_authcheck.model import Exchange

LONG_AGO: Final = "2020-01-01T00:00:00Z"
"""When an expired credential expired."""
_UNAUTHORISED: Final = Answer(401, (("Content-Type", "text/plain"),), b"Unauthorized")
GARBAGE: Final = "<html>not what was asked for</html>"


def failing(_: Exchange, __: Answer) -> Answer:
    """Answer 500 to everything."""
    return Answer(500, (("Content-Type", "text/plain"),), b"Internal Server Error")


def unavailable(_: Exchange, __: Answer) -> Answer:
    """Answer 503 to everything, as metadata does that is asked too much."""
    return Answer(503, (("Content-Type", "text/plain"),), b"Service Unavailable")


def out_of_reach(exchange: Exchange, answer: Answer) -> Answer:
    """Give no answer to the PUT for a token: SIMULATED.

    With a hop limit of 1 the answer ends at the host of a container, whose client waits for it in
    vain. Nobody waits here: the connection is reset instead.
    """
    return replace(answer, fault=Fault.RESET) if exchange.method == "PUT" else answer


class StaleToken:
    """Takes the first token for expired: 401, until another one was fetched."""

    def __init__(self) -> None:
        """Begin with no token given."""
        self._given = 0

    def __call__(self, exchange: Exchange, answer: Answer) -> Answer:
        """Alter the answers that the first token leads to."""
        self._given += exchange.method == "PUT"
        return answer if self._given > 1 or exchange.method == "PUT" else _UNAUTHORISED


def forbidden(_: Exchange, __: Answer) -> Answer:
    """Answer 403 to everything, the PUT for a metadata token included."""
    return Answer(403, (("Content-Type", "text/plain"),), b"Forbidden")


def unauthorised(_: Exchange, answer: Answer) -> Answer:
    """Answer 401 where credentials were asked for, as when a metadata token is not taken."""
    return answer if _document(answer) is None else _UNAUTHORISED


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
