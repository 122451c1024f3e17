"""Pieces of the Markdown that pages are made of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def table(titles: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table."""
    title = list(titles)
    lines = [title, ["---"] * len(title), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def code(text: str, width: int) -> str:
    """Show what was seen as code, in which nothing of Markdown or HTML has a meaning.

    What is longer than `width` characters is cut.
    """
    shown = " ".join(text.split())
    shown = shown if len(shown) <= width else f"{shown[: width - 1]}…"
    runs = re.findall("`+", shown)
    fence = "`" * (max(map(len, runs), default=0) + 1)
    space = " " if runs else ""
    return f"{fence}{space}{shown}{space}{fence}"


def inline(text: str) -> str:
    """Show a text of ours among others."""
    return text.replace("*", r"\*").replace("<", "&lt;")
