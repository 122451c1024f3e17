"""What bytes look like once encoded, for tests that undo it: the other half of wire.decoding."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from html import escape
from typing import TYPE_CHECKING, Final
from urllib.parse import quote_from_bytes

from bedrock_authcheck.wire.eventstream import encode_message

if TYPE_CHECKING:
    from collections.abc import Callable


def frame(payload: bytes) -> bytes:
    """A message as ConverseStream sends it."""
    return encode_message({":event-type": "chunk", ":message-type": "event"}, payload)


def header_frame(value: bytes) -> bytes:
    """A message with a header of its own; with a payload where a header does not hold as much."""
    if len(value) > 65_535:
        return frame(value)
    return encode_message({":event-type": "chunk", "x": value.decode()}, b"{}")


def invoke_frame(payload: bytes) -> bytes:
    """A message as InvokeModelWithResponseStream sends it: JSON in base64 in JSON."""
    return frame(json.dumps({"bytes": base64.b64encode(payload).decode(), "p": "ab"}).encode())


def raw_deflate(data: bytes) -> bytes:
    """Deflate without a header."""
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflate.compress(data) + deflate.flush()


def wrapped_base64(data: bytes) -> bytes:
    """Base64 as YAML's !!binary and MIME have it: in lines, and indented."""
    return b"data: |\n" + b"".join(
        b"      " + line + b"\n" for line in base64.encodebytes(data).splitlines()
    )


def as_json(data: bytes) -> bytes:
    """A string of JSON, of which each character stands for an octet."""
    return json.dumps({"body": data.decode("latin-1"), "n": 1}).encode()


ENCODERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "percent": lambda data: b"/path?a=" + quote_from_bytes(data, safe="").encode(),
    "percent all": lambda data: b"".join(b"%%%02x" % octet for octet in data),
    "json": as_json,
    "json in json": lambda data: as_json(as_json(data)),
    "json, not ascii": lambda data: json.dumps(data.decode("latin-1"), ensure_ascii=False).encode(),
    "json, all escaped": lambda data: b'"' + b"".join(b"\\u%04x" % octet for octet in data) + b'"',
    "repr": lambda data: repr(data).encode(),
    "xml": lambda data: escape(data.decode("latin-1")).encode("latin-1"),
    "xml, all escaped": lambda data: b"".join(b"&#x%x;" % octet for octet in data),
    "base64": lambda data: b'"' + base64.b64encode(data) + b'"',
    "base64 without padding": lambda data: b"<" + base64.b64encode(data).rstrip(b"=") + b">",
    "base64, glued": lambda data: b"x" + base64.b64encode(data),
    "base64, glued twice": lambda data: b"id_" + base64.b64encode(data) + b"tail",
    "base64url": lambda data: b"v1." + base64.urlsafe_b64encode(data).rstrip(b"=") + b".sig",
    "base64, wrapped": wrapped_base64,
    "hexadecimal": lambda data: b"0x" + data.hex().encode(),
    "hexadecimal, glued": lambda data: b"sha-a" + data.hex().upper().encode(),
    "utf-16": lambda data: data.decode("latin-1").encode("utf-16-le"),
    "utf-16, big": lambda data: data.decode("latin-1").encode("utf-16-be"),
    "gzip": lambda data: b"\0head" + gzip.compress(data, mtime=0),
    "gzip in two": lambda data: gzip.compress(data[:9], mtime=0) + gzip.compress(data[9:], mtime=0),
    "zlib": lambda data: b"head" + zlib.compress(data),
    "zlib, small window": lambda data: zlib.compress(data, wbits=9),
    "frame": lambda data: frame(b'{"text":"hi"}') + frame(data),
    "frame of a model": invoke_frame,
    "frame, torn": lambda data: frame(data)[:-2],
    "header of a frame": lambda data: header_frame(base64.b64encode(data)),
}
"""Each takes bytes and encodes them whole, with something around them."""

TEXT_ONLY: Final = frozenset({"utf-16", "utf-16, big", "xml"})
"""Encoders of text, which leave octets beyond ASCII in a form that nobody reads back."""
