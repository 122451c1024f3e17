"""How a request was authenticated, written without what authenticated it.

What `read_evidence` says stays: the scheme, the kind of key and its level, service and Region of
the credential scope, the signed headers, and each finding about what is malformed. Nothing that
is malformed, doubled or of an unknown scheme is put right.
"""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.recording.markers import (
    FIXED_DAY,
    FIXED_HTTP_DATE,
    FIXED_TIMESTAMP,
    UNKNOWN,
    ZERO_SIGNATURE,
    is_marked,
    key_id_marker,
    marker,
    token_marker,
)
from bedrock_authcheck.wire.authorization import (
    BEARER,
    SCHEMES_OF_OTHERS,
    SIGV4,
    SIGV4A,
    Credentials,
    parameters,
    split_credentials,
)
from bedrock_authcheck.wire.sigv4_fields import TIMESTAMP_FORMAT, timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_authcheck.recording.in_play import InPlay

_B64TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750, 2.1
_SIGNATURE: Final = re.compile(r"[0-9a-f]{64}")
_SIGNATURE_V4A: Final = re.compile(r"[0-9a-f]+")
_DAY: Final = re.compile(r"[0-9]{8}")
_SCOPE_PARTS: Final = 4  # behind the key id: date, Region, service, terminator; SigV4a: no Region
_HARMLESS: Final = re.compile(r"[a-z][a-z0-9-]{0,31}|aws4_request|")
_HASH: Final = re.compile(r"[0-9a-fA-F]{64}")
_HASH_WORDS: Final = re.compile(r"UNSIGNED-PAYLOAD|STREAMING-[A-Z0-9-]+")


class AuthorizationScrubber:
    """Scrubs the parts that authenticate a request, by the credentials in play.

    `clean` takes the secrets in play out of any other text.
    """

    def __init__(self, in_play: InPlay, clean: Callable[[str], str]) -> None:
        """Take the credentials; they may grow while requests are scrubbed."""
        self._in_play = in_play
        self._clean = clean

    def authorization(self, value: str) -> str:
        """Scrub a value of the Authorization header; what several schemes share stays several."""
        return ", ".join(map(self._credentials, split_credentials(value)))

    def token(self, value: str) -> str:
        """Scrub a token that stands by itself, as in `x-api-key`; white space around it stays."""
        token = value.strip()
        if not token:
            return value
        before, _, after = value.partition(token)
        well_formed = _B64TOKEN.fullmatch(token) is not None
        known = self._in_play.what_is(token)
        return before + token_marker(token, known, well_formed=well_formed) + after

    def session_token(self, value: str) -> str:
        """Scrub the value of X-Amz-Security-Token; the marker names its level."""
        return self.secret(value, f"session token of {UNKNOWN}")

    def secret(self, value: str, what: str) -> str:
        """Scrub a value that is a secret by its name; the marker of one in play names its level."""
        secret = value.strip()
        if not secret or is_marked(secret):
            return value
        before, _, after = value.partition(secret)
        return before + marker(self._in_play.what_is(secret) or what) + after

    def credential(self, value: str, *, v4a: bool = False) -> str:
        """Scrub `KEY-ID/DATE/REGION/SERVICE/aws4_request`; what has not this form gets none."""
        count = _SCOPE_PARTS - v4a
        parts = value.rsplit("/", count)
        if len(parts) != count + 1 or not all(parts):
            return self._malformed_credential(value)
        key_id, date, *place, terminator = parts
        return "/".join(
            (
                key_id_marker(key_id, self._in_play.source_of(key_id)),
                _day(date),
                *map(self._clean, place),
                self._clean(terminator),
            )
        )

    def signature(self, value: str, *, v4a: bool = False) -> str:
        """Scrub a signature: 64 zeros for a well-formed one."""
        if (_SIGNATURE_V4A if v4a else _SIGNATURE).fullmatch(value):
            return ZERO_SIGNATURE
        return value if not value or is_marked(value) else marker("malformed signature")

    def _malformed_credential(self, value: str) -> str:
        key_id, *parts = value.split("/")
        if key_id:
            key_id = key_id_marker(key_id, self._in_play.source_of(key_id))
        kept = [_day(part) if _DAY.fullmatch(part) else self._harmless(part) for part in parts]
        return "/".join((key_id, *kept))

    def _harmless(self, part: str) -> str:
        cleaned = self._clean(part)
        return cleaned if _HARMLESS.fullmatch(cleaned) or is_marked(cleaned) else marker("part")

    def _credentials(self, part: Credentials) -> str:
        name = part.name + " " * part.separated
        if part.scheme == BEARER:
            return name + self._bearer(part)
        if part.scheme in {SIGV4, SIGV4A} and part.text:
            v4a = part.scheme == SIGV4A
            fields = (self._field(*field, v4a=v4a) for field in parameters(part.text))
            return f"{part.name} {', '.join(fields)}"
        if not part.text and part.scheme in {SIGV4, SIGV4A, *SCHEMES_OF_OTHERS}:
            return name
        if part.scheme in SCHEMES_OF_OTHERS:
            return f"{part.name} {self.secret(part.text, 'credentials')}"
        whole = name + part.text
        known = self._in_play.what_is(whole) or self._in_play.what_is(part.text)
        return whole if not whole or is_marked(whole) else marker(known or "unknown scheme")

    def _bearer(self, part: Credentials) -> str:
        token = part.text.strip()
        if not token:
            return part.text
        well_formed = _B64TOKEN.fullmatch(token) is not None
        before, _, after = part.text.partition(token)
        if not part.separated and not before:
            # What divides the name from a token that no space does; a marker would join the name.
            before, token = token[0], token[1:]
            if not token:
                return part.text
        known = self._in_play.what_is(token)
        return before + token_marker(token, known, well_formed=well_formed) + after

    def _field(self, name: str, value: str, *, v4a: bool) -> str:
        match name:
            case "Credential":
                return f"{name}={self.credential(value, v4a=v4a)}"
            case "SignedHeaders":
                return f"{name}={self._clean(value)}"
            case "Signature":
                return f"{name}={self.signature(value, v4a=v4a)}"
        whole = f"{name}={value}" if name else value
        return whole if not whole or is_marked(whole) else marker("part")


def amz_date(value: str) -> str:
    """Scrub a date of SigV4: one fixed moment; what is malformed stays so."""
    if timestamp(value):
        return FIXED_TIMESTAMP
    return value if not value.strip() or is_marked(value) else marker("malformed date")


def http_date(value: str) -> str:
    """Scrub a Date header: one fixed moment in the form that it had."""
    try:
        date = parsedate_to_datetime(value)
        utc = date.astimezone(UTC) if date.tzinfo else date
        readable = timestamp(utc.strftime(TIMESTAMP_FORMAT))
    except (TypeError, ValueError, IndexError, OverflowError):
        readable = None
    return FIXED_HTTP_DATE if readable else amz_date(value)


def payload_hash(value: str, *, right: str | None = None, after: str = "") -> str:
    """Scrub X-Amz-Content-Sha256: `after` where it was `right`, zeros for any other hash."""
    if value == right:
        return after
    if _HASH.fullmatch(value):
        return ZERO_SIGNATURE
    if not value.strip() or is_marked(value) or _HASH_WORDS.fullmatch(value):
        return value
    return marker("payload hash")


def _day(text: str) -> str:
    if _DAY.fullmatch(text):
        return FIXED_DAY
    return text if is_marked(text) else marker("malformed date")
