"""A client while its environment changes, beside another client, and after its key is rejected."""

from __future__ import annotations

import os
import threading
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bedrock_authcheck.clients.boto3 import Boto3Client
from bedrock_authcheck.clients.contract import Preference
from tests.suite.wrong_clients.mixing import held
from tests.suite.wrong_clients.registry import (
    WRONG_CLIENTS,
    WrongClient,
    wrong,
    wrong_sending,
    wrong_signing,
)
from tests.suite.wrong_clients.seams import TOKEN_VARIABLE, is_bearer, sending, signing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.awsrequest import AWSPreparedRequest

    from bedrock_authcheck.clients.contract import ClientSettings, Connection
    from tests.suite.wrong_clients.seams import Send, Signing

_OTHER = Credentials("AKIA0FAKEOTHER", "FAKE/other")
_DENIED = 403


# Two clients with two tokens.


@wrong(
    {
        "life::two-tokens-in-turn": "TOKEN-9",
        "life::two-tokens-in-threads": "TOKEN-9",
        "life::two-tokens-made-in-threads-over-environment": "TOKEN-9",
    }
)
def token_of_the_first_client() -> Iterator[None]:
    """Keeps the first token of the process for all clients of a scenario."""
    kept: dict[str, str] = {}

    def sign(act: Signing) -> None:
        act.honestly()
        if act.is_bearer:
            home = os.environ["HOME"]  # each scenario has a home of its own
            act.header("Authorization", kept.setdefault(home, act.request.headers["Authorization"]))

    with signing(sign):
        yield


@wrong(
    {
        "life::two-tokens-in-threads": "TOKEN-9",
        "life::two-tokens-retried-in-threads-over-bearer": "TOKEN-9",
    },
    spared=("life::two-tokens-in-turn",),
)
def token_in_a_global() -> Iterator[None]:
    """Hands the token over in a global, where another thread puts its own meanwhile."""
    headers: dict[str, None] = {}

    def sign(act: Signing) -> None:
        act.honestly()
        own = str(act.request.headers["Authorization"])
        headers[own] = None
        if threading.current_thread() is not threading.main_thread():
            act.header("Authorization", [*headers][-1] if len(headers) > 1 else own)

    with signing(sign):
        yield


# The token is removed, or another comes.


class _Remembering(Boto3Client):
    """boto3 as it goes on by the token that it was built with: bearer is asked for in code."""

    name = "remembering"

    def connect(self, service: str, settings: ClientSettings) -> Connection:
        return super().connect(service, replace(settings, preference=Preference.BEARER_BY_VERSION))


WRONG_CLIENTS.append(
    WrongClient(
        "token-read-anew",
        "Signs with SigV4 from the moment on at which the token is removed.",
        {
            f"life::removed-{moment}-over-environment": ("TOKEN-11",)
            for moment in (
                "between-client-and-call",
                "between-calls",
                "between-retries",
                "after-reset",
                "between-pages",
            )
        }
        | {
            "life::removed-between-client-and-call-over-settings": ("TOKEN-11",),
            "life::removed-between-calls-over-shared": ("TOKEN-11",),
            "life::removed-between-retries-over-config": ("TOKEN-11",),
            "life::removed-between-calls-over-instance": ("TOKEN-11",),
            "life::removed-between-retries-over-container": ("TOKEN-11",),
        },
        ("life::removed-before-session-over-environment",),
        lambda: nullcontext(Boto3Client()),
        _Remembering,
    )
)


@wrong_signing(
    {
        "life::removed-between-calls-alone": "TOKEN-11",
        "life::removed-between-retries-alone": "TOKEN-11",
        "life::removed-between-pages-alone": "TOKEN-11",
    }
)
def unsigned_without_token(act: Signing) -> None:
    """Sends requests unsigned once the token is removed."""
    if act.token:
        act.honestly()
    else:
        act.unsigned()


@wrong_signing({"life::removed-between-client-and-call-alone": "TOKEN-11"})
def silent_without_token(act: Signing) -> None:
    """Fails without a word once the token is removed."""
    if not act.token:
        raise RuntimeError
    act.honestly()


@wrong(
    {
        "life::changed-between-calls-over-environment": "CHAIN-1",
        "life::changed-between-retries-over-environment": "CHAIN-1",
        "life::changed-between-retries-over-instance": "CHAIN-1",
        "life::changed-between-calls-over-settings": "CHAIN-1",
    },
    spared=("life::removed-before-session-over-environment",),
)
def falls_back_from_a_changed_token() -> Iterator[None]:
    """Signs with SigV4 once the token is another than at first."""
    first: dict[str, str] = {}

    def sign(act: Signing) -> None:
        known = first.setdefault(os.environ["HOME"], act.token)
        if known != act.token and act.credentials:
            act.by_sigv4()
        else:
            act.honestly()

    with signing(sign):
        yield


