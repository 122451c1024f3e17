"""What stands in a cassette in a secret's place: fixed values, and markers that name a level."""

from __future__ import annotations

import re
from typing import Final

from bedrock_authcheck.model import CredentialSource
from bedrock_authcheck.wire.short_term import SHORT_TERM_PREFIX
from bedrock_authcheck.wire.tokens import LONG_TERM_PREFIX, ApiKeyKind, read_api_key

FIXED_DAY: Final = "20000101"
FIXED_TIMESTAMP: Final = f"{FIXED_DAY}T000000Z"
FIXED_HTTP_DATE: Final = "Sat, 01 Jan 2000 00:00:00 GMT"
FIXED_EPOCH: Final = "946684800"
FIXED_UUID: Final = "00000000-0000-0000-0000-000000000000"
FIXED_TRACE: Final = "Root=1-00000000-000000000000000000000000"
NORMALISED: Final = "normalised"
"""What a value becomes that tells of the machine that recorded, and of nothing else."""
ZERO_SIGNATURE: Final = "0" * 64
"""Of a signature's form, so that what was well formed before is well formed still."""
UNKNOWN: Final = "unknown"
"""The level of a credential that is not in play."""

_MARKER: Final = re.compile(r"<[A-Za-z0-9][A-Za-z0-9 ._-]{0,80}>")
_KEY_ID_MARKER: Final = re.compile(r"(?:AKIA|ASIA)?<[A-Za-z0-9][A-Za-z0-9._-]{0,40}>")
_NOT_PLAIN: Final = re.compile(r"[^A-Za-z0-9 ._-]+")
# Where a token is well formed its marker is, so that no finding about its characters appears. A
# real long-term key goes on in base64, which has no "-".
_KINDS: Final = {
    ApiKeyKind.LONG_TERM: f"{LONG_TERM_PREFIX}-long-term-key-of-",
    ApiKeyKind.SHORT_TERM: f"{SHORT_TERM_PREFIX}short-term-key-of-",
    ApiKeyKind.UNKNOWN: "unknown-key-of-",
}
_ILL_FORMED: Final = {
    ApiKeyKind.LONG_TERM: f"{LONG_TERM_PREFIX}<long-term key of ",
    ApiKeyKind.SHORT_TERM: f"{SHORT_TERM_PREFIX}<short-term key of ",
    ApiKeyKind.UNKNOWN: "<unknown key of ",
}
_NO_TOKEN: Final = "not-a-key-but-"  # noqa: S105 - a marker, not a secret
_LONGEST_VARIABLE: Final = 24  # characters; the marker of a token stays shorter than a token
_NAME: Final = "[A-Za-z0-9._-]{1,80}"
_TOKEN_MARKER: Final = re.compile(
    "|".join(
        [f"{re.escape(prefix)}{_NAME}" for prefix in (*_KINDS.values(), _NO_TOKEN)]
        + [f"{re.escape(prefix)}{_NAME}>" for prefix in _ILL_FORMED.values()]
        + [_MARKER.pattern]
    )
)
_WORDS: Final = " ".join(
    (
        *(f"secret of {source} session token of {source}" for source in CredentialSource),
        *_KINDS.values(),
        *_ILL_FORMED.values(),
        *(_NO_TOKEN, NORMALISED, FIXED_TIMESTAMP, FIXED_HTTP_DATE, FIXED_EPOCH, FIXED_TRACE),
        "access refresh authorization metadata client web identity API key credentials cookie",
        "malformed date payload hash signature part filtered role sso unknown",
    )
)


def plain(what: str) -> str:
    """Write what a secret is in the characters that every place of a cassette can hold."""
    return _NOT_PLAIN.sub("-", what)[:80].strip() or UNKNOWN


def marker(what: str) -> str:
    """Write the marker of what stood there: `<secret of environment>`."""
    return f"<{plain(what)}>"


def is_marked(value: str) -> bool:
    """Whether a value is a marker already."""
    return _MARKER.fullmatch(value) is not None


def is_marked_token(value: str) -> bool:
    """Whether what stands in a token's place is its marker already."""
    return _TOKEN_MARKER.fullmatch(value) is not None


def is_word_of_ours(value: str) -> bool:
    """Whether a value occurs in the text of markers, where replacing it would never end."""
    return value in _WORDS


def key_id_marker(key_id: str, level: str | None) -> str:
    """Write the marker of an access key id; what kind of key it is stays: `ASIA<environment>`."""
    if _KEY_ID_MARKER.fullmatch(key_id):
        return key_id
    kind = key_id[:4] if key_id.startswith(("AKIA", "ASIA")) else ""
    return kind + marker(level or UNKNOWN)


def token_marker(token: str, what: str | None, *, well_formed: bool = True) -> str:
    """Write the marker of a token: its kind, and the level it is of.

    `what` is what the credentials in play say that it is, `token of bearer`; something else than
    a token, sent as one, is named. A marker that is not well formed has characters that no token
    may have, as the token had.
    """
    if is_marked_token(token):
        return token
    kind = read_api_key(token).kind
    level = (what or f"token of {UNKNOWN}").removeprefix("token of ")
    if what is not None and level == what:
        named = plain(what).replace(" ", "-")
        return _NO_TOKEN + named if well_formed else marker(f"{_NO_TOKEN}{named}")
    level = plain(level).replace(" ", "-")
    if level == UNKNOWN or level.isupper():  # a variable's name, or nobody's: say what it is of
        level = f"{level[:_LONGEST_VARIABLE]}-token"
    return _KINDS[kind] + level if well_formed else f"{_ILL_FORMED[kind]}{level}>"
