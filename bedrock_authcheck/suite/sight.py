"""What can be seen of a client's process while it runs in this one."""

from __future__ import annotations

import logging
import os
import warnings
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from threading import get_ident
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.environments.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_WARNING: Final = "WARNING:py.warnings:"  # as `logging.captureWarnings` would have it


@contextmanager
def logged(level: str) -> Iterator[StringIO]:
    """Gather what is logged at a level (a name of `logging`) and above, printed, and warned of.

    The root logger has that level for the length of the block, as a program's that asked for
    it; records come with their tracebacks. Warnings of every category are gathered, whatever
    filters are set, and raise nothing; their texts come last.
    """
    text, root = StringIO(), logging.getLogger()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
    before = root.level
    root.addHandler(handler)
    root.setLevel(level)
    try:
        with (
            redirect_stdout(text),
            redirect_stderr(text),
            warnings.catch_warnings(record=True, action="always") as warned,
        ):
            yield text
        text.writelines(map(_written, warned))
    finally:
        root.setLevel(before)
        root.removeHandler(handler)


def _written(warned: warnings.WarningMessage) -> str:
    told = warned.message, warned.category, warned.filename, warned.lineno, warned.line
    return _WARNING + warnings.formatwarning(*told)


class Watch:
    """Notes which environment variables a block changes, for good or for a while; blocks add up.

    What is written inside a block is seen where `os.environ` hands it to the operating system:
    a library in C that writes there by itself is not.
    """

    def __init__(self) -> None:
        """Begin with nothing changed."""
        self.changed: dict[str, None] = {}  # in order, each once
        self.restored: dict[str, None] = {}
        self._before: dict[str, str] = {}
        self._written: dict[str, None] = {}
        self._aside: set[int] = set()  # threads that write on the suite's behalf

    @contextmanager
    def over(self) -> Iterator[None]:
        """Compare the environment after the block with that before it, and see what it writes."""
        self._before = dict(os.environ)
        self._written = {}
        names = ("putenv", "unsetenv")
        with replaced([(os, name, self._seen(getattr(os, name))) for name in names]):
            yield
        differing = _differing(self._before, os.environ)
        self.changed |= dict.fromkeys(differing)
        self.restored |= {name: None for name in self._written if name not in differing}

    def _seen(self, write: Callable[..., None]) -> Callable[..., None]:
        def seen(name: str | bytes, *value: str | bytes) -> None:
            variable, new = os.fsdecode(name), [os.fsdecode(text) for text in value]
            held = [os.environ[variable]] if variable in os.environ else []  # the mapping is next
            if held != new and get_ident() not in self._aside:
                self._written[variable] = None
            write(name, *value)

        return seen

    @contextmanager
    def aside(self, names: Iterable[str]) -> Iterator[None]:
        """Take what this thread does to these variables as given: it is not the client's doing."""
        self._aside.add(get_ident())
        try:
            yield
        finally:
            self._aside.discard(get_ident())
            for name in names:
                self._before.pop(name, None)
                if name in os.environ:
                    self._before[name] = os.environ[name]


def _differing(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    names = sorted(before.keys() | after.keys())
    return [name for name in names if before.get(name) != after.get(name)]
