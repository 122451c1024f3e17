"""Real recorded traffic of other projects: what plain vcrpy replays is replayed here, and more."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_authcheck.model import AuthScheme
from bedrock_authcheck.recording.cassette import CassetteError
from bedrock_authcheck.recording.index import Index
from bedrock_authcheck.recording.reading import read_cassette
from tests.recording.driver import repeat
from tests.recording.samples import PUBLIC, needs_public_recordings

if TYPE_CHECKING:
    from bedrock_authcheck.cassette_fixture import BedrockCassette

pytestmark = needs_public_recordings

FILES = PUBLIC / "files"
ROWS: list[dict[str, Any]] = (
    json.loads((PUBLIC / "index.json").read_text(encoding="utf-8")) if PUBLIC.exists() else []
)
PLAIN = [row for row in ROWS if row["format"] == "vcrpy-v1"]
CLAIMED = [row for row in PLAIN if 'scrubbed to a fake "Bearer"' in row["auth"]]
# Of the rest these can be read: bodies that a plugin parsed, and langchain's two lists.
LIKE_IT = [row for row in ROWS if row["format"] in {"vcrpy-v1+parsed_body", "langchain-gz"}]


def _schemes(row: dict[str, Any]) -> set[AuthScheme | None]:
    return set(Index(read_cassette(FILES / row["file"])).schemes)


def test_they_are_as_many_as_their_index_says() -> None:
    assert (len(ROWS), len(PLAIN), len(CLAIMED)) == (408, 148, 40)


def _file(row: object) -> str | None:
    """Name a case; where the recordings are missing, old releases of pytest ask for one too."""
    return str(row["file"]) if isinstance(row, dict) else None


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(
            row, id=row["file"], marks=pytest.mark.bedrock_cassette(str(FILES / row["file"]))
        )
        for row in PLAIN
    ],
)
def test_a_plain_cassette_is_replayed_by_a_plain_client(
    row: dict[str, Any], bedrock_cassette: BedrockCassette
) -> None:
    recorded = bedrock_cassette.recordings
    assert [repeat(recording) for recording in recorded] == [r.status for r in recorded]
    assert bedrock_cassette.played == len(recorded) == len(row["interactions"])


@pytest.mark.parametrize("row", CLAIMED, ids=_file)
def test_a_bearer_that_was_sigv4_is_never_taken_for_bearer(row: dict[str, Any]) -> None:
    assert _schemes(row) == {AuthScheme.SIGV4}


def test_every_scheme_is_what_the_index_knows_or_undecided() -> None:
    wrong = [
        row["file"]
        for row in (*PLAIN, *LIKE_IT)
        for scheme in _schemes(row)
        if scheme is not None and not row["auth"].startswith(scheme)
    ]
    assert wrong == []
    assert sum(_schemes(row) == {AuthScheme.BEARER} for row in PLAIN) == 4


def test_what_is_of_another_format_says_so_and_nothing_is_executed() -> None:
    said: Counter[str] = Counter()
    for row in ROWS:
        if row in PLAIN or row in LIKE_IT:
            continue
        with pytest.raises(CassetteError) as raised:
            read_cassette(FILES / row["file"])
        text = str(raised.value)
        assert row["file"] in text
        said[
            next(w for w in ("no vcrpy", "not YAML", "never executed", "version 2") if w in text)
        ] += 1
    assert said.total() == 408 - 148 - len(LIKE_IT)
    assert said["version 2"] == 9
