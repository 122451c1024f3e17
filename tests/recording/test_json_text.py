"""JSON edited in place: what is found, and that every other byte stays."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_authcheck.recording.json_text import Spot, edit_json, json_strings, written

if TYPE_CHECKING:
    from collections.abc import Callable

    Edit = Callable[[Spot, str | None, str], str]

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def _keep(_: Spot, __: str | None, token: str) -> str:
    return token


def _spots(text: str, *looked_for: str) -> list[tuple[Spot, str | None]]:
    found: list[tuple[Spot, str | None]] = []

    def note(spot: Spot, value: str | None, token: str) -> str:
        found.append((spot, value))
        return token

    edit_json(text, note, looked_for=frozenset(looked_for))
    return found


def test_where_a_value_stands() -> None:
    text = '{"a": 1, "b": {"C": ["x", {"d": true}, [2]], "e": "y"}, "f": null}'
    assert _spots(text, "c") == [
        (Spot("a", "", False, 1), None),
        (Spot("C", "b", True, 2), "x"),
        (Spot("d", "C", True, 3), None),
        (Spot("C", "b", True, 2), None),
        (Spot("e", "b", False, 2), "y"),
        (Spot("f", "", False, 1), None),
    ]


@given(_VALUES, st.sampled_from([None, 0, 2]), st.booleans())
def test_nothing_changes_where_nothing_is_edited(value: Any, indent: int, ascii_only: bool) -> None:  # noqa: ANN401
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert edit_json(text, _keep) == text


@given(_VALUES, st.booleans())
def test_each_string_is_found_and_replaced(value: Any, ascii_only: bool) -> None:  # noqa: ANN401
    def changed(part: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(part, dict):
            return {key: changed(inner) for key, inner in part.items()}
        if isinstance(part, list):
            return [changed(inner) for inner in part]
        return f"<{part}é\n>" if isinstance(part, str) else part

    def edit(_: Spot, found: str | None, token: str) -> str:
        return token if found is None else written(f"<{found}é\n>", like=token)

    text = json.dumps(value, ensure_ascii=ascii_only)
    assert json.loads(edit_json(text, edit)) == changed(value)


@given(st.text(st.sampled_from('{}[]:,"\\ax \n1')))
def test_no_text_is_refused_or_changed(text: str) -> None:
    assert edit_json(text, _keep) == text
    list(json_strings(text))


@pytest.mark.parametrize("text", ['"' * 200_000, "\\" * 200_000, '{"a' * 100_000, '"\\' * 100_000])
def test_a_hostile_text_takes_no_longer_than_it_is_long(text: str) -> None:
    assert edit_json(text, _keep) == text


def test_a_key_with_an_escape_is_edited() -> None:
    text = '{"a\\/b": 1, "c": 2}'
    assert edit_json(text, _keep, edit_key=lambda key: key.upper()) == '{"A/B": 1, "c": 2}'


def test_a_string_that_is_cut_off_is_edited_and_stays_cut_off() -> None:
    def edit(_: Spot, value: str | None, token: str) -> str:
        return token if value is None else written(f"<{value}>", like=token)

    assert edit_json('{"a": "b\\/c', edit) == '{"a": "<b/c>'
    assert edit_json('{"a": "b\n{"c": "d"}', edit) == '{"a": "<b>\n{"c": "<d>"}'


def test_a_lone_surrogate_stays_an_escape() -> None:
    assert written("é\ud800", like='"é"') == '"\\u00e9\\ud800"'
    assert written("é", like='"é"') == '"é"'
