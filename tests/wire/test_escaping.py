"""Escapes of text, one by one, and those that stand for no character."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.wire import escaping
from bedrock_authcheck.wire.unpacking import Room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def undone(step: Callable[[bytes, Room], Iterator[tuple[str, bytes]]], data: bytes) -> bytes:
    ((_, decoded),) = step(data, Room.of(len(data)))
    return decoded


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (rb"a\n\t\r\b\f\0b", b"a\n\t\r\b\f\0b"),
        (rb"\"\\\/\'\q", b"\"\\/'q"),
        (rb"\x41\xfF", b"A\xff"),
        (rb"\x4g", rb"\x4g"),
        (rb"\u0041\u00e9\u20AC", "A\u00e9\u20ac".encode()),
        (rb"\ud83d\ude00", "\U0001f600".encode()),
        (rb"\ud83d", b"\xed\xa0\xbd"),
        (rb"\u004g", rb"\u004g"),
        (rb"\U0001f600", "\U0001f600".encode()),
        (rb"\U0000d800", b"\xed\xa0\x80"),
        (rb"\U00110000", rb"\U00110000"),
        (rb"\Uffffffff", rb"\Uffffffff"),
        (b"a\\\n   b", b"ab"),
        (b"a\\\r\n\tb", b"ab"),
        (b"a\\", b"a\\"),
    ],
)
def test_a_backslash_is_undone(written: bytes, meant: bytes) -> None:
    assert undone(escaping.escapes, written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (b"&amp;&lt;&gt;&quot;&apos;", b"&<>\"'"),
        (b"&#65;&#x41;&#X41;", b"AAA"),
        (b"&#8364;&#x20AC;", "\u20ac\u20ac".encode()),
        (b"&#55296;", b"\xed\xa0\x80"),
        (b"&#1114112;&#x110000;", b"&#1114112;&#x110000;"),
        (b"&amp;&nbsp;", b"&&nbsp;"),
    ],
)
def test_an_entity_is_undone(written: bytes, meant: bytes) -> None:
    assert undone(escaping.entities, written) == meant


@pytest.mark.parametrize(
    ("step", "plain"),
    [
        (escaping.percent, b"100 % of it"),
        (escaping.escapes, b"no mark"),
        (escaping.entities, b"AT&T"),
        (escaping.latin1, b"ascii alone"),
    ],
)
def test_what_is_not_escaped_makes_no_layer(
    step: Callable[[bytes, Room], Iterator[tuple[str, bytes]]], plain: bytes
) -> None:
    assert list(step(plain, Room.of(len(plain)))) == []


def test_each_step_is_called_by_what_people_call_it() -> None:
    data = "%41 \\n &amp; \u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9".encode()
    steps = (escaping.percent, escaping.escapes, escaping.latin1, escaping.entities)
    names = [name for step in steps for name, _ in step(data, Room.of(len(data)))]
    assert names == ["percent-encoding", "JSON string", "Latin-1", "XML"]
