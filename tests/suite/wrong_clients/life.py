"""Requests after the first: streams, pages and retries on another scheme or level."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError

from tests.suite.wrong_clients.mixing import held
from tests.suite.wrong_clients.registry import wrong, wrong_signing
from tests.suite.wrong_clients.seams import signing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.suite.wrong_clients.seams import Signing

_STREAMS = ("ConverseStream", "InvokeModelWithResponseStream")
_OTHER = Credentials("AKIA0FAKEOTHER", "FAKE/other")


@wrong_signing(
    {
        "auth::bearer-plain-then-streams": "CHAIN-1 AUTH-6",
        "chain::bearer+environment-converse-stream": "CHAIN-1",
        "limit::bedrock-runtime.InvokeModelWithResponseStream-bearer+environment+shared": "LIMIT-8",
    },
    spared=("chain::bearer+environment-converse", "auth::bearer-throttled-converse"),
)
def streams_signed(act: Signing) -> None:
    """Signs streams with SigV4 though there is a token."""
    if act.operation in _STREAMS and act.token:
        act.by_sigv4(None if act.credentials else _OTHER)
    else:
        act.honestly()


@wrong_signing(
    {
        "auth::environment-plain-then-streams": "AUTH-6",
        "auth::instance-plain-then-streams": "AUTH-6",
    }
)
def streams_unsigned(act: Signing) -> None:
    """Sends streams unsigned."""
    act.honestly()
    if act.operation in _STREAMS:
        act.unsigned()


@wrong_signing(
    {"auth::bearer-pages": "CHAIN-1 AUTH-6"},
    spared=("auth::environment-pages", "chain::bearer-list-foundation-models"),
)
def second_page_signed(act: Signing) -> None:
    """Signs the second page with SigV4 though the first went by the token."""
    act.honestly()
    if act.is_bearer and "nextToken" in urlsplit(act.request.prepare().url).query:
        act.by_sigv4(_OTHER)


@wrong_signing({"auth::shared-pages": "CHAIN-1 AUTH-6"})
def second_page_by_another(act: Signing) -> None:
    """Signs the second page with another credential."""
    if "nextToken" in urlsplit(act.request.prepare().url).query:
        act.by_sigv4(_OTHER)
    else:
        act.honestly()


@wrong_signing(
    {
        "auth::bearer-throttled-converse": "CHAIN-1 AUTH-6",
        "auth::bearer-error-503-converse-stream": "CHAIN-1 AUTH-6",
        "auth::bearer-reset-converse": "CHAIN-1 AUTH-6",
        "auth::bearer-retried-after-plain": "CHAIN-1 AUTH-6",
    },
    spared=("auth::bearer-plain-then-streams",),
)
def retry_signed(act: Signing) -> None:
    """Signs a retry with SigV4 though the first attempt went by the token."""
    if act.attempt > 1 and act.token:
        act.by_sigv4(_OTHER)
    else:
        act.honestly()


@wrong_signing(
    {
        "auth::environment-throttled-converse": "AUTH-6",
        "auth::shared-error-500-converse-stream": "AUTH-6",
        "auth::container-reset-converse": "AUTH-6",
        "auth::bearer-reset-converse": "AUTH-6",
    },
    spared=("auth::environment-plain-then-streams",),
)
def retry_unsigned(act: Signing) -> None:
    """Sends a retry unsigned."""
    act.honestly()
    if act.attempt > 1:
        act.unsigned()


@wrong_signing({"auth::config-throttled-converse": "CHAIN-1 AUTH-6"})
def retry_by_another(act: Signing) -> None:
    """Signs a retry with another credential."""
    if act.attempt > 1:
        act.by_sigv4(_OTHER)
    else:
        act.honestly()


@wrong_signing(
    {"auth::environment-throttled-converse": "AUTH-3", "auth::shared-reset-converse": "AUTH-3"},
    spared=("auth::environment-plain-then-streams",),
)
def retry_signature_broken(act: Signing) -> None:
    """Lets a header that is signed change between signing and a retry."""
    act.honestly()
    if act.attempt > 1:
        act.header("X-Amz-Date", f"{act.request.headers['X-Amz-Date'][:-3]}00Z")
        act.header("Content-Type", "text/plain")


@wrong_signing({"auth::bearer-throttled-converse": "AUTH-1 CHAIN-1"})
def retry_adds_to_header(act: Signing) -> None:
    """Adds to the Authorization of the first attempt in a retry."""
    act.honestly()
    if act.attempt > 1 and act.is_bearer:
        value = f"Bearer {os.environ['AWS_BEARER_TOKEN_BEDROCK']}"
        act.header("Authorization", f"{value}, {value}")


@wrong_signing(
    {
        "auth::bearer-over-environment-throttled-converse": "CHAIN-1 AUTH-6",
        "auth::bearer-over-environment-error-500-converse-stream": "CHAIN-1 AUTH-6",
        "auth::bearer-over-environment-reset-converse": "CHAIN-1 AUTH-6",
        "auth::bearer-over-environment-retried-after-plain": "CHAIN-1 AUTH-6",
    },
    spared=("auth::bearer-throttled-converse", "chain::bearer+environment-converse"),
)
def retry_falls_back_from_token(act: Signing) -> None:
    """Retries what failed by the token with the credential of a lower level."""
    if act.attempt > 1 and act.credentials is not None:
        act.by_sigv4()
    else:
        act.honestly()


@wrong_signing(
    {"auth::bearer-over-environment-pages": "CHAIN-1 AUTH-6"},
    spared=("auth::bearer-pages", "auth::environment-over-shared-pages"),
)
def second_page_falls_back_from_token(act: Signing) -> None:
    """Asks for the second page with the credential of a lower level."""
    act.honestly()
    if act.is_bearer and act.credentials and "nextToken" in act.request.prepare().url:
        act.by_sigv4()


@wrong_signing(
    {
        "auth::environment-over-shared-throttled-converse": "CHAIN-1 AUTH-6",
        "auth::environment-over-shared-error-503-converse-stream": "CHAIN-1 AUTH-6",
    },
    spared=("auth::environment-throttled-converse", "chain::environment+shared-converse"),
)
def retry_falls_back_to_file(act: Signing) -> None:
    """Retries with the credentials file what failed with the environment's keys."""
    key_id, secret, session_token = held("shared")
    if act.attempt > 1 and key_id and secret:
        act.by_sigv4(Credentials(key_id, secret, session_token))
    else:
        act.honestly()


