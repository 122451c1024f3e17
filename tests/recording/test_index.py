from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from bedrock_authcheck.model import AuthScheme
from bedrock_authcheck.recording.cassette import Cassette
from bedrock_authcheck.recording.index import Index
from bedrock_authcheck.recording.misses import miss_text, unplayed_text
from bedrock_authcheck.recording.scheme import recorded_scheme
from tests.recording.samples import BEARER, SIGV4, URI, cassette, recording

DATED = (("X-Amz-Date", "20260101T000000Z"),)


def test_each_recording_answers_once_in_the_order_of_the_cassette() -> None:
    index = Index(cassette(*(recording(answer=bytes([n])) for n in range(3))))
    played = [index.play(recording()) for _ in range(4)]
    assert [p and p.answer_body for p in played] == [b"\0", b"\1", b"\2", None]
    assert index.unplayed == []


def test_another_scheme_is_not_answered() -> None:
    index = Index(cassette(recording(SIGV4)))
    assert index.find(recording(BEARER)) is None
    assert index.play(recording(None)) is None
    assert index.find(recording(SIGV4)) == 0


def test_two_schemes_of_one_request_do_not_mix() -> None:
    index = Index(cassette(recording(SIGV4, answer=b"s"), recording(BEARER, answer=b"b")))
    bearer, sigv4 = index.play(recording(BEARER)), index.play(recording(SIGV4))
    assert bearer is not None
    assert sigv4 is not None
    assert (bearer.answer_body, sigv4.answer_body) == (b"b", b"s")


def test_a_recording_that_tells_no_scheme_answers_any_in_its_turn() -> None:
    foreign = Cassette(
        (recording(None, answer=b"1"), recording(headers=DATED, answer=b"2"), recording(None))
    )
    index = Index(foreign)
    assert index.schemes == [None, AuthScheme.SIGV4, None]
    first, second, third = (index.play(recording(SIGV4)) for _ in range(3))
    assert first is not None
    assert second is not None
    assert (first.answer_body, second.answer_body) == (b"1", b"2")
    assert third is not None
    assert Index(foreign).find(recording(BEARER)) == 0


@pytest.mark.parametrize(
    ("authorization", "headers", "scheme"),
    [
        ("Bearer fake", DATED, AuthScheme.SIGV4),
        ("Bearer fake", (("X-Amz-Security-Token", "x"),), AuthScheme.SIGV4),
        ("Bearer fake", (), None),
        ("Bearer", (), None),
        ("Bearer ABSKZm9v", (), AuthScheme.BEARER),
        ("**REDACTED**", (), None),
        (None, (), None),
        (None, DATED, AuthScheme.SIGV4),
        (SIGV4, (), AuthScheme.SIGV4),
        (None, (("User-Agent", "Boto3/1.40 md/x m/b,D,3 cfg/y"),), AuthScheme.BEARER),
        (None, (("User-Agent", "Boto3/1.30 md/x m/b,33"),), None),
    ],
)
def test_the_scheme_of_foreign_recordings_is_what_is_left_to_tell(
    authorization: str | None,
    headers: tuple[tuple[str, str], ...],
    scheme: AuthScheme | None,
) -> None:
    assert recorded_scheme(recording(authorization, headers=headers), ours=False) == scheme


def test_the_scheme_of_our_own_is_what_is_written() -> None:
    assert recorded_scheme(recording(BEARER), ours=True) is AuthScheme.BEARER
    assert recorded_scheme(recording(None), ours=True) is AuthScheme.UNSIGNED
    both = recording(f"{SIGV4}", headers=(("Authorization", BEARER),))
    assert recorded_scheme(both, ours=True) is AuthScheme.CONFLICTING


def test_threads_get_each_recording_once() -> None:
    index = Index(cassette(*(recording(answer=str(n).encode()) for n in range(500))))
    with ThreadPoolExecutor(8) as pool:
        played = [*pool.map(lambda _: index.play(recording()), range(600))]
    bodies = sorted(int(p.answer_body) for p in played if p is not None)
    assert bodies == [*range(500)]


def test_a_miss_names_the_nearest_and_what_differs() -> None:
    index = Index(cassette(recording(uri=f"{URI}-stream"), recording(SIGV4)))
    text = miss_text(recording(BEARER), index, "a.yaml")
    assert text.splitlines()[:5] == [
        "no recording answers POST /model/m/converse (bedrock-runtime in eu-central-1, bearer)",
        "  cassette  a.yaml",
        "  holds     2 recordings",
        "  nearest   2. POST /model/m/converse (bedrock-runtime in eu-central-1, sigv4)",
        "  differs   auth scheme: recorded sigv4, sent bearer",
    ]
    assert "the same but for how it is authenticated" in text


def test_a_miss_of_what_was_played_says_so() -> None:
    index = Index(cassette(recording()))
    index.play(recording())
    text = miss_text(recording(), index, "a.yaml")
    assert "played    once already: each recording answers one request" in text
    assert "differs" not in text


def test_a_miss_of_a_cassette_with_nothing_in_it_says_what_to_do() -> None:
    for index in (None, Index(cassette())):
        assert "--authcheck-record-mode new" in miss_text(recording(), index, "a.yaml")


def test_a_body_that_differs_is_nearer_than_another_operation() -> None:
    index = Index(cassette(recording(uri=f"{URI}-stream"), recording(body=b'{"a":9}')))
    nearest = index.nearest(recording())
    assert nearest is not None
    number, (difference,) = nearest
    assert (number, difference.what, difference.recorded) == (1, "body at a", "9")


def test_what_is_sent_is_told_without_its_signature() -> None:
    presigned = recording(None, uri=f"{URI}?X-Amz-Security-Token=abc&X-Amz-Signature=def")
    text = miss_text(presigned, None, "a.yaml")
    assert "abc" not in text
    assert "def" not in text


def test_what_was_not_played_is_listed() -> None:
    index = Index(cassette(recording(), recording(BEARER)))
    index.play(recording())
    text = unplayed_text(index, "a.yaml")
    assert text.startswith("1 recording of a.yaml not played:\n  2. POST /model/m/converse")
