"""HTTP/2 frames on their way to h2: cut apart, and a graceful GOAWAY taken out.

h2 closes its state machine when it receives any GOAWAY: from then on it refuses to receive
or send a frame, and drops what it had to send. A GOAWAY with NO_ERROR means only that the
client wants no streams from the server (RFC 9113, 6.8); the AWS SDK for JavaScript sends
one at the start of each bidirectional stream. h2 acts on nothing in it, so it is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from h2.errors import ErrorCodes
from hyperframe.frame import ContinuationFrame, GoAwayFrame, HeadersFrame

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What a client of HTTP/2 sends first (RFC 9113, 3.4)."""

_HEADER_BYTES: Final = 9  # length 3, type 1, flags 1, stream 4 (RFC 9113, 4.1)


class FrameSplitter:
    """Cuts received bytes into frames.

    h2 given one at a time does not lose the events of the frames before one that it rejects.
    """

    def __init__(self) -> None:
        """Start before the preface."""
        self._received = bytearray()
        self._wanted = len(PREFACE)
        self._in_preface = True

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield each frame that is whole now, the preface first, no graceful GOAWAY."""
        self._received += data
        while len(self._received) >= self._wanted:
            if not self._in_preface and self._wanted == _HEADER_BYTES:
                self._wanted += int.from_bytes(self._received[:3])
                if len(self._received) < self._wanted:
                    return
            frame = bytes(self._received[: self._wanted])
            del self._received[: self._wanted]
            self._in_preface, self._wanted = False, _HEADER_BYTES
            if not _is_graceful_goaway(frame):
                yield frame


def carries_headers(frame: bytes) -> bool:
    """Whether a frame is HEADERS or CONTINUATION."""
    return frame[3] in {HeadersFrame.type, ContinuationFrame.type}


def _is_graceful_goaway(frame: bytes) -> bool:
    # Behind the header of a GOAWAY: the last stream's number in 4 bytes, the error in 4.
    error = int.from_bytes(frame[_HEADER_BYTES + 4 : _HEADER_BYTES + 8])
    return frame[3] == GoAwayFrame.type and error == ErrorCodes.NO_ERROR
