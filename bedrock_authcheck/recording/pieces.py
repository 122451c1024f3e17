"""A file taken apart into the texts that it is made of, each with its place; nothing is executed.

YAML is read as events and never built: no tag is acted on, no alias is unfolded. JSON keeps
names that stand twice. What is neither, or is torn, is text of numbered lines.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import dataclass, field, replace
from itertools import chain
from string import ascii_letters, digits
from typing import TYPE_CHECKING, Any, Final

import yaml

from bedrock_authcheck.recording.walk import Place, Walk
from bedrock_authcheck.wire.runs import from_base64

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

# libyaml's is ten times as fast; PyYAML is built without it on some platforms.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BYTE_ORDER_MARKS: Final = {
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_BINARY: Final = "binary"  # the last word of YAML's tag, and of Ruby's
_STANDARD: Final = "tag:yaml.org,2002:"
_NOT_BASE64: Final = bytes(set(range(256)) - set(ascii_letters.encode() + digits.encode() + b"+/"))
_SHORTEST_WORD: Final = 8  # characters of a tag or an anchor
_LONGEST_REPEATED: Final = 16 * 1024  # characters; a header is no longer
_MOST_REPEATED: Final = 8  # texts of one list


@dataclass(frozen=True, slots=True)
class Piece:
    """A text of a file, or what its tag says that it encodes (`trail` tells).

    `names` are those of the header or field that it is the value of, if a secret may have
    them. `last_line` is known for YAML, as is the line of its place. `as_it_is` says that it
    encodes nothing that is not a piece of its own. An alias puts a text under another name:
    `repeated` says that the text itself is another piece.
    """

    place: Place
    data: bytes = field(repr=False)
    names: tuple[str, ...] = ()
    trail: tuple[str, ...] = ()
    last_line: int = 0
    as_it_is: bool = False
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a file that is text; `asides` are those that hold more than the pieces do."""

    data: bytes = field(repr=False)
    asides: bool = False

    def together(self) -> bytes:
        """All of them as one text."""
        return b"\n".join(line for _, line in self.numbered()) if self.asides else self.data

    def numbered(self) -> Iterator[tuple[int, bytes]]:
        """Each with its number, from 1."""
        number, counted = 1, 0
        for found in (_ASIDE if self.asides else _LINE).finditer(self.data):
            number += self.data.count(b"\n", counted, found.start())
            counted = found.start()
            yield number, found[0]


_LINE: Final = re.compile(rb"[^\n]+")
# Comments and directives are no events of YAML; they are where these are, and little else is.
_ASIDE: Final = re.compile(rb"^(?:%[^\n]*|[^\n]*#[^\n]*)", re.MULTILINE)


def taken_apart(data: bytes) -> Iterator[Piece | Lines]:
    """Yield all that a file holds, its pieces first."""
    data = _in_utf8(data)
    document = _parsed(data) if data.lstrip()[:1] in {b"{", b"["} else None
    if document is not None:
        yield from _of_json(document)
    else:
        asides = yield from _of_yaml(data)
        yield Lines(data, asides)


def _in_utf8(data: bytes) -> bytes:
    """Return a text of another encoding in UTF-8, if it is one without doubt.

    Nearly all bytes can be read as UTF-16, and hold something else then; but not ASCII.
    """
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            text = data.decode(encoding, "replace")
            return text.encode() if text.isascii() else data
    return data.removeprefix(b"\xef\xbb\xbf")


