"""Event streams: held against botocore's parser, and against bytes that are none."""

from __future__ import annotations

import struct
import uuid
from datetime import UTC, datetime
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from bedrock_authcheck.wire.eventstream import (
    EventStreamError,
    Message,
    decode_messages,
    encode_message,
)

HEADERS = {":event-type": "chunk", ":content-type": "application/json", ":message-type": "event"}
MESSAGE = encode_message(HEADERS, b'{"bytes":""}')

texts = st.text(st.characters(codec="utf-8"), max_size=30)
names = texts.filter(lambda text: len(text.encode()) <= 255)
headers_of_strings = st.dictionaries(names, texts, max_size=5)


def message(headers: bytes, payload: bytes = b"") -> bytes:
    """Frame headers that are encoded by hand."""
    lengths = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    whole = lengths + struct.pack(">I", crc32(lengths)) + headers + payload
    return whole + struct.pack(">I", crc32(whole))


def test_the_message_without_headers_and_payload() -> None:
    """The smallest message there is: 16 bytes, the CRC of its prelude is a known constant."""
    assert encode_message({}, b"").hex() == "000000100000000005c248eb7d98c8ff"


@given(st.lists(st.tuples(headers_of_strings, st.binary(max_size=50)), max_size=4))
def test_botocore_reads_what_we_encode(messages: list[tuple[dict[str, str], bytes]]) -> None:
    data = b"".join(encode_message(headers, payload) for headers, payload in messages)
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    read: list[object] = [(event.headers, event.payload) for event in buffer]
    assert read == messages
    decoded, rest = decode_messages(data)
    assert [(one.headers, one.payload) for one in decoded] == messages
    assert rest == b""


@given(st.integers(0, len(MESSAGE) - 1))
def test_a_part_of_a_message_remains(cut: int) -> None:
    messages, rest = decode_messages(MESSAGE + MESSAGE[:cut])
    assert messages == [Message(HEADERS, b'{"bytes":""}')]
    assert rest == MESSAGE[:cut]


@given(st.integers(0, 8 * len(MESSAGE) - 1))
def test_a_flipped_bit_is_found(at: int) -> None:
    flipped = bytearray(MESSAGE)
    flipped[at // 8] ^= 1 << at % 8
    with pytest.raises(EventStreamError, match=r"CRC of the (prelude|message) at byte 0 is wrong"):
        decode_messages(bytes(flipped))


def test_each_type_of_header_is_decoded() -> None:
    identity = uuid.UUID("6f1e4ab2-8b1c-4f7e-9a51-0f2f6c1f9d10")
    moment = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    milliseconds = 1_772_600_767_000
    data = message(
        b"\x01a\x00"
        b"\x01b\x01"
        b"\x01c\x02\xff"
        b"\x01d\x03\xff\xfe"
        b"\x01e\x04\xff\xff\xff\xfd"
        b"\x01f\x05\xff\xff\xff\xff\xff\xff\xff\xfc"
        b"\x01g\x06\x00\x02\x00\xff"
        b"\x01h\x07\x00\x02\xc3\xa9"
        b"\x01i\x08" + struct.pack(">q", milliseconds) + b"\x01j\x09" + identity.bytes,
        b"payload",
    )
    [decoded], rest = decode_messages(data)
    assert decoded.headers == {
        "a": True,
        "b": False,
        "c": -1,
        "d": -2,
        "e": -3,
        "f": -4,
        "g": b"\x00\xff",
        "h": "\xe9",
        "i": moment,
        "j": identity,
    }
    assert (decoded.payload, rest) == (b"payload", b"")


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        (b"\x01a\x0a", "type 10 is unknown"),
        (b"\x01a", "ends behind"),
        (b"\x05a\x00", "ends behind"),
        (b"\x01a\x07\x00\x05abc", "ends behind"),
        (b"\x01a\x07\x00\x01\xff", "not UTF-8"),
        (b"\x01\xff\x00", "not UTF-8"),
        (b"\x01a\x00\x01a\x01", "'a' stands twice"),
        (b"\x01a\x08\x7f\xff\xff\xff\xff\xff\xff\xff", "beyond the calendar"),
    ],
)
def test_headers_that_cannot_be_read_are_an_error(headers: bytes, text: str) -> None:
    with pytest.raises(EventStreamError, match=text):
        decode_messages(message(headers))


def test_lengths_that_contradict_each_other_are_an_error() -> None:
    lengths = struct.pack(">II", 20, 8)
    with pytest.raises(EventStreamError, match="20 bytes long, too few for headers of 8"):
        decode_messages(lengths + struct.pack(">I", crc32(lengths)))


@pytest.mark.parametrize("headers", [{"n" * 256: ""}, {"n": "v" * 65_536}])
def test_headers_that_do_not_fit_are_an_error(headers: dict[str, str]) -> None:
    with pytest.raises(EventStreamError, match="255 and 65535 fit"):
        encode_message(headers, b"")


@given(st.one_of(st.binary(max_size=64), st.builds(message, st.binary(max_size=40))))
def test_arbitrary_bytes_raise_nothing_else(data: bytes) -> None:
    try:
        messages, rest = decode_messages(data)
    except EventStreamError:
        return
    assert len(rest) + sum(16 + len(one.payload) for one in messages) <= len(data)


def test_the_longest_name_and_the_longest_value_fit() -> None:
    headers = {"n" * 255: "v" * 65_535}
    assert decode_messages(encode_message(headers, b"")) == ([Message(headers, b"")], b"")


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        (b"\x01a", "a header ends behind the block of headers"),
        (b"\x01a\x07\x00\x01\xff", "the text of a header is not UTF-8"),
        (b"\x01a\x0a", "header type 10 is unknown; 0 to 9 are right"),
        (b"\x01a\x00\x01a\x01", "the header 'a' stands twice"),
    ],
)
def test_what_is_wrong_with_a_header_is_said_to_the_letter(headers: bytes, text: str) -> None:
    with pytest.raises(EventStreamError) as caught:
        decode_messages(message(headers))
    assert str(caught.value) == text
