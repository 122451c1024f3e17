from __future__ import annotations

import gzip
import os
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.recording import reading
from bedrock_authcheck.recording.cassette import CassetteError
from bedrock_authcheck.recording.reading import LARGEST, parse_cassette, read_cassette
from bedrock_authcheck.recording.writing import write_cassette
from bedrock_authcheck.recording.yaml_io import digest
from tests.recording.samples import PROVENANCE, cassette, recording

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = """\
interactions:
- request:
    body: '{"a": 1}'
    headers:
      Authorization: [!!binary "QmVhcmVyIHg="]
      Accept: ['*/*']
    method: POST
    uri: https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse
  response:
    body: {string: !!binary "AAEC"}
    headers: {Content-Type: [application/json], Set-Cookie: [a, b]}
    status: {code: 200, message: OK}
version: 1
"""
OURS = write_cassette(cassette(recording(), recording(body=b"other")))


def _fault(data: bytes | str) -> str:
    with pytest.raises(CassetteError) as raised:
        parse_cassette(data.encode() if isinstance(data, str) else data, "a.yaml")
    text = str(raised.value)
    assert text.startswith("a.yaml")
    assert "\n" not in text
    return text


def test_plain_vcrpy_is_read_and_has_no_provenance() -> None:
    read = parse_cassette(PLAIN.encode(), "a.yaml")
    assert read.provenance is None
    (only,) = read.recordings
    assert only.header("authorization") == "Bearer x"
    assert only.body == b'{"a": 1}'
    assert only.answer_body == b"\0\1\2"
    assert only.answer_headers[1:] == (("Set-Cookie", "a"), ("Set-Cookie", "b"))
    assert (only.status, only.reason) == (200, "OK")


def test_gzip_is_read_whatever_the_file_is_called(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(gzip.compress(PLAIN.encode()))
    assert read_cassette(path) == parse_cassette(PLAIN.encode(), "a.yaml")


def test_two_lists_and_parsed_bodies_are_read() -> None:
    lists = """\
requests: [{method: GET, uri: 'https://h/a', headers: {}, body: null}]
responses: [{status: {code: 404, message: null}, headers: {}, parsed_body: {b: [1]}}]
"""
    (only,) = parse_cassette(lists.encode(), "a.yaml").recordings
    assert (only.body, only.status, only.reason) == (b"", 404, "")
    assert only.answer_body == b'{"b": [1]}'


def test_ours_is_read_with_its_provenance() -> None:
    read = parse_cassette(OURS.encode(), "a.yaml")
    assert read == cassette(recording(), recording(body=b"other"))
    assert read.provenance == PROVENANCE


def test_line_ends_of_windows_change_nothing() -> None:
    assert parse_cassette(OURS.replace("\n", "\r\n").encode(), "a.yaml").provenance == PROVENANCE


@pytest.mark.parametrize("cut", range(1, len(OURS), 37))
def test_torn_anywhere_it_is_refused(cut: int) -> None:
    head = OURS[:-cut]
    if "\nbedrock_authcheck:" not in head:
        assert cut > len(OURS) - OURS.index("bedrock_authcheck:") - len("bedrock_authcheck:")
        return  # nothing of ours is left to be torn
    assert "torn" in _fault(head)


def test_torn_at_its_beginning_it_is_refused() -> None:
    assert "torn" in _fault(OURS[OURS.index("interactions:") :])


def test_edited_by_hand_it_is_refused() -> None:
    assert "was changed after it was recorded" in _fault(OURS.replace('"a":1', '"a":2'))


def test_recordings_left_out_are_missed() -> None:
    text = OURS.replace("recordings: 2", "recordings: 3")
    assert "counts 3 recordings, not 2" in _fault(text)


def test_a_newer_format_says_what_to_do() -> None:
    newer = OURS.replace("format: 1", "format: 2")
    head = newer[: newer.index("bedrock_authcheck_end:")]
    sealed = newer.replace(newer[newer.index("sha256: ") + 8 :].strip(), digest(head.encode()))
    assert "is of format 2" in _fault(sealed)
    assert "update it" in _fault(sealed)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"a: [", "is not YAML"),
        (b"a: 1\n---\nb: 2\n", "is not YAML"),
        (b"[]", "it holds a list"),
        (b"a: 1", "its keys are a"),
        (b"http_interactions: []", "its keys are http_interactions"),
        (b"interactions: []\nversion: 2", "version 2"),
        (b"interactions: [1]", "interaction 1 has no request and response"),
        (b"interactions:\n- {request: {method: GET}, response: {status: {code: 1}}}", "'uri'"),
        (
            b"interactions: [{request: {method: GET, uri: a, body: 1.5}, response: {status: 1}}]",
            "a body that is a value of type float",
        ),
        (b"requests: []\nresponses: [1]", "not as many"),
        (b"\x1f\x8bnot gzip", "not readable as gzip"),
        (gzip.compress(b"interactions: []")[:-4], "gzip data ends early"),
    ],
)
def test_what_is_no_cassette_is_one_sentence(data: bytes, said: str) -> None:
    assert said in _fault(data)


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system ['touch executed']",
        "!!python/object/new:subprocess.Popen [[touch, executed]]",
        "!!python/name:os.system ''",
        "!anything x",
    ],
)
def test_a_tag_is_named_and_never_executed(
    tag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = _fault(f"interactions:\n- request: {tag}\n")
    assert "never executed" in text
    assert "line 2" in text
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - names alone


def test_header_names_of_aiohttp_are_read_though_they_are_tagged() -> None:
    text = PLAIN.replace(
        "Accept:", "? !!python/object/apply:multidict._multidict.istr [Accept]\n      :"
    )
    (only,) = parse_cassette(text.encode(), "a.yaml").recordings
    assert only.header("accept") == "*/*"


def test_a_bomb_is_refused_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LARGEST", 1024)
    assert "is larger than" in _fault(gzip.compress(b"a" * 100_000))


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    with path.open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(CassetteError, match="larger than 64 MiB"):
        read_cassette(path)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("- {request: {method: G, uri: u, parsed_body: *b}, response: {status: 1}}", "too large"),
        ("- {request: {method: G, uri: u, body: *b}, response: {status: 1}}", "a body that is"),
        ("- {request: {method: G, uri: u, headers: {a: *b}}, response: {status: 1}}", "a list"),
        ("- {request: {method: *b, uri: u}, response: {status: 1}}", "a list where a text belongs"),
        ("- {request: {method: G, uri: u}, response: {status: {code: *b}}}", "TypeError"),
        ("[]\nversion: *b", "version a list"),
    ],
)
def test_aliases_that_multiply_are_refused(place: str, said: str) -> None:
    lines = ["a: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    lines += [
        f"bomb: &b {lines.pop().partition(' ')[2]}".replace("&a11 ", ""),
        f"interactions: {place}",
    ]
    assert said in _fault("\n".join(lines).replace("interactions: -", "interactions:\n-"))


def test_a_folder_is_no_cassette_and_a_missing_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(CassetteError, match="cannot be read"):
        read_cassette(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_cassette(tmp_path / "none.yaml")
