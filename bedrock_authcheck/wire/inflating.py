"""Compressed streams undone wherever they begin, torn ones as far as they go."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.wire.unpacking import MEBIBYTE, SEPARATOR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bedrock_authcheck.wire.unpacking import Room

_RAW: Final = -zlib.MAX_WBITS
_ZLIB: Final = zlib.MAX_WBITS
_GZIP: Final = zlib.MAX_WBITS | 16
_MAGIC: Final = re.compile(rb"\x1f\x8b\x08")
# The two octets of a zlib header: method and window, then flags that make both a multiple
# of 31 and ask for no dictionary.
_HEADERS: Final = re.compile(
    b"|".join(
        re.escape(bytes((first, flags)))
        for first in range(0x08, 0x80, 0x10)
        for flags in range(256)
        if (first << 8 | flags) % 31 == 0 and not flags & 0x20
    )
)
_FIRST_CHUNK: Final = 1024  # bytes; what a stream leaves of its last chunk is copied
_LARGEST_CHUNK: Final = 256 * 1024
_SHORTEST_RAW: Final = 32  # bytes; less than this inflates by chance
_SHORTEST_RESULT: Final = 8  # bytes


def gzip_members(data: bytes, room: Room) -> Iterator[tuple[str, bytes]]:
    """Decompress each gzip member; those that follow each other directly are one."""
    yield from _streams("gzip", data, _MAGIC, _GZIP, room)


def zlib_streams(data: bytes, room: Room) -> Iterator[tuple[str, bytes]]:
    """Decompress each zlib stream ("deflate" of HTTP)."""
    if not data.isascii():  # a checksum alone makes a stream of ASCII a matter of art
        yield from _streams("zlib", data, _HEADERS, _ZLIB, room)


def raw_deflate(data: bytes, room: Room) -> Iterator[tuple[str, bytes]]:
    """Decompress deflate without a header, which some servers send; it has no mark to find.

    It is tried where bytes, or the pieces that a step decoded, begin.
    """
    if data.isascii():
        return
    pieces = []
    for piece in data.split(SEPARATOR):
        if len(piece) >= _SHORTEST_RAW and not piece.isascii():
            decoded, _ = _inflated("deflate", memoryview(piece), 0, _RAW, room)
            pieces.append(decoded if len(decoded) >= _SHORTEST_RESULT else b"")
    yield "deflate", SEPARATOR.join(filter(None, pieces))


def _streams(
    name: str, data: bytes, begin: re.Pattern[bytes], window: int, room: Room
) -> Iterator[tuple[str, bytes]]:
    pieces: list[bytes] = []
    view, end, at = memoryview(data), -1, 0
    while found := begin.search(data, at):
        start = found.start()
        decoded, stop = _inflated(name, view, start, window, room)
        if decoded:
            pieces += [decoded] if start == end or not pieces else [SEPARATOR, decoded]
        at = end = max(stop, start + 1)
    yield name, b"".join(pieces)


def _inflated(
    name: str, data: memoryview, start: int, window: int, room: Room
) -> tuple[bytes, int]:
    """Decompress one stream; also where it ends, `start` if it is not whole."""
    inflate = zlib.decompressobj(window)
    pieces: list[bytes] = []
    limit = min(room.each, room.left)
    at, size, length = start, _FIRST_CHUNK, 0
    while at < len(data) and not inflate.eof:
        chunk = data[at : at + size]
        if not room.take(len(chunk)):  # bytes that unpack to nothing cost time as well
            return b"".join(pieces), len(data)
        before = inflate.copy()
        try:
            piece = inflate.decompress(chunk, limit + 1 - length)
        except zlib.error:
            pieces += _until_broken(before.decompress, chunk, limit - length)
            return b"".join(pieces), start
        pieces.append(piece)
        length += len(piece)
        if length > limit:
            room.exceed(f"a {name} stream that unpacks to more than {_mebibytes(limit)}")
            return b"".join(pieces)[:limit], start
        at += len(chunk)
        size = min(2 * size, _LARGEST_CHUNK)
    unused = len(inflate.unused_data)
    room.left += unused
    return b"".join(pieces), at - unused if inflate.eof else start


def _mebibytes(limit: int) -> str:
    return f"{max(1, limit // MEBIBYTE)} MiB"


def _until_broken(
    decompress: Callable[[memoryview, int], bytes], chunk: memoryview, limit: int
) -> Iterator[bytes]:
    """Go octet by octet up to the one that is wrong: an exception drops its whole chunk."""
    for at in range(len(chunk)):
        if limit <= 0:
            return
        try:
            piece = decompress(chunk[at : at + 1], limit)
        except zlib.error:
            return
        limit -= len(piece)
        yield piece


def whole_gzip(data: bytes, room: Room) -> bytes | None:
    """Decompress bytes that are gzip members from the first to the last; None if they are not.

    None also where a member unpacks to more than its share of the room.
    """
    pieces: list[bytes] = []
    view, at = memoryview(data), 0
    while at < len(data):
        piece, end = _inflated("gzip", view, at, _GZIP, room)
        if end == at or room.exceeded:
            return None
        pieces.append(piece)
        at = end
    return b"".join(pieces) if pieces else None
