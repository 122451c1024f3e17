"""Who is given a new token for a refresh token, and who is not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_authcheck.model import CredentialSource, Exchange
from bedrock_authcheck.services import dpop
from bedrock_authcheck.services.grants import Grants
from bedrock_authcheck.services.sign_in import Login, Registration
from tests.services.test_dpop import KEY, NOW, REQUEST, proof
from tests.simulated import aws_canary

if TYPE_CHECKING:
    from bedrock_authcheck.services.http import Answer

CREDENTIAL = aws_canary(CredentialSource.CONFIG, temporary=True)
REGISTERED = Grants(registered={"FAKE-refresh": Registration("client", "FAKE-secret", "FAKE-new")})
LOGINS = Grants(logins={"FAKE-refresh": Login("client", dpop.jwk(KEY), CREDENTIAL)})
ASKED = {"clientId": "client", "clientSecret": "FAKE-secret", "grantType": "refresh_token"}


def body(answer: Answer | None) -> dict[str, Any]:
    assert answer is not None
    assert isinstance(answer.body, bytes)
    document: dict[str, Any] = json.loads(answer.body)
    return document


def oidc(body: bytes, target: str = "/token", method: str = "POST") -> Answer | None:
    return REGISTERED.answer(Exchange("sso-oidc", method, target, (), body), None)


def login(shown: str, **asked: str) -> Answer | None:
    document = {"clientId": "client", "grantType": "refresh_token", "refreshToken": "FAKE-refresh"}
    exchange = Exchange(
        "signin",
        "POST",
        "/v1/token",
        (("DPoP", shown),),
        json.dumps(document | asked).encode(),
        authority=REQUEST.authority,
        tls=REQUEST.tls,
        received_at=NOW,
    )
    return LOGINS.answer(exchange, None)


def test_sso_oidc_gives_the_next_access_token_to_the_client_that_is_registered() -> None:
    answer = oidc(json.dumps(ASKED | {"refreshToken": "FAKE-refresh"}).encode())
    assert answer is not None
    assert answer.status == 200
    assert body(answer)["accessToken"] == "FAKE-new"
    assert body(answer)["expiresIn"] > 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"refreshToken": "FAKE-other"},
        {"clientId": "other"},
        {"clientSecret": "FAKE-other"},
        {"grantType": "authorization_code"},
    ],
)
def test_sso_oidc_gives_nothing_to_others(wrong: dict[str, str]) -> None:
    answer = oidc(json.dumps(ASKED | {"refreshToken": "FAKE-refresh"} | wrong).encode())
    assert answer is not None
    assert answer.status == 400
    assert body(answer) == {
        "error": "invalid_grant",
        "error_description": "Invalid refresh token provided",
    }


@pytest.mark.parametrize("text", [b"", b"[]", b"\xff", b"nothing"])
def test_what_is_no_document_is_refused(text: bytes) -> None:
    answer = oidc(text)
    assert answer is not None
    assert answer.status == 400


def test_other_requests_are_not_answered_here() -> None:
    assert oidc(b"{}", target="/client/register") is None
    assert oidc(b"{}", method="GET") is None
    assert LOGINS.answer(Exchange("signin", "POST", "/v1/authorize", ()), None) is None


def test_a_login_is_refreshed_for_who_proves_to_hold_its_key() -> None:
    answer = login(proof())
    assert answer is not None
    assert answer.status == 200
    assert body(answer)["accessToken"] == {
        "accessKeyId": CREDENTIAL.key_id,
        "secretAccessKey": CREDENTIAL.secret,
        "sessionToken": CREDENTIAL.session_token,
    }


@pytest.mark.parametrize(
    ("shown", "asked", "fault"),
    [
        (proof(jti=""), {}, "a proof without a name of its own"),
        (proof(), {"refreshToken": "FAKE-other"}, "an unknown refresh token"),
        (proof(), {"clientId": "other"}, "another client or type of grant"),
        (proof(), {"grantType": "authorization_code"}, "another client or type of grant"),
    ],
)
def test_a_login_is_refreshed_for_nobody_else(
    shown: str, asked: dict[str, str], fault: str
) -> None:
    answer = login(shown, **asked)
    assert answer is not None
    assert answer.status == 400
    assert body(answer) == {"error": "TOKEN_EXPIRED", "message": f"The request showed {fault}"}


def test_what_is_granted_is_joined_and_told_without_a_secret() -> None:
    both = Grants()
    both.include(REGISTERED)
    both.include(LOGINS)
    assert (both.registered, both.logins) == (REGISTERED.registered, LOGINS.logins)
    shown = repr(both) + repr(list(both.registered.values())) + repr(list(both.logins.values()))
    assert "FAKE-" not in shown
    assert CREDENTIAL.secret not in shown
