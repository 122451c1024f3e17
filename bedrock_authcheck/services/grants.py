"""What token services give, and to whom: STS's roles, the SSO portal's credentials, tokens.

Sources: AWS STS API reference, AssumeRole and AssumeRoleWithWebIdentity; AWS IAM Identity
Center portal API reference, GetRoleCredentials. Answers are SIMULATED, account ids fake.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from bedrock_authcheck.services.http import Answer
from bedrock_authcheck.services.metadata import ACCOUNT, ROLE, ROLE_ARN, timestamp
from bedrock_authcheck.services.sign_in import (
    Login,
    Registration,
    create_oauth2_token,
    create_token,
    json_answer,
)

if TYPE_CHECKING:
    from bedrock_authcheck.model import AwsCredential, Exchange, Origin

_LIFETIME: Final = timedelta(hours=1)
_SSO_PATH: Final = "/federation/credentials"
_SSO_HEADER: Final = "x-amz-sso_bearer_token"
_NAMESPACE: Final = "https://sts.amazonaws.com/doc/2011-06-15/"


@dataclass
class Grants:
    """Credentials by what they are given for.

    `roles` by the origin of the keys that must sign AssumeRole, `web_identities` by the
    identity's token, `portal` by the access token of an SSO session. All are for `ROLE_ARN`.
    `registered` and `logins` are by the refresh token for which they are renewed.
    """

    roles: dict[Origin, AwsCredential] = field(default_factory=dict, repr=False)
    web_identities: dict[str, AwsCredential] = field(default_factory=dict, repr=False)
    portal: dict[str, AwsCredential] = field(default_factory=dict, repr=False)
    registered: dict[str, Registration] = field(default_factory=dict, repr=False)
    logins: dict[str, Login] = field(default_factory=dict, repr=False)

    def include(self, others: Grants) -> None:
        """Give what others give as well."""
        self.roles |= others.roles
        self.web_identities |= others.web_identities
        self.portal |= others.portal
        self.registered |= others.registered
        self.logins |= others.logins

    def answer(self, exchange: Exchange, signer: Origin | None) -> Answer | None:
        """Answer a request for credentials; None for any other.

        `signer` is the origin of a signature that was found right; None where there is none.
        """
        match exchange.service:
            case "sso" if exchange.target.startswith(_SSO_PATH):
                return self._portal(exchange)
            case "sso-oidc":
                return create_token(exchange, self.registered)
            case "signin":
                return create_oauth2_token(exchange, self.logins)
            case "sts":
                return self._sts(exchange, signer)
            case _:
                return None

    def _sts(self, exchange: Exchange, signer: Origin | None) -> Answer | None:
        form = {name: values[0] for name, values in parse_qs(exchange.body.decode()).items()}
        match form.get("Action"):
            case "AssumeRole" as action:
                granted = self.roles.get(signer) if signer else None
            case "AssumeRoleWithWebIdentity" as action:
                granted = self.web_identities.get(form.get("WebIdentityToken", ""))
            case _:
                return None
        if granted is None or form.get("RoleArn") != ROLE_ARN:
            return _denied(action)
        return _assumed(action, form.get("RoleSessionName", ""), granted)

    def _portal(self, exchange: Exchange) -> Answer:
        asked = parse_qs(exchange.target.partition("?")[2])
        given = exchange.header_values(_SSO_HEADER)
        granted = self.portal.get(given[0]) if len(given) == 1 else None
        right = {"account_id": [ACCOUNT], "role_name": [ROLE]}
        if granted is None or asked != right:
            refused = {"message": "Session token not found or invalid"}
            return json_answer(refused, 401, ("x-amzn-ErrorType", "UnauthorizedException"))
        expiration = datetime.now(UTC) + _LIFETIME
        credentials = {
            "accessKeyId": granted.key_id,
            "secretAccessKey": granted.secret,
            "sessionToken": granted.session_token,
            "expiration": int(expiration.timestamp() * 1000),
        }
        return json_answer({"roleCredentials": credentials})


def _assumed(action: str, session: str, granted: AwsCredential) -> Answer:
    expiration = timestamp(datetime.now(UTC) + _LIFETIME)
    fields = {
        "AccessKeyId": granted.key_id,
        "SecretAccessKey": granted.secret,
        "SessionToken": granted.session_token or "",
        "Expiration": expiration,
    }
    credentials = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields.items())
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{ROLE}/{session}"
    return _xml(
        f'<{action}Response xmlns="{_NAMESPACE}"><{action}Result>'
        f"<AssumedRoleUser><AssumedRoleId>AROAFAKE:{escape(session)}</AssumedRoleId>"
        f"<Arn>{escape(arn)}</Arn></AssumedRoleUser><Credentials>{credentials}</Credentials>"
        f"</{action}Result></{action}Response>"
    )


def _denied(action: str) -> Answer:
    return _xml(
        f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>Sender</Type><Code>AccessDenied</Code>'
        f"<Message>Not authorized to perform sts:{action}</Message></Error></ErrorResponse>",
        403,
    )


def _xml(text: str, status: int = 200) -> Answer:
    return Answer(status, (("Content-Type", "text/xml"),), text.encode())
