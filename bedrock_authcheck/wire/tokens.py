"""API keys of Amazon Bedrock: what their format tells, and fakes that follow it.

Source: Amazon Bedrock user guide, "API keys"; the package aws-bedrock-token-generator. AWS
documents no format of long-term keys: public reports agree that base64 of `USER-at-ACCOUNT:SECRET`
stands behind the prefix, and the IAM API reference gives `USER-at-ACCOUNT` as the public name of
such a credential (CreateServiceSpecificCredential).
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bedrock_authcheck.model import AwsCredential, CredentialScope, Exchange, Finding
from bedrock_authcheck.wire.canonical import EMPTY_PAYLOAD_HASH, canonical_request, uri_encode
from bedrock_authcheck.wire.findings import counted, quoted
from bedrock_authcheck.wire.short_term import (
    ACTION,
    HOST,
    SERVICE,
    SHORT_TERM_PREFIX,
    decoded,
    is_short_term,
    presigned,
    short_term_key,
)
from bedrock_authcheck.wire.sigv4 import ALGORITHM, scope_text, sign
from bedrock_authcheck.wire.sigv4_fields import (
    TIMESTAMP_FORMAT,
    read_query,
    sigv4_query,
    timestamp,
)
from bedrock_authcheck.wire.target import query_parameters, split_target

LONG_TERM_PREFIX = "ABSK"
LONGEST_LIFETIME = timedelta(hours=12)

_ACCOUNT = re.compile(rb"[^:]*-at-([0-9]{12}):")
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
    """What an API key tells of itself; none of it opens anything.

    `account` (12 digits) is that of a long-term key. All else is of the presigned request that
    a short-term key holds: `region`, the `key_id` of the credential that made it and whether
    that is `temporary`, `made_at` and `expires_at` (aware, UTC) and the `lifetime` between
    them. What a key does not hold, or cannot be read, is None.
    """

    kind: ApiKeyKind
    account: str | None = None
    region: str | None = None
    key_id: str | None = None
    temporary: bool | None = None
    made_at: datetime | None = None
    expires_at: datetime | None = None
    lifetime: timedelta | None = None
    findings: tuple[Finding, ...] = ()


def read_api_key(token: str) -> ApiKey:
    """Read the format of an API key. Never raises; findings do not show the token."""
    if is_short_term(token):
        request = presigned(token)
        return _read_short_term(request) if request else _unreadable(ApiKeyKind.SHORT_TERM)
    if token.startswith(LONG_TERM_PREFIX):
        return _read_long_term(token.removeprefix(LONG_TERM_PREFIX))
    text = f"the key begins neither with {SHORT_TERM_PREFIX} nor with {LONG_TERM_PREFIX}"
    return ApiKey(ApiKeyKind.UNKNOWN, findings=(Finding(ApiKeyCode.PREFIX, text),))


def _unreadable(kind: ApiKeyKind) -> ApiKey:
    text = "what stands behind the prefix is not base64"
    return ApiKey(kind, findings=(Finding(ApiKeyCode.ENCODING, text),))


def _read_long_term(text: str) -> ApiKey:
    inner = decoded(text)
    if inner is None:
        return _unreadable(ApiKeyKind.LONG_TERM)
    named = _ACCOUNT.match(inner)
    return ApiKey(ApiKeyKind.LONG_TERM, account=named[1].decode() if named else None)


def _read_short_term(request: Exchange) -> ApiKey:
    query = query_parameters(split_target(request.target)[1])
    fields = read_query(sigv4_query(query), Exchange(SERVICE, "POST", request.target, ()))
    findings = [
        Finding(ApiKeyCode.REQUEST, f"the presigned request has no {what}")
        for what, there in (
            (f"host {HOST}", request.header_values("host") == [HOST]),
            (f"Action={ACTION}", ("Action", ACTION) in query),
            ("Version=1", ("Version", "1") in query),
        )
        if not there
    ]
    findings += [Finding(ApiKeyCode.SIGNATURE, finding.text) for finding in fields.findings]
    if fields.scope and fields.scope.service != SERVICE:
        findings.append(
            Finding(
                ApiKeyCode.SIGNATURE,
                f"the service of its scope is {quoted(fields.scope.service)}, not {SERVICE}",
            )
        )
    made_at = timestamp(fields.amz_date)
    lifetime = timedelta(seconds=fields.expires) if fields.expires else None
    if lifetime and lifetime > LONGEST_LIFETIME:
        findings.append(
            Finding(
                ApiKeyCode.LIFETIME, f"it lives {lifetime}; {LONGEST_LIFETIME} at most is right"
            )
        )
    return ApiKey(
        ApiKeyKind.SHORT_TERM,
        region=fields.scope.region if fields.scope else None,
        key_id=fields.key_id,
        temporary=fields.session_token is not None,
        made_at=made_at,
        expires_at=_later(made_at, lifetime),
        lifetime=lifetime,
        findings=tuple(findings),
    )


def _later(moment: datetime | None, by: timedelta | None) -> datetime | None:
    try:
        return moment + by if moment and by else None
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
    scope = CredentialScope(amz_date[:8], region, SERVICE)
    parameters = [
        ("Action", ACTION),
        ("X-Amz-Algorithm", ALGORITHM),
        ("X-Amz-Credential", f"{credential.key_id}/{scope_text(scope)}"),
        ("X-Amz-Date", amz_date),
        ("X-Amz-Expires", str(expires)),
        ("X-Amz-SignedHeaders", "host"),
    ]
    if credential.session_token is not None:
        parameters.append(("X-Amz-Security-Token", credential.session_token))
    target = "/?" + "&".join(f"{name}={uri_encode(value)}" for name, value in parameters)
    request = Exchange(SERVICE, "POST", target, (("host", HOST),))
    canonical = canonical_request(
        request,
        service=scope.service,
        signed_headers=("host",),
        payload_hash=EMPTY_PAYLOAD_HASH,
    )
    signature = sign(canonical, credential.secret, scope=scope, amz_date=amz_date)
    return short_term_key(request, signature)
