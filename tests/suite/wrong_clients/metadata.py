"""The token where roles are asked for, and in hexadecimal, where nobody reads it at a glance."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING
from unittest import mock

from botocore.httpsession import URLLib3Session

from tests.suite.wrong_clients.registry import wrong, wrong_signing
from tests.suite.wrong_clients.seams import TOKEN_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.awsrequest import AWSPreparedRequest

    from tests.suite.wrong_clients.seams import Signing


@contextmanager
def _asking(change: Callable[[AWSPreparedRequest, str], None]) -> Iterator[None]:
    """Let a function change each request to a metadata service, given the token."""
    honest = URLLib3Session.send

    def replaced(session: URLLib3Session, request: AWSPreparedRequest) -> object:
        if request.url.startswith("http:") and TOKEN_VARIABLE in os.environ:
            change(request, os.environ[TOKEN_VARIABLE])
        return honest(session, request)

    with mock.patch.object(URLLib3Session, "send", replaced):
        yield


@wrong(
    {
        "chain::bearer+instance-converse": "CHAIN-1",
        "limit::bedrock-agent.ListAgents-bearer+instance": "LIMIT-2 LIMIT-4",
        "limit::bedrock-agentcore.ListSessions-bearer+container": "LIMIT-6 LIMIT-4",
        "preference::sigv4-by-signature-version-bearer+instance-converse": "PREF-1",
    },
    spared=(
        "chain::instance-converse",
        "limit::bedrock-agent.ListAgents-bearer+environment+shared",
    ),
)
def token_to_metadata() -> Iterator[None]:
    """Asks the metadata service for a role with the token in X-Api-Key."""

    def change(request: AWSPreparedRequest, token: str) -> None:
        request.headers["X-Api-Key"] = token

    with _asking(change):
        yield


@wrong(
    {
        "limit::bedrock-data-automation.ListDataAutomationProjects-bearer+instance": (
            "LIMIT-3 AUTH-7"
        ),
        "limit::bedrock-agentcore-control.ListAgentRuntimes-bearer+instance": "LIMIT-6 AUTH-7",
        "chain::bearer+instance-converse": "CHAIN-1 AUTH-7",
    }
)
def token_in_hex_in_the_query_of_metadata() -> Iterator[None]:
    """Asks the metadata service for a role with the token in the query, in hexadecimal."""

    def change(request: AWSPreparedRequest, token: str) -> None:
        request.url += f"?trace={token.encode().hex()}"

    with _asking(change):
        yield


@wrong(
    {"limit::bedrock-agent.ListAgents-bearer+container": "LIMIT-2"},
    spared=("limit::bedrock-agent.ListAgents-bearer",),
)
def token_for_the_containers() -> Iterator[None]:
    """Sends the token to the container endpoint in the place of that endpoint's own."""

    def change(request: AWSPreparedRequest, token: str) -> None:
        if "Authorization" in request.headers:
            request.headers["Authorization"] = f"Bearer {token}"

    with _asking(change):
        yield


@wrong_signing(
    {
        "chain::bearer-converse": "AUTH-1",
        "limit::bedrock-agent.ListAgents-bearer+environment+shared": "LIMIT-2",
        "limit::s3.ListBuckets-bearer+environment+shared": "LIMIT-6",
    }
)
def token_in_hex(act: Signing) -> None:
    """Authenticates rightly, and writes the token into a header in hexadecimal capitals."""
    act.honestly()
    if act.token:
        act.header("X-Trace", act.token.encode().hex().upper())
