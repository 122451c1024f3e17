"""Streams taken apart: what each frame holds, and what only several of them hold together."""

from __future__ import annotations

import json
import re
import struct
from binascii import a2b_base64
from typing import TYPE_CHECKING, Final
from zlib import crc32

from bedrock_authcheck.wire.eventstream import EventStreamError, decode_messages
from bedrock_authcheck.wire.unpacking import SEPARATOR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bedrock_authcheck.wire.unpacking import Room

_PRELUDE: Final = struct.Struct(">III")
_OVERHEAD: Final = 16
# Lengths below 16 MiB and 192 KiB; seen ahead, not taken, or a zero before a frame would hide it.
_LENGTHS: Final = re.compile(
    rb"(?=\0(?!\0\0\0).{3}\0[\0-\2])", re.DOTALL
)  # below 16 MiB and 192 KiB
_DATA_LINE: Final = re.compile(rb"^data:[ \t]*([^\r\n]*)", re.MULTILINE)


def frames(data: bytes, room: Room) -> Iterator[tuple[str, bytes]]:  # noqa: ARG001
    """Read the messages of an event stream, wherever the first begins and where they are torn.

    Yields each message's headers, as lines of text, and payload; the payloads without what
    stands between them; and what fields of the same name hold over all messages.
    """
    messages = list(_messages(data)) if b"\0" in data else []
    if messages:
        yield (
            "event-stream frames",
            SEPARATOR.join(part for head, payload in messages for part in (head, payload)),
        )
        payloads = [payload for _, payload in messages]
        yield "event-stream payloads joined", b"".join(payloads)
        yield "event-stream fields joined", SEPARATOR.join(_joined_fields(payloads))


def server_sent_events(data: bytes, room: Room) -> Iterator[tuple[str, bytes]]:  # noqa: ARG001
    """Join what fields of the same name hold over all `data:` lines of a stream."""
    if b"data:" in data:
        lines = _DATA_LINE.findall(data)
        yield "server-sent events joined", SEPARATOR.join(_joined_fields(lines))


def _messages(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while found := _LENGTHS.search(data, at):
        start = found.start()
        at = start + 1
        if len(data) - start < _PRELUDE.size:
            return
        total, headers, crc = _PRELUDE.unpack_from(data, start)
        if total >= _OVERHEAD + headers and crc32(data[start : start + 8]) == crc:
            message = data[start : start + total]
            yield _head_and_payload(message, headers)
            at = start + len(message)


def _head_and_payload(message: bytes, headers_length: int) -> tuple[bytes, bytes]:
    try:
        (decoded,), _ = decode_messages(message)
    except (EventStreamError, ValueError):  # a wrong CRC hides nothing, nor does a torn end
        end = _PRELUDE.size + headers_length
        return message[_PRELUDE.size : end], message[end:]
    lines = (
        name.encode() + b": " + (value if isinstance(value, bytes) else str(value).encode())
        for name, value in decoded.headers.items()
    )
    return b"\n".join(lines), decoded.payload


def _joined_fields(payloads: Iterable[bytes]) -> Iterator[bytes]:
    """Join what a field of JSON documents holds, where it is in two or more."""
    fields: dict[str, list[bytes]] = {}
    for payload in payloads:
        for name, value in _fields(payload):
            fields.setdefault(name, []).append(value)
    for values in fields.values():
        if len(values) > 1:
            yield b"".join(values)


def _fields(payload: bytes) -> Iterator[tuple[str, bytes]]:
    """Each text of a JSON document with its path; also the JSON in base64 of InvokeModel."""
    try:
        left: list[tuple[str, object]] = [("", json.loads(payload))]
    except (ValueError, RecursionError):
        return
    while left:
        path, value = left.pop()
        if isinstance(value, dict):
            left += [(f"{path}.{name}", part) for name, part in value.items()]
        elif isinstance(value, list):
            left += [(f"{path}[{index}]", part) for index, part in enumerate(value)]
        elif isinstance(value, str):
            yield path, value.encode("utf-8", "surrogatepass")
            if path.endswith(".bytes"):
                inner = _from_base64(value)
                yield f"{path} decoded", inner
                yield from ((f"{path}{name}", part) for name, part in _fields(inner))


def _from_base64(text: str) -> bytes:
    try:
        return a2b_base64(text)
    except ValueError:  # binascii's Error is one; so is a text that is not ASCII
        return b""
