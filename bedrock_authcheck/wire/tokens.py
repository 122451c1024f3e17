"""API keys of Amazon Bedrock: what their format tells, and fakes that follow it.

Source: Amazon Bedrock user guide, "API keys"; the package aws-bedrock-token-generator.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bedrock_authcheck.model import AwsCredential, CredentialScope, Exchange, Finding
from bedrock_authcheck.wire.canonical import EMPTY_PAYLOAD_HASH, canonical_request, uri_encode
from bedrock_authcheck.wire.findings import counted, quoted
from bedrock_authcheck.wire.sigv4 import ALGORITHM, scope_text, sign
from bedrock_authcheck.wire.sigv4_fields import (
    TIMESTAMP_FORMAT,
    read_query,
    sigv4_query,
    timestamp,
)
from bedrock_authcheck.wire.target import query_parameters, split_target

SHORT_TERM_PREFIX = "bedrock-api-key-"
LONG_TERM_PREFIX = "ABSK"
LONGEST_LIFETIME = timedelta(hours=12)

_HOST = "bedrock.amazonaws.com"
_ACTION = "CallWithBearerToken"
_FAKE_USER = "BedrockAPIKey-fake-at-000000000000"
_SCANNED_LENGTH = 109  # base64 characters from which secret scanners take a key for a real one


class ApiKeyKind(StrEnum):
    """The two kinds of API key, told apart by their prefix."""

    SHORT_TERM = "short-term"
    LONG_TERM = "long-term"
    UNKNOWN = "unknown"


class ApiKeyCode(StrEnum):
    """The codes of the findings that `read_api_key` makes."""

    PREFIX = "api-key-prefix"
    ENCODING = "api-key-encoding"
    REQUEST = "api-key-request"
    SIGNATURE = "api-key-signature"
    LIFETIME = "api-key-lifetime"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What an API key tells of itself; a long-term one tells its kind alone.

    `region`, `key_id`, `made_at` and `expires_at` (aware, UTC) are those of the presigned
    request that a short-term key holds, None where it cannot be read.
    """

    kind: ApiKeyKind
    region: str | None = None
    key_id: str | None = None
    made_at: datetime | None = None
    expires_at: datetime | None = None
    findings: tuple[Finding, ...] = ()


def read_api_key(token: str) -> ApiKey:
    """Read the format of an API key. Never raises; findings do not show the token."""
    if token.startswith(SHORT_TERM_PREFIX):
        return _read_short_term(token.removeprefix(SHORT_TERM_PREFIX))
    if token.startswith(LONG_TERM_PREFIX):
        readable = _decoded(token.removeprefix(LONG_TERM_PREFIX))
        return ApiKey(ApiKeyKind.LONG_TERM, findings=() if readable else (_NOT_BASE64,))
    text = f"the key begins neither with {SHORT_TERM_PREFIX} nor with {LONG_TERM_PREFIX}"
    return ApiKey(ApiKeyKind.UNKNOWN, findings=(Finding(ApiKeyCode.PREFIX, text),))


_NOT_BASE64 = Finding(ApiKeyCode.ENCODING, "what stands behind the prefix is not base64")


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _read_short_term(text: str) -> ApiKey:
    decoded = _decoded(text)
    if decoded is None:
        return ApiKey(ApiKeyKind.SHORT_TERM, findings=(_NOT_BASE64,))
    host, slash, rest = decoded.decode("latin-1").partition("/")
    target = slash + rest
    query = query_parameters(split_target(target)[1])
    fields = read_query(sigv4_query(query), Exchange("bedrock", "POST", target, ()))
    findings = [
        Finding(ApiKeyCode.REQUEST, f"the presigned request has no {what}")
        for what, there in (
            (f"host {_HOST}", host == _HOST),
            (f"Action={_ACTION}", ("Action", _ACTION) in query),
            ("Version=1", ("Version", "1") in query),
        )
        if not there
    ]
    findings += [Finding(ApiKeyCode.SIGNATURE, finding.text) for finding in fields.findings]
    if fields.scope and fields.scope.service != "bedrock":
        findings.append(
            Finding(
                ApiKeyCode.SIGNATURE,
                f"the service of its scope is {quoted(fields.scope.service)}, not bedrock",
            )
        )
    made_at = timestamp(fields.amz_date)
    lifetime = timedelta(seconds=fields.expires or 0)
    if fields.expires and lifetime > LONGEST_LIFETIME:
        findings.append(
            Finding(
                ApiKeyCode.LIFETIME, f"it lives {lifetime}; {LONGEST_LIFETIME} at most is right"
            )
        )
    return ApiKey(
        ApiKeyKind.SHORT_TERM,
        region=fields.scope.region if fields.scope else None,
        key_id=fields.key_id,
        made_at=made_at,
        expires_at=_later(made_at, lifetime) if fields.expires else None,
        findings=tuple(findings),
    )


def _later(moment: datetime | None, by: timedelta) -> datetime | None:
    try:
        return moment + by if moment else None
    except OverflowError:
        return None


def fake_long_term_key(marker: str) -> str:
    """Build a long-term key that nobody issued, with `+`, `/` and `=` in it.

    It names a fake user of account 000000000000, holds `marker`, and is shorter than the
    keys that secret scanners look for. Raises ValueError if the marker makes it too long.
    """
    secret = f"{_FAKE_USER}:FAKE-{marker}~~~???".encode()
    if len(secret) % 3 == 0:
        secret += b"."  # so that base64 pads it with =
    encoded = base64.b64encode(secret).decode("ascii")
    if len(encoded.rstrip("=")) >= _SCANNED_LENGTH:
        excess = counted(len(marker), "character")
        raise ValueError(f"the marker of {excess} makes the key as long as a real one")
    return LONG_TERM_PREFIX + encoded


def fake_short_term_key(
    credential: AwsCredential,
    *,
    region: str,
    made_at: datetime,
    expires: int = int(LONGEST_LIFETIME.total_seconds()),
) -> str:
    """Build a short-term key as AWS's generator does, signed with a fake credential.

    `made_at` is an aware datetime, `expires` in seconds and not held to the limit, so that
    wrong keys can be made. The format leaves no room for `+` and `/`; `=` depends on length.
    """
    amz_date = made_at.astimezone(UTC).strftime(TIMESTAMP_FORMAT)
    scope = CredentialScope(amz_date[:8], region, "bedrock")
    parameters = [
        ("Action", _ACTION),
        ("X-Amz-Algorithm", ALGORITHM),
        ("X-Amz-Credential", f"{credential.key_id}/{scope_text(scope)}"),
        ("X-Amz-Date", amz_date),
        ("X-Amz-Expires", str(expires)),
        ("X-Amz-SignedHeaders", "host"),
    ]
    if credential.session_token is not None:
        parameters.append(("X-Amz-Security-Token", credential.session_token))
    target = "/?" + "&".join(f"{name}={uri_encode(value)}" for name, value in parameters)
    canonical = canonical_request(
        Exchange("bedrock", "POST", target, (("host", _HOST),)),
        service=scope.service,
        signed_headers=("host",),
        payload_hash=EMPTY_PAYLOAD_HASH,
    )
    signature = sign(canonical, credential.secret, scope=scope, amz_date=amz_date)
    presigned = f"{_HOST}{target}&X-Amz-Signature={signature}&Version=1"
    return SHORT_TERM_PREFIX + base64.b64encode(presigned.encode()).decode("ascii")
