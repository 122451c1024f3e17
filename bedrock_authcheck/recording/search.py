"""The search for secrets in the pieces of a file: by value, by shape, through all their layers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.wire.decoding import Layer, TooMuchError, layers
from bedrock_authcheck.wire.leaks import holds_secret
from bedrock_authcheck.wire.shapes import (
    LONG_TERM,
    SESSION_TOKEN,
    SHORT_TERM,
    SIGNATURE,
    shape_of,
    shapes_in,
)
from bedrock_authcheck.wire.unpacking import SEPARATOR, Room

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bedrock_authcheck.recording.pieces import Piece

_BATCH: Final = 1024**2  # bytes that are searched at once for values: most hold none
_EACH: Final = 200  # bytes that a layer costs beside its own
# What a short text must have for any step of decoding to find something.
_ENCODED: Final = re.compile(rb"[A-Za-z0-9+/_-]{16}|[%\\&\0\x80-\xff]|data:")
_NUMBER: Final = re.compile(rb"-?[0-9]{0,19}\.?[0-9]{1,24}(?:[Ee][-+]?[0-9]{1,3})?")
_HEADER: Final = 512  # bytes; headers say the same in each recording
_SHORTEST: Final = 24  # bytes of what tells by itself that it is a secret, with its name or mark
_API_KEYS: Final = frozenset({LONG_TERM, SHORT_TERM})
_INSIDE_A_KEY: Final = frozenset({SIGNATURE, SESSION_TOKEN})


@dataclass(frozen=True, slots=True)
class Hit:
    """A secret in a piece: what it is and in which form; its value is never shown."""

    what: str
    form: str
    value: str = field(repr=False)
    trail: tuple[str, ...] = ()


@dataclass
class Search:
    """Looks for values, each with what it is, and for shapes of secrets.

    What it may decode is bounded by `room` over all that it is given.
    """

    secrets: Mapping[str, str] = field(repr=False)
    room: Room
    _told: set[str] = field(default_factory=set, init=False)
    _before: dict[bytes, list[Layer]] = field(default_factory=dict, init=False, repr=False)

    def hits(self, pieces: Iterable[Piece]) -> Iterator[tuple[Piece, Hit]]:
        """Yield what each piece holds; one hit for each thing that a secret is."""
        batch: list[tuple[Piece, list[Layer]]] = []
        size = 0
        for piece in pieces:
            opened, left_out = self._opened(piece)
            if left_out:
                yield piece, Hit(f"more than is looked through: {left_out}", "not decoded", "")
            batch.append((piece, opened))
            size += sum([len(layer.data) + _EACH for layer in opened])
            if size > _BATCH:
                yield from self._in_batch(batch)
                batch, size = [], 0
        yield from self._in_batch(batch)

    def _opened(self, piece: Piece) -> tuple[list[Layer], str]:
        """All layers of a piece, and what was left out for want of room, once for all pieces."""
        data = piece.data
        short = len(data) <= _HEADER
        if piece.repeated or piece.as_it_is or (short and _is_plain(data)):
            return [Layer(data)], ""
        if data in self._before:
            return self._before[data], ""
        opened: list[Layer] = []
        if short:
            self._before[data] = opened
        try:
            opened.extend(layers(data, self.room))
        except TooMuchError as error:
            if (text := str(error)) not in self._told:
                self._told.add(text)
                return opened, text
        return opened, ""

    def _in_batch(self, batch: list[tuple[Piece, list[Layer]]]) -> Iterator[tuple[Piece, Hit]]:
        together = SEPARATOR.join(layer.data for _, opened in batch for layer in opened)
        text = together.decode("latin-1")
        suspects = [value for value in self.secrets if holds_secret(text, value)]
        for piece, opened in batch:
            if not suspects and not piece.names and _is_short(opened):
                continue
            known = [] if piece.repeated else [*self._known(piece, opened, suspects)]
            shapes = _without_parts(_shapes(piece, opened))
            hits = [*known, *(shape for shape in shapes if not _is_known(shape, known))]
            for hit in {hit.what: hit for hit in reversed(hits)}.values():
                yield piece, hit

    def _known(self, piece: Piece, opened: list[Layer], suspects: list[str]) -> Iterator[Hit]:
        for value in suspects:
            texts = ((layer, layer.data.decode("latin-1")) for layer in opened)
            found = [
                (value not in text, layer) for layer, text in texts if holds_secret(text, value)
            ]
            if found:
                encoded, layer = min(found, key=lambda one: (one[0], len(one[1].trail)))
                trail = (*piece.trail, *layer.trail, *(["encoded"] if encoded else []))
                yield Hit(self.secrets[value], _form(trail), value, trail)


def _is_short(opened: list[Layer]) -> bool:
    """Whether no secret has room in it that is known by its shape; most texts are short."""
    return len(opened) == 1 and len(opened[0].data) < _SHORTEST


def _is_known(shape: Hit, known: Iterable[Hit]) -> bool:
    return any(shape.value in one.value or holds_secret(shape.value, one.value) for one in known)


def _is_plain(data: bytes) -> bool:
    """Whether a short text is none that encodes another; most are, and embeddings are numbers."""
    return not _ENCODED.search(data) or _NUMBER.fullmatch(data) is not None


def _form(trail: tuple[str, ...]) -> str:
    return " in ".join(reversed(trail)) or "plain"


def _shapes(piece: Piece, opened: list[Layer]) -> Iterator[Hit]:
    for layer in opened:
        trail = (*piece.trail, *layer.trail)
        named = (shape_of(name, layer.data) for name in piece.names)
        free = () if piece.repeated else shapes_in(layer.data)
        for shape in (*named, *free):
            if shape:
                yield Hit(shape.what, _form(trail), shape.value, trail)


def _without_parts(shapes: Iterable[Hit]) -> list[Hit]:
    """Leave out what is an API key once more: by its header, and what a short-term one holds."""
    found = [*shapes]
    keys = [hit for hit in found if hit.what in _API_KEYS]

    def is_part(hit: Hit) -> bool:
        return hit.what not in _API_KEYS and any(
            key.value in hit.value
            or hit.value in key.value
            or (hit.what in _INSIDE_A_KEY and _is_inside(hit.trail, key.trail))
            for key in keys
        )

    return [hit for hit in found if not is_part(hit)]


def _is_inside(trail: tuple[str, ...], outer: tuple[str, ...]) -> bool:
    return len(trail) > len(outer) and trail[: len(outer)] == outer
