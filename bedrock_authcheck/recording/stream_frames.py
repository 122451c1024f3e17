"""Frames of application/vnd.amazon.eventstream rewritten: new payloads, lengths and CRCs.

The headers of a frame keep their types and their order, which decoded ones do not tell.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final
from zlib import crc32

from bedrock_authcheck.recording.markers import FIXED_EPOCH
from bedrock_authcheck.wire.eventstream import EventStreamError, decode_messages

if TYPE_CHECKING:
    from collections.abc import Callable

_PRELUDE: Final = struct.Struct(">III")
_SHORTEST: Final = 16
_LENGTH: Final = struct.Struct(">H")
_BYTES, _STRING, _TIMESTAMP = 6, 7, 8
_SIZES: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, _TIMESTAMP: 8, 9: 16}
_FIXED_TIMESTAMP: Final = struct.pack(">q", int(FIXED_EPOCH) * 1000)
_SIGNATURE: Final = ":chunk-signature"


def rewrite_frames(
    data: bytes, payload: Callable[[bytes], bytes], text: Callable[[str], str]
) -> bytes | None:
    """Rewrite each frame's payload and the texts of its headers; None for what has no frame.

    Dates become one fixed moment and signatures of events (`:chunk-signature`) zeros. What remains
    behind the last whole frame, where a stream was cut, is given to `payload` as it is.
    """
    if len(data) < _SHORTEST:
        return None
    try:
        messages, rest = decode_messages(data)
    except EventStreamError:
        return None
    if not messages:
        return None
    parts: list[bytes] = []
    start = 0
    for _ in messages:
        total, headers_length, _ = _PRELUDE.unpack_from(data, start)
        head = start + _PRELUDE.size
        headers = _rewritten_headers(data[head : head + headers_length], text)
        parts.append(_frame(headers, payload(data[head + headers_length : start + total - 4])))
        start += total
    return b"".join([*parts, payload(rest) if rest else b""])


def _frame(headers: bytes, payload: bytes) -> bytes:
    lengths = struct.pack(">II", _SHORTEST + len(headers) + len(payload), len(headers))
    message = lengths + struct.pack(">I", crc32(lengths)) + headers + payload
    return message + struct.pack(">I", crc32(message))


def _rewritten_headers(data: bytes, text: Callable[[str], str]) -> bytes:
    """Rewrite a block of headers that has been decoded before, so that its lengths are right."""
    parts: list[bytes] = []
    at = 0
    while at < len(data):
        end = at + 1 + data[at]
        name, kind = data[at:end], data[end]
        at = end + 1
        if kind in (_BYTES, _STRING):
            (size,) = _LENGTH.unpack_from(data, at)
            at += _LENGTH.size
        else:
            size = _SIZES[kind]
        value = data[at : at + size]
        at += size
        parts += [name, bytes([kind]), _rewritten_value(name[1:].decode(), kind, value, text)]
    return b"".join(parts)


def _rewritten_value(name: str, kind: int, value: bytes, text: Callable[[str], str]) -> bytes:
    if kind == _TIMESTAMP:
        return _FIXED_TIMESTAMP
    if kind == _STRING:
        value = text(value.decode()).encode()
    elif kind == _BYTES and name == _SIGNATURE:
        value = bytes(len(value))
    elif kind == _BYTES:
        value = text(value.decode("latin-1")).encode("latin-1")
    else:
        return value
    return _LENGTH.pack(len(value)) + value
