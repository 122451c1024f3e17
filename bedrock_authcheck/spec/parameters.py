"""Minimal valid parameters of an operation, made from the shape of its input."""

from __future__ import annotations

import itertools
import math
import random
import re
import string
import sys
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from rstr import Rstr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

_T = TypeVar("_T")

# Tried in this order before a string is made from the pattern: a plain id, a model id, an
# account, a UUID. Each is made as long as the shape demands.
_PLAIN = (
    "abcdefghij",
    "example.model",
    "000000000000",
    "00000000-0000-4000-8000-000000000000",
)
_PREFERENCE = {
    character: rank
    for rank, character in enumerate(
        dict.fromkeys(string.ascii_lowercase + string.digits + string.printable)
    )
}
_TIMESTAMP = datetime(2026, 1, 1, tzinfo=UTC)
_GROWTH = 64  # how far the repeats of a pattern are let grow to reach a minimal length


class NoParametersError(ValueError):
    """No valid parameters exist, or none were found, for a shape; the text names it."""


class _RecursionFoundError(NoParametersError):
    """A structure requires itself: another member of the union around it may not."""


def minimal_parameters(shape: StructureShape | None) -> dict[str, Any]:
    """Make the fewest parameters that an input shape accepts, the same in every process.

    Required members only; none for an operation without input. Strings satisfy length,
    enum and pattern and are never empty, a union gets its first member that ends, an event
    stream none. Raises NoParametersError where nothing valid was found.
    """
    return {} if shape is None else _structure(shape, ())


def _value(shape: Shape, within: tuple[str, ...]) -> Any:  # noqa: ANN401 - as the shape says
    make = _MAKERS.get(shape.type_name)
    if make is None:
        raise NoParametersError(f"{shape.name}: no value is known for type {shape.type_name}")
    return make(shape, within)


def _structure(shape: StructureShape, within: tuple[str, ...]) -> dict[str, Any]:
    if shape.is_document_type or shape.serialization.get("eventstream"):
        return {}
    if shape.name in within:
        raise _RecursionFoundError(f"{shape.name} requires itself")
    inner = (*within, shape.name)
    if shape.is_tagged_union:
        return _union(shape, inner)
    return {name: _value(shape.members[name], inner) for name in shape.required_members}


def _union(shape: StructureShape, within: tuple[str, ...]) -> dict[str, Any]:
    for name, member in shape.members.items():
        try:
            return {name: _value(member, within)}
        except _RecursionFoundError:
            continue
    raise _RecursionFoundError(f"{shape.name} has no member that ends")


def _list(shape: ListShape, within: tuple[str, ...]) -> list[Any]:
    return [_value(shape.member, within) for _ in range(shape.metadata.get("min", 0))]


def _map(shape: MapShape, within: tuple[str, ...]) -> dict[str, Any]:
    least = shape.metadata.get("min", 0)
    made: dict[str, Any] = {}
    keys = _strings(shape.key)  # type: ignore[arg-type]  # the keys of a map are strings
    while len(made) < least:
        key = next(keys, None)
        if key is None:
            raise NoParametersError(f"{shape.name}: found {len(made)} keys of at least {least}")
        made[key] = _value(shape.value, within)
    return made


def _number(shape: Shape, _within: tuple[str, ...]) -> int | float:
    least: float = shape.metadata.get("min", 1)
    most: float = shape.metadata.get("max", math.inf)
    return min(max(1, least), most)


def _blob(shape: Shape, _within: tuple[str, ...]) -> bytes:
    return b"{}".ljust(shape.metadata.get("min", 0))


def _string(shape: StringShape, _within: tuple[str, ...]) -> str:
    text = next(_strings(shape), None)
    if text is None:
        pattern = shape.metadata.get("pattern")
        raise NoParametersError(f"{shape.name}: no string found for {pattern!r}")
    return text


_MAKERS: dict[str, Callable[[Any, tuple[str, ...]], Any]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "blob": _blob,
    "integer": _number,
    "long": _number,
    "float": _number,
    "double": _number,
    "boolean": lambda _shape, _within: False,
    "timestamp": lambda _shape, _within: _TIMESTAMP,
}


def _strings(shape: StringShape) -> Iterator[str]:
    """Yield valid strings, the plainest first; one may come twice."""
    if shape.enum:
        yield from shape.enum
        return
    least = max(1, shape.metadata.get("min", 0))  # a label of the path cannot be empty
    most = shape.metadata.get("max", sys.maxsize)
    plain = (_fitted(text, least, most) for text in _PLAIN)
    pattern = _compiled(shape.metadata.get("pattern", ""))
    if pattern is None:
        yield from plain
        return
    grown = (_grown(pattern.pattern, more) for more in range(_GROWTH))
    for text in itertools.chain(plain, grown):
        if least <= len(text) <= most and pattern.fullmatch(text):
            yield text


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    r"""Compile a pattern; None where there is none or Python lacks its dialect (`\p{L}`)."""
    try:
        return re.compile(pattern) if pattern else None
    except re.error:
        return None


@cache  # one pattern is of many shapes, and making a string parses it
def _grown(pattern: str, more: int) -> str:
    """Make a string from a pattern, with so many more repeats than it needs."""
    return Rstr(_Smallest(more)).xeger(pattern)


def _fitted(text: str, least: int, most: int) -> str:
    """Repeat or cut a text to a length between two limits."""
    length = max(least, min(len(text), most))
    return "".join(itertools.islice(itertools.cycle(text), length))


class _Smallest(random.Random):
    """A source of chance that leaves nothing to it: the first choice, the fewest repeats.

    What rstr makes with it is short and plain: `[0-9]{12}` gives twelve zeros, and a part
    that may be absent is. `more` moves on from there: so many more repeats, so many
    alternatives further.
    """

    def __init__(self, more: int) -> None:
        super().__init__(0)
        self._more = more

    def choice(self, seq: Sequence[_T]) -> _T:  # type: ignore[override]  # rstr gives sequences
        if all(isinstance(item, str) for item in seq):
            # In a set of characters rstr's order differs from process to process.
            return min(seq, key=lambda item: _PREFERENCE.get(str(item), len(_PREFERENCE)))
        return seq[self._more % len(seq)]

    def randint(self, a: int, b: int) -> int:
        return max(a, min(a + self._more, b))
