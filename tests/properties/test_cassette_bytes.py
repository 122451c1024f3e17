"""Cassettes of any bytes: read, or refused in one sentence; scanned whatever they hold."""

from __future__ import annotations

import gzip
from typing import Any, Final
from unittest.mock import patch

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from bedrock_authcheck.recording import reading
from bedrock_authcheck.recording.cassette import CassetteError
from bedrock_authcheck.recording.reading import parse_cassette
from bedrock_authcheck.recording.scan import leaks_in
from bedrock_authcheck.recording.writing import write_cassette
from tests.properties.hunting import caught
from tests.recording.samples import cassette, recording
from tests.recording.test_reading import PLAIN

NAME: Final = "cassettes/a.yaml"
OURS: Final = write_cassette(cassette(recording(), recording(body=b"other"))).encode()
THEIRS: Final = PLAIN.encode()
MARKS: Final = st.sampled_from(
    [
        *(b"interactions:", b"request: ", b"response: ", b"status: ", b"headers: ", b"body: "),
        *(b"- ", b"\n", b"  ", b"{", b"}", b"[", b"]", b": ", b", ", b'"', b"'", b"&a ", b"*a"),
        *(
            b"!!python/object/apply:os.system [x]",
            b"!!binary ",
            b"!!timestamp ",
            b"!!int ",
            b"<<: ",
        ),
        *(b"bedrock_authcheck:", b"bedrock_authcheck_end:", b"sha256: ", b"---\n", b"%YAML 1.1\n"),
        *(b"\xef\xbb\xbf", b"\xff\xfe", b"\x1f\x8b\x08", b"\0", b"? ", b"| \n", b"0x_", b"1e999"),
    ]
)
SCALARS: Final = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.binary(max_size=8)
)
KEYS: Final = st.sampled_from(
    [*("method", "uri", "headers", "body", "status", "code", "message", "string", "parsed_body")]
) | st.text(max_size=3)
VALUES: Final = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)
DOCUMENTS: Final = st.fixed_dictionaries(
    {
        "interactions": st.lists(
            st.fixed_dictionaries({}, optional={"request": VALUES, "response": VALUES}) | VALUES,
            max_size=2,
        )
    },
    optional={"version": st.just(1) | VALUES, "bedrock_authcheck": VALUES},
).map(lambda document: yaml.safe_dump(document).encode())


@st.composite
def torn(draw: st.DrawFn, whole: bytes) -> bytes:
    """Draw what is left of a file when a part of it is replaced by something else."""
    start = draw(st.integers(0, len(whole)))
    end = draw(st.integers(start, min(len(whole), start + 40)))
    return whole[:start] + draw(st.binary(max_size=4) | MARKS) + whole[end:]


FILES: Final = st.one_of(
    st.binary(max_size=200),
    st.lists(MARKS | st.binary(max_size=4), max_size=20).map(b"".join),
    DOCUMENTS,
    torn(THEIRS),
    torn(OURS),
    torn(gzip.compress(THEIRS, mtime=0)),
)


def check_it_is_read_or_refused(data: bytes) -> None:
    try:
        read = parse_cassette(data, NAME)
    except CassetteError as error:
        text = str(error)
        assert text.startswith(NAME)
        assert "\n" not in text
        return
    for one in read.recordings:
        assert isinstance(one.status, int)
        assert all(type(part) is str for header in one.headers for part in header)
        assert type(one.body) is bytes


def check_an_edit_is_refused(data: bytes) -> None:
    if data.replace(b"\r\n", b"\n") == OURS:
        return
    try:
        parse_cassette(data, NAME)
    except CassetteError:
        return
    raise AssertionError("an edited cassette was read")


@example(b"!!timestamp soon")
@example(b"!!int ''")
@example(b"!!bool perhaps")
@example(b"!!float " + b"1:" * 200 + b"1")
@given(FILES)
def test_it_is_read_or_refused_in_one_sentence(data: bytes) -> None:
    check_it_is_read_or_refused(data)


@given(torn(OURS))
def test_an_edit_of_ours_is_refused(data: bytes) -> None:
    check_an_edit_is_refused(data)


@given(FILES)
def test_it_is_scanned(data: bytes) -> None:
    """A secret is in none of them; planted, it is found behind whatever stands before it."""
    secret, what = "FAKE/planted+secret=of/no-one", "token of bearer"
    assert what not in {leak.what for leak in leaks_in(data, {secret: what})}
    behind = leaks_in(data + b"\n\n" + secret.encode(), {secret: what})
    assert what in {leak.what for leak in behind}


def test_a_reader_that_lets_an_error_of_yaml_out_is_caught() -> None:
    def wrong(text: str, _: str) -> Any:  # noqa: ANN401 - whatever the text holds
        try:
            return yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise AssertionError from error

    with patch.object(reading, "load", wrong):
        caught(check_it_is_read_or_refused, data=FILES)


def test_a_reader_that_takes_headers_as_they_come_is_caught() -> None:
    with patch.object(reading, "_line", lambda value: value):
        caught(check_it_is_read_or_refused, data=FILES)


def test_a_reader_that_does_not_look_at_the_footer_is_caught() -> None:
    with patch.object(reading, "_demand_whole", lambda *_, **__: None):
        caught(check_an_edit_is_refused, data=torn(OURS))
