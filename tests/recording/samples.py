"""Recordings as tests need them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from bedrock_authcheck.recording.cassette import Cassette, Origin, Provenance, Recording

URI: Final = "https://bedrock-runtime.eu-central-1.amazonaws.com/model/m/converse"
SIGV4: Final = (
    "AWS4-HMAC-SHA256 Credential=AKIA0/20260101/eu-central-1/bedrock/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=0"
)
BEARER: Final = "Bearer <long-term>"
PROVENANCE: Final = Provenance(
    "2026-11-24T12:00:00Z", Origin.SIMULATED, ("eu-central-1",), {"Boto3": "1.44.8"}, "0.1.0"
)

PUBLIC: Final = Path(__file__).parents[3] / "shared" / "recordings"
needs_public_recordings = pytest.mark.skipif(
    not PUBLIC.exists(), reason="the public recordings are not beside this checkout"
)


def recording(
    authorization: str | None = SIGV4,
    *,
    uri: str = URI,
    method: str = "POST",
    body: bytes = b'{"a":1}',
    headers: tuple[tuple[str, str], ...] = (),
    status: int = 200,
    answer: bytes = b'{"ok":true}',
) -> Recording:
    """A request signed as asked, and its answer."""
    signed = (("Authorization", authorization),) if authorization is not None else ()
    return Recording(
        method,
        uri,
        (*signed, *headers),
        body,
        status,
        "OK",
        (("Content-Type", "application/json"),),
        answer,
    )


def cassette(*recordings: Recording) -> Cassette:
    """A cassette of ours."""
    return Cassette(recordings, PROVENANCE)
