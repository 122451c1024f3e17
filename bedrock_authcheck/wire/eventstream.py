"""Messages of application/vnd.amazon.eventstream: encode and decode.

A message is a prelude (total length, length of the headers, CRC32 of both), the headers,
the payload and a CRC32 over all before it; numbers are big-endian.
Source: Amazon Transcribe developer guide, "Event stream encoding".
"""

from __future__ import annotations

import struct
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HeaderValue = bool | int | bytes | str | datetime | uuid.UUID

_PRELUDE = struct.Struct(">III")
_CRC = struct.Struct(">I")
_OVERHEAD = _PRELUDE.size + _CRC.size
_LENGTH = struct.Struct(">H")
_STRING = 7
_NUMBERS = {
    2: struct.Struct(">b"),
    3: struct.Struct(">h"),
    4: struct.Struct(">i"),
    5: struct.Struct(">q"),
}
_MILLISECONDS = struct.Struct(">q")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class EventStreamError(ValueError):
    """Bytes that are not a message of an event stream, or headers that cannot be one."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message: its headers (`:event-type`, `:content-type`, …) and its payload.

    Header types become bool, int (byte, short, integer, long), bytes, str, aware datetime
    (timestamp) and UUID. `encoded` holds each header as it was received, for who signs them;
    it is empty for a message that was not decoded.
    """

    headers: Mapping[str, HeaderValue]
    payload: bytes
    encoded: Mapping[str, bytes] = field(default_factory=dict, repr=False, compare=False)


def encode_message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Encode a message whose headers are all strings.

    Raises EventStreamError for a name beyond 255 or a value beyond 65,535 bytes of UTF-8.
    """
    encoded = b"".join(_encoded_header(name, value) for name, value in headers.items())
    lengths = struct.pack(">II", _OVERHEAD + len(encoded) + len(payload), len(encoded))
    message = b"".join((lengths, _CRC.pack(crc32(lengths)), encoded, payload))
    return message + _CRC.pack(crc32(message))


def _encoded_header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    try:
        return struct.pack(">B", len(key)) + key + struct.pack(">BH", _STRING, len(text)) + text
    except struct.error:
        raise EventStreamError(
            f"header of {len(key)} bytes of name and {len(text)} of value; 255 and 65535 fit"
        ) from None


def decode_messages(data: bytes) -> tuple[list[Message], bytes]:
    """Decode all messages that are whole; the second part is what remains behind them.

    Raises EventStreamError if a CRC or a length is wrong or a header cannot be read.
    """
    reader = MessageReader()
    return list(reader.feed(data)), bytes(reader.rest)


class MessageReader:
    """Decodes messages as their bytes arrive; `rest` is what remains behind those decoded."""

    def __init__(self) -> None:
        """Begin with nothing received."""
        self.rest = bytearray()
        self._wanted = _PRELUDE.size  # before that many bytes are there, no message is looked for

    def feed(self, data: bytes) -> Iterator[Message]:
        """Take bytes, and decode message by message what is whole.

        Raises EventStreamError if a CRC or a length is wrong or a header cannot be read, behind
        the messages before.
        """
        self.rest += data
        if len(self.rest) < self._wanted:
            return
        received, start = bytes(self.rest), 0
        self._wanted = _PRELUDE.size
        try:
            while len(received) - start >= _PRELUDE.size:
                length = _length(received, start)
                if len(received) - start < length:
                    self._wanted = length
                    break
                message = _decoded(received[start : start + length], start)
                start += length
                yield message
        finally:
            self.rest = bytearray(received[start:])


def _length(data: bytes, start: int) -> int:
    """Read from a prelude how long its message is."""
    total, headers_length, prelude_crc = _PRELUDE.unpack_from(data, start)
    if crc32(data[start : start + 8]) != prelude_crc:
        raise EventStreamError(f"the CRC of the prelude at byte {start} is wrong")
    if total < _OVERHEAD + headers_length:
        raise EventStreamError(
            f"the message at byte {start} is {total} bytes long, too few for headers of "
            f"{headers_length}"
        )
    length: int = total
    return length


def _decoded(whole: bytes, start: int) -> Message:
    _, headers_length, _ = _PRELUDE.unpack_from(whole)
    (message_crc,) = _CRC.unpack(whole[-_CRC.size :])
    if crc32(whole[: -_CRC.size]) != message_crc:
        raise EventStreamError(f"the CRC of the message at byte {start} is wrong")
    payload_start = _PRELUDE.size + headers_length
    headers, encoded = _decoded_headers(whole[_PRELUDE.size : payload_start])
    return Message(headers, whole[payload_start : -_CRC.size], encoded)


def _decoded_headers(data: bytes) -> tuple[dict[str, HeaderValue], dict[str, bytes]]:
    """Read the values by name, and the bytes that each header takes."""
    reader = _Reader(data)
    headers: dict[str, HeaderValue] = {}
    encoded: dict[str, bytes] = {}
    while not reader.at_end:
        start = reader.at
        name = reader.text(reader.take(1)[0])
        if name in headers:
            raise EventStreamError(f"the header {name!a} stands twice")
        headers[name] = _decoded_value(reader, reader.take(1)[0])
        encoded[name] = data[start : reader.at]
    return headers, encoded


def _decoded_value(reader: _Reader, kind: int) -> HeaderValue:
    match kind:
        case 0 | 1:
            return kind == 0
        case 2 | 3 | 4 | 5:
            return reader.number(_NUMBERS[kind])
        case 6:
            return reader.take(reader.number(_LENGTH))
        case 7:
            return reader.text(reader.number(_LENGTH))
        case 8:
            return _moment(reader.number(_MILLISECONDS))
        case 9:
            return uuid.UUID(bytes=reader.take(16))
    raise EventStreamError(f"header type {kind} is unknown; 0 to 9 are right")


def _moment(milliseconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        raise EventStreamError(
            f"the timestamp {milliseconds} ms lies beyond the calendar"
        ) from None


class _Reader:
    """Takes values off the front of a block of headers."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    @property
    def at_end(self) -> bool:
        return self.at == len(self._data)

    def take(self, length: int) -> bytes:
        taken = self._data[self.at : self.at + length]
        if len(taken) < length:
            raise EventStreamError("a header ends behind the block of headers")
        self.at += length
        return taken

    def number(self, form: struct.Struct) -> int:
        value: int = form.unpack(self.take(form.size))[0]
        return value

    def text(self, length: int) -> str:
        try:
            return self.take(length).decode()
        except UnicodeDecodeError:
            raise EventStreamError("the text of a header is not UTF-8") from None
