"""What shows inside the client's process: in its log, its output, its objects, its errors."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from typing import TYPE_CHECKING
from unittest import mock

import boto3
from botocore.client import BaseClient
from botocore.credentials import Credentials
from botocore.exceptions import ConnectionClosedError

from bedrock_authcheck.clients.boto3 import Boto3Client, Boto3Connection
from tests.suite.wrong_clients.registry import wrong, wrong_client, wrong_sending
from tests.suite.wrong_clients.seams import TOKEN_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.awsrequest import AWSPreparedRequest

    from bedrock_authcheck.clients.contract import ClientSettings
    from tests.suite.wrong_clients.seams import Send

_LOG = logging.getLogger("wrong.client")


def _headers(request: AWSPreparedRequest) -> str:
    return str(dict(request.headers.items()))


@wrong_sending({"travel::bearer-answered": "TOKEN-7", "travel::instance-answered": "TOKEN-7"})
def logs_headers(request: AWSPreparedRequest, send: Send) -> object:
    """Warns of nothing, and tells the headers: the token, or a role's session token."""
    _LOG.warning("sending %s", _headers(request))
    return send(request)


@wrong_sending({"travel::bearer-error-503": "TOKEN-7"})
def logs_headers_of_a_failure(request: AWSPreparedRequest, send: Send) -> object:
    """Tells the headers when the service is not available."""
    answer = send(request)
    if answer.status_code == 503:
        _LOG.error("failed:\n%s", _headers(request))
    return answer


@wrong_sending({"travel::short-term-denied": "TOKEN-7", "travel::bearer-answered": "TOKEN-7"})
def prints_the_token(request: AWSPreparedRequest, send: Send) -> object:
    """Prints the token where a person reads it."""
    print("using", os.environ[TOKEN_VARIABLE], file=sys.stderr)  # noqa: T201 - its fault
    return send(request)


@wrong_sending({"travel::bearer-answered": "TOKEN-7", "travel::instance-denied": "TOKEN-7"})
def warns_of_the_token(request: AWSPreparedRequest, send: Send) -> object:
    """Warns, by `warnings`, that its credentials are deprecated, and tells them."""
    headers = _headers(request)
    warnings.warn(f"{headers} will not be taken for ever", DeprecationWarning, stacklevel=2)
    return send(request)


@wrong_sending({"travel::environment-denied": "TOKEN-7", "travel::bearer-denied": "TOKEN-7"})
def error_tells_headers(request: AWSPreparedRequest, send: Send) -> object:
    """Puts the request's headers into the text of the error that a refusal becomes."""
    answer = send(request)
    if answer.status_code == 403:
        raise RuntimeError(f"denied: {_headers(request)}")
    return answer


class _DeniedError(Exception):
    def __str__(self) -> str:
        return "denied"


@wrong_sending({"travel::environment-denied": "TOKEN-7", "travel::bearer-denied": "TOKEN-7"})
def error_keeps_headers(request: AWSPreparedRequest, send: Send) -> object:
    """Raises an error that says nothing, and shows the headers where its repr is printed."""
    answer = send(request)
    if answer.status_code == 403:
        raise _DeniedError(_headers(request))
    return answer


@wrong_sending(
    {"travel::bearer-denied-printed": "TOKEN-7", "travel::bearer-reset-printed": "TOKEN-7"},
    spared=("travel::bearer-denied",),
)
def locals_tell_the_token(request: AWSPreparedRequest, send: Send) -> object:
    """Holds the token in a variable of the frame that fails, as `pytest --showlocals` prints it."""
    authorization = str(request.headers["Authorization"])
    answer = send(request)
    if answer.status_code == 403:
        raise RuntimeError(f"denied, with {len(authorization)} characters")
    return answer


@wrong({"travel::config-answered": "TOKEN-7", "travel::instance-denied": "TOKEN-7"})
def credentials_show_the_secret() -> Iterator[None]:
    """Has the secret in the repr of the session's credentials, which pytest prints of a test."""

    def shown(credentials: Credentials) -> str:
        return f"Credentials({credentials.secret_key})"

    with mock.patch.object(Credentials, "__repr__", shown):
        yield


@wrong_sending({"travel::bearer-reset": "TOKEN-7", "travel::container-reset": "TOKEN-7"})
def error_behind_the_error_tells_headers(request: AWSPreparedRequest, send: Send) -> object:
    """Raises a clean error from one whose text holds the headers, as tracebacks show both."""
    try:
        return send(request)
    except ConnectionClosedError as error:
        error.add_note(_headers(request))
        raise RuntimeError("no answer") from error


@wrong({"travel::config-answered": "TOKEN-7", "travel::shared-answered": "TOKEN-7"})
def session_shows_the_secret() -> Iterator[None]:
    """Has the secret in the session's repr."""

    def shown(session: boto3.Session) -> str:
        found = session.get_credentials()
        return f"Session({found.secret_key if found else None!r})"

    with mock.patch.object(boto3.Session, "__repr__", shown):
        yield


@wrong({"travel::bearer-answered": "TOKEN-7"})
def client_shows_the_token() -> Iterator[None]:
    """Has the token in the client's str, though not in its repr."""

    def shown(_: BaseClient) -> str:
        return f"Client(token={os.environ[TOKEN_VARIABLE]})"

    with mock.patch.object(BaseClient, "__str__", shown):
        yield


class _Pickling(Boto3Connection):
    def __init__(self, service: str, settings: ClientSettings) -> None:
        super().__init__(service, settings)
        self._token = settings.token

    def shown(self) -> Mapping[str, str]:
        return {**super().shown(), "pickle of the client": f"\x80\x04\x8c{self._token}"}


@wrong_client({"travel::token-in-code-answered": "TOKEN-7"})
class PicklesTheToken(Boto3Client):
    """Keeps the token of its code in what it is pickled to."""

    def connect(self, service: str, settings: ClientSettings) -> Boto3Connection:
        return _Pickling(service, settings)


@wrong_sending({"travel::bearer-answered": "TOKEN-7", "travel::config-answered": "TOKEN-7"})
def user_agent_tells(request: AWSPreparedRequest, send: Send) -> object:
    """Puts the token, or the session token, into the User-Agent, which proxies log."""
    secret = request.headers.get("X-Amz-Security-Token") or os.environ[TOKEN_VARIABLE]
    del request.headers["User-Agent"]
    request.headers["User-Agent"] = f"agent/1 {secret!s}"
    return send(request)
