"""Escapes of text undone, one layer at a time: percent signs, backslashes, entities."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

from bedrock_authcheck.wire.unpacking import SEPARATOR, SHORTEST_TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_authcheck.wire.unpacking import Room


def percent(data: bytes, room: Room) -> Iterator[tuple[str, bytes]]:
    """Undo one layer of percent-encoding."""
    if b"%" in data and _PERCENT.search(text := room.text_of(data)):
        yield "percent-encoding", unquote_to_bytes(text)


_PERCENT: Final = re.compile(rb"%[0-9A-Fa-f]{2}")


def escapes(data: bytes, room: Room) -> Iterator[tuple[str, bytes]]:
    r"""Undo one layer of backslashes: JSON's, and those of YAML and `repr` (`\x41`) beside them."""
    if b"\\" in data:
        yield "JSON string", _ESCAPE.sub(_unescaped, room.text_of(data))


_ESCAPE: Final = re.compile(
    rb"\\(?:[^uUx\r\n]|\r?\n[ \t]*|x[0-9A-Fa-f]{2}|U[0-9A-Fa-f]{8})|(?:\\u[0-9A-Fa-f]{4})+"
)
_ESCAPED: Final = {
    rb"\n": b"\n",
    rb"\t": b"\t",
    rb"\r": b"\r",
    rb"\b": b"\b",
    rb"\f": b"\f",
    rb"\0": b"\0",
}
_PAIR: Final = 2  # a backslash and what it escapes


def _unescaped(found: re.Match[bytes]) -> bytes:
    escape = found[0]
    if len(escape) == _PAIR:
        return _ESCAPED.get(escape, escape[1:].strip(b"\n"))
    match escape[1:2]:
        case b"u":  # with its neighbours, since one character may take two
            units = bytes.fromhex(escape.replace(b"\\u", b"").decode())
            return units.decode("utf-16-be", "surrogatepass").encode("utf-8", "surrogatepass")
        case b"U":
            return _character(int.from_bytes(bytes.fromhex(escape[2:].decode()))) or escape
        case b"x":
            return bytes.fromhex(escape[2:].decode())
    return b""  # the end of a folded line


def _character(point: int) -> bytes:
    try:
        return chr(point).encode("utf-8", "surrogatepass")
    except (ValueError, OverflowError):
        return b""


def latin1(data: bytes, room: Room) -> Iterator[tuple[str, bytes]]:
    """Give back the octets that were written as the characters of the same numbers.

    That is how binary bodies get into strings of JSON and YAML.
    """
    if not data.isascii():
        runs = (run for run in _NARROW.findall(room.text_of(data)) if not run.isascii())
        yield "Latin-1", SEPARATOR.join(run.decode().encode("latin-1") for run in runs)


_NARROW: Final = re.compile(rb"(?:[\0-\x7f]|[\xc2\xc3][\x80-\xbf]){%d,}" % SHORTEST_TEXT)


def entities(data: bytes, room: Room) -> Iterator[tuple[str, bytes]]:
    """Undo the entities of XML and HTML."""
    if b"&" in data and _ENTITY.search(text := room.text_of(data)):
        yield "XML", _ENTITY.sub(_without_entity, text)


_ENTITY: Final = re.compile(
    rb"&(?:#(?P<decimal>[0-9]{1,7})|#[xX](?P<hex>[0-9A-Fa-f]{1,6})|(?P<name>amp|lt|gt|quot|apos));"
)
_ENTITIES: Final = {b"amp": b"&", b"lt": b"<", b"gt": b">", b"quot": b'"', b"apos": b"'"}


def _without_entity(found: re.Match[bytes]) -> bytes:
    if found["name"]:
        return _ENTITIES[found["name"]]
    point = int(found["decimal"]) if found["decimal"] else int(found["hex"], 16)
    return _character(point) or found[0]
