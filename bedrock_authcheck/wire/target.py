"""The request target: its path, its query and what they hold once decoded."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

_ABSOLUTE_FORM = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?]*")


def octets(text: str) -> bytes:
    """Give back the bytes that a string decoded as Latin-1 came from.

    A string that cannot have come from Latin-1 is taken as UTF-8, lone surrogates included,
    so that no text is refused.
    """
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def split_target(target: str) -> tuple[str, str]:
    """Split a target, in origin or absolute form, into path and query; neither is decoded."""
    absolute = _ABSOLUTE_FORM.match(target)
    path, _, query = target[absolute.end() if absolute else 0 :].partition("?")
    return path, query


def percent_decoded(text: str) -> str:
    """Undo one layer of percent-encoding; octets come out as Latin-1, `+` stays `+`."""
    return unquote_to_bytes(octets(text)).decode("latin-1") if "%" in text else text


def raw_parameters(query: str) -> list[tuple[str, str]]:
    """Names and values of a query in order, still encoded; a bare name has an empty value."""
    return [
        (name, value)
        for name, _, value in (part.partition("=") for part in query.split("&") if part)
    ]


def query_parameters(query: str) -> list[tuple[str, str]]:
    """Names and values of a query in order, decoded once."""
    return [
        (percent_decoded(name), percent_decoded(value)) for name, value in raw_parameters(query)
    ]
