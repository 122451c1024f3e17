"""Level 6 for real: EC2 instance metadata (IMDSv2) and the container credentials endpoint.

Sources: Amazon EC2 user guide, "Use the Instance Metadata Service to access instance
metadata"; AWS SDKs and Tools reference guide, "Container credential provider".
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.services.http import Answer
from bedrock_authcheck.services.observing import Observing, unaltered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bedrock_authcheck.model import Exchange

ACCOUNT: Final = "000000000000"
ROLE: Final = "bedrock-authcheck-role"
ROLE_ARN: Final = f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"
CREDENTIAL_LIFETIME: Final = timedelta(hours=6)
NEARLY_OVER: Final = timedelta(minutes=1)
"""What is left of credentials that an SDK renews before it signs once more.

SDKs renew credentials of a role some minutes before they expire.
"""
_MAX_TTL: Final = 21_600  # seconds; the guide: "a maximum of six hours"
_TTL: Final = re.compile("[0-9]{1,5}")
ROLES_PATH: Final = "/latest/meta-data/iam/security-credentials/"


def _now() -> datetime:
    return datetime.now(UTC)


def timestamp(moment: datetime) -> str:
    """Write a moment in UTC as services that give credentials do, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(body: str, status: int = 200, content_type: str = "text/plain") -> Answer:
    return Answer(status, (("Content-Type", content_type),), body.encode())


def _json(body: str, status: int = 200) -> Answer:
    return _text(body, status, "application/json")


class Role(Observing):
    """A role's credentials, which expire `lifetime` after each answer and can be renewed.

    `document` holds the credential's fields (AccessKeyId, SecretAccessKey, Token); one that is
    left out is left out of the reply. `clock` tells the time, aware.
    """

    def __init__(self, document: Mapping[str, str], clock: Callable[[], datetime]) -> None:
        """Begin with credentials that last."""
        super().__init__()
        self.lifetime = CREDENTIAL_LIFETIME
        self._document = document
        self._clock = clock

    def renew(self, document: Mapping[str, str]) -> None:
        """Give other credentials from now on, which last, whatever was wrong before."""
        self._document, self.lifetime, self.alter = document, CREDENTIAL_LIFETIME, unaltered

    def _credentials(self, fields: Mapping[str, str]) -> str:
        """Write the reply that all metadata services give: `fields` first, then credentials."""
        expiration = timestamp(self._clock() + self.lifetime)
        return json.dumps({**fields, **self._document, "Expiration": expiration})


class InstanceMetadata(Role):
    """IMDSv2 of an instance with one role: a token by PUT first, then the role's credentials."""

    name = "instance-metadata"

    def __init__(
        self, document: Mapping[str, str], region: str, clock: Callable[[], datetime] = _now
    ) -> None:
        """Serve one role's credentials in one Region; they expire in six hours."""
        super().__init__(document, clock)
        self._region = region
        self._tokens: dict[str, datetime] = {}

    def renew(self, document: Mapping[str, str]) -> None:
        """Give other credentials from now on, and take no token that was given before."""
        super().renew(document)
        self._tokens.clear()

    def _reply(self, exchange: Exchange) -> Answer:
        path = exchange.target.partition("?")[0]
        if exchange.header_values("X-Forwarded-For"):
            return _text("Forbidden", 403)  # IMDSv2 refuses what passed a proxy
        if path == "/latest/api/token":
            return self._token(exchange)
        if not self._authorised(exchange):
            return _text("Unauthorized", 401)
        if exchange.method != "GET":
            return _text("Method Not Allowed", 405)
        return self._metadata(path)

    def _token(self, exchange: Exchange) -> Answer:
        if exchange.method != "PUT":
            return _text("Method Not Allowed", 405)
        given = exchange.header_values("X-aws-ec2-metadata-token-ttl-seconds")
        ttl = given[0] if len(given) == 1 else ""
        if not _TTL.fullmatch(ttl) or not 1 <= int(ttl) <= _MAX_TTL:
            return _text("Bad Request", 400)
        token = secrets.token_urlsafe(32)
        self._tokens[token] = self._clock() + timedelta(seconds=int(ttl))
        headers = (
            ("Content-Type", "text/plain"),
            ("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", ttl),
        )
        return Answer(200, headers, token.encode())

    def _authorised(self, exchange: Exchange) -> bool:
        given = exchange.header_values("X-aws-ec2-metadata-token")
        expiry = self._tokens.get(given[0]) if len(given) == 1 else None
        return expiry is not None and self._clock() < expiry

    def _metadata(self, path: str) -> Answer:
        if path == ROLES_PATH + ROLE:
            updated = timestamp(self._clock())
            fields = {"Code": "Success", "LastUpdated": updated, "Type": "AWS-HMAC"}
            return _text(self._credentials(fields))
        found = {
            ROLES_PATH: ROLE,
            ROLES_PATH.rstrip("/"): ROLE,
            "/latest/meta-data/placement/region": self._region,
            "/latest/meta-data/placement/availability-zone": f"{self._region}a",
        }.get(path)
        return _text(found) if found else _text("Not Found", 404)


class ContainerCredentials(Role):
    """The credentials endpoint of ECS and EKS Pod Identity, behind an authorization token."""

    name = "container-credentials"
    path = "/v2/credentials/bedrock-authcheck"

    def __init__(
        self,
        document: Mapping[str, str],
        authorization: str,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        """Serve one task's credentials to who sends `authorization`; they expire in six hours."""
        super().__init__(document, clock)
        self.authorization = authorization

    def _reply(self, exchange: Exchange) -> Answer:
        if exchange.target.partition("?")[0] != self.path:
            return _text("Not Found", 404)
        if exchange.method != "GET":
            return _text("Method Not Allowed", 405)
        given = exchange.header_values("Authorization")
        if len(given) != 1 or not hmac.compare_digest(
            given[0].encode(), self.authorization.encode()
        ):
            return _json('{"code":"AccessDenied","message":"Missing or wrong authorization"}', 401)
        return _json(self._credentials({"RoleArn": ROLE_ARN}))
