"""Sessions that somebody has signed in to: SSO and `aws login`, by what is in their caches.

Sources: AWS SDKs and Tools reference guide, "IAM Identity Center credential provider" and "Login
credential provider"; names and fields of the caches as botocore and the AWS CLI have them.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, cast

from bedrock_authcheck.environments.canaries import canary
from bedrock_authcheck.environments.levels import CONFIG_FILE, Provision, ini, merged
from bedrock_authcheck.model import Variant
from bedrock_authcheck.services import dpop
from bedrock_authcheck.services.faults import LONG_AGO
from bedrock_authcheck.services.grants import Grants
from bedrock_authcheck.services.metadata import ACCOUNT, CREDENTIAL_LIFETIME, ROLE, timestamp
from bedrock_authcheck.services.sign_in import Login, Registration

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bedrock_authcheck.model import AwsCredential

_SSO_SESSION: Final = "authcheck"
_SSO_START: Final = "https://authcheck.awsapps.com/start"
_SSO_REGION: Final = "us-east-1"
_LOGIN_SESSION: Final = f"arn:aws:iam::{ACCOUNT}:user/bedrock-authcheck"
_LOGIN_CLIENT: Final = "arn:aws:signin:::devtools/same-device"


def _fake(what: str) -> str:
    return f"FAKE-{what}-{secrets.token_hex(16)}"


def _valid() -> str:
    return timestamp(datetime.now(UTC) + CREDENTIAL_LIFETIME)


def sso(credential: AwsCredential, _: Path) -> Provision:
    """Lay out a session whose access token is in the cache, and valid."""
    return _sso_session(credential, _fake("sso-access-token"), _valid())


def expired_sso(credential: AwsCredential) -> Provision:
    """Lay out a session whose access token has expired, and cannot be refreshed."""
    return replace(_sso_session(credential, _fake("sso-access-token"), LONG_AGO), grants=Grants())


def refreshed_sso(credential: AwsCredential, _: Path) -> Provision:
    """Lay out a session whose access token has expired, and is refreshed by SSO OIDC."""
    refresh, renewed = _fake("sso-refresh-token"), _fake("sso-access-token-renewed")
    client = Registration(_fake("sso-client"), _fake("sso-client-secret"), renewed)
    more = {
        "refreshToken": refresh,
        "clientId": client.client_id,
        "clientSecret": client.client_secret,
        "registrationExpiresAt": _valid(),
    }
    grants = Grants(portal={renewed: credential}, registered={refresh: client})
    laid = _sso_session(credential, _fake("sso-access-token"), LONG_AGO, more)
    return replace(laid, grants=grants)


def _sso_session(
    credential: AwsCredential, token: str, expires: str, more: Mapping[str, str] | None = None
) -> Provision:
    profile = {
        "sso_session": _SSO_SESSION,
        "sso_account_id": ACCOUNT,
        "sso_role_name": ROLE,
    }
    session = {
        "sso_start_url": _SSO_START,
        "sso_region": _SSO_REGION,
        "sso_registration_scopes": "sso:account:access",
    }
    cached = {
        "startUrl": _SSO_START,
        "region": _SSO_REGION,
        "accessToken": token,
        "expiresAt": expires,
        **(more or {}),
    }
    # The cache's name is a SHA-1 of the session's, by the reference guide: no security in it.
    name = hashlib.sha1(_SSO_SESSION.encode(), usedforsecurity=False).hexdigest()
    return Provision(
        files={
            CONFIG_FILE: merged(ini(profile), ini(session, f"sso-session {_SSO_SESSION}")),
            f".aws/sso/cache/{name}.json": json.dumps(cached),
        },
        grants=Grants(portal={token: credential}),
    )


def login(credential: AwsCredential, _: Path) -> Provision:
    """Lay out a login whose credentials are in the cache, and valid."""
    return _login_session(credential, _fake("login-refresh-token"), _valid())


def expired_login(credential: AwsCredential) -> Provision:
    """Lay out a login whose credentials have expired, and cannot be refreshed."""
    return _login_session(credential, _fake("login-refresh-token"), LONG_AGO)


def refreshed_login(credential: AwsCredential, _: Path) -> Provision:
    """Lay out a login whose credentials have expired, and are refreshed by AWS Sign-In."""
    refresh, key = _fake("login-refresh-token"), dpop.make_key()
    old = cast("AwsCredential", canary(Variant.LOGIN))
    laid = _login_session(old, refresh, LONG_AGO, dpop.pem(key))
    login = Login(_LOGIN_CLIENT, dpop.jwk(key), credential)
    return replace(laid, grants=Grants(logins={refresh: login}), beside=(old,))


def _login_session(
    credential: AwsCredential, refresh: str, expires: str, key: str = ""
) -> Provision:
    cached = {
        "accessToken": {
            "accessKeyId": credential.key_id,
            "secretAccessKey": credential.secret,
            "sessionToken": credential.session_token,
            "accountId": ACCOUNT,
            "expiresAt": expires,
        },
        "tokenType": "aws_sigv4",
        "clientId": _LOGIN_CLIENT,
        "refreshToken": refresh,
        "dpopKey": key or dpop.pem(dpop.make_key()),
    }
    name = hashlib.sha256(_LOGIN_SESSION.encode()).hexdigest()
    return Provision(
        files={
            CONFIG_FILE: ini({"login_session": _LOGIN_SESSION}),
            f".aws/login/cache/{name}.json": json.dumps(cached),
        }
    )
