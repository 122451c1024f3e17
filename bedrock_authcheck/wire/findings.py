"""What can be wrong with how a request is authenticated, and how a finding quotes it."""

from __future__ import annotations

from enum import StrEnum


class EvidenceCode(StrEnum):
    """The codes of the findings that `read_evidence` makes."""

    BEARER_EMPTY = "bearer-empty"
    BEARER_SEPARATOR = "bearer-separator"
    BEARER_WHITE_SPACE = "bearer-white-space"
    BEARER_CHARACTERS = "bearer-characters"
    SEVERAL_SCHEMES = "several-schemes"
    UNKNOWN_SCHEME = "unknown-scheme"
    PARAMETERS = "sigv4-parameters"
    CREDENTIAL = "sigv4-credential"
    SIGNED_HEADERS = "sigv4-signed-headers"
    SIGNATURE = "sigv4-signature"
    EXPIRES = "sigv4-expires"
    REPEATED_HEADER = "sigv4-repeated-header"
    DATE = "sigv4-date"
    STRAY_SESSION_TOKEN = "stray-session-token"  # noqa: S105 - the name of a finding
    STRAY_QUERY = "stray-query"
    STRAY_DATE = "stray-date"
    STRAY_PAYLOAD_HASH = "stray-payload-hash"


MALFORMED_AUTHORIZATION = frozenset(
    {
        EvidenceCode.PARAMETERS,
        EvidenceCode.CREDENTIAL,
        EvidenceCode.SIGNED_HEADERS,
        EvidenceCode.SIGNATURE,
        EvidenceCode.EXPIRES,
        EvidenceCode.REPEATED_HEADER,
    }
)
"""The findings that make the authorization of a SigV4 request malformed."""

_QUOTED = 40


def quoted(text: str) -> str:
    """Quote a harmless part of a request: in ASCII, escaped, cut after 40 characters."""
    return ascii(text[:_QUOTED]) + ("…" if len(text) > _QUOTED else "")


def counted(number: int, noun: str) -> str:
    """Write a number and its noun: `1 character`, `88 characters`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
