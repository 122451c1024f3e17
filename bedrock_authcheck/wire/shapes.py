"""The shapes of AWS secrets: what is one by its look, or by the name that it stands behind."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.wire.placeholders import FAKE, is_placeholder
from bedrock_authcheck.wire.runs import from_base64
from bedrock_authcheck.wire.short_term import SHORT_TERM_PREFIX
from bedrock_authcheck.wire.tokens import LONG_TERM_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG_TERM: Final = "a long-term API key"
SHORT_TERM: Final = "a short-term API key"
SESSION_TOKEN: Final = "a session token"  # noqa: S105 - the name of a thing
SIGNATURE: Final = "the signature of a presigned URL"
METADATA_TOKEN: Final = "a metadata token"  # noqa: S105 - the name of a thing
BEARER: Final = "a bearer token"
PASSWORD: Final = "a name and its password"  # noqa: S105 - the name of a thing


@dataclass(frozen=True, slots=True)
class Shape:
    """Something that looks like a secret: what it is, and its value, which is never shown."""

    what: str
    value: str = field(repr=False)


# A key id (AKIA…, ASIA…) is none: it travels in every signed request, names whose secret it
# was, and opens nothing without that. Nor is the signature in an Authorization header, which
# fits one request for five minutes; that of a presigned URL opens it to anybody. Whether it
# has expired is not looked at: what was a leak yesterday is to be found today.


def shapes_in(data: bytes) -> Iterator[Shape]:
    """Yield what looks like a secret of AWS, by itself or by the name before it.

    Placeholders and canaries of this package (they hold FAKE) are passed over.
    """
    yield from _api_keys(data)
    if _METADATA_PREFIX in data:
        for found in _METADATA.finditer(data):
            yield Shape(METADATA_TOKEN, found[0].decode())
    lowered = data.lower()
    beside = frozenset(word for word in _BESIDE if word in lowered)
    last = -1
    for stem in _STEM.finditer(lowered):
        before = data[max(0, stem.start() - _FAR) : stem.start()]
        start = stem.start() - len(_ends_with_name(before))
        if start <= last:
            continue
        last = start
        whole = _NAME.match(data, start, start + 2 * _FAR)
        between = _BETWEEN.match(data, whole.end()) if whole else None
        if whole and between:
            yield from _named(whole[0].decode(), data, between.end(), beside)


def shape_of(name: str, data: bytes) -> Shape | None:
    """Tell whether the whole value of a field or header of this name looks like a secret."""
    if not names_a_secret(name):
        return None
    first, *others = (part.strip() for part in data.split(b","))
    # A proxy joins headers with commas; what else follows one belongs to what is before it.
    parts = [first, *(part for part in others if part.lower().startswith(_SCHEMES))]
    return next((one for part in parts for one in _named(name, part, 0, _UNSEEN)), None)


@lru_cache(maxsize=4096)
def names_a_secret(name: str) -> bool:
    """Whether a field of this name may hold a secret; most do not, and need no second look."""
    plain = _plain(name)
    return any(one.name.search(plain) for one in _FIELDS)


_SCHEMES: Final = (b"bearer", b"basic")
_STEM: Final = re.compile(b"secret|token|authorization|x-api-key|x-amz-signature")
_NAME: Final = re.compile(rb"[A-Za-z0-9_.-]+")
_FAR: Final = 48  # characters that a name goes on for, in either direction
_UNSEEN: Final = frozenset({b"accesskeyid", b""})  # what a field has beside it, is assumed
# From a name to its value: `": "`, `=`, `>` of XML, `', b'`, `", "value": "`, `:\n- `. A comma
# needs a quote before it: else it parts lists of names.
_BETWEEN: Final = re.compile(
    rb"""(?:[\\"'\])]+[ \t]*,[ \t]*(?!\n)|[\\"'\])]*\s*(?:=>|[:=>]))\s*"""
    rb"""(?:[\\"']*value[\\"']*\s*[:=]\s*)?(?:-\s+)?(?:[\\"'\[(]|[bru](?=[\\"']))*"""
)


def _ends_with_name(data: bytes) -> bytes:
    return data[len(data.rstrip(_OF_NAMES)) :]


_OF_NAMES: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"


@dataclass(frozen=True, slots=True)
class _Field:
    """What stands behind a name, and what must stand beside it to be taken for a secret."""

    what: str
    name: re.Pattern[str]  # of letters and digits alone, in lower case
    value: re.Pattern[bytes]
    beside: bytes = b""


def _field(what: str, name: str, value: bytes, beside: bytes = b"") -> _Field:
    return _Field(what, re.compile(name), re.compile(value), beside)


# The body of an answer that grants one has no name beside it.
_METADATA_PREFIX: Final = b"AQA"
_METADATA: Final = re.compile(
    rb"(?<![A-Za-z0-9+/_-])" + _METADATA_PREFIX + rb"[A-Za-z0-9_-]{51}==(?![A-Za-z0-9+/=_-])"
)

_FIELDS: Final = (
    _field(
        "a secret access key",
        "secretaccesskey$|secretkey$|awssecret$",
        rb"(?P<value>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=%_-])",
    ),
    _field(SESSION_TOKEN, "sessiontoken$|securitytoken$", rb"(?P<value>[A-Za-z0-9+/=%_-]{64,})"),
    _field(SESSION_TOKEN, "^token$", rb"(?P<value>[A-Za-z0-9+/=%_-]{64,})", b"accesskeyid"),
    _field(
        METADATA_TOKEN,
        "metadatatoken$|latestapitoken$",
        rb"(?P<value>[A-Za-z0-9+/=%_-]{16,})",
    ),
    _field(
        "a container authorization token",
        "authorizationtoken$",
        rb"(?P<value>[A-Za-z0-9+/=%_.~-]{16,})",
    ),
    _field(
        BEARER,
        "authorization$",
        rb"(?i:bearer(?:\s|%20|\+)+)(?P<value>[A-Za-z0-9+/=%_.~:-]{16,})",
    ),
    _field(
        PASSWORD,
        "authorization$",
        rb"(?i:basic(?:\s|%20|\+)+)(?P<value>[A-Za-z0-9+/]{14,})",
    ),
    _field(  # without a scheme, as container credentials have it; words have no digits
        "a container authorization token",
        "authorization$",
        rb"(?P<value>eyJ[A-Za-z0-9_.-]{16,}|(?![A-Za-z0-9]+-)(?=\S*[0-9])[A-Za-z0-9+/=_-]{20,})",
    ),
    _field(BEARER, "awsbearertoken[a-z]*$", rb"(?P<value>[A-Za-z0-9+/=%_.~-]{16,})"),
    _field("an API key", "xapikey$", rb"(?P<value>[A-Za-z0-9+/=%_.~-]{16,})"),
    _field(
        "a token of single sign-on",
        "ssobearertoken$|accesstoken$|refreshtoken$|idtoken$|webidentitytoken$|clientsecret$",
        rb"(?P<value>[A-Za-z0-9+/=%_.~-]{64,})",
    ),
    _field(
        SIGNATURE,
        "xamzsignature$",
        rb"(?P<value>[0-9a-f]{64})(?![0-9a-f])",
        b"x-amz-credential",
    ),
)


_BESIDE: Final = frozenset(one.beside for one in _FIELDS)


def _named(name: str, data: bytes, start: int, beside: frozenset[bytes]) -> Iterator[Shape]:
    plain = _plain(name)
    for one in _FIELDS:
        if one.name.search(plain) and one.beside in beside:
            found = one.value.match(data, start)
            if found and not _is_nobodys(found["value"].decode(), one, data, start):
                yield Shape(one.what, found["value"].decode())
                return


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))


