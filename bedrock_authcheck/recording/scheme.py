"""How a recorded request was authenticated, as far as that can still be told."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from bedrock_authcheck.model import AuthScheme
from bedrock_authcheck.recording.cassette import Recording
from bedrock_authcheck.wire.evidence import read_evidence
from bedrock_authcheck.wire.tokens import ApiKeyKind, read_api_key

if TYPE_CHECKING:
    from bedrock_authcheck.recording.cassette import Headers

_TRACES: Final = ("X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256")
"""Headers that SigV4 alone brings, whatever a recorder made of their values."""

_OF_SIGV4: Final = frozenset({AuthScheme.SIGV4, AuthScheme.SIGV4_QUERY, AuthScheme.SIGV4A})
_METRICS: Final = re.compile(r"(?:^|\s)m/(?P<codes>[A-Za-z0-9+,-]+)")
_BEARER_METRIC: Final = "3"
"""The feature id that AWS SDKs put into User-Agent when the token came from the environment.

Source: `BEARER_SERVICE_ENV_VARS` among botocore's user agent features.
"""


def recorded_scheme(recording: Recording, *, ours: bool) -> AuthScheme | None:
    """Classify a recording; None where its recorder destroyed what would tell.

    `ours` are recordings whose scrubbing is known to keep the scheme. In others a `Bearer` proves
    nothing: many recorders write it over whatever was there.
    """
    return _scheme(urlsplit(recording.uri).query, recording.headers, ours)


@lru_cache(maxsize=1024)  # scrubbed requests of one kind look alike
def _scheme(query: str, headers: Headers, ours: bool) -> AuthScheme | None:
    recording = Recording("", f"https://host/?{query}", headers)
    evidence = read_evidence(recording.exchange())
    if ours or evidence.scheme in _OF_SIGV4:
        return evidence.scheme
    if any(recording.header(name) is not None for name in _TRACES):
        return AuthScheme.SIGV4
    if evidence.scheme is AuthScheme.BEARER:
        kind = read_api_key(evidence.tokens[0].strip()).kind
        if kind is not ApiKeyKind.UNKNOWN:
            return AuthScheme.BEARER
    metrics = _METRICS.search(recording.header("User-Agent") or "")
    if metrics and _BEARER_METRIC in metrics["codes"].split(","):
        return AuthScheme.BEARER
    return None
