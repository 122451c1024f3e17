"""A walk through a document of names, lists and texts: where each text stands, as people say it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from bedrock_authcheck.wire.shapes import names_a_secret

_SIDES: Final = frozenset({"request", "response"})
_BODIES: Final = frozenset({"body", "parsed_body", "postdata", "content"})
_URIS: Final = frozenset({"uri", "url"})
_BASE64: Final = "base64"
_NAMES: Final = frozenset({"name", "key"})  # beside a `value`, as HAR has it
# Longer names are not shown: a secret key has 40 characters and may stand where a name should.
_SHOWN: Final = re.compile(r"[A-Za-z0-9_.:@ -]{1,39}")

_SECOND: Final = 1  # in a list of two, what has the first for its name

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text stands: the names and numbers that lead to it, and the line if it is known.

    `named` is the name that stands beside a value instead of before it. `is_name` is set for
    texts that are names themselves.
    """

    path: Path
    named: str = ""
    is_name: bool = False
    line: int = 0

    @property
    def says_base64(self) -> bool:
        """Whether the name before the text says that it is base64, as Ruby's recorder has it."""
        last = next((step for step in reversed(self.path) if isinstance(step, str)), "")
        return not self.is_name and _BASE64 in last.lower()

    def __str__(self) -> str:
        """`interaction 2, request header Authorization`; `line 14` in what is no cassette."""
        unit, path = _unit(self.path)
        side = path[0].lower() if path and isinstance(path[0], str) else ""
        if side in _SIDES:
            where = f"{side} {_part(path[1:], self.named)}".rstrip()
        elif self.line and not unit:
            return f"line {self.line}"
        else:
            where = _dotted(path, self.named)
        return (f"{unit}, " if unit else "") + (f"a name in {where}" if self.is_name else where)


def _unit(path: Path) -> tuple[str, Path]:
    """Find the recording that a path leads through; and the path inside of it."""
    match path:
        case ("interactions" | "http_interactions", int(number), *rest):
            return f"interaction {number + 1}", tuple(rest)
        case ("requests" | "responses" as side, int(number), *rest):  # langchain's two lists
            return f"interaction {number + 1}", (side.removesuffix("s"), *rest)
        case ("log", "entries", int(number), *rest):  # HAR
            return f"entry {number + 1}", tuple(rest)
    return "", path


def _part(path: Path, named: str) -> str:
    part = path[0].lower() if path and isinstance(path[0], str) else ""
    if part == "headers":
        name = named or next((step for step in path[1:] if isinstance(step, str)), "")
        return f"header {_shown(name)}" if name else "headers"
    if part in _BODIES:
        return "body"
    return "URI" if part in _URIS else _dotted(path, named)


def _dotted(path: Path, named: str) -> str:
    steps = [f"[{step + 1}]" if isinstance(step, int) else f".{_shown(step)}" for step in path]
    return "".join(steps).removeprefix(".") + (f" {_shown(named)}" if named else "")


def _shown(name: str) -> str:
    return name if _SHOWN.fullmatch(name) else f"(a name of {len(name)} characters)"


@dataclass(slots=True)
class _Open:
    """A list or a mapping that is being walked through."""

    is_list: bool
    key: str = ""
    index: int = 0
    at_key: bool = True
    named: str = ""
    last: str = ""
    uri: str = ""
    names: tuple[str, ...] = ()


@dataclass(slots=True)
class Walk:
    """Follows a document from its first text to its last; it is told of each step."""

    _open: list[_Open] = field(default_factory=list)

    @property
    def inside(self) -> bool:
        """Whether a list or a mapping is open."""
        return bool(self._open)

    def enter(self, *, is_list: bool) -> None:
        """Step into a list or a mapping."""
        self._open.append(_Open(is_list))

    def leave(self) -> None:
        """Step out of it; one that was a name itself is known by its last text."""
        self._step(self._open.pop().last)

    def text(self, text: str, line: int = 0) -> tuple[Place, tuple[str, ...]]:
        """Come to a text: tell its place, and those of its names that a secret may have."""
        inner = self._open[-1] if self._open else None
        is_name = inner is not None and not inner.is_list and inner.at_key
        around = self._open[:-1] if is_name else self._open
        path = tuple(one.index if one.is_list else one.key for one in around)
        named, names = ("", ()) if is_name else self._names_at(inner)
        place = Place(path, named, is_name, line)
        self._step(text)
        return place, names

    def _names_at(self, inner: _Open | None) -> tuple[str, tuple[str, ...]]:
        """Tell the name beside a value, and those of its names that a secret may have."""
        if inner is not None and inner.is_list and inner.index > _SECOND + 1:
            return inner.named, inner.names  # of long lists, where all are alike
        named = self._name_beside()
        names = tuple(filter(names_a_secret, self._names(named)))
        if inner is not None and inner.is_list:
            inner.named, inner.names = named, names
        return named, names

    def _step(self, text: str) -> None:
        if not self._open:
            return
        inner = self._open[-1]
        inner.last = text
        if inner.is_list:
            inner.index += 1
        elif inner.at_key:
            inner.key, inner.at_key = text, False
        else:
            inner.at_key = True
            if inner.key.lower() in _NAMES:
                inner.named = text
            elif inner.key.lower() in _URIS and len(self._open) > 1:
                self._open[-2].uri = text

    def _name_beside(self) -> str:
        inner = next((one for one in reversed(self._open) if not one.is_list), None)
        return inner.named if inner and inner.key.lower() in {"value", "values"} else ""

    def _names(self, named: str) -> list[str]:
        """Names of a value: before it, beside it, first of two in a list, the path that answers."""
        keys = [one.key for one in self._open if not one.is_list]
        if keys and _BASE64 in keys[-1].lower():  # it says how, the name before it says what
            keys.pop()
        names = [*keys[-1:], named]
        if self._open and self._open[-1].is_list and self._open[-1].index == _SECOND:
            names.append(self._open[-1].last)
        if any(key.lower() == "response" for key in keys) and _BODIES & {k.lower() for k in keys}:
            uri = next((one.uri for one in reversed(self._open) if one.uri), "")
            names.append(_path_of(uri))
        return names


def _path_of(uri: str) -> str:
    try:
        return urlsplit(uri).path
    except ValueError:
        return ""