def _is_nobodys(value: str, field: _Field, data: bytes, start: int) -> bool:
    """Whether it is a placeholder, a canary, or a signature made with one."""
    inner = _decoded(value.removeprefix(SHORT_TERM_PREFIX).removeprefix(LONG_TERM_PREFIX).encode())
    if is_placeholder(value) or FAKE.encode() in inner:
        return True
    if field.what == PASSWORD:
        password = inner.partition(b":")[2]  # a name holds no colon (RFC 7617)
        return is_placeholder((password or inner).decode("latin-1"))
    if field.what != SIGNATURE:
        return False
    signers = _CREDENTIAL.findall(data, max(0, start - _NEAR), start + _NEAR)
    return bool(signers) and all(is_placeholder(signer.decode()) for signer in signers)


_CREDENTIAL: Final = re.compile(
    rb"(?i:x-amz-credential)(?:%22|[\\\"'])*(?:=|%3[Dd]|\s*:\s*)[\\\"'\[]*([A-Za-z0-9]{8,})"
)
_NEAR: Final = 4096  # characters


def _api_keys(data: bytes) -> Iterator[Shape]:
    for _, rest in _behind(_SHORT_PREFIX, data):
        inner = _decoded(rest)
        if _SIGNED in inner or len(rest) >= _LONG_ENOUGH:
            yield from _in_earnest(SHORT_TERM, _SHORT_PREFIX + rest, inner)
    for start, rest in _behind(_LONG_PREFIX, data):
        inner = _decoded(rest)
        glued = _ends_with_name(data[max(0, start - 1) : start])
        if _names_a_user(inner) or (len(rest) >= _LONG_ENOUGH and not glued):
            yield from _in_earnest(LONG_TERM, _LONG_PREFIX + rest, inner)


def _behind(prefix: bytes, data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each place of a prefix, and the base64 behind it up to the next, where it is some."""
    start = data.find(prefix)
    while start >= 0:
        end = start + len(prefix)
        after = data.find(prefix, end)
        rest = _REST.match(data, end, after if after >= 0 else len(data))
        if rest:
            yield start, rest[0]
        start = after


def _in_earnest(what: str, value: bytes, inner: bytes) -> Iterator[Shape]:
    marks = (FAKE.encode(), b"EXAMPLE")
    if not any(mark in inner for mark in marks) and not is_placeholder(value.decode()):
        yield Shape(what, value.decode())


_SHORT_PREFIX: Final = SHORT_TERM_PREFIX.encode()
_LONG_PREFIX: Final = LONG_TERM_PREFIX.encode()
_REST: Final = re.compile(rb"[A-Za-z0-9+/_-]{32,8000}")
_SIGNED: Final = b"X-Amz-"
_LONG_ENOUGH: Final = 100  # characters: a real key has more, what chance writes has less
_HEAD: Final = 24  # octets


def _decoded(text: bytes) -> bytes:
    plain = text.rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
    try:
        return from_base64(plain)
    except ValueError:  # a `=` in the middle
        return b""


def _names_a_user(inner: bytes) -> bool:
    """Whether it begins as a long-term key does, with the name of a user and an account."""
    head = inner[:_HEAD]
    return head.isascii() and head.decode().isprintable() and b":" in inner
