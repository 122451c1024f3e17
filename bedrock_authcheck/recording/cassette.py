"""What a cassette holds: recordings and where they come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from bedrock_authcheck.model import Exchange

Headers = tuple[tuple[str, str], ...]


class CassetteError(ValueError):
    """A cassette that cannot be read, or must not be written; the text says which and why."""


class Origin(StrEnum):
    """Who answered when a cassette was recorded; decided by the host that was really reached."""

    AWS = "aws"
    SIMULATED = "simulated"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Recording:
    """One request and its answer. Header values are decoded as Latin-1, bodies are de-chunked.

    `uri` is absolute. Headers keep their order and spelling.
    """

    method: str
    uri: str = field(repr=False)
    headers: Headers = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    status: int = 200
    reason: str = ""
    answer_headers: Headers = field(default=(), repr=False)
    answer_body: bytes = field(default=b"", repr=False)

    def exchange(self) -> Exchange:
        """Return the request as `wire` reads it; its service is unknown and left empty."""
        parts = urlsplit(self.uri)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Exchange("", self.method, target, self.headers, self.body, authority=parts.netloc)

    def header(self, name: str) -> str | None:
        """Return the first value of a request header, `name` in any case; None if it is missing."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Provenance:
    """When, where, by which client and from whom a cassette was recorded.

    `recorded_at` is in UTC, `2026-11-24T13:40:00Z`. `regions` are those of the hosts, sorted.
    `clients` are names and versions, `{"boto3": "1.44.8"}`. `tool` is our own version.
    """

    recorded_at: str
    origin: Origin
    regions: tuple[str, ...]
    clients: dict[str, str]
    tool: str


@dataclass(frozen=True, slots=True)
class Cassette:
    """Recordings in the order in which they were made; another recorder's has no provenance."""

    recordings: tuple[Recording, ...]
    provenance: Provenance | None = None
