"""Known wrong ways to write a canonical request, to name what a client did."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from bedrock_authcheck.wire.canonical import (
    EMPTY_PAYLOAD_HASH,
    SIGNATURE_PARAMETER,
    UNSIGNED_PAYLOAD,
    CanonicalRequest,
    encoded_parameters,
    joined_parameters,
    normalised,
    path_encoded_once,
    signed_values,
    trimmed,
    uri_encode,
)
from bedrock_authcheck.wire.target import percent_decoded, raw_parameters, split_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bedrock_authcheck.model import Exchange

_DEFAULT_PORTS = (":443", ":80")


def variations(
    canonical: CanonicalRequest, exchange: Exchange, signed_headers: Sequence[str], service: str
) -> Iterator[tuple[str, CanonicalRequest]]:
    """Known variations of a canonical request, each behind the rest of "it matches if …"."""
    path, query = split_target(exchange.target)
    for sentence, variant in _paths(path or "/", once=path_encoded_once(service)):
        yield sentence, canonical._replace(path=variant)
    for sentence, variant in _queries(query):
        yield sentence, canonical._replace(query=variant)
    for sentence, variant in _headers(exchange, signed_headers):
        yield sentence, canonical._replace(headers=variant)
    for sentence, variant in (
        ("the body is taken as empty", EMPTY_PAYLOAD_HASH),
        ("the payload is taken as unsigned", UNSIGNED_PAYLOAD),
        ("X-Amz-Content-Sha256 is ignored", hashlib.sha256(exchange.body).hexdigest()),
    ):
        yield sentence, canonical._replace(payload_hash=variant)
    yield "the method is in capitals", canonical._replace(method=exchange.method.upper())


def without_session_token(canonical: CanonicalRequest) -> CanonicalRequest:
    """Leave X-Amz-Security-Token out of the query, as if it was added after signing."""
    return canonical._replace(
        query=joined_parameters(
            pair for pair in raw_parameters(canonical.query) if pair[0] != "X-Amz-Security-Token"
        )
    )


def _paths(path: str, *, once: bool) -> Iterator[tuple[str, str]]:
    decoded = percent_decoded(path)
    if once:
        yield "the path is encoded twice, not once", uri_encode(path, safe="/")
        yield "the path is normalised", normalised(path)
    else:
        yield "the path is encoded once, not twice", normalised(path)
        yield "the path is not normalised", uri_encode(path, safe="/")
        yield "the path is encoded once and not normalised", path
        twice = uri_encode(uri_encode(normalised(decoded), safe="/"), safe="/")
        yield "the path was percent-encoded when signed, and sent with less of it", twice
    yield "the path is decoded and encoded once", uri_encode(normalised(decoded), safe="/")
    yield "the path is decoded", decoded


def _queries(query: str) -> Iterator[tuple[str, str]]:
    sent = [pair for pair in raw_parameters(query) if pair[0] != SIGNATURE_PARAMETER]
    encoded = encoded_parameters(query)
    yield "the query is not sorted", joined_parameters(encoded)
    yield "the query is not encoded anew", joined_parameters(sorted(sent))
    unchanged = [part for part in query.split("&") if not part.startswith(SIGNATURE_PARAMETER)]
    yield "the query is taken as sent", "&".join(unchanged)
    empty = sum(not part for part in query.split("&"))
    yield (
        "empty parameters of the query count",
        joined_parameters(sorted([*sent, *[("", "")] * empty])),
    )
    yield (
        "a plus in the query is a space",
        joined_parameters(
            sorted((n.replace("%2B", "%20"), v.replace("%2B", "%20")) for n, v in encoded)
        ),
    )
    yield "the query is left out", ""
    names = [name for name, _ in raw_parameters(query)]
    if SIGNATURE_PARAMETER in names:
        before = encoded[: names.index(SIGNATURE_PARAMETER)]
        yield "what stands behind X-Amz-Signature is left out", joined_parameters(sorted(before))


def _headers(exchange: Exchange, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    yield "header values are not trimmed", _lines(exchange, names, clean=str)
    yield "runs of spaces in header values stay", _lines(exchange, names, clean=str.strip)
    yield (
        "values of equal headers are joined by a comma and a space",
        _lines(exchange, names, divider=", "),
    )
    yield (
        "only the first of equal headers counts",
        _lines(exchange, names, arranged=lambda values: values[:1]),
    )
    yield (
        "only the last of equal headers counts",
        _lines(exchange, names, arranged=lambda values: values[-1:]),
    )
    yield "values of equal headers are sorted", _lines(exchange, names, arranged=sorted)
    host = ",".join(map(trimmed, signed_values(exchange, "host")))
    before, _, port = host.rpartition(":")
    bare = before if before and port.isdecimal() else host
    yield "the host has no port", _lines(exchange, names, host=bare)
    for default in _DEFAULT_PORTS:
        yield f"the host ends in {default}", _lines(exchange, names, host=bare + default)
    yield "the host is in lower case", _lines(exchange, names, host=host.lower())


def _lines(
    exchange: Exchange,
    names: Sequence[str],
    *,
    divider: str = ",",
    clean: Callable[[str], str] = trimmed,
    arranged: Callable[[list[str]], list[str]] = list,
    host: str | None = None,
) -> str:
    lines = []
    for name in names:
        values = [clean(value) for value in signed_values(exchange, name)]
        value = host if name == "host" and host is not None else divider.join(arranged(values))
        lines.append(f"{name}:{value}\n")
    return "".join(lines)
