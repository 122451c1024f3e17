"""Over which connections the token is sent: plain ones, and ones that an answer led to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest import mock

from botocore.auth import BearerAuth

from tests.suite.wrong_clients.registry import wrong, wrong_sending
from tests.suite.wrong_clients.seams import copied

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.awsrequest import AWSPreparedRequest, AWSRequest

    from tests.suite.wrong_clients.seams import Send


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
