"""Streams taken apart: what a layer holds of each message, to the octet."""

from __future__ import annotations

import base64
import json

import pytest

from bedrock_authcheck.wire.eventstream import encode_message
from bedrock_authcheck.wire.streamed import frames, server_sent_events
from bedrock_authcheck.wire.unpacking import SEPARATOR, Room
from tests.wire.test_eventstream import message

ROOM = Room.of(1000)


def taken_apart(data: bytes) -> dict[str, bytes]:
    return dict(frames(data, ROOM))


def event(payload: object) -> bytes:
    return encode_message({":event-type": "chunk"}, json.dumps(payload).encode())


def test_a_message_is_its_headers_as_lines_and_its_payload() -> None:
    data = b"before" + encode_message({"a": "1", "b": "two"}, b"payload") + event({}) + b"\0behind"
    parts = (b"a: 1\nb: two", b"payload", b":event-type: chunk", b"{}")
    assert taken_apart(data) == {
        "event-stream frames": SEPARATOR.join(parts),
        "event-stream payloads joined": b"payload{}",
        "event-stream fields joined": b"",
    }


def test_a_header_of_octets_stands_as_it_is_and_a_number_as_its_digits() -> None:
    headers = b"\x01g\x06\x00\x02\x00\xff" + b"\x01c\x02\xff"
    assert taken_apart(message(headers, b"p"))["event-stream frames"] == SEPARATOR.join(
        (b"g: \x00\xff\nc: -1", b"p")
    )


@pytest.mark.parametrize("cut", [1, 5])
def test_a_message_that_is_torn_or_wrong_is_cut_where_its_headers_end(cut: int) -> None:
    whole = encode_message({"a": "1"}, b"payload")
    head = whole[12:-11]
    torn = taken_apart(whole[:-cut])["event-stream frames"]
    assert torn == SEPARATOR.join((head, whole[len(head) + 12 : -cut]))


def test_a_field_is_joined_over_all_messages_and_never_with_another() -> None:
    one = {"a": "1", "b": {"c": ["x", "y"]}, "n": 7, "alone": "once"}
    two = {"a": "2", "b": {"c": ["z", "w"]}, "n": 8}
    fields = taken_apart(event(one) + event(two))["event-stream fields joined"]
    assert sorted(fields.split(SEPARATOR)) == [b"12", b"xz", b"yw"]


def test_a_document_that_is_a_text_is_a_field_and_one_that_is_none_holds_none() -> None:
    assert taken_apart(event("1") + event("2"))["event-stream fields joined"] == b"12"
    none = encode_message({}, b"no JSON") + encode_message({}, b"[" * 200_000)
    assert taken_apart(none)["event-stream fields joined"] == b""


def test_the_document_in_base64_of_invoke_model_is_joined_as_well() -> None:
    def invoked(text: object) -> bytes:
        inner = json.dumps({"t": text}).encode()
        return event({"bytes": base64.b64encode(inner).decode()})

    fields = taken_apart(invoked("se") + invoked("cret"))["event-stream fields joined"]
    assert b"secret" in fields.split(SEPARATOR)
    broken = event({"bytes": "\u20ac"}) + event({"bytes": "a"})
    fields = taken_apart(broken)["event-stream fields joined"]
    assert sorted(fields.split(SEPARATOR)) == [b"", "\u20aca".encode()]


def test_half_a_character_in_a_field_is_kept() -> None:
    fields = taken_apart(event("\ud800") + event("x"))["event-stream fields joined"]
    assert fields == b"\xed\xa0\x80x"


def test_fields_of_server_sent_events_are_joined() -> None:
    data = b'event: x\ndata: {"a":"1"}\r\n\ndata:\t{"a":"2"}\n\nno data: {"a":"3"}\n'
    assert list(server_sent_events(data, ROOM)) == [("server-sent events joined", b"12")]
    assert list(server_sent_events(b"no such line", ROOM)) == []
    assert list(frames(b"no zero", ROOM)) == []
