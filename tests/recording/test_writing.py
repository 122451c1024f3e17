from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vcr.persisters.filesystem import FilesystemPersister
from vcr.serializers import yamlserializer

from bedrock_authcheck.recording import writing
from bedrock_authcheck.recording.cassette import Cassette, CassetteError, Recording
from bedrock_authcheck.recording.reading import parse_cassette
from bedrock_authcheck.recording.writing import write_cassette
from bedrock_authcheck.services.answers import event
from tests.recording.samples import PROVENANCE, cassette, recording

if TYPE_CHECKING:
    from pathlib import Path

_NAMES = st.text("abcXYZ-", min_size=1, max_size=8)
_VALUES = st.text(st.characters(max_codepoint=255), max_size=20)
_HEADERS = st.dictionaries(_NAMES, _VALUES, max_size=3).map(lambda d: tuple(d.items()))
_BODIES = st.one_of(st.binary(max_size=50), st.text(max_size=50).map(str.encode))


@given(
    st.lists(
        st.builds(
            Recording,
            st.sampled_from(["GET", "POST"]),
            st.text(max_size=30).map(lambda path: f"https://host/{path}"),
            _HEADERS,
            _BODIES,
            st.integers(100, 599),
            st.text(max_size=10),
            _HEADERS,
            _BODIES,
        ),
        max_size=3,
    )
)
def test_what_is_written_is_read_back_as_it_is(recordings: list[Recording]) -> None:
    whole = Cassette(tuple(recordings), PROVENANCE)
    assert parse_cassette(write_cassette(whole).encode(), "a.yaml") == whole


def test_it_reads_well_in_a_diff() -> None:
    text = write_cassette(cassette(recording(body='{"text":"Grüße, 你好"}'.encode())))
    assert """body: '{"text":"Grüße, 你好"}'""" in text
    assert "- application/json" in text
    assert "!!binary" not in text
    assert text.index("origin: simulated") < text.index("interactions:")
    assert "!!binary" in write_cassette(cassette(recording(answer=event("e", {"a": 1}))))


def test_plain_vcrpy_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    made = recording(answer=event("e", {"a": 1}))
    path.write_text(write_cassette(cassette(made)), encoding="utf-8", newline="\n")
    requests, responses, *_ = FilesystemPersister.load_cassette(path, yamlserializer)
    assert (requests[0].method, requests[0].uri) == (made.method, made.uri)
    assert requests[0].body == made.body
    assert requests[0].headers["Authorization"] == made.header("Authorization")
    assert responses[0]["body"]["string"] == made.answer_body
    assert responses[0]["status"] == {"code": 200, "message": "OK"}


def test_what_would_be_read_back_otherwise_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_text", lambda body: body.decode("latin-1").upper())
    with pytest.raises(CassetteError, match="would not be read back"):
        write_cassette(cassette(recording()))


def test_a_foreign_cassette_is_never_written() -> None:
    with pytest.raises(ValueError, match="never written"):
        write_cassette(Cassette((recording(),)))
