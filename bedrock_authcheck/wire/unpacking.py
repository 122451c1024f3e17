"""What the steps of decoding share: room, which is bounded, and what stands between pieces.

A step takes bytes and the room that is left, and yields the name of an encoding with what
the bytes decode to wherever they are of it. Each is linear in the bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

MEBIBYTE: Final = 1024**2
SEPARATOR: Final = b"\x1e\x1d\x1e\x1d"
"""Stands between the pieces that one step decodes; no text holds it by chance."""
SHORTEST_TEXT: Final = 16
"""Characters in a row that are taken for text among bytes that are none."""

# The second is exact about UTF-8, and slow; the first leaves it a fifth of what is no text.
_PERHAPS: Final = re.compile(rb"[\t\n\r -\xf4]{%d,}" % SHORTEST_TEXT)
_TEXT: Final = re.compile(
    rb"(?:[\t\n\r -\x7f]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}"
    rb"|[\xf0-\xf4][\x80-\xbf]{3}){%d,}" % SHORTEST_TEXT
)


@dataclass(slots=True)
class Room:
    """How much may still be decoded, and what was left out for want of room.

    `left` and `each` (what one compressed stream may unpack to) are in bytes.
    """

    left: int
    each: int = 16 * MEBIBYTE
    exceeded: list[str] = field(default_factory=list)
    runs: set[bytes] = field(default_factory=set, repr=False)  # decoded already
    _last: tuple[bytes, bytes] | None = field(default=None, repr=False)

    @classmethod
    def of(cls, length: int) -> Room:
        """Room for what bytes of this length hold unless somebody packed them on purpose."""
        return cls(32 * MEBIBYTE + 8 * length)

    def start(self) -> None:
        """Forget what earlier bytes held and exceeded; what they took stays taken."""
        self.exceeded.clear()
        self.runs.clear()
        self._last = None

    def take(self, length: int) -> bool:
        """Whether so much may be decoded; noted as exceeded where it may not."""
        if length > self.left:
            self.exceed("more than can be looked through in reasonable time")
            return False
        self.left -= length
        return True

    def exceed(self, what: str) -> None:
        """Note that something was left out."""
        if what not in self.exceeded:
            self.exceeded.append(what)

    def text_of(self, data: bytes) -> bytes:
        """Return text as it is; of bytes that are none, the runs that could be some.

        Otherwise each stray `%` and backslash in compressed data would make a copy of it all.
        """
        if self._last is None or self._last[0] is not data:
            self._last = (data, _readable(data))
        return self._last[1]


def _readable(data: bytes) -> bytes:
    try:
        data.decode()
    except UnicodeDecodeError:
        return SEPARATOR.join(text for run in _PERHAPS.findall(data) for text in _TEXT.findall(run))
    return data
