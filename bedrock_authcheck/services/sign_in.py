"""Sign-in services, which give a new token for a refresh token: SSO OIDC, and `aws login`'s.

Sources: AWS IAM Identity Center OIDC API reference, CreateToken; the service model of AWS
Sign-In that botocore ships, CreateOAuth2Token. Answers are SIMULATED.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from bedrock_authcheck.services import dpop
from bedrock_authcheck.services.http import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_authcheck.model import AwsCredential, Exchange

_GRANT_TYPE: Final = "refresh_token"
_LIFETIME: Final = 3600  # seconds
SSO_TOKEN_PATH: Final = "/token"  # noqa: S105 - a path, not a secret
LOGIN_TOKEN_PATH: Final = "/v1/token"  # noqa: S105 - likewise


@dataclass(frozen=True, slots=True)
class Registration:
    """A client that was registered with SSO OIDC, and the access token it is given next."""

    client_id: str
    client_secret: str = field(repr=False)
    access_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Login:
    """A login whose credentials can be refreshed: by whom, with which key, and to what."""

    client_id: str
    key: Mapping[str, str]
    credential: AwsCredential


def create_token(exchange: Exchange, registered: Mapping[str, Registration]) -> Answer | None:
    """Answer CreateToken of SSO OIDC; None for any other request.

    `registered` are clients by their refresh token.
    """
    if (exchange.method, exchange.target) != ("POST", SSO_TOKEN_PATH):
        return None
    asked = _document(exchange)
    refresh = str(asked.get("refreshToken"))
    client = registered.get(refresh)
    shown = (asked.get("clientId"), asked.get("clientSecret"), asked.get("grantType"))
    if client is None or shown != (client.client_id, client.client_secret, _GRANT_TYPE):
        refused = {"error": "invalid_grant", "error_description": "Invalid refresh token provided"}
        return json_answer(refused, 400, ("x-amzn-ErrorType", "InvalidGrantException"))
    return json_answer(
        {
            "accessToken": client.access_token,
            "expiresIn": _LIFETIME,
            "refreshToken": refresh,
            "tokenType": "Bearer",
        }
    )


def create_oauth2_token(exchange: Exchange, logins: Mapping[str, Login]) -> Answer | None:
    """Answer CreateOAuth2Token of AWS Sign-In; None for any other request.

    `logins` are by their refresh token; the request's DPoP proof must be of the login's key.
    """
    if (exchange.method, exchange.target) != ("POST", LOGIN_TOKEN_PATH):
        return None
    asked = _document(exchange)
    refresh = str(asked.get("refreshToken"))
    login = logins.get(refresh)
    fault: str | None = "an unknown refresh token"
    if login is not None:
        shown = (asked.get("clientId"), asked.get("grantType"))
        right = shown == (login.client_id, _GRANT_TYPE)
        fault = dpop.fault(exchange, login.key) if right else "another client or type of grant"
    if login is None or fault is not None:
        refused = {"error": "TOKEN_EXPIRED", "message": f"The request showed {fault}"}
        return json_answer(refused, 400, ("x-amzn-ErrorType", "AccessDeniedException"))
    return json_answer(
        {
            "accessToken": {
                "accessKeyId": login.credential.key_id,
                "secretAccessKey": login.credential.secret,
                "sessionToken": login.credential.session_token,
            },
            "expiresIn": _LIFETIME,
            "refreshToken": refresh,
            "tokenType": "aws_sigv4",
        }
    )


def _document(exchange: Exchange) -> Mapping[str, Any]:
    """Read a request's JSON object; empty where it is none."""
    try:
        document = json.loads(exchange.body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def json_answer(value: object, status: int = 200, *headers: tuple[str, str]) -> Answer:
    """Answer a JSON document."""
    content_type = ("Content-Type", "application/json")
    return Answer(status, (content_type, *headers), json.dumps(value).encode())