@wrong(
    {
        "life::set-between-calls-over-shared": "CHAIN-1",
        "life::set-between-retries-over-container": "CHAIN-1",
    },
    spared=("life::set-before-session-over-shared",),
)
def by_nobody_once_a_token_is_set() -> Iterator[None]:
    """Signs with a credential of nobody's once a token is set that was not there at first."""
    first: dict[str, str] = {}

    def sign(act: Signing) -> None:
        known = first.setdefault(os.environ["HOME"], act.token)
        if act.token and not known:
            act.by_sigv4(_OTHER)
        else:
            act.honestly()

    with signing(sign):
        yield


@wrong_signing(
    {
        "life::keys-changed-between-calls": "CHAIN-3 AUTH-3",
        "life::keys-changed-between-retries": "CHAIN-3 AUTH-3",
    },
    spared=("life::keys-changed-before-session",),
)
def secret_read_anew(act: Signing) -> None:
    """Keeps the key id, and reads the secret from the environment for each request."""
    if act.credentials is None or act.token:
        act.honestly()
        return
    known = act.credentials
    act.by_sigv4(Credentials(known.access_key, os.environ["AWS_SECRET_ACCESS_KEY"], known.token))


# The key is rejected, a stream breaks, a clock is late.


def _signed_again(request: AWSPreparedRequest, level: str) -> AWSPreparedRequest:
    """The same request, signed with what a level holds."""
    key_id, secret, session_token = held(level)
    assert key_id, "the level holds a key"
    assert secret, "the level holds a key"
    again = AWSRequest(request.method, request.url, {"Content-Type": "application/json"})
    again.data = request.body or b""
    region = os.environ["AWS_REGION"]
    SigV4Auth(Credentials(key_id, secret, session_token), "bedrock", region).add_auth(again)
    return again.prepare()


@wrong_sending(
    {
        "life::key-expired-converse-over-environment": "TOKEN-13",
        "life::key-unknown-list-foundation-models-over-environment": "TOKEN-13",
        "life::key-expired-between-calls-over-environment": "TOKEN-13",
        "life::key-of-nobody-over-environment": "TOKEN-13",
    },
    spared=("life::environment-unchanged-token",),
)
def falls_back_from_a_rejected_key(request: AWSPreparedRequest, send: Send) -> object:
    """Signs once more, with the environment's keys, what was rejected by the token."""
    answer: Any = send(request)
    if answer.status_code == _DENIED and is_bearer(request):
        return send(_signed_again(request, "environment"))
    return answer


@wrong_sending(
    {
        "life::key-expired-converse-alone": "TOKEN-13",
        "life::key-unknown-invoke-model-over-shared": "TOKEN-13",
        "life::key-of-nobody-alone": "TOKEN-13",
    }
)
def rejected_key_sent_again(request: AWSPreparedRequest, send: Send) -> object:
    """Sends once more what was rejected."""
    answer: Any = send(request)
    return send(request) if answer.status_code == _DENIED else answer


@wrong({"life::key-expired-between-calls-over-environment": "TOKEN-13"})
def rejected_key_given_up() -> Iterator[None]:
    """Signs with the environment's keys from the call on that follows a rejection."""
    rejected: list[str] = []

    def send(request: AWSPreparedRequest, honest: Send) -> object:
        answer: Any = honest(request)
        if answer.status_code == _DENIED:
            rejected.append(request.url)
        return answer

    def sign(act: Signing) -> None:
        if rejected and act.credentials:
            act.by_sigv4()
        else:
            act.honestly()

    with sending(send), signing(sign):
        yield


@wrong_sending({"life::key-expired-converse-alone": "TOKEN-13"})
def rejection_tells_the_key(request: AWSPreparedRequest, send: Send) -> object:
    """Fails with an error that holds the key that was rejected."""
    answer: Any = send(request)
    if answer.status_code == _DENIED:
        raise RuntimeError(os.environ[TOKEN_VARIABLE])
    return answer


@wrong(
    {
        "life::stream-broken-bearer": "AUTH-6",
        "life::stream-broken-environment-over-shared": "AUTH-6",
    },
    spared=("life::environment-unchanged-token",),
)
def broken_stream_asked_again_by_another() -> Iterator[None]:
    """Asks by another credential for what breaks off."""
    asked: list[str] = []

    def sign(act: Signing) -> None:
        act.honestly()
        asked.append(act.operation)
        if asked[-2:] == ["ConverseStream", "ConverseStream"]:
            act.by_sigv4(_OTHER)

    with signing(sign):
        yield


@wrong_sending(
    {
        "life::signature-expired-environment-over-shared": "AUTH-6",
        "life::time-too-skewed-environment-over-shared": "AUTH-6",
    }
)
def late_clock_answered_by_another(request: AWSPreparedRequest, send: Send) -> object:
    """Signs once more, with the credentials file, what was said to be late."""
    answer: Any = send(request)
    return send(_signed_again(request, "shared")) if answer.status_code == _DENIED else answer
