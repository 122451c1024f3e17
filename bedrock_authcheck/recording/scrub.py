"""Scrubbing: secrets go, evidence stays, two recordings of the same thing are the same bytes."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.recording.accounts import accounts_in
from bedrock_authcheck.recording.cassette import CassetteError, Recording
from bedrock_authcheck.recording.cleaning import Cleaner
from bedrock_authcheck.recording.scrub_authorization import AuthorizationScrubber
from bedrock_authcheck.recording.scrub_body import BodyKind, BodyScrubber, inflate
from bedrock_authcheck.recording.scrub_headers import HeaderScrubber
from bedrock_authcheck.recording.scrub_uri import UriScrubber
from bedrock_authcheck.wire.evidence import read_evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from bedrock_authcheck.recording.cassette import Headers
    from bedrock_authcheck.recording.in_play import InPlay
    from bedrock_authcheck.recording.places import Place

_REFUSED: Final = 400  # statuses from here on are errors
_FORM: Final = "application/x-www-form-urlencoded"
_NOWHERE: Final[Mapping[str, Place]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Filters:
    """What a user wants out of recordings besides what is scrubbed anyway; nothing replaces that.

    Names are compared in any case. The values of `headers` (of requests and answers), of query
    `parameters`, and of `json_keys` at any depth become `<filtered>`, numbers 0. A header that
    says how a request was authenticated keeps its scrubbed form. `before_record` is given each
    recording as it was scrubbed; it returns it, changed or not, or None to leave it out. What it
    returns is scrubbed again.
    """

    headers: Collection[str] = ()
    parameters: Collection[str] = ()
    json_keys: Collection[str] = ()
    before_record: Callable[[Recording], Recording | None] | None = None


_NO_FILTERS: Final = Filters()


class Scrubber:
    """Scrubs recordings by the credentials in play, which may grow meanwhile; by any thread.

    `loopback` are addresses that stand for a service. Account ids that a recording names are added
    to those in play: scrubbing is idempotent, so that scrubbing all recordings once more at the
    end finds an account that an early one holds by itself and a later one names.
    """

    def __init__(
        self,
        in_play: InPlay,
        loopback: Mapping[str, Place] = _NOWHERE,
        filters: Filters = _NO_FILTERS,
    ) -> None:
        """Take what is in play, what stands for a service, and what to filter besides."""
        self._in_play = in_play
        self._loopback = loopback
        self._filters = filters

    def scrub(self, recording: Recording) -> Recording | None:
        """Return a recording without secrets, its evidence kept; None where a filter leaves it out.

        CassetteError where `before_record` returns something else than a recording.
        """
        scrubbed = self._scrubbed(recording)
        if self._filters.before_record is None:
            return scrubbed
        chosen: object = self._filters.before_record(scrubbed)
        if chosen is None:
            return None
        if not isinstance(chosen, Recording):
            raise CassetteError(
                f"the filter before_record returned a value of type {type(chosen).__name__}: "
                "return the recording, or None to leave it out"
            )
        again = self._scrubbed(chosen)
        before, after = (read_evidence(r.exchange()).scheme for r in (scrubbed, again))
        if before is not after:
            raise CassetteError(
                f"the filter before_record made a request {after} that was {before}: let it keep "
                "Authorization and the headers of its signature, which hold no secret by then"
            )
        return again

    def _scrubbed(self, recording: Recording) -> Recording:
        for account in _accounts(recording):
            self._in_play.add_account(account)
        cleaner = Cleaner(self._in_play)
        signs = AuthorizationScrubber(self._in_play, cleaner.text)
        uris = UriScrubber(signs, cleaner, self._loopback, _lowered(self._filters.parameters))
        headers = HeaderScrubber(signs, cleaner, uris, _lowered(self._filters.headers))
        bodies = BodyScrubber(cleaner, signs.secret, _lowered(self._filters.json_keys))

        asked = _scrubbed_body(bodies, uris, recording.headers, recording.body, BodyKind())
        kind = BodyKind(answer=True, refusal=recording.status >= _REFUSED)
        plain_headers, plain_body = _inflated(recording.answer_headers, recording.answer_body)
        answered = _scrubbed_body(bodies, uris, plain_headers, plain_body, kind)
        return Recording(
            method=cleaner.text(recording.method),
            uri=uris.uri(recording.uri),
            headers=headers.headers(recording.headers, before=recording.body, after=asked),
            body=asked,
            status=recording.status,
            reason=cleaner.text(recording.reason),
            answer_headers=headers.headers(plain_headers, before=plain_body, after=answered),
            answer_body=answered,
        )


def _lowered(names: Collection[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


def _accounts(recording: Recording) -> set[str]:
    """Find the account ids that a recording names as such."""
    found = accounts_in(recording.uri)
    for body in (recording.body, recording.answer_body):
        found |= accounts_in((inflate(body) or body).decode("latin-1"))
    return found


def _scrubbed_body(
    bodies: BodyScrubber, uris: UriScrubber, headers: Headers, body: bytes, kind: BodyKind
) -> bytes:
    if _value(headers, "content-type").lower().startswith(_FORM):
        # Latin-1 gives each byte back; a form holds no others than ASCII.
        return uris.query(body.decode("latin-1")).encode("latin-1", "backslashreplace")
    return bodies.body(body, kind)


def _inflated(headers: Headers, body: bytes) -> tuple[Headers, bytes]:
    """Take the compression off an answer: how it came out differs by level, time and library."""
    if _value(headers, "content-encoding").strip().lower() not in {"gzip", "x-gzip"}:
        return headers, body
    plain = inflate(body) if body else None
    if plain is None:
        return headers, body
    length = str(len(body))
    kept = ((name, value) for name, value in headers if name.lower() != "content-encoding")
    return tuple(
        (name, str(len(plain)))
        if name.lower() == "content-length" and value.strip() == length
        else (name, value)
        for name, value in kept
    ), plain


def _value(headers: Headers, name: str) -> str:
    return next((value for key, value in headers if key.lower() == name), "")