class _Pairs:
    """The members of a JSON object, with those whose name stands twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.flat = [*chain.from_iterable(pairs)]


_END: Final = object()


def _parsed(data: bytes) -> list[Any] | _Pairs | None:
    """Parse JSON; None where it is none, or is nested too deep."""
    try:
        document: list[Any] | _Pairs = json.loads(
            data, object_pairs_hook=_Pairs, parse_int=str, parse_float=str, parse_constant=str
        )
    except (ValueError, RecursionError):
        return None
    return document


def _of_json(document: list[Any] | _Pairs) -> Iterator[Piece]:
    walk = Walk()
    left: list[Any] = [document]
    while left:
        value = left.pop()
        if value is _END:
            walk.leave()
        elif isinstance(value, list | _Pairs):
            walk.enter(is_list=isinstance(value, list))
            left.append(_END)
            left += reversed(value if isinstance(value, list) else value.flat)
        else:
            text = value if isinstance(value, str) else ""  # of true, false and null
            place, names = walk.text(text)
            encoding = "base64" if place.says_base64 else ""
            yield from _of_text(Piece(place, _octets(text), names), encoding)


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _of_yaml(data: bytes) -> Generator[Piece, None, bool]:
    """Read YAML as far as it is some; return whether all is, and more than one bare text."""
    walk = Walk()
    aliases = _Aliases()
    bare = False
    try:
        for event in yaml.parse(data, Loader=_Loader):
            yield from _besides(event)
            if isinstance(event, yaml.CollectionStartEvent):
                is_list = isinstance(event, yaml.SequenceStartEvent)
                walk.enter(is_list=is_list)
                aliases.enter(event.anchor if is_list else None)
            elif isinstance(event, yaml.CollectionEndEvent):
                walk.leave()
                aliases.leave()
            elif isinstance(event, yaml.ScalarEvent):
                aliases.text(event.anchor, event.value)
                if walk.inside:
                    yield from _of_scalar(event, walk)
                else:
                    bare = True  # which any text is: its lines say more
            elif isinstance(event, yaml.AliasEvent):
                yield from aliases.repeated(event, walk)
    except (yaml.YAMLError, ValueError, RecursionError):
        return False
    return not bare


def _of_scalar(event: yaml.ScalarEvent, walk: Walk) -> Iterator[Piece]:
    place, names = walk.text(event.value, _line(event.start_mark))
    piece = Piece(place, _octets(event.value), names, (), _line(event.end_mark))
    encoding = "base64" if place.says_base64 else ""
    if event.tag and event.tag.lower().endswith(_BINARY):
        encoding = "!!binary"
    yield from _of_text(piece, encoding)


def _of_text(piece: Piece, encoding: str) -> Iterator[Piece]:
    """Yield a text; first what it encodes, if it says that it does.

    The text itself may be the secret all the same; what it encodes is known then.
    """
    if encoding:
        data = from_base64(piece.data.translate(None, _NOT_BASE64))
        yield replace(piece, data=data, trail=(encoding,))
        whole = b64encode(data) == piece.data.translate(None, b" \t\r\n")
        piece = replace(piece, names=(), as_it_is=whole)
    yield piece


def _besides(event: yaml.Event) -> Iterator[Piece]:
    """Yield tags and anchors, which somebody chose as well."""
    for word in (getattr(event, "tag", None), getattr(event, "anchor", None)):
        if word and len(word.removeprefix(_STANDARD)) >= _SHORTEST_WORD:
            yield Piece(Place((), line=_line(event.start_mark)), _octets(word))


def _line(mark: Any) -> int:  # noqa: ANN401 - one of two classes, by the loader
    return int(mark.line) + 1


class _Aliases:
    """Remembers what anchors stand for, as far as a header or a field may be repeated by one."""

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {}
        self._open: list[list[str] | None] = []
        self._given: set[tuple[str, tuple[str, ...]]] = set()

    def enter(self, anchor: str | None) -> None:
        """Step into a list or a mapping; texts of an anchored list belong to its anchor."""
        texts: list[str] | None = [] if anchor else None
        self._open.append(texts)
        if anchor and texts is not None:
            self._texts[anchor] = texts

    def leave(self) -> None:
        """Step out of it."""
        self._open.pop()

    def text(self, anchor: str | None, text: str) -> None:
        """Come to a text, which may have an anchor of its own."""
        if self._open and self._open[-1] is not None:
            self._open[-1].append(text)
        if anchor:
            self._texts[anchor] = [text]

    def repeated(self, event: yaml.AliasEvent, walk: Walk) -> Iterator[Piece]:
        """Yield the texts that an alias puts under a name, once for each name."""
        anchor = event.anchor or ""
        texts = self._texts.get(anchor, [])
        place, names = walk.text(texts[0] if texts else "", _line(event.start_mark))
        if names and (anchor, names) not in self._given:
            self._given.add((anchor, names))
            for text in texts[:_MOST_REPEATED]:
                octets = _octets(text[:_LONGEST_REPEATED])
                yield Piece(place, octets, names, (), place.line, repeated=True)
