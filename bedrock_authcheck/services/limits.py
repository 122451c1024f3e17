"""How much a loopback service takes; sizes are in bytes.

They are set on purpose, since the libraries' own are too small for a client under test (h11
stops at 16 KiB of headers, h2 at 64 KiB and 100 streams).
"""

from __future__ import annotations

from typing import Final

MAX_HEADER_BYTES: Final = 4 * 1024**2
"""Request line and headers together; on HTTP/2 SETTINGS_MAX_HEADER_LIST_SIZE. More is a 431."""

MAX_BODY_BYTES: Final = 128 * 1024**2
"""The body of one request, de-chunked. More is a 413."""

READ_BYTES: Final = 256 * 1024
"""What is read from a connection at once."""

MAX_CONCURRENT_STREAMS: Final = 1024
"""HTTP/2 streams open at once on one connection."""

MAX_FRAME_BYTES: Final = 1024**2
"""Payload of one HTTP/2 frame: h2 joins 65 frames of headers at most, of 16 KiB by default."""

STREAM_WINDOW_BYTES: Final = 16 * 1024**2
"""HTTP/2 flow-control window of one stream, inbound."""

CONNECTION_WINDOW_BYTES: Final = 256 * 1024**2
"""HTTP/2 flow-control window of a whole connection, inbound."""
