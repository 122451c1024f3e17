"""A cassette as text: vcrpy's YAML, version 1, between a header and a footer of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bedrock_authcheck.recording.cassette import CassetteError
from bedrock_authcheck.recording.reading import FOOTER, FORMAT, HEADER, parse_cassette
from bedrock_authcheck.recording.yaml_io import digest, dump

if TYPE_CHECKING:
    from bedrock_authcheck.recording.cassette import Cassette, Headers, Provenance, Recording

_COMMENT: Final = "# Recorded by bedrock-authcheck. Edited by hand it is refused: record it anew.\n"


def write_cassette(cassette: Cassette) -> str:
    """Write a cassette as plain vcrpy reads it; nothing is added to what it holds.

    CassetteError where it could not be read back as it is; ValueError for one without
    provenance, which is another recorder's and never written.
    """
    if cassette.provenance is None:
        raise ValueError("a cassette without provenance is another recorder's: it is never written")
    text = _COMMENT + dump({HEADER: {"format": FORMAT, **_provenance(cassette.provenance)}})
    interactions = [_interaction(recording) for recording in cassette.recordings]
    text += dump({"interactions": interactions, "version": 1})
    footer = {"recordings": len(cassette.recordings), "sha256": digest(text.encode())}
    text += dump({FOOTER: footer})
    if parse_cassette(text.encode(), "the new cassette") != cassette:
        raise CassetteError("the new cassette would not be read back as it was recorded")
    return text


def _provenance(provenance: Provenance) -> dict[str, Any]:
    return {
        "recorded_at": provenance.recorded_at,
        "origin": str(provenance.origin),
        "regions": list(provenance.regions),
        "clients": dict(provenance.clients),
        "tool": provenance.tool,
    }


def _interaction(recording: Recording) -> dict[str, Any]:
    return {
        "request": {
            "method": recording.method,
            "uri": recording.uri,
            "headers": _headers(recording.headers),
            "body": _text(recording.body),
        },
        "response": {
            "status": {"code": recording.status, "message": recording.reason},
            "headers": _headers(recording.answer_headers),
            "body": {"string": _text(recording.answer_body)},
        },
    }


def _headers(headers: Headers) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in headers:
        grouped.setdefault(name, []).append(value)
    return grouped


def _text(body: bytes) -> str | bytes:
    """Text where it is text; what YAML has no characters for stays bytes, `!!binary`."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return body
    return text if text.isprintable() or _writable(text) else body


def _writable(text: str) -> bool:
    return all(character.isprintable() or character in "\n\t\r" for character in text)
