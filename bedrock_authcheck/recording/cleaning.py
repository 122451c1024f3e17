"""Text without the secrets in play: each is replaced, in every encoding that can be rewritten."""

from __future__ import annotations

import base64
import binascii
import re
from enum import Enum
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from bedrock_authcheck.recording.accounts import one_account
from bedrock_authcheck.recording.markers import UNKNOWN, key_id_marker, marker
from bedrock_authcheck.wire.leaks import landmarks, replace_secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_authcheck.recording.in_play import InPlay

DEEPEST: Final = 6
"""Encodings inside one another that are rewritten; what lies deeper is for the scan to refuse."""

_SHORTEST: Final = 8  # characters of a text that may hold anything that is replaced
_RUN: Final = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}+={0,2}+(?!=)")
_KEY_ID: Final = re.compile(r"(?<![A-Za-z0-9+/=])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9+/=])")
_URL_SAFE: Final = str.maketrans("-_", "+/")
_STANDARD: Final = str.maketrans("+/", "-_")


class Style(Enum):
    """How a marker is written where it stands, so that what is around it stays readable."""

    PLAIN = "plain"
    URI = "uri"
    XML = "xml"
    NAME = "name"

    def write(self, text: str) -> str:
        """Write a marker: percent-encoded, with entities, or as the name of a header."""
        match self:
            case Style.URI:
                return quote(text, safe="")
            case Style.XML:
                return text.replace("<", "&lt;").replace(">", "&gt;")
            case Style.NAME:
                return re.sub("[<> ]+", "-", text).strip("-")
            case _:
                return text


class Cleaner:
    """Takes the secrets, key ids and account ids that are in play out of text.

    It knows what was in play when it was made. `accounts` are ids that are known besides.
    """

    def __init__(self, in_play: InPlay, accounts: frozenset[str] = frozenset()) -> None:
        """Take what is in play; long values first, for one may hold another."""
        known = [(value, marker(what)) for value, what in in_play.secrets().items()]
        known += [
            (key_id, key_id_marker(key_id, in_play.source_of(key_id)))
            for key_id in in_play.key_ids()
        ]
        self._known = sorted(known, key=lambda pair: (-len(pair[0]), pair[0]))
        self._landmarks = tuple({mark for value, _ in self._known for mark in landmarks(value)})
        self._accounts = in_play.accounts() | accounts

    def text(self, text: str, style: Style = Style.PLAIN, depth: int = 0) -> str:
        """Replace what is in play: plain, percent-encoded, escaped, in base64 or in hexadecimal.

        What stands there in base64 is base64 still, where that can be, also inside base64.
        """
        if len(text) < _SHORTEST:
            return text
        if depth < DEEPEST:
            text = recode_base64(text, lambda data: self._data(data, depth + 1))
        if any(map(text.__contains__, self._landmarks)):  # one look for what is rarely there
            for value, by in self._known:
                text = replace_secret(text, value, style.write(by))
        if "AKIA" in text or "ASIA" in text:
            text = _KEY_ID.sub(lambda m: style.write(m[0][:4] + marker(UNKNOWN)), text)
        return one_account(text, self._accounts)

    def _data(self, data: bytes, depth: int) -> bytes:
        text = data.decode("latin-1")
        return self.text(text, depth=depth).encode("latin-1", "backslashreplace")


def recode_base64(text: str, change: Callable[[bytes], bytes]) -> str:
    """Change what stands in a text as base64 or base64url; a run that does not decode stays.

    A run is 16 characters long or more and stands by itself.
    """

    def recoded(run: re.Match[str]) -> str:
        written = run[0]
        decoded = _decoded(written)
        if decoded is None:
            return written
        changed = change(decoded)
        return written if changed == decoded else _encoded(changed, like=written)

    return _RUN.sub(recoded, text)


def _decoded(written: str) -> bytes | None:
    """Decode a run that would be encoded again as it is; None for any other."""
    body = written.rstrip("=").translate(_URL_SAFE)
    try:
        decoded = base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if _encoded(decoded, like=written) == written else None


def _encoded(data: bytes, *, like: str) -> str:
    encoded = base64.b64encode(data).decode("ascii")
    if "-" in like or "_" in like:
        encoded = encoded.translate(_STANDARD)
    return encoded if like.endswith("=") or len(like) % 4 == 0 else encoded.rstrip("=")