@wrong_signing(
    {
        "limit::bedrock-agent.ListAgents-bearer+environment-error-503": "LIMIT-2 LIMIT-4 AUTH-6",
        "limit::bedrock-data-automation-runtime.GetDataAutomationStatus"
        "-bearer+environment-error-503": "LIMIT-3 LIMIT-4 AUTH-6",
        "limit::bedrock-agentcore.ListSessions-bearer+environment-error-503": "LIMIT-6 LIMIT-4",
    },
    spared=("limit::bedrock-agent.ListAgents-bearer+environment+shared",),
)
def retry_tries_the_token(act: Signing) -> None:
    """Retries by the token what failed by SigV4, where the token may not go."""
    if act.attempt > 1 and act.token:
        act.by_token()
    else:
        act.honestly()


@wrong_signing(
    {
        "auth::bearer-plain-then-streams": "CHAIN-1",
        "auth::environment-plain-then-streams": "CHAIN-1",
    },
    spared=("auth::bearer-pages",),
)
def streams_refused(act: Signing) -> None:
    """Finds no credentials for a stream, though a plain call had them."""
    if act.operation in _STREAMS:
        raise NoCredentialsError
    act.honestly()


@wrong_signing({"auth::bearer-pages": "CHAIN-1"}, spared=("auth::bearer-plain-then-streams",))
def second_page_refused(act: Signing) -> None:
    """Finds no credentials for the second page, though the first had them."""
    if "nextToken" in urlsplit(act.request.prepare().url).query:
        raise NoCredentialsError
    act.honestly()


@wrong_signing(
    {
        "auth::environment-temporary-converse": "AUTH-5",
        "auth::instance-temporary-converse": "AUTH-5",
    }
)
def session_token_twice(act: Signing) -> None:
    """Repeats its session token in a header of its own."""
    act.honestly()
    if act.credentials and act.credentials.token:
        act.header("X-Debug", act.credentials.token)


@wrong_signing(
    {
        f"limit::{call}-bearer+environment-pages": "LIMIT-4 AUTH-6"
        for call in ("bedrock-agent.ListAgents", "bedrock-agentcore.ListSessions")
    },
    spared=("auth::bearer-pages", "limit::bedrock-agent.ListAgents-bearer+environment-error-503"),
)
def second_page_by_token(act: Signing) -> None:
    """Sends the token with the second page of a service that takes none."""
    act.honestly()
    request = act.request
    if act.token and not act.is_bearer and "page-2" in str((request.params, request.data)):
        act.by_token()


@wrong(
    {
        "life::waiter-bearer-over-environment": "LIMIT-4 LIMIT-6 AUTH-6",
        "life::waiter-bearer-over-instance": "LIMIT-4 LIMIT-6 AUTH-6",
    },
    spared=("limit::bedrock-agentcore-control.GetMemory-bearer+environment+shared",),
)
def waiter_tries_the_token() -> Iterator[None]:
    """Asks by the token when a service that takes none was not ready at first."""
    asked: set[str] = set()

    def sign(act: Signing) -> None:
        act.honestly()
        if act.operation == "GetMemory":
            if os.environ["HOME"] in asked:  # each scenario has a home of its own
                act.by_token()
            asked.add(os.environ["HOME"])

    with signing(sign):
        yield
