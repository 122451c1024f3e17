"""Bytes that are gzip from the first to the last, and those that are not."""

from __future__ import annotations

import gzip

import pytest

from bedrock_authcheck.wire.inflating import whole_gzip
from bedrock_authcheck.wire.unpacking import Room

ONE, TWO = gzip.compress(b"one and ", mtime=0), gzip.compress(b"two", mtime=0)


@pytest.mark.parametrize(
    ("data", "inner"),
    [
        (ONE, b"one and "),
        (ONE + TWO, b"one and two"),
        (gzip.compress(b"", mtime=0), b""),
        (b"", None),
        (b"plain", None),
        (b" " + ONE, None),
        (ONE + b" ", None),
        (ONE[:-1], None),
        (ONE + TWO[:-1], None),
        (ONE[:-1] + bytes([ONE[-1] ^ 1]), None),
    ],
)
def test_members_that_are_whole_are_decompressed_together(data: bytes, inner: bytes | None) -> None:
    assert whole_gzip(data, Room.of(len(data))) == inner


def test_what_unpacks_to_more_than_its_share_is_none_and_told_of() -> None:
    room = Room(10_000, each=100)
    assert whole_gzip(gzip.compress(bytes(101)), room) is None
    assert room.exceeded == ["a gzip stream that unpacks to more than 1 MiB"]
    room.start()
    assert whole_gzip(gzip.compress(bytes(100)), room) == bytes(100)
