"""Answers that a test programs: throttled, failed, redirected, slow, cut off, reset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bedrock_authcheck.services.answers import denial_answer
from bedrock_authcheck.services.authorization import Denial
from bedrock_authcheck.services.http import Answer, Fault

Step = Callable[[Answer], Answer]
"""A programmed answer: given the plausible one, returns the one that is sent."""


def deny(denial: Denial, service: str = "bedrock-runtime") -> Step:
    """Refuse whatever the request shows; `authorization.EXPIRED_SESSION` is one to refuse with.

    `service` is the one that it is programmed for: some answer in XML.
    """
    return lambda _: denial_answer(service, denial)


def throttle() -> Step:
    """Throttle as Bedrock does, by 429."""
    text = "Too many requests, please wait before trying again."
    return deny(Denial("ThrottlingException", "message", text, 429))


def server_error(status: int = 500) -> Step:
    """Fail as Bedrock does, by 500 or 503."""
    name = "ServiceUnavailableException" if status == 503 else "InternalServerException"  # noqa: PLR2004 - HTTP's number
    return deny(Denial(name, "message", "The request failed on the server. Try again.", status))


def redirect(location: str, status: int = 307) -> Step:
    """Redirect to another address."""
    return lambda _: Answer(status, (("Location", location),))


def slow(seconds: float) -> Step:
    """Give the usual answer, `seconds` late."""
    return lambda usual: replace(usual, delay=seconds)


def cut() -> Step:
    """Give the usual answer, cut off in the middle of its body."""
    return lambda usual: replace(usual, fault=Fault.CUT)


def reset() -> Step:
    """Give no answer: the connection is reset."""
    return lambda usual: replace(usual, fault=Fault.RESET)


def as_usual() -> Step:
    """Give the usual answer, to let a request pass before a programmed one."""
    return lambda usual: usual


def reply(body: bytes, content_type: str = "application/json", status: int = 200) -> Step:
    """Give an answer of your own, behind the usual authorisation: a denied request stays denied."""
    headers = (("Content-Type", content_type),)

    def step(usual: Answer) -> Answer:
        return Answer(status, headers, body) if usual.status == 200 else usual  # noqa: PLR2004 - OK

    return step
