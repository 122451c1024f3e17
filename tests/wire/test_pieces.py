"""Pieces that belong together: members of gzip, lines of base64."""

from __future__ import annotations

import base64
import gzip

import pytest

from bedrock_authcheck.wire.inflating import gzip_members, whole_gzip
from bedrock_authcheck.wire.runs import base64_runs
from bedrock_authcheck.wire.unpacking import SEPARATOR, Room

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


def test_members_that_touch_are_one_piece_and_others_are_not() -> None:
    ((name, pieces),) = gzip_members(b"." + ONE + TWO + b"." + TWO, Room.of(1000))
    assert (name, pieces) == ("gzip", b"one and two" + SEPARATOR + b"two")


def test_wrapped_base64_of_either_alphabet_is_joined() -> None:
    secret = b">>>???" * 12
    for encoded in (base64.b64encode(secret), base64.urlsafe_b64encode(secret)):
        lines = b"\n".join(encoded[at : at + 48] for at in range(0, len(encoded), 48))
        assert any(secret in decoded for _, decoded in base64_runs(lines, Room.of(1000)))
