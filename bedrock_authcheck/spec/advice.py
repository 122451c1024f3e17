"""Advice: what a user should do where clients disagree about a rule."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_FILE: Final = "advice.toml"


@cache
def load_advice() -> Mapping[str, str]:
    """Load the sentence of each rule that a client can keep or break."""
    return tomllib.loads((files(__package__) / _FILE).read_text(encoding="utf-8"))
