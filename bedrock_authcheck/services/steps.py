"""Answers that a test programs: throttled, failed, redirected, slow, cut off, reset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bedrock_authcheck.services.http import Answer, Fault

Step = Callable[[Answer], Answer]
"""A programmed answer: given the plausible one, returns the one that is sent."""


def _error(status: int, error_type: str, message: str) -> Answer:
    body = b'{"message":"%s"}' % message.encode()
    headers = (("Content-Type", "application/json"), ("x-amzn-ErrorType", error_type))
    return Answer(status, headers, body)


def throttle() -> Step:
    """429, as Bedrock throttles."""
    return lambda _: _error(429, "ThrottlingException", "Too many requests, please wait.")


def server_error(status: int = 500) -> Step:
    """500 or 503, as Bedrock fails."""
    names = {500: "InternalServerException", 503: "ServiceUnavailableException"}
    name = names.get(status, "InternalServerException")
    return lambda _: _error(status, name, "The request failed on the server. Try again.")


def redirect(location: str, status: int = 307) -> Step:
    """A redirect to another address."""
    return lambda _: Answer(status, (("Location", location),))


def slow(seconds: float) -> Step:
    """The usual answer, `seconds` late."""
    return lambda usual: replace(usual, delay=seconds)


def cut() -> Step:
    """The usual answer, cut off in the middle of its body."""
    return lambda usual: replace(usual, fault=Fault.CUT)


def reset() -> Step:
    """No answer: the connection is reset."""
    return lambda usual: replace(usual, fault=Fault.RESET)


def as_usual() -> Step:
    """The usual answer, to let a request pass before a programmed one."""
    return lambda usual: usual


def reply(body: bytes, content_type: str = "application/json", status: int = 200) -> Step:
    """An answer of your own, behind the usual authorisation: a denied request stays denied."""
    headers = (("Content-Type", content_type),)

    def step(usual: Answer) -> Answer:
        return Answer(status, headers, body) if usual.status == 200 else usual  # noqa: PLR2004 - OK

    return step
