"""The Authorization header, taken apart as far as its bytes allow; nothing is judged here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bedrock_authcheck.model import Exchange

BEARER = "bearer"
SIGV4 = "aws4-hmac-sha256"
SIGV4A = "aws4-ecdsa-p256-sha256"
SCHEMES_OF_OTHERS = frozenset({"aws", "aws3", "aws3-https", "basic", "digest", "negotiate", "ntlm"})
"""Schemes, in lower case, that a report may name though Bedrock does not know them."""

_OWS = " \t\r\n"
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]*")  # a token of RFC 9110
_JOINED = re.compile(
    rf",[ \t\r\n]*(?=(?:{BEARER}|{SIGV4}|{SIGV4A})(?:[ \t\r\n]|$))", re.IGNORECASE
)  # names that redaction keeps: what splits must split when it is redacted, too
_PARAMETER = re.compile(r"[ \t]*([^=,\s]*)[ \t]*=(.*)", re.DOTALL)


class Credentials(NamedTuple):
    """One scheme of an Authorization value and what stands behind it.

    `name` is the scheme as spelled; `text` is everything behind the name and its one
    space, white space included; `separated` is false where that space is missing.
    """

    name: str
    text: str
    separated: bool

    @property
    def scheme(self) -> str:
        """The name in lower case: names of schemes are case-insensitive (RFC 9110, 11.1)."""
        return self.name.lower()


def split_credentials(value: str) -> list[Credentials]:
    """Split one header value into its schemes; most values hold exactly one.

    A proxy or a library that joins two Authorization headers puts a comma between them: a
    comma splits only where Bearer or a scheme of Signature Version 4 follows it, and what
    is empty before it is none.
    """
    parts = [part for part in _JOINED.split(value) if part.strip(_OWS)]
    return [_credentials(part) for part in parts or [value]]


def _credentials(part: str) -> Credentials:
    part = part.lstrip(_OWS)
    name = _NAME.match(part)
    end = name.end() if name else 0
    separated = part[end : end + 1] == " "
    return Credentials(part[:end], part[end + separated :], separated)


def raw_headers(raw_head: bytes) -> list[tuple[str, str]]:
    """Header lines of HTTP/1.1 as (name, value), decoded as Latin-1, before any stripping.

    A value keeps the white space around it and, where a line was folded, the line end and
    the indentation of the next; only the line end that closes the field is dropped.
    """
    headers: list[tuple[str, str]] = []
    for line in raw_head.decode("latin-1").split("\n")[1:]:
        if line[:1] in {" ", "\t"} and headers:
            name, value = headers[-1]
            headers[-1] = (name, f"{value}\n{line}")
        elif ":" in line:
            name, _, value = line.partition(":")
            headers.append((name, value))
    return [(name, value.removesuffix("\r")) for name, value in headers]


def authorization_values(exchange: Exchange) -> list[str]:
    """All values of Authorization, as close to the bytes sent as the exchange keeps them."""
    if exchange.protocol.startswith("HTTP/1"):
        values = [
            value
            for name, value in raw_headers(exchange.raw_head)
            if name.strip().lower() == "authorization"
        ]
        if values:
            return values
    return exchange.header_values("authorization")


def parameters(text: str) -> Iterable[tuple[str, str]]:
    """Name and value of each part of a SigV4 Authorization; a part without `=` has no name."""
    for part in text.split(","):
        found = _PARAMETER.fullmatch(part)
        yield (found[1], found[2].strip(_OWS)) if found else ("", part.strip(_OWS))
