"""Every layer that could be encoded in bytes, decoded: bounded, and loud where a bound is met."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.wire import escaping, inflating, runs, streamed
from bedrock_authcheck.wire.unpacking import Room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEEPEST: Final = 10
"""Encodings one inside the other that are undone; what nobody built on purpose has three."""

DECODERS: Final[dict[str, Callable[[bytes, Room], Iterator[tuple[str, bytes]]]]] = {
    "percent": escaping.percent,
    "escapes": escaping.escapes,
    "latin-1": escaping.latin1,
    "entities": escaping.entities,
    "base64": runs.base64_runs,
    "hexadecimal": runs.hexadecimal_runs,
    "utf-16": runs.utf16_runs,
    "gzip": inflating.gzip_members,
    "zlib": inflating.zlib_streams,
    "deflate": inflating.raw_deflate,
    "frames": streamed.frames,
    "events": streamed.server_sent_events,
}
"""What is tried on each layer."""


class TooMuchError(ValueError):
    """More is encoded in the bytes than is decoded; what was left out may hold anything."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Bytes, and what had to be undone to reach them, the outermost encoding first.

    What one encoding yields of one layer stands together, with unpacking.SEPARATOR between.
    """

    data: bytes = field(repr=False)
    trail: tuple[str, ...] = ()

    @property
    def form(self) -> str:
        """The trail for people: `JSON string in gzip in base64`, or `plain`."""
        return " in ".join(reversed(self.trail)) or "plain"


def layers(data: bytes, room: Room | None = None) -> Iterator[Layer]:
    """Yield the bytes themselves, then all that is decoded from them, shallow layers first.

    The cost is linear in the bytes and in what they unpack to, of which `room` bounds the
    sum (by default, 32 MiB and eight times the bytes; one room may serve several calls).
    Raises TooMuchError at the end, behind the last layer, if anything was left out: a
    stream that unpacks to more than its share, the sum, or more than DEEPEST encodings.
    """
    if room is None:
        room = Room.of(len(data))
    room.start()
    seen = {data}
    queue = deque([Layer(data)])
    while queue:
        layer = queue.popleft()
        yield layer
        for name, decoded in _decoded(layer, room):
            if not decoded or decoded in seen:
                continue
            if len(layer.trail) == DEEPEST:
                room.exceed(f"more than {DEEPEST} encodings one inside the other")
                break
            if not room.take(len(decoded)):
                break
            seen.add(decoded)
            queue.append(Layer(decoded, (*layer.trail, name)))
    if room.exceeded:
        raise TooMuchError("; ".join(room.exceeded))


def _decoded(layer: Layer, room: Room) -> Iterator[tuple[str, bytes]]:
    for decode in DECODERS.values():
        yield from decode(layer.data, room)
