"""Canaries planted everywhere, in every encoding: none is left, and the evidence stays."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from bedrock_authcheck.services.answers import chunk, event
from tests.recording.duties import (
    HOST,
    KNOWN,
    assert_nothing_left,
    forms,
    scrubbed,
    scrubber,
    signed,
)
from tests.recording.kept import assert_evidence_kept

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_authcheck.recording.cassette import Recording

SECRETS = [value for credential in KNOWN for value in credential.secrets().values()]
PLANTED = st.sampled_from([form for secret in SECRETS for form in forms(secret)])
PLAIN = st.text(max_size=12)


def _around(
    planted: st.SearchStrategy[str], noise: st.SearchStrategy[str]
) -> st.SearchStrategy[str]:
    """A planted value with something before and behind it that does not continue it."""
    return st.tuples(noise, st.sampled_from([" ", ".", "|", "\n", ""]), planted, noise).map(
        lambda parts: f"{parts[0]}{parts[1] or ' '}{parts[2]} {parts[3]}"
    )


LINES = _around(PLANTED, st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12))
TEXTS = _around(PLANTED, PLAIN)
JSON = st.recursive(
    TEXTS | PLAIN | st.integers() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(TEXTS | PLAIN, inner, max_size=3)
        | inner.map(json.dumps)
    ),
    max_leaves=8,
)


def _bodies() -> st.SearchStrategy[bytes]:
    dumped = st.tuples(JSON, st.booleans()).map(lambda v: json.dumps(v[0], ensure_ascii=v[1]))
    text = (dumped | TEXTS).map(lambda text: text.encode("utf-8", "replace"))
    frames = st.dictionaries(PLAIN, JSON, max_size=3).map(lambda v: chunk(v) + event("e", v))
    xml = LINES.map(lambda line: f"<a>{line.replace('&', '&amp;')}</a>".encode())
    broken = text.map(lambda body: b"\xff\x00" + body + b"\xfe")
    whole = text | frames | xml | broken
    return whole | whole.map(gzip.compress) | text.map(base64.b64encode)


def _escaped(text: str) -> str:
    return quote(text, safe="%+")


def assert_scrubbed(recording: Recording, check: Callable[[Recording], Any] | None = None) -> None:
    """Nothing is left, the evidence is kept, and twice is once."""
    scrub = scrubber()
    after = scrubbed(scrub, recording)
    assert_nothing_left(after)
    assert_evidence_kept(recording, after)
    assert scrubbed(scrub, after) == after
    if check:
        check(after)


NAMES = st.sampled_from(
    ["X-Other", "Content-Type", "X-Amz-Target", "Set-Cookie", "x-api-key", "Via"]
)
HEADERS = st.lists(st.tuples(NAMES, LINES), max_size=4).map(tuple)


@given(HEADERS, HEADERS, LINES)
def test_in_headers_and_the_reason(
    asked: tuple[tuple[str, str], ...], answered: tuple[tuple[str, str], ...], reason: str
) -> None:
    recording = signed()
    headers = (*recording.headers, *asked)
    assert_scrubbed(replace(recording, headers=headers, answer_headers=answered, reason=reason))


@given(LINES, LINES, st.lists(st.tuples(LINES, LINES), max_size=3), st.booleans())
def test_in_uris(one: str, two: str, query: list[tuple[str, str]], presigned: bool) -> None:
    path = f"/model/{_escaped(one)}/{_escaped(two)}"
    parameters = [f"{_escaped(name)}={_escaped(value)}" for name, value in query]
    parameters += [f"X-Amz-Signature={_escaped(one)}", "X-Amz-Credential=a"] * presigned
    assert_scrubbed(replace(signed(), uri=f"https://{HOST}{path}?{'&'.join(parameters)}"))


@given(_bodies(), _bodies(), st.sampled_from([200, 403]))
def test_in_bodies(asked: bytes, answered: bytes, status: int) -> None:
    assert_scrubbed(signed(body=asked, answer_body=answered, status=status))


@given(st.dictionaries(TEXTS | PLAIN, JSON, max_size=4))
def test_json_is_json_still(value: dict[str, Any]) -> None:
    def check(after: Recording) -> None:
        assert isinstance(json.loads(after.body), dict)
        assert isinstance(json.loads(after.answer_body), dict)

    body = json.dumps(value).encode()
    assert_scrubbed(signed(body=body, answer_body=body), check)
