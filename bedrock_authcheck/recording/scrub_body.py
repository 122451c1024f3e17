"""Bodies without secrets, and normalised: JSON, XML, forms, text, gzip and event streams."""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass, replace
from html import escape, unescape
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.recording.accounts import NO_ACCOUNT
from bedrock_authcheck.recording.cleaning import DEEPEST, Cleaner, Style, recode_base64
from bedrock_authcheck.recording.json_text import Spot, edit_json, written
from bedrock_authcheck.recording.markers import (
    FIXED_DAY,
    FIXED_EPOCH,
    FIXED_TIMESTAMP,
    FIXED_UUID,
    ZERO_SIGNATURE,
    is_marked,
    marker,
)
from bedrock_authcheck.recording.secret_names import SECRET_NAMES, normal_name
from bedrock_authcheck.recording.stream_frames import rewrite_frames

if TYPE_CHECKING:
    from collections.abc import Callable

LARGEST: Final = 32 * 1024**2
"""Bytes of a body, decompressed; a larger one stays compressed, for the scan to refuse."""

_GZIP: Final = b"\x1f\x8b\x08"
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_MESSAGE_ID: Final = re.compile(r"(msg_bdrk_|msg_|chatcmpl-)[A-Za-z0-9-]{8,}")
_MESSAGE_SERIAL: Final = "0" * 24
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_ACCOUNT_NAME: Final = re.compile(r"(?:[a-z]*owner|source|target|aws)?account(?:id)?")
_ELEMENT: Final = re.compile(r"(<(?:\w+:)?(\w+)(?:\s[^<>]*)?>)([^<]+)(?=</)")
_ASSUMED: Final = re.compile(r"(:assumed-role/[A-Za-z0-9+=,.@_/-]+/)[A-Za-z0-9+=,.@_-]+")
_USER: Final = re.compile(r"(arn:aws[a-z-]*:iam::[0-9]{12}:user/)[A-Za-z0-9+=,.@_/-]+")
_MOMENT: Final = re.compile(r"\b[0-9]{8}T[0-9]{6}Z")
_SCOPE_DAY: Final = re.compile(r"\b[0-9]{8}(?=/[a-z0-9-]+/[a-z0-9-]+/aws4_request)")
_DIGEST: Final = re.compile(r"\b[0-9a-f]{64}\b")


@dataclass(frozen=True, slots=True)
class BodyKind:
    """What is known of a body before it is read.

    `refusal` is an error's, which quotes dates and signatures of its request.
    """

    answer: bool = False
    refusal: bool = False
    frame: bool = False


