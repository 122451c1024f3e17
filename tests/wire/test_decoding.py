"""Layers: what is planted in any encoding comes out, and bombs do not go off."""

from __future__ import annotations

import base64
import gzip
import json
import os
import zlib
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_authcheck.wire import decoding
from bedrock_authcheck.wire.decoding import DECODERS, DEEPEST, Layer, TooMuchError, layers
from bedrock_authcheck.wire.unpacking import MEBIBYTE, Room
from tests.wire.encoders import ENCODERS, TEXT_ONLY, as_json, frame, invoke_frame, raw_deflate

SECRET: Final = b"FAKE/planted+secret=of/no-one~in:particular"
NOISE: Final = b"some text, and then: "

# For each step an encoding that no other step undoes.
NEEDED: Final = {
    "percent": ENCODERS["percent all"](SECRET),
    "escapes": ENCODERS["json, all escaped"](SECRET),
    "latin-1": json.dumps(zlib.compress(SECRET).decode("latin-1"), ensure_ascii=False).encode(),
    "entities": ENCODERS["xml, all escaped"](SECRET),
    "base64": base64.b64encode(SECRET),
    "hexadecimal": ENCODERS["hexadecimal"](SECRET),
    "utf-16": ENCODERS["utf-16"](SECRET),
    "gzip": gzip.compress(SECRET),
    "zlib": zlib.compress(SECRET),
    "deflate": raw_deflate(SECRET * 2),
    "frames": invoke_frame(b'{"text":"' + SECRET[:9] + b'"}')
    + invoke_frame(b'{"text":"' + SECRET[9:] + b'"}'),
    "events": b'data: {"text":"' + SECRET[:9] + b'"}\n\ndata: {"text":"' + SECRET[9:] + b'"}\n\n',
}


def holds(data: bytes, secret: bytes = SECRET) -> bool:
    return any(secret in layer.data for layer in layers(data))


def as_text(data: bytes) -> bytes:
    return data if data.isascii() and b"\0" not in data else base64.b64encode(data)


def complained(data: bytes, room: Room | None = None) -> tuple[list[Layer], str]:
    """All layers, and what was said of those that were left out."""
    seen: list[Layer] = []
    try:
        seen.extend(layers(data, room))
    except TooMuchError as error:
        return seen, str(error)
    return seen, ""


@pytest.mark.parametrize("name", ENCODERS)
def test_each_encoding_is_undone(name: str) -> None:
    data = ENCODERS[name](SECRET)
    assert holds(data)
    assert holds(NOISE + data)
    assert holds(data + b"\nand more")


@pytest.mark.parametrize("outer", ENCODERS)
@pytest.mark.parametrize("inner", ENCODERS)
def test_each_encoding_in_each_other_is_undone(inner: str, outer: str) -> None:
    data = ENCODERS[inner](SECRET)
    assert holds(ENCODERS[outer](as_text(data) if outer in TEXT_ONLY else data))


@given(
    st.binary(max_size=40),
    st.lists(st.sampled_from(sorted(ENCODERS)), min_size=1, max_size=5),
    st.binary(max_size=20),
)
def test_what_is_planted_in_several_encodings_comes_out(
    before: bytes, names: list[str], after: bytes
) -> None:
    data = before + b" " + SECRET + b" " + after
    for name in names:
        data = ENCODERS[name](as_text(data) if name in TEXT_ONLY else data)
    assert holds(data)


