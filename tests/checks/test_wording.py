from __future__ import annotations

import pytest

from bedrock_authcheck.checks.wording import describe, describe_origin, request_line
from bedrock_authcheck.model import CredentialSource, Exchange
from bedrock_authcheck.wire.attribution import Keyring, observe
from tests.simulated import (
    REGION,
    aws_canary,
    received,
    received_from,
    sigv4_headers,
    token_canary,
)

TOKEN = token_canary(CredentialSource.BEARER)
SHARED = aws_canary(CredentialSource.SHARED, temporary=True)
KEYS = Keyring((TOKEN, SHARED))


def _describe(exchange: Exchange) -> str:
    return describe(observe(exchange, KEYS, region=REGION, scope_service="bedrock"))


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (CredentialSource.BEARER, "1 bearer token"),
        (CredentialSource.SETTINGS, "2 service settings"),
        (CredentialSource.ENVIRONMENT, "3 environment variables"),
        (CredentialSource.SHARED, "4 shared credentials file"),
        (CredentialSource.CONFIG, "5 config file"),
        (CredentialSource.INSTANCE, "6 instance role"),
        (CredentialSource.CONTAINER, "6 container role"),
    ],
)
def test_a_source_is_its_level_and_its_title(source: CredentialSource, text: str) -> None:
    assert describe_origin(source) == text


def test_a_request_is_scheme_place_key_id_and_scope() -> None:
    assert _describe(received_from(TOKEN)) == "bearer  AWS_BEARER_TOKEN_BEDROCK"
    assert _describe(received_from(SHARED)) == (
        f"sigv4  ~/.aws/credentials [default]  ASIA…L4SHARED  bedrock/{REGION}"
    )
    assert _describe(received()) == "unsigned"


def test_a_stranger_is_said_to_be_one() -> None:
    stranger = aws_canary(CredentialSource.CONFIG)
    token = token_canary(CredentialSource.BEARER)
    assert _describe(received_from(token)) == "bearer  a credential of no level here"
    assert _describe(received_from(stranger)) == (
        f"sigv4  a credential of no level here  ASIA…L5CONFIG  bedrock/{REGION}"
    )


def test_a_wrong_scope_is_shown_as_it_is() -> None:
    headers = sigv4_headers(SHARED, "127.0.0.1:443", service="sts", region="us-west-2")
    assert _describe(received(headers)).endswith("  sts/us-west-2")


def test_a_request_line_says_where_how_and_what_came_of_it() -> None:
    assert request_line(received_from(TOKEN)) == (
        "bedrock-runtime  POST /model/simulated.model-v1%3A0/converse  (HTTP/1.1, TLSv1.3) → 200"
    )
    unanswered = received_from(TOKEN, tls=None, protocol="HTTP/2", status=None)
    assert request_line(unanswered).endswith("(HTTP/2, no TLS) → unanswered")


@pytest.mark.parametrize("length", [99, 100, 101, 5000])
def test_a_long_target_is_cut_and_not_lost(length: int) -> None:
    target = "/model/" + "x" * (length - 7)
    shown = request_line(received(target=target)).split("  ")[1].removeprefix("POST ")
    assert shown == (target if length <= 100 else f"{target[:99]}…")


def test_a_presigned_request_shows_no_secret() -> None:
    secret = SHARED.session_token or ""
    line = request_line(
        received(target=f"/?X-Amz-Security-Token={secret}&X-Amz-Signature={'ab' * 32}")
    )
    assert secret not in line
    assert "ab" * 32 not in line
