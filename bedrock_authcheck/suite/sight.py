"""What can be seen of a client's process while it runs in this one."""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


@contextmanager
def logged(level: str) -> Iterator[StringIO]:
    """Gather what is logged at a level (a name of `logging`) and above, and what is printed.

    The root logger has that level for the length of the block, as a program's that asked for
    it; records come with their tracebacks.
    """
    text, root = StringIO(), logging.getLogger()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
    before = root.level
    root.addHandler(handler)
    root.setLevel(level)
    try:
        with redirect_stdout(text), redirect_stderr(text):
            yield text
    finally:
        root.setLevel(before)
        root.removeHandler(handler)


class Watch:
    """Notes which environment variables a block changes; blocks add up."""

    def __init__(self) -> None:
        """Begin with nothing changed."""
        self.changed: dict[str, None] = {}  # in order, each once
        self._before: dict[str, str] = {}

    @contextmanager
    def over(self) -> Iterator[None]:
        """Compare the environment after the block with that before it."""
        self._before = dict(os.environ)
        yield
        self.changed |= dict.fromkeys(_differing(self._before, os.environ))

    def pass_over(self, names: Iterable[str]) -> None:
        """Take what these variables hold now as given: it is not the block that changed them."""
        for name in names:
            self._before.pop(name, None)
            if name in os.environ:
                self._before[name] = os.environ[name]


def _differing(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    names = sorted(before.keys() | after.keys())
    return [name for name in names if before.get(name) != after.get(name)]
