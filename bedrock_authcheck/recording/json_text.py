"""JSON edited in place: values are replaced and every other byte of the text stays.

Loading and dumping would change the form of numbers and spaces, lose keys that stand twice, and
fail for what is cut off, stands in lines or comes as server-sent events. Here only strings and
brackets are found, so that all of those are edited alike.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# A string that does not end ends with its line: what is cut off is found as far as it goes, and no
# text is looked through more than once.
_TOKEN: Final = re.compile(
    r'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+(?P<end>"?)|[{}\[\],]|[^\s{}\[\]:,"]++', re.DOTALL
)
_COLON: Final = re.compile(r"\s*:")


class Spot(NamedTuple):
    """Where a value stands: its key, the key of the object around it, and how deep.

    The elements of a list stand under the list's key. `within` is whether the value, or something
    around it, stands under one of the keys that were looked for. The outermost object has depth 1.
    """

    key: str
    parent: str
    within: bool
    depth: int


def edit_json(
    text: str,
    edit: Callable[[Spot, str | None, str], str],
    *,
    looked_for: frozenset[str] = frozenset(),
    edit_key: Callable[[str], str] = str,
) -> str:
    """Replace values of JSON where `edit` returns something else than it was given.

    `edit` is given the spot, a string's value (None for a number, true, false or null) and the
    token as it stands; it returns the token to write. `edit_key` is given each key that holds an
    escape, and returns the key. `looked_for` are keys in lower case.
    """
    parts: list[str] = []
    at = 0
    for found in _found(text, looked_for):
        token = text[found.start : found.end]
        if found.spot is not None:
            edited = edit(found.spot, found.value, token)
        else:
            key = edit_key(found.value or "")
            edited = token if key == found.value else written(key, like=token)
        if edited != token:
            parts += [text[at : found.start], edited]
            at = found.end
    return "".join([*parts, text[at:]]) if parts else text


def json_strings(text: str) -> Iterator[tuple[str, str]]:
    """Yield each string that stands as a value, with its key."""
    for found in _found(text, frozenset()):
        if found.spot is not None and found.value is not None:
            yield found.spot.key, found.value


def written(value: str, *, like: str) -> str:
    """Write a string as JSON in the manner of a token: in ASCII, or cut off, where that was."""
    lone_surrogate = any("\ud800" <= character <= "\udfff" for character in value)
    text = json.dumps(value, ensure_ascii=like.isascii() or lone_surrogate)
    return text if like.endswith('"') else text[:-1]


class _Found(NamedTuple):
    spot: Spot | None  # None for a key, which is found where it holds an escape
    value: str | None
    start: int
    end: int


def _found(text: str, looked_for: frozenset[str]) -> Iterator[_Found]:
    around: list[tuple[str, str]] = []  # brackets that are open, each with the key it stands under
    parents = [""]  # keys of the open objects
    key, found_around = "", 0
    for token in _TOKEN.finditer(text):
        first = token[0][0]
        if first in "{[":
            around.append((first, key))
            found_around += key.lower() in looked_for
            if first == "{":
                parents.append(key)
                key = ""
        elif first in "}]":
            if around:
                bracket, key = around.pop()
                found_around -= key.lower() in looked_for
                if bracket == "{":
                    parents.pop()
        elif first == ",":
            key = around[-1][1] if around and around[-1][0] == "[" else ""
        elif first == '"' and _COLON.match(text, token.end()):
            key = _decoded(token)
            if "\\" in token[0]:
                yield _Found(None, key, token.start(), token.end())
        else:
            within = found_around > 0 or key.lower() in looked_for
            spot = Spot(key, parents[-1], within, len(parents) - 1)
            value = _decoded(token) if first == '"' else None
            yield _Found(spot, value, token.start(), token.end())


def _decoded(token: re.Match[str]) -> str:
    """Read a string of JSON; one with escapes that JSON has not is taken as it stands."""
    inner = token[0][1 : -1 if token["end"] else None]
    if "\\" not in inner:
        return inner
    try:
        return str(json.loads(f'"{inner}"', strict=False))
    except ValueError:
        return inner
