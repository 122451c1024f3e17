"""The canonical request of Signature Version 4, from a request as it was received.

Source: IAM user guide, "Create a signed AWS API request": the path is normalised and
encoded once more than it was sent, except for S3; names and values of the query are
encoded and sorted; header values are trimmed and runs of spaces collapsed.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from bedrock_authcheck.wire.target import octets, percent_decoded, raw_parameters, split_target

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bedrock_authcheck.model import Exchange

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
EMPTY_PAYLOAD_HASH = hashlib.sha256(b"").hexdigest()
SIGNATURE_PARAMETER = "X-Amz-Signature"

_WHITE_SPACE = re.compile(r"[ \t\n\v\f\r]+")
_PATH_ENCODED_ONCE = frozenset({"s3", "s3-outposts", "s3-object-lambda", "s3express"})


class CanonicalRequest(NamedTuple):
    """The six parts of a canonical request; `headers` are ready lines, each with its end."""

    method: str
    path: str
    query: str
    headers: str
    signed_headers: str
    payload_hash: str

    def digest(self) -> str:
        """SHA-256 of the whole, in lower-case hexadecimal, as the string to sign holds it."""
        return hashlib.sha256(octets("\n".join(self))).hexdigest()


def canonical_request(
    exchange: Exchange, *, service: str, signed_headers: Sequence[str], payload_hash: str
) -> CanonicalRequest:
    """Write the canonical request; `service` decides how the path is encoded."""
    path, query = split_target(exchange.target)
    return CanonicalRequest(
        exchange.method,
        canonical_path(path, service=service),
        canonical_query(query),
        canonical_headers(exchange, signed_headers),
        ";".join(signed_headers),
        payload_hash,
    )


def path_encoded_once(service: str) -> bool:
    """Whether a service signs the path as it is sent: S3 and its kin do."""
    return service in _PATH_ENCODED_ONCE


def canonical_path(path: str, *, service: str) -> str:
    """Write the path as `service` signs it: as sent, or normalised and encoded again."""
    return (path or "/") if path_encoded_once(service) else uri_encode(normalised(path), safe="/")


def uri_encode(text: str, *, safe: str = "") -> str:
    """Percent-encode all octets but letters, digits, `-`, `.`, `_`, `~` and those of `safe`."""
    return quote(octets(text), safe=safe)


def normalised(path: str) -> str:
    """Remove dot segments and empty segments; a slash at the end stays."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    return "/" + "/".join(kept) + ("/" if kept and path.endswith("/") else "")


def canonical_query(query: str) -> str:
    """Encode and sort the parameters of a query; the signature itself is left out."""
    return joined_parameters(sorted(encoded_parameters(query)))


def encoded_parameters(query: str) -> list[tuple[str, str]]:
    """Parameters in the order sent, each decoded and encoded anew, without the signature."""
    return [
        (uri_encode(percent_decoded(name)), uri_encode(percent_decoded(value)))
        for name, value in raw_parameters(query)
        if name != SIGNATURE_PARAMETER
    ]


def joined_parameters(parameters: Iterable[tuple[str, str]]) -> str:
    """Write parameters that are encoded already as a query."""
    return "&".join(f"{name}={value}" for name, value in parameters)


def canonical_headers(exchange: Exchange, names: Iterable[str]) -> str:
    """One line for each name, in the order given; values of equal names joined by a comma."""
    return "".join(
        f"{name}:{','.join(map(trimmed, signed_values(exchange, name)))}\n" for name in names
    )


def trimmed(value: str) -> str:
    """Trim a header value and make one space of each run of white space.

    AWS writes of spaces alone; botocore and the CRT agree on tabs and line folds as well.
    """
    return _WHITE_SPACE.sub(" ", value).strip(" ")


def signed_values(exchange: Exchange, name: str) -> list[str]:
    """All values of a signed header as received, in order; empty if it did not arrive.

    The host of HTTP/2 is its `:authority`, which stands for `host` under either name.
    """
    if name in {"host", ":authority"}:
        sent = exchange.header_values("host")
        http_2 = exchange.protocol.startswith("HTTP/2")
        return [exchange.authority] if exchange.authority and (http_2 or not sent) else sent
    return exchange.header_values(name)
