from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from bedrock_authcheck.model import BearerToken, CredentialSource
from bedrock_authcheck.services.authorization import CORAL_DENIED, EXPIRED_SESSION
from bedrock_authcheck.services.ledger import Ledger
from bedrock_authcheck.services.steps import (
    deny,
)
from bedrock_authcheck.wire.attribution import Keyring
from bedrock_authcheck.wire.tokens import fake_short_term_key
from tests.simulated import (
    CONVERSE,
    REGION,
    Services,
    aws_canary,
    sigv4_headers,
    token_canary,
)

TOKEN = token_canary(CredentialSource.BEARER)
LONG_TERM = aws_canary(CredentialSource.SHARED, temporary=False)
STRANGE_TOKEN = token_canary(CredentialSource.BEARER)
TEMPORARY = aws_canary(CredentialSource.ENVIRONMENT)
STRANGER = aws_canary(CredentialSource.CONFIG)
EXPIRED = BearerToken(
    CredentialSource.BEARER,
    fake_short_term_key(
        TEMPORARY, region=REGION, made_at=datetime.now(UTC) - timedelta(hours=2), expires=60
    ),
    signer=TEMPORARY,
)
ELSEWHERE = BearerToken(
    CredentialSource.BEARER,
    fake_short_term_key(TEMPORARY, region="us-west-2", made_at=datetime.now(UTC)),
    signer=TEMPORARY,
)
BEARER = {"Authorization": f"Bearer {TOKEN.value}"}
BIDIRECTIONAL = "/model/simulated.model-v1%3A0/invoke-with-bidirectional-stream"


@pytest.fixture
def ledger(services: Services) -> Ledger:
    return services.endpoint.open(
        Ledger(Keyring((TOKEN, EXPIRED, ELSEWHERE, LONG_TERM, TEMPORARY)), REGION)
    )


def _sigv4(services: Services, name: str) -> dict[str, str]:
    """Headers of a signed request, each wrong in its own way."""
    host = services.host()
    match name:
        case "unknown key id":
            return sigv4_headers(STRANGER, host)
        case "stale":
            return sigv4_headers(LONG_TERM, host, when=datetime.now(UTC) - timedelta(minutes=20))
        case "wrong region":
            return sigv4_headers(LONG_TERM, host, region="us-west-2")
        case "wrong session token":
            return sigv4_headers(TEMPORARY, host) | {"X-Amz-Security-Token": "FAKE/other"}
        case _:
            headers = sigv4_headers(LONG_TERM, host)
            right = headers["Authorization"]
            return headers | {"Authorization": right[:-1] + ("1" if right[-1] == "0" else "0")}


@pytest.mark.parametrize(
    ("token", "message"),
    [
        (None, "Authorization header is missing"),
        ("FAKE", "Invalid API Key format: Must start with pre-defined prefix"),
        (
            STRANGE_TOKEN.value,
            "Authentication failed: Please make sure your API Key is valid.",
        ),
        (ELSEWHERE.value, "Authentication failed: Please make sure your API Key is valid."),
        (EXPIRED.value, "Bearer Token has expired"),
    ],
    ids=["missing", "prefix", "unknown", "another-region", "expired"],
)
def test_the_refusals_of_api_keys(
    services: Services, ledger: Ledger, token: str | None, message: str
) -> None:
    answer = services.post({} if token is None else {"Authorization": f"Bearer {token}"})
    assert answer.status == 403
    assert answer.headers["x-amzn-errortype"] == CORAL_DENIED
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.body) == {"Message": message}
    assert [o.exchange.status for o in ledger.observations] == [403]


@pytest.mark.parametrize(
    ("service", "method", "target"),
    [
        ("bedrock-agent", "POST", "/agents/"),
        ("bedrock-agent-runtime", "POST", "/sessions/"),
        ("bedrock-data-automation", "POST", "/data-automation-projects/"),
        ("bedrock-data-automation-runtime", "POST", "/"),
        ("bedrock-agentcore", "POST", "/x"),
        ("bedrock-agentcore-control", "POST", "/runtimes/"),
        ("bedrock-runtime", "POST", BIDIRECTIONAL),
        ("sagemaker-runtime", "POST", "/endpoints/simulated/invocations"),
    ],
)
@pytest.mark.usefixtures("ledger")
def test_a_token_is_refused_where_none_is_taken(
    services: Services, service: str, method: str, target: str
) -> None:
    answer = services.post(BEARER, target, service=service, method=method)
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (403, CORAL_DENIED)
    assert json.loads(answer.body) == {"Message": "This operation does not support API Keys"}


@pytest.mark.parametrize(
    ("fault", "error_type", "message"),
    [
        (
            "unknown key id",
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        (
            "wrong session token",
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        (
            "signature",
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. ",
        ),
        ("stale", "InvalidSignatureException", "Signature expired: 20"),
        (
            "wrong region",
            "InvalidSignatureException",
            "Credential should be scoped to a valid region.",
        ),
    ],
)
@pytest.mark.usefixtures("ledger")
def test_the_refusals_of_signatures(
    services: Services, fault: str, error_type: str, message: str
) -> None:
    answer = services.post(_sigv4(services, fault))
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (403, error_type)
    assert answer.headers["content-type"] == "application/json"
    (key, text), *others = json.loads(answer.body).items()
    assert key == "message"
    assert text.startswith(message)
    assert not others


def test_an_expired_session_is_programmed(services: Services, ledger: Ledger) -> None:
    ledger.program("bedrock-runtime", deny(EXPIRED_SESSION))
    answer = services.post(BEARER)
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (403, "ExpiredTokenException")
    message = "The security token included in the request is expired"
    assert json.loads(answer.body) == {"message": message}


def test_errors_of_streaming_operations_are_plain_json(services: Services, ledger: Ledger) -> None:
    answer = services.post({}, CONVERSE + "-stream")
    assert (answer.status, answer.headers["content-type"]) == (403, "application/json")
    assert ledger.observations[0].operation == "ConverseStream"


@pytest.mark.usefixtures("ledger")
def test_neighbours_refuse_in_their_own_language(services: Services) -> None:
    for service in ("sts", "s3"):
        answer = services.post(BEARER, "/", service=service)
        assert (answer.status, answer.headers["content-type"]) == (403, "text/xml")
        assert b"This operation does not support API Keys" in answer.body
