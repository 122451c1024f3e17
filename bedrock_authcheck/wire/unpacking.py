"""What the steps of decoding share: room, which is bounded, and what stands between pieces.

A step takes bytes and the room that is left, and yields the name of an encoding with what
the bytes decode to wherever they are of it. Each is linear in the bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

MEBIBYTE: Final = 1024**2
SEPARATOR: Final = b"\x1e\x1d\x1e\x1d"
"""Stands between the pieces that one step decodes; no text holds it by chance."""


@dataclass(slots=True)
class Room:
    """How much may still be decoded, and what was left out for want of room.

    `left` and `each` (what one compressed stream may unpack to) are in bytes.
    """

    left: int
    each: int = 16 * MEBIBYTE
    exceeded: list[str] = field(default_factory=list)
    runs: set[bytes] = field(default_factory=set, repr=False)  # decoded already

    @classmethod
    def of(cls, length: int) -> Room:
        """Room for what bytes of this length hold unless somebody packed them on purpose."""
        return cls(32 * MEBIBYTE + 8 * length)

    def start(self) -> None:
        """Forget what earlier bytes held and exceeded; what they took stays taken."""
        self.exceeded.clear()
        self.runs.clear()

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
