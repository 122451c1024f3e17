"""Level 6 for real: EC2 instance metadata (IMDSv2) and the container credentials endpoint.

Sources: Amazon EC2 user guide, "Use the Instance Metadata Service to access instance
metadata"; AWS SDKs and Tools reference guide, "Container credential provider".
"""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.services.http import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_authcheck.model import Exchange

ROLE: Final = "bedrock-authcheck-role"
CREDENTIAL_LIFETIME: Final = timedelta(hours=6)
_MAX_TTL: Final = 21_600  # seconds; the guide: "a maximum of six hours"
_ROLES_PATH: Final = "/latest/meta-data/iam/security-credentials/"


def _timestamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(body: str, status: int = 200) -> Answer:
    return Answer(status, (("Content-Type", "text/plain"),), body.encode())


class _Observing:
    """Keeps what was asked, with the status that it was answered with."""

    def __init__(self) -> None:
        self._exchanges: list[Exchange] = []

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """All requests so far, in the order in which they ended."""
        return tuple(self._exchanges)

    def begin(self, head: Exchange) -> None:  # noqa: ARG002 - the protocol's signature
        """Metadata has no streams: every request is waited for."""

    def answer(self, exchange: Exchange) -> Answer:
        """Answer and keep the exchange."""
        answer = self._reply(exchange)
        self._exchanges.append(replace(exchange, status=answer.status))
        return answer

    def _reply(self, exchange: Exchange) -> Answer:
        raise NotImplementedError


class InstanceMetadata(_Observing):
    """IMDSv2 of an instance with one role: a token by PUT first, then the role's credentials.

    `document` holds the credential's fields (AccessKeyId, SecretAccessKey, Token); a field
    left out is left out of the reply.
    """

    name = "instance-metadata"

    def __init__(self, document: Mapping[str, str], region: str) -> None:
        """Serve one role's credentials in one Region; they expire in six hours."""
        super().__init__()
        self._document = document
        self._region = region
        self._tokens: dict[str, datetime] = {}

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
        if not ttl.isdecimal() or not 1 <= int(ttl) <= _MAX_TTL:
            return _text("Bad Request", 400)
        token = secrets.token_urlsafe(32)
        self._tokens[token] = datetime.now(UTC) + timedelta(seconds=int(ttl))
        headers = (
            ("Content-Type", "text/plain"),
            ("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", ttl),
        )
        return Answer(200, headers, token.encode())

    def _authorised(self, exchange: Exchange) -> bool:
        given = exchange.header_values("X-aws-ec2-metadata-token")
        expiry = self._tokens.get(given[0]) if len(given) == 1 else None
        return expiry is not None and datetime.now(UTC) < expiry

    def _metadata(self, path: str) -> Answer:
        if path == _ROLES_PATH or path == _ROLES_PATH.rstrip("/"):
            return _text(ROLE)
        if path == _ROLES_PATH + ROLE:
            now = datetime.now(UTC)
            document = {
                "Code": "Success",
                "LastUpdated": _timestamp(now),
                "Type": "AWS-HMAC",
                **self._document,
                "Expiration": _timestamp(now + CREDENTIAL_LIFETIME),
            }
            return _text(json.dumps(document))
        if path == "/latest/meta-data/placement/region":
            return _text(self._region)
        if path == "/latest/meta-data/placement/availability-zone":
            return _text(f"{self._region}a")
        return _text("Not Found", 404)


class ContainerCredentials(_Observing):
    """The credentials endpoint of ECS and EKS Pod Identity, behind an authorization token."""

    name = "container-credentials"
    path = "/v2/credentials/bedrock-authcheck"

    def __init__(self, document: Mapping[str, str], authorization: str) -> None:
        """Serve one task's credentials to who sends `authorization`; they expire in six hours."""
        super().__init__()
        self._document = document
        self._authorization = authorization

    def _reply(self, exchange: Exchange) -> Answer:
        if exchange.target.partition("?")[0] != self.path:
            return _text("Not Found", 404)
        given = exchange.header_values("Authorization")
        if len(given) != 1 or not hmac.compare_digest(
            given[0].encode(), self._authorization.encode()
        ):
            return _text('{"code":"AccessDenied","message":"Missing or wrong authorization"}', 401)
        expiry = _timestamp(datetime.now(UTC) + CREDENTIAL_LIFETIME)
        document = {
            "RoleArn": f"arn:aws:iam::000000000000:role/{ROLE}",
            **self._document,
            "Expiration": expiry,
        }
        body = json.dumps(document).encode()
        return Answer(200, (("Content-Type", "application/json"),), body)
