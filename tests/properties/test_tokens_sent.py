"""Whatever a token holds, it is sent as it is or refused clearly: nothing more, nothing else."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

import pytest

from bedrock_authcheck.environments.levels import VARIABLES_OF
from bedrock_authcheck.model import AuthScheme, CredentialSource
from bedrock_authcheck.strategies import awkward_tokens, tokens
from bedrock_authcheck.wire.authorization import raw_headers
from bedrock_authcheck.wire.leaks import holds_secret
from tests.properties.calling import BOTO3, CONVERSE, called, deviates, wrong_client
from tests.properties.hunting import a_part, caught, holds

if TYPE_CHECKING:
    from bedrock_authcheck.clients.contract import CallResult, Client
    from bedrock_authcheck.fixtures import BedrockEndpoint
    from bedrock_authcheck.machine_fixture import Machines
    from bedrock_authcheck.model import Exchange

(TOKEN_VARIABLE,) = VARIABLES_OF[CredentialSource.BEARER]
WHITE_SPACE: Final = " \t"  # what HTTP allows around the value of a field
LINE_END: Final = re.compile(r"[\r\n]")
FOLDED: Final = re.compile(r"(?:\r\n|\n|\r)[ \t]")
WORST: Final = (
    *("", " ", "\t", "\n", "\r\n", "a\n", "\ra", "FAKE\r\nX-Injected: yes", "FAKE\nX-Injected: y"),
    *("FAKE\r\n X-Injected: yes", "FAKE\n\tX-Injected: yes", "FAKE\r X-Injected: y", "a\x0bb"),
)
TELLING: Final = 12  # characters; what is shorter may be in any text


@pytest.fixture(scope="session")
def usual(bedrock_machine: Machines) -> tuple[str, Exchange]:
    """The request with a plain token, which another token changes in one value alone."""
    with bedrock_machine("bearer") as (_, endpoint):
        assert called(CONVERSE).ok
        (seen,) = endpoint.requests
        return _names(seen.exchange), seen.exchange


def _names(exchange: Exchange) -> str:
    """The names of the headers as they were sent, in order: none may be added."""
    return " ".join(name.lower() for name, _ in raw_headers(exchange.raw_head))


def check_a_token(
    endpoint: BedrockEndpoint, usual: tuple[str, Exchange], client: Client, token: str
) -> None:
    endpoint.clear()
    os.environ[TOKEN_VARIABLE] = token
    result = called(CONVERSE, client)
    seen = endpoint.requests
    if not seen:
        _check_refused(token, result)
        return
    (only,) = seen
    if only.evidence.scheme in {AuthScheme.SIGV4, AuthScheme.UNSIGNED}:
        # A blank token is no token (TOKEN-1); any other one is never passed over.
        assert token.strip() == ""
        assert only.source is CredentialSource.ENVIRONMENT
        return
    _check_sent(token, only.exchange, usual)


def _check_sent(token: str, exchange: Exchange, usual: tuple[str, Exchange]) -> None:
    names, plain = usual
    values = [v for name, v in raw_headers(exchange.raw_head) if name.lower() == "authorization"]
    sent = [value.strip(WHITE_SPACE).encode("latin-1") for value in values]
    wanted = f"Bearer {token}".strip(WHITE_SPACE).encode()
    assert sent == [wanted]
    assert _names(exchange) == names
    assert (exchange.method, exchange.target) == (plain.method, plain.target)
    if not token.strip(WHITE_SPACE):
        assert deviates("boto3-blank-token")
    if LINE_END.search(token):
        assert deviates("boto3-folded-line-sent")
        assert not LINE_END.search(FOLDED.sub("", token))


def _check_refused(token: str, result: CallResult) -> None:
    assert not result.ok
    assert result.error.strip()
    if len(token.strip()) >= TELLING and holds_secret(result.error, token.strip()):
        assert deviates("boto3-line-end-told")
        assert LINE_END.search(token)


@pytest.mark.hypothesis
def test_it_is_sent_as_it_is_or_refused(
    bedrock_machine: Machines, usual: tuple[str, Exchange]
) -> None:
    with bedrock_machine("environment") as (_, endpoint):
        for token in WORST:
            check_a_token(endpoint, usual, BOTO3, token)
        holds(check_a_token, endpoint, usual, BOTO3, under=a_part(2), token=tokens())


@pytest.mark.parametrize(
    "name",
    [
        *("line-ends-sent", "two-equal-headers", "two-different-headers", "token-truncated"),
        *("token-url-encoded", "token-without-padding", "joined-with-itself", "no-scheme"),
        *("blank-token-means-unsigned", "session-token-invented-beside-token"),
    ],
)
def test_a_client_that_sends_something_else_is_caught(
    name: str, bedrock_machine: Machines, usual: tuple[str, Exchange]
) -> None:
    with (
        wrong_client(name).made() as client,
        bedrock_machine("environment") as (_, endpoint),
    ):
        caught(check_a_token, endpoint, usual, client, token=tokens())


@pytest.mark.parametrize(
    "entry", ["boto3-blank-token", "boto3-line-end-told", "boto3-folded-line-sent"]
)
def test_what_is_known_of_boto3_is_needed(
    entry: str,
    bedrock_machine: Machines,
    usual: tuple[str, Exchange],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each exception is for its deviation: without it the property fails."""
    if not deviates(entry):
        pytest.skip(f"{entry} is of other releases of botocore")
    known = deviates
    monkeypatch.setitem(globals(), "deviates", lambda name: name != entry and known(name))
    with bedrock_machine("environment") as (_, endpoint):
        caught(check_a_token, endpoint, usual, BOTO3, token=awkward_tokens())