class BodyScrubber:
    """Scrubs bodies by what a cleaner knows; `filtered` are keys of JSON, in lower case.

    `secret` marks what is one by its name alone: given the value and what it is.
    """

    def __init__(
        self,
        cleaner: Cleaner,
        secret: Callable[[str, str], str],
        filtered: frozenset[str] = frozenset(),
    ) -> None:
        """Take the cleaner, how a secret is marked, and what to filter besides."""
        self._clean = cleaner.text
        self._secret = secret
        self._filtered = filtered

    def body(self, data: bytes, kind: BodyKind, depth: int = 0) -> bytes:
        """Scrub a body of any form; what is compressed is compressed again, the same each time."""
        if not data or depth > DEEPEST:
            return data
        if data.startswith(_GZIP):
            inflated = inflate(data)
            if inflated is None:
                return data
            return gzip.compress(self.body(inflated, kind, depth + 1), mtime=0)
        frames = rewrite_frames(
            data,
            lambda payload: self.body(payload, replace(kind, frame=True), depth + 1),
            self._clean,
        )
        if frames is not None:
            return frames
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            return self._clean(data.decode("latin-1")).encode("latin-1", "backslashreplace")
        return self.text(text, kind, depth).encode("utf-8")

    def text(self, text: str, kind: BodyKind, depth: int = 0) -> str:
        """Scrub text that may be JSON, in lines or whole, XML or neither."""
        style = Style.XML if text.lstrip().startswith("<") and "</" in text else Style.PLAIN
        if style is Style.XML:
            text = _ELEMENT.sub(lambda m: self._element(m, kind), text)
        elif '"' in text:
            text = self._json(text, kind, depth)
        if depth < DEEPEST:
            inner = replace(kind, frame=False)
            text = recode_base64(text, lambda data: self.body(data, inner, depth + 1))
        text = self._clean(text, style, depth)
        if kind.answer and "arn:aws" in text:
            text = _USER.sub(r"\1name", _ASSUMED.sub(r"\1session", text))
        if kind.refusal:
            text = _MOMENT.sub(FIXED_TIMESTAMP, _SCOPE_DAY.sub(FIXED_DAY, text))
            text = _DIGEST.sub(ZERO_SIGNATURE, text)
        return text

    def _json(self, text: str, kind: BodyKind, depth: int) -> str:
        chat = '"chat.completion' in text

        def edit(spot: Spot, value: str | None, token: str) -> str:
            if value is None:
                return self._number(spot, token, chat=chat and kind.answer)
            new = self._value(spot, value, kind)
            if new == value and "\\" in token and depth < DEEPEST:
                new = self.text(value, replace(kind, frame=False), depth + 1)
            return token if new == value else written(new, like=token)

        return edit_json(text, edit, looked_for=self._filtered, edit_key=self._clean)

    def _value(self, spot: Spot, value: str, kind: BodyKind) -> str:
        """Scrub a string by where it stands."""
        if spot.within:
            return value if is_marked(value) else marker("filtered")
        name = normal_name(spot.key)
        if name in SECRET_NAMES:
            return self._secret(value, SECRET_NAMES[name])
        if _ACCOUNT.fullmatch(value) and _ACCOUNT_NAME.fullmatch(name):
            return NO_ACCOUNT
        if value and name in {"clienttoken", "clientrequesttoken"}:
            return FIXED_UUID
        return self._of_answer(spot, name, value, kind) if kind.answer else value

    def _of_answer(self, spot: Spot, name: str, value: str, kind: BodyKind) -> str:
        """Make equal what differs between two answers that are the same."""
        if value and name in {"requestid", "xamznrequestid"}:
            return FIXED_UUID
        if name == "id" and (found := _MESSAGE_ID.fullmatch(value)):
            return found[1] + _MESSAGE_SERIAL
        if kind.frame and name == "p" and spot.depth == 1 and _ALPHABET.startswith(value):
            return _ALPHABET[:4]  # Bedrock pads its events to random lengths
        return value

    def _number(self, spot: Spot, token: str, *, chat: bool) -> str:
        name = normal_name(spot.key)
        if not token[0].isdecimal() and token[0] != "-":
            return token  # true, false, null, or no JSON
        if spot.within:
            return "0"
        if "latency" in name and spot.parent.lower().endswith("metrics"):
            return "0"
        if _ACCOUNT.fullmatch(token) and _ACCOUNT_NAME.fullmatch(name):
            return "0"
        return FIXED_EPOCH if chat and name == "created" else token

    def _element(self, found: re.Match[str], kind: BodyKind) -> str:
        opening, name, value = found[1], found[2], unescape(found[3])
        normal = normal_name(name)
        if normal in SECRET_NAMES or name.lower() in self._filtered:
            what = SECRET_NAMES.get(normal, "filtered")
            return opening + escape(self._secret(value, what))
        if normal in {"requestid", "hostid"} and kind.answer:
            return opening + FIXED_UUID
        if normal == "account" and _ACCOUNT.fullmatch(value):
            return opening + NO_ACCOUNT
        return found[0]


def inflate(data: bytes) -> bytes | None:
    """Decompress gzip; None for what is not whole, or larger than LARGEST."""
    plain = b""
    while data:
        stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            plain += stream.decompress(data, LARGEST + 1 - len(plain))
        except zlib.error:
            return None
        if not stream.eof or len(plain) > LARGEST:
            return None
        data = stream.unused_data  # gzip may have several members
    return plain
