"""The token right in its header, and more beside it: in the URL, other headers, the body."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.suite.wrong_clients.registry import wrong_sending, wrong_signing
from tests.suite.wrong_clients.seams import TOKEN_VARIABLE, body_of, replace_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.awsrequest import AWSPreparedRequest

    from tests.suite.wrong_clients.seams import Send, Signing

_URL = {
    "chain::bearer-list-foundation-models": "AUTH-7",
    "auth::bearer-short-term-list-foundation-models": "AUTH-7",
}


def _signature_parts(act: Signing) -> dict[str, str]:
    """The headers of SigV4 that a signature of this request would add, but Authorization."""
    if act.credentials is None:
        return {}
    act.by_sigv4()
    kept = ("X-Amz-Date", "X-Amz-Security-Token")
    parts = {name: act.request.headers[name] for name in kept if act.request.headers[name]}
    act.unsigned()
    return parts


@wrong_signing({"chain::bearer+environment-converse": "AUTH-2"})
def session_token_beside_token(act: Signing) -> None:
    """Leaves X-Amz-Security-Token on a bearer request."""
    parts = _signature_parts(act)
    act.honestly()
    if act.is_bearer and "X-Amz-Security-Token" in parts:
        act.header("X-Amz-Security-Token", parts["X-Amz-Security-Token"])


@wrong_signing({"chain::bearer-converse": "AUTH-2", "chain::bearer+shared-converse": "AUTH-2"})
def session_token_invented_beside_token(act: Signing) -> None:
    """Sends an X-Amz-Security-Token of nobody's beside the token."""
    act.honestly()
    if act.is_bearer:
        act.header("X-Amz-Security-Token", "FAKE/none")


@wrong_signing({"chain::bearer+environment-converse": "AUTH-9"})
def date_beside_token(act: Signing) -> None:
    """Leaves X-Amz-Date on a bearer request."""
    parts = _signature_parts(act)
    act.honestly()
    if act.is_bearer and "X-Amz-Date" in parts:
        act.header("X-Amz-Date", parts["X-Amz-Date"])


@wrong_signing({"chain::bearer-converse": "AUTH-9", "chain::bearer+config-converse": "AUTH-9"})
def payload_hash_beside_token(act: Signing) -> None:
    """Leaves X-Amz-Content-Sha256 on a bearer request."""
    act.honestly()
    if act.is_bearer:
        act.header("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")


@wrong_signing({"chain::bearer+environment-converse": "AUTH-2"})
def secret_beside_token(act: Signing) -> None:
    """Sends the secret access key in a header of its own beside the token."""
    act.honestly()
    if act.is_bearer and act.credentials is not None:
        act.header("X-Debug", act.credentials.secret_key)


@wrong_sending({"chain::bearer+environment-converse": "CHAIN-1 AUTH-2"})
def presigned_beside_token(request: AWSPreparedRequest, send: Send) -> object:
    """Sends the token to a presigned URL."""
    request.url += (
        "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA0FAKE%2F20260101%2Feu-central-1"
        f"%2Fbedrock%2Faws4_request&X-Amz-SignedHeaders=host&X-Amz-Signature={'0' * 64}"
    )
    return send(request)


def _extended(request: AWSPreparedRequest, extend: Callable[[str], str]) -> None:
    """Append to the URL what a function makes of the token."""
    request.url += extend(os.environ[TOKEN_VARIABLE])


@wrong_sending(_URL)
def token_in_query(request: AWSPreparedRequest, send: Send) -> object:
    """Repeats the token in the query."""
    _extended(request, lambda token: f"?api_key={quote(token, safe='')}")
    return send(request)


@wrong_sending(_URL)
def token_in_query_twice_encoded(request: AWSPreparedRequest, send: Send) -> object:
    """Repeats the token in the query, percent-encoded twice."""
    _extended(request, lambda token: f"?api_key={quote(quote(token, safe=''), safe='')}")
    return send(request)


@wrong_sending(_URL)
def token_in_path(request: AWSPreparedRequest, send: Send) -> object:
    """Repeats the token in the path."""
    _extended(request, lambda token: f"/{quote(token)}")
    return send(request)


@wrong_sending(_URL)
def token_in_query_in_base64(request: AWSPreparedRequest, send: Send) -> object:
    """Repeats the token in the query, in base64 behind the name of a user."""
    _extended(request, lambda token: f"?auth={base64.b64encode(f'me:{token}'.encode()).decode()}")
    return send(request)


@wrong_signing(
    {
        "chain::bearer-converse": "AUTH-1",
        "chain::bearer+environment-list-foundation-models": "AUTH-1",
    },
    spared=("chain::environment-converse",),
)
def token_twice_in_headers(act: Signing) -> None:
    """Repeats the token in X-Api-Key, for gateways."""
    act.honestly()
    if act.is_bearer:
        act.header("X-Api-Key", act.token)


@wrong_sending({"chain::bearer-converse": "AUTH-1"})
def token_in_body(request: AWSPreparedRequest, send: Send) -> object:
    """Repeats the token in the body."""
    token = os.environ[TOKEN_VARIABLE].encode()
    replace_body(request, body_of(request).rstrip(b"}") + b', "apiKey": "%s"}' % token)
    return send(request)
