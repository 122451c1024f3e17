"""Over which connections the token is sent: plain ones, proxies, and ones that an answer led to."""

from __future__ import annotations

import os
from contextlib import closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from unittest import mock

from botocore.auth import BearerAuth
from botocore.httpsession import ProxyConfiguration

from tests.suite.wrong_clients.registry import wrong, wrong_sending
from tests.suite.wrong_clients.seams import TOKEN_VARIABLE, copied, signing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.awsrequest import AWSPreparedRequest, AWSRequest

    from tests.suite.wrong_clients.seams import Send, Signing


@wrong(
    {
        "travel::plain-http-bearer-converse": "TOKEN-5",
        "travel::plain-http-bearer+environment-list-foundation-models": "TOKEN-5",
        "travel::plain-http-token-in-code+bearer-converse": "TOKEN-5",
    },
    spared=("chain::bearer-converse",),
)
def token_over_plain_http() -> Iterator[None]:
    """Sends the token whether the endpoint speaks TLS or not."""

    def signed(auth: Any, request: AWSRequest) -> None:  # noqa: ANN401 - its stubs lack auth_token
        del request.headers["Authorization"]
        request.headers["Authorization"] = f"Bearer {auth.auth_token.token}"

    with mock.patch.object(BearerAuth, "add_auth", signed):
        yield


@wrong(
    {
        "travel::plain-http-bearer-converse": "TOKEN-5",
        "travel::plain-http-bearer+instance-converse": "TOKEN-5",
    }
)
def nobody_over_plain_http() -> Iterator[None]:
    """Sends the request over plain http without the token, unsigned."""
    with mock.patch.object(BearerAuth, "add_auth"):
        yield


@wrong_sending(
    {
        "travel::redirect-bearer-301-to-another-port": "TOKEN-6",
        "travel::redirect-bearer-307-to-another-name": "TOKEN-6",
        "travel::redirect-bearer-302-to-plain-http": "TOKEN-6",
        "travel::redirect-token-in-code+bearer-308-to-another-name": "TOKEN-6",
    },
    spared=("travel::bearer-answered",),
)
def follows_with_the_token(request: AWSPreparedRequest, send: Send) -> object:
    """Follows a redirect wherever it leads, with the headers that it had."""
    answer = send(request)
    if "Location" in answer.headers:
        token = request.headers["Authorization"]
        return send(copied(request, url=answer.headers["Location"], Authorization=token))
    return answer


@wrong_sending(
    {
        "travel::redirect-bearer-503-then-307": "TOKEN-6",
        "travel::redirect-bearer+environment-307-to-another-port": "TOKEN-6",
    }
)
def follows_with_the_token_in_another_header(request: AWSPreparedRequest, send: Send) -> object:
    """Drops Authorization where a redirect leads elsewhere, and keeps the token in X-Api-Key."""
    answer = send(request)
    if "Location" in answer.headers:
        token = request.headers["Authorization"]
        return send(copied(request, url=answer.headers["Location"], X_Api_Key=token))
    return answer


_PROXIED = {
    "travel::proxy-bearer-converse": "TOKEN-5",
    "travel::proxy-bearer+environment-list-foundation-models": "TOKEN-5",
}


@wrong(_PROXIED, spared=("chain::bearer-converse",))
def proxy_is_told_the_token() -> Iterator[None]:
    """Sends the token to the proxy too, when it asks for a tunnel."""

    def told(*_: object) -> dict[str, str]:
        return {"Authorization": f"Bearer {os.environ[TOKEN_VARIABLE]}"}

    with mock.patch.object(ProxyConfiguration, "proxy_headers_for", told):
        yield


@wrong_sending(_PROXIED)
def proxy_is_sent_the_request(request: AWSPreparedRequest, send: Send) -> object:
    """Asks the proxy for no tunnel, but hands it the whole request in clear."""
    if "HTTPS_PROXY" in os.environ:
        proxy = HTTPConnection(os.environ["HTTPS_PROXY"].removeprefix("http://"))
        authorization = request.headers["Authorization"]
        with closing(proxy):
            proxy.request("GET", request.url, headers={"Authorization": authorization})
            proxy.getresponse().read()
    return send(request)


@wrong(
    {
        "travel::session-bearer+environment-with-s3": "LIMIT-6",
        "travel::session-bearer+environment-with-bedrock-agentcore": "LIMIT-6",
    }
)
def session_goes_on_with_the_token() -> Iterator[None]:
    """Sends the token to whatever else a session calls, when it has once been of use."""
    used: list[str] = []

    def sign(act: Signing) -> None:
        act.honestly()
        if act.is_bearer:
            used.append(act.service)
        elif used:
            act.by_token()

    with signing(sign):
        yield
