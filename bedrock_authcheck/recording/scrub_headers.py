"""Headers of requests and answers: secrets marked, what differs each time made equal."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.recording.cleaning import Style
from bedrock_authcheck.recording.markers import (
    FIXED_TRACE,
    FIXED_UUID,
    NORMALISED,
    is_marked,
    marker,
)
from bedrock_authcheck.recording.scrub_authorization import amz_date, http_date, payload_hash

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_authcheck.recording.cassette import Headers
    from bedrock_authcheck.recording.cleaning import Cleaner
    from bedrock_authcheck.recording.scrub_authorization import AuthorizationScrubber
    from bedrock_authcheck.recording.scrub_uri import UriScrubber

_FIXED: Final = {
    **dict.fromkeys(("user-agent", "x-amz-user-agent"), NORMALISED),
    **dict.fromkeys(
        ("x-amzn-requestid", "x-amzn-request-id", "x-amz-request-id", "amz-sdk-invocation-id"),
        FIXED_UUID,
    ),
    **dict.fromkeys(("x-request-id", "request-id", "apigw-requestid"), FIXED_UUID),
    **dict.fromkeys(("x-amz-id-2", "x-amz-cf-id", "cf-ray", "server-timing"), NORMALISED),
    **dict.fromkeys(
        # What the SDKs of OpenAI and Anthropic, which Mantle takes, tell of the machine.
        (f"x-stainless-{what}" for what in ("arch", "os", "package-version", "runtime-version")),
        NORMALISED,
    ),
    **dict.fromkeys(
        (
            "x-amzn-bedrock-invocation-latency",
            "openai-processing-ms",
            "x-envoy-upstream-service-time",
        ),
        "0",
    ),
    "x-amzn-trace-id": FIXED_TRACE,
    "traceparent": "00-00000000000000000000000000000001-0000000000000001-00",
    "tracestate": NORMALISED,
    "baggage": NORMALISED,
}
"""What each header becomes that is new each time; other headers are in `_scrubbed`."""

_SECRET: Final = {
    "cookie": "cookie",
    "set-cookie": "cookie",
    "proxy-authorization": "credentials",
    "x-amz-s3session-token": "session token",
    "x-aws-ec2-metadata-token": "metadata token",
    "x-amz-sso_bearer_token": "access token",
    "workloadaccesstoken": "access token",
    "x-auth-token": "token",
    "x-vault-token": "token",
    "openai-organization": "organization",
    "openai-project": "project",
    "anthropic-organization-id": "organization",
}
_TOKENS: Final = frozenset({"x-api-key", "api-key", "x-goog-api-key"})
_TTL: Final = re.compile(r"(?:^|;\s*)ttl=[^;]*|^ttl=[^;]*;\s*")


class HeaderScrubber:
    """Scrubs headers, which keep their order and spelling; `filtered` are names besides."""

    def __init__(
        self,
        signs: AuthorizationScrubber,
        cleaner: Cleaner,
        uris: UriScrubber,
        filtered: frozenset[str],
    ) -> None:
        """Take what scrubs signatures, text and URIs."""
        self._clean = cleaner.text
        self._filtered = filtered
        self._by_name: dict[str, Callable[[str], str]] = {
            "authorization": signs.authorization,
            "x-amz-security-token": signs.session_token,
            "x-amz-date": amz_date,
            "date": http_date,
            "host": uris.host,
            "location": uris.uri,
            "referer": uris.uri,
            "origin": uris.uri,
            "amz-sdk-request": _attempt,
            **dict.fromkeys(_TOKENS, signs.token),
        }
        self._secret = signs.secret

    def headers(self, headers: Headers, *, before: bytes, after: bytes) -> Headers:
        """Scrub headers; those that measure the body, before it was scrubbed, measure it after."""
        return tuple(
            (
                self._clean(name, Style.NAME),
                self._measured(name.lower(), value, before, after),
            )
            for name, value in headers
        )

    def _measured(self, name: str, value: str, before: bytes, after: bytes) -> str:
        if name == "content-length":
            return str(len(after)) if value.strip() == str(len(before)) else value
        if name == "x-amz-content-sha256":
            return payload_hash(value, right=_sha256(before), after=_sha256(after))
        return self._scrubbed(name, value)

    def _scrubbed(self, name: str, value: str) -> str:
        if name in self._by_name:
            return self._by_name[name](value)
        if not value.strip():
            return value
        if name in _FIXED:
            return _FIXED[name]
        if name in _SECRET:
            return self._secret(value, _SECRET[name])
        if name in self._filtered:
            return value if is_marked(value) else marker("filtered")
        return self._clean(value)


def _attempt(value: str) -> str:
    """Keep the number of the attempt, leave out when the SDK would give up."""
    return re.sub(r"^[;\s]+", "", _TTL.sub("", value))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