@pytest.mark.parametrize("name", DECODERS)
def test_no_step_can_be_left_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests see a wrong scanner for each: one that does not know this encoding."""
    assert holds(NEEDED[name])
    monkeypatch.delitem(decoding.DECODERS, name)
    assert not holds(NEEDED[name])


def test_the_first_layer_is_the_bytes_themselves() -> None:
    assert next(layers(SECRET)) == Layer(SECRET)
    assert list(layers(b"")) == [Layer(b"")]


def test_a_trail_reads_from_the_outside_in_and_a_form_from_the_inside_out() -> None:
    data = base64.b64encode(gzip.compress(as_json(b'say "' + SECRET + b'"')))
    layer = next(layer for layer in layers(data) if b'"' + SECRET + b'"' in layer.data)
    assert layer.trail == ("base64", "gzip", "JSON string")
    assert layer.form == "JSON string in gzip in base64"
    assert Layer(b"").form == "plain"


def test_a_layer_shows_nothing_of_what_it_holds() -> None:
    assert SECRET.decode() not in repr(next(layers(SECRET)))


@pytest.mark.parametrize("parts", [2, 5])
@pytest.mark.parametrize("make", [frame, invoke_frame])
def test_what_several_frames_hold_together_comes_out(make: object, parts: int) -> None:
    assert callable(make)
    size = -(-len(SECRET) // parts)
    pieces = [SECRET[at : at + size] for at in range(0, len(SECRET), size)]
    stream = b"".join(
        make(json.dumps({"delta": {"text": piece.decode()}, "p": "x"}).encode()) for piece in pieces
    )
    assert holds(stream)
    assert holds(b"".join(make(piece) for piece in pieces))
    assert holds(base64.b64encode(stream))


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(SECRET * 20)[:-9],
        gzip.compress(os.urandom(3000) + SECRET)[:-1] + b"?",
        zlib.compress(os.urandom(5000) + SECRET)[:-4],
        zlib.compress(SECRET * 3 + os.urandom(90))[:-60] + b"\xff" * 60,
    ],
    ids=["torn", "wrong length", "no checksum", "broken"],
)
def test_streams_that_are_not_whole_come_out_as_far_as_they_go(data: bytes) -> None:
    assert holds(NOISE + data)


def test_binary_that_is_written_as_text_is_read_among_bytes_that_are_none() -> None:
    """With a DEL in it, which JSON does not escape, and a torn end that is not UTF-8."""
    packed = zlib.compress(bytes(range(256)) + NOISE.title() * 40 + SECRET)
    assert b"\x7f" in packed
    assert SECRET not in packed
    assert holds(ENCODERS["json, not ascii"](packed) + b" and \xff\xfe")


def test_a_frame_with_a_wrong_sum_hides_nothing() -> None:
    whole = frame(base64.b64encode(SECRET))
    assert holds(whole[:-1] + bytes([whole[-1] ^ 1]))


@given(st.binary(max_size=400))
def test_no_bytes_are_refused(data: bytes) -> None:
    seen, said = complained(data)
    assert seen[0].data == data
    assert said == ""


@given(st.text(st.sampled_from('\\%&#x;u0041ABab+/=-_"\n\0\x1f\x8b\x08x\x9c{}'), max_size=200))
def test_no_text_of_marks_is_refused(text: str) -> None:
    seen, said = complained(text.encode("latin-1"))
    assert seen
    assert said in {"", f"more than {DEEPEST} encodings one inside the other"}


def test_a_gzip_bomb_is_told_of_and_not_unpacked() -> None:
    bomb = gzip.compress(bytes(64 * MEBIBYTE))
    seen, said = complained(SECRET + b" " + bomb)
    assert said == "a gzip stream that unpacks to more than 16 MiB"
    assert sum(len(layer.data) for layer in seen) < 20 * MEBIBYTE
    assert any(SECRET in layer.data for layer in seen)


def test_what_stands_before_and_behind_a_bomb_is_seen() -> None:
    data = base64.b64encode(SECRET) + b" " + gzip.compress(bytes(2000)) + base64.b64encode(NOISE)
    seen, said = complained(data, Room(10_000, each=1000))
    assert said == "a gzip stream that unpacks to more than 1 MiB"
    assert any(SECRET in layer.data and NOISE in layer.data for layer in seen[1:])


def test_bombs_in_bombs_meet_a_bound() -> None:
    one = gzip.compress(bytes(12 * MEBIBYTE))
    seen, said = complained(one * 8 + b"." + gzip.compress(gzip.compress(one)))
    assert "more than" in said
    assert sum(len(layer.data) for layer in seen) < 40 * MEBIBYTE


def test_more_encodings_than_anybody_nests_are_told_of() -> None:
    data = SECRET
    for _ in range(DEEPEST + 2):
        data = base64.b64encode(data)
    _, said = complained(data)
    assert said == f"more than {DEEPEST} encodings one inside the other"


@pytest.mark.parametrize(
    "data",
    [
        b"\x1f\x8b\x08" * 100_000,
        b"\x78\x9c" * 100_000,
        gzip.compress(b"", mtime=0) * 20_000,
        b"\\" * 300_000,
        b"%" + b"25" * 150_000,
        b"&amp;" * 60_000,
        b"A" * 300_000,
        b"\0\0\0\x10\0\0\0\0" * 40_000,
        bytes(300_000),
        b"{" * 300_000,
        b"data: [[[" * 30_000,
    ],
    ids=[
        "gzip begun",
        "zlib begun",
        "empty gzip",
        "backslashes",
        "percent signs",
        "entities",
        "letters",
        "frames begun",
        "zeros",
        "braces",
        "events begun",
    ],
)
def test_a_text_that_is_made_to_cost_much_meets_a_bound(data: bytes) -> None:
    """What was decoded is bounded by the length of the text, so its time is."""
    seen, _ = complained(data)
    assert sum(len(layer.data) for layer in seen) <= 32 * MEBIBYTE + 9 * len(data)


def test_one_room_serves_several_calls_until_it_is_used_up() -> None:
    room = Room(1000)
    assert complained(base64.b64encode(b"a b " * 150), room)[1] == ""
    assert "reasonable time" in complained(base64.b64encode(b"c d " * 150), room)[1]
    assert complained(b"plain", room)[1] == ""
