"""Runs of base64, hexadecimal and UTF-16, decoded wherever they stand."""

from __future__ import annotations

import re
from binascii import a2b_base64
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.wire.unpacking import SEPARATOR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bedrock_authcheck.wire.unpacking import Room

_SHORTEST_RUN: Final = 16  # characters of base64 or hexadecimal, or less would be every word
_CERTAIN: Final = 32  # octets: as many are not all ASCII where base64 is read out of step
_SHORTEST_LINE: Final = 40  # characters of a line that wrapped base64 is taken to go on in
_SHORTEST_TEXT: Final = 8  # characters in UTF-16


def base64_runs(data: bytes, room: Room) -> Iterator[tuple[str, bytes]]:
    """Decode each run of base64 or base64url, padded or not, wherever it begins.

    What stands glued before a run shifts it, so that it is read at all four offsets,
    unless the first gives text. Lines of wrapped base64 are joined as well.
    """
    decoded: tuple[list[bytes], ...] = ([], [], [], [])
    for run in _new_runs([*_long_words(data, _BASE64), *_wrapped(data)], room):
        for offset, pieces in enumerate(decoded):
            piece = from_base64(run[offset:])
            pieces.append(piece)
            if offset == 0 and len(piece) >= _CERTAIN and piece.isascii():
                break
    for pieces in filter(None, decoded):
        yield "base64", SEPARATOR.join(pieces)


_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BASE64: Final = bytes(
    {ord("-"): ord("+"), ord("_"): ord("/")}.get(octet, octet if octet in _ALPHABET else 32)
    for octet in range(256)
)
_DIGITS: Final = b"0123456789abcdefABCDEF"
_HEXADECIMAL: Final = bytes(octet if octet in _DIGITS else 32 for octet in range(256))


def _long_words(data: bytes, table: bytes) -> list[bytes]:
    # Ten times as fast as a regular expression.
    return [word for word in data.translate(table).split() if len(word) >= _SHORTEST_RUN]


def _new_runs(runs: Iterable[bytes], room: Room) -> Iterator[bytes]:
    for run in runs:
        if run not in room.runs:
            room.runs.add(run)
            yield run


def from_base64(run: bytes) -> bytes:
    """Decode a run that has no padding; what is left over at its end is left out."""
    left = len(run) % 4
    # One character over holds six bits, which are no octet.
    return a2b_base64(run[:-1] if left == 1 else run + b"=" * (-left % 4))


def _wrapped(data: bytes) -> Iterator[bytes]:
    """Join neighbouring lines that are long runs each; the last may be short."""
    if b"\n" not in data:
        return
    joined: list[bytes] = []
    for line in data.split(b"\n"):
        text = line.strip(_AROUND_LINES) if joined or len(line) >= _SHORTEST_LINE else b""
        run = text and not text.translate(None, _LINE_ALPHABET)
        if run:
            joined.append(text.translate(_BASE64).rstrip())
        if joined and (not run or len(text) < _SHORTEST_LINE):
            if len(joined) > 1:
                yield b"".join(joined)
            joined = []
    if len(joined) > 1:
        yield b"".join(joined)


_AROUND_LINES: Final = b" \t\r\"'#*>|\\,="
_LINE_ALPHABET: Final = _ALPHABET + b"-_"


def hexadecimal_runs(data: bytes, room: Room) -> Iterator[tuple[str, bytes]]:
    """Decode each run of hexadecimal digits, at both offsets."""
    pieces: tuple[list[bytes], list[bytes]] = ([], [])
    for run in _long_words(data, _HEXADECIMAL):
        marked = b"hexadecimal " + run  # the same run was perhaps read as base64
        if marked not in room.runs:
            room.runs.add(marked)
            for offset in (0, 1):
                even = len(run) - (len(run) - offset) % 2
                pieces[offset].append(bytes.fromhex(run[offset:even].decode()))
    for some in filter(None, pieces):
        yield "hexadecimal", SEPARATOR.join(some)


def utf16_runs(data: bytes, room: Room) -> Iterator[tuple[str, bytes]]:  # noqa: ARG001
    """Decode runs of ASCII in UTF-16, or UTF-32, of either byte order."""
    if b"\0" in data:
        runs = (found[0].replace(b"\0", b"") for found in _SPACED_OUT.finditer(data))
        yield "UTF-16", SEPARATOR.join(runs)


_SPACED_OUT: Final = re.compile(rb"(?:[\t\n\r -~]\0{1,3}){%d,}[\t\n\r -~]" % _SHORTEST_TEXT)
