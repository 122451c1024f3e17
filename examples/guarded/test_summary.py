"""Tests as they are in any project: not a word about credentials."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from summary import summarise


def test_one_sentence() -> None:
    """A text is summarised."""
    assert summarise("It rains, and it will rain.") == "It rains."


def test_many_at_once() -> None:
    """Several texts are summarised in threads."""
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(summarise, ["rain", "more rain"])) == ["It rains."] * 2
