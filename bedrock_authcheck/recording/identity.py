"""What makes two requests the same: the key that a recording is found by, and how two differ."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from bedrock_authcheck.recording.places import Place, canonical_uri, place_of
from bedrock_authcheck.wire.evidence import read_evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bedrock_authcheck.recording.cassette import Recording

VOLATILE_KEYS: Final = frozenset({"clientToken", "clientRequestToken"})
"""Keys of JSON bodies that SDKs fill with something new each time: tokens of idempotency."""

_ACCOUNT: Final = re.compile(r"(?P<before>\barn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:)[0-9]{12}(?=:)")
_NO_ACCOUNT: Final = r"\g<before>000000000000"
_SIGNATURE: Final = "x-amz-"


@dataclass(frozen=True, slots=True)
class Identity:
    """A request but for what may differ between two that are the same.

    `path` is percent-decoded once, account ids are equal, a JSON body is canonical, and its
    `volatile` keys are left out; of the query the parameters of SigV4 are.
    """

    method: str
    place: Place | None
    host: str
    path: str = field(repr=False)
    query: tuple[tuple[str, str], ...] = field(repr=False)
    target: str
    body: bytes = field(repr=False)

    @property
    def digest(self) -> bytes:
        """A key for all of it."""
        parts = (self.method, self.host, self.path, repr(self.query), self.target)
        head = "\0".join(parts).encode("utf-8", "surrogatepass")
        return hashlib.sha256(head + b"\0" + self.body).digest()

    @property
    def where(self) -> str:
        """Service and Region, or the host."""
        return str(self.place) if self.place else self.host


def identify(
    recording: Recording,
    *,
    loopback: Mapping[str, Place] | None = None,
    volatile: Iterable[str] = VOLATILE_KEYS,
    any_region: bool = False,
) -> Identity:
    """Find what makes a request itself; `loopback` are addresses that stand for a service.

    With `any_region` a service is the same in all: who calls a loopback address names none.
    """
    place, host, path, query = _located(placed_uri(recording, loopback), any_region)
    return Identity(
        method=recording.method.upper(),
        place=place,
        host=host,
        path=path,
        query=query,
        target=recording.header("X-Amz-Target") or "",
        body=_canonical_body(recording.body, frozenset(volatile)),
    )


def placed_uri(recording: Recording, loopback: Mapping[str, Place] | None = None) -> str:
    """Write a request's URI as that of its service, in the Region that it is signed for.

    A loopback address names no Region: a bearer request keeps the one that `loopback` says.
    """
    netloc = urlsplit(recording.uri).netloc.rpartition("@")[2].lower()
    place = (loopback or {}).get(netloc)
    if place is None:
        return canonical_uri(recording.uri, loopback)
    scope = read_evidence(recording.exchange()).scope
    region = scope.region if scope is not None and scope.region else place.region
    return canonical_uri(recording.uri, {netloc: Place(place.service, region)})


class _Located(NamedTuple):
    place: Place | None
    host: str
    path: str
    query: tuple[tuple[str, str], ...]


@lru_cache(maxsize=1024)  # the requests of a cassette go to a few URIs
def _located(uri: str, any_region: bool) -> _Located:
    parts = urlsplit(uri)
    place = place_of(parts.netloc)
    if place is not None and any_region:
        place = Place(place.service)
    query = (
        (name, _one_account(value))
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if not name.lower().startswith(_SIGNATURE)
    )
    return _Located(
        place,
        place.host if place else parts.netloc.lower(),
        _one_account(unquote(parts.path or "/")),
        tuple(sorted(query)),
    )


def differences(recorded: Identity, sent: Identity) -> list[tuple[str, str, str]]:
    """Name what differs between two requests, as (what, recorded, sent)."""
    found = [
        (what, str(before), str(now))
        for what, before, now in (
            ("method", recorded.method, sent.method),
            ("service or Region", recorded.where, sent.where),
            ("path", recorded.path, sent.path),
            ("query", _written(recorded.query), _written(sent.query)),
            ("X-Amz-Target", recorded.target, sent.target),
        )
        if before != now
    ]
    if recorded.body != sent.body:
        found.append(_body_difference(recorded.body, sent.body))
    return found


def _one_account(text: str) -> str:
    return _ACCOUNT.sub(_NO_ACCOUNT, text) if "arn:aws" in text else text


def _canonical_body(body: bytes, volatile: frozenset[str]) -> bytes:
    """Write JSON with sorted keys; what is no JSON stays as it is."""
    value = _parsed(body)
    if not isinstance(value, dict | list):
        return body
    text = json.dumps(_without(value, volatile), sort_keys=True, separators=(",", ":"))
    return _one_account(text).encode()


def _parsed(body: bytes) -> Any:  # noqa: ANN401 - JSON
    if body[:1] not in {b"{", b"["}:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _without(value: Any, volatile: frozenset[str]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {k: _without(v, volatile) for k, v in value.items() if k not in volatile}
    if isinstance(value, list):
        return [_without(part, volatile) for part in value]
    return value


def _written(query: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{name}={value}" for name, value in query) or "none"


def _body_difference(recorded: bytes, sent: bytes) -> tuple[str, str, str]:
    before, now = _parsed(recorded), _parsed(sent)
    if before is None or now is None:
        return "body", f"{len(recorded)} bytes", f"{len(sent)} other bytes"
    path, old, new = _first_difference(before, now, "")
    return f"body{path and f' at {path}'}", _shown(old), _shown(new)


_MISSING: Final = object()


def _first_difference(before: Any, now: Any, path: str) -> tuple[str, Any, Any]:  # noqa: ANN401 - JSON
    """Find the first place where two JSON values that differ do so: `messages[0].content`."""
    pairs: list[tuple[str, Any, Any]] = []
    if isinstance(before, dict) and isinstance(now, dict):
        keys = sorted({*before, *now})
        pairs = [(f".{k}", before.get(k, _MISSING), now.get(k, _MISSING)) for k in keys]
    elif isinstance(before, list) and isinstance(now, list):
        padded = max(len(before), len(now))
        olds = [*before, *[_MISSING] * (padded - len(before))]
        news = [*now, *[_MISSING] * (padded - len(now))]
        pairs = [(f"[{n}]", old, new) for n, (old, new) in enumerate(zip(olds, news, strict=True))]
    for step, old, new in pairs:
        if old is _MISSING or new is _MISSING or old != new:
            return _first_difference(old, new, path + step)
    return path.removeprefix("."), before, now


_SHOWN: Final = 60


def _shown(value: Any) -> str:  # noqa: ANN401 - JSON
    if value is _MISSING:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
