"""Over which connections the token is sent: plain ones, proxies, and ones that an answer led to."""

from __future__ import annotations

import os
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any
from unittest import mock
from urllib.parse import urlsplit

from botocore.auth import BearerAuth
from botocore.exceptions import ProxyConnectionError
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
    "travel::proxy-tunnel-by-variables-bearer-list-foundation-models": "TOKEN-5",
    "travel::proxy-tunnel-by-variables-bearer+environment-converse": "TOKEN-5",
    "travel::proxy-502-bearer-converse": "TOKEN-5",
}


@wrong(
    {**_PROXIED, "travel::proxy-tunnel-by-code-bearer-converse": "TOKEN-5"},
    spared=("chain::bearer-converse",),
)
def proxy_is_told_the_token() -> Iterator[None]:
    """Sends the token to the proxy too, when it asks for a tunnel."""

    def told(*_: object) -> dict[str, str]:
        return {"X-Api-Key": os.environ[TOKEN_VARIABLE]}

    with mock.patch.object(ProxyConfiguration, "proxy_headers_for", told):
        yield


def _proxy() -> HTTPConnection:
    return HTTPConnection(os.environ["HTTPS_PROXY"].removeprefix("http://"))


@wrong_sending(_PROXIED)
def proxy_is_sent_the_request(request: AWSPreparedRequest, send: Send) -> object:
    """Asks the proxy for no tunnel, but hands it the whole request in clear."""
    if "HTTPS_PROXY" in os.environ:
        authorization = request.headers["Authorization"]
        with closing(_proxy()) as proxy:
            proxy.request("GET", request.url, headers={"Authorization": authorization})
            proxy.getresponse().read()
    return send(request)


@wrong_sending(
    {
        "travel::proxy-tunnel-by-variables-bearer-converse": "TOKEN-5",
        "travel::proxy-tunnel-by-variables-bearer+environment-converse-stream": "TOKEN-5",
    },
    spared=("travel::proxy-502-bearer-converse",),
)
def plain_http_through_a_tunnel(request: AWSPreparedRequest, send: Send) -> object:
    """Tries plain http through the proxy's tunnel, before it speaks TLS as it was told to."""
    if "HTTPS_PROXY" in os.environ:
        to = urlsplit(request.url)
        with closing(_proxy()) as proxy, suppress(OSError, HTTPException):
            proxy.set_tunnel(to.hostname or "", to.port)
            proxy.request("POST", to.path, headers={"X-Api-Key": os.environ[TOKEN_VARIABLE]})
            proxy.getresponse().read()
    return send(request)


@wrong({"travel::proxy-tunnel-by-variables-bearer+environment-converse": "TOKEN-5"})
def proxy_is_told_the_signature() -> Iterator[None]:
    """Sends an Authorization of SigV4, for the endpoint, with what it asks of the proxy."""

    def told(*_: object) -> dict[str, str]:
        return {"Authorization": "AWS4-HMAC-SHA256 Credential=AKIA0FAKE/20260101"}

    with mock.patch.object(ProxyConfiguration, "proxy_headers_for", told):
        yield


@wrong_sending(
    {"travel::proxy-407-bearer-converse": "TOKEN-5"},
    spared=("travel::proxy-502-bearer-converse",),
)
def proxy_that_asks_is_given_the_token(request: AWSPreparedRequest, send: Send) -> object:
    """Presents the token to a proxy that asks who it is."""
    try:
        return send(request)
    except ProxyConnectionError as error:
        if "407" in str(error.__context__):
            token = os.environ[TOKEN_VARIABLE]
            with closing(_proxy()) as proxy:
                proxy.request("GET", "/", headers={"Proxy-Authorization": f"Bearer {token}"})
                proxy.getresponse().read()
        raise


@wrong({"travel::proxy-tunnel-by-code-bearer-converse": "TOKEN-5"})
def nobody_at_a_proxy() -> Iterator[None]:
    """Gives up where a proxy is before the endpoint."""

    def gone(*_: object) -> None:
        raise ConnectionError("no way through")

    with mock.patch.object(ProxyConfiguration, "proxy_headers_for", gone):
        yield


@wrong_sending(
    {"travel::proxy-redirect-bearer-307-to-another-name": "TOKEN-6"},
    spared=("travel::redirect-bearer-307-to-another-name",),
)
def follows_through_a_tunnel(request: AWSPreparedRequest, send: Send) -> object:
    """Follows a redirect with the headers that it had, where a proxy stands between."""
    answer: Any = send(request)
    if "HTTPS_PROXY" in os.environ and "Location" in answer.headers:
        token = request.headers["Authorization"]
        return send(copied(request, url=answer.headers["Location"], Authorization=token))
    return answer


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
