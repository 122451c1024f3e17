"""The seam to vcrpy: its patches of HTTP libraries, with a cassette of ours behind them.

vcrpy's stubs ask a cassette six things (`can_play_response_for`, `play_response`, `append`,
`write_protected`, `filter_request`, `find_requests_with_most_matches`); all are answered here.
They are internal to vcrpy: the tests hold them on the lowest and the newest release.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from vcr.cassette import Cassette as VcrCassette
from vcr.record_mode import RecordMode

from bedrock_authcheck.recording.cassette import Recording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from vcr.request import Request

    from bedrock_authcheck.recording.index import Index


class Miss(BaseException):
    """A request that no recording answers.

    Not an Exception: botocore makes those an HTTPClientError and retries them, and others swallow
    them. The deck keeps it too, for a thread may lose it.
    """


class Deck:
    """What is recorded and replayed behind vcrpy's patches, by any thread.

    `index` are the recordings to play; None plays nothing. With `records` a request that none
    answers is sent, and kept in `made`; without it is a Miss. Requests that `passes` are sent
    and never kept; `on_passed` is shown them with their answers.
    """

    def __init__(
        self,
        index: Index | None,
        *,
        records: bool = False,
        passes: Callable[[Recording], bool] = lambda _: False,
        on_passed: Callable[[Recording], None] = lambda _: None,
        tell_miss: Callable[[Recording], str] = lambda request: f"{request.method}: no recording",
    ) -> None:
        """Begin with nothing made, passed or missed."""
        self.index = index
        self.records = records
        self.passes = passes
        self.on_passed = on_passed
        self.made: list[Recording] = []
        self.misses: list[str] = []
        self._tell_miss = tell_miss
        self._lock = threading.Lock()

    def answers(self, request: Recording) -> bool:
        """Whether a recording waits for a request."""
        return (
            self.index is not None
            and not self.passes(request)
            and self.index.find(request) is not None
        )

    def may_be_sent(self, request: Recording) -> bool:
        """Whether a request that no recording answers goes out and is kept; Miss where it may not.

        False for what is passed on while nothing is recorded.
        """
        if not self.records and not self.passes(request):
            self.miss(request)
        return self.records

    def play(self, request: Recording) -> Recording:
        """Take the recording that answers; Miss where another thread has taken the last."""
        found = self.index.play(request) if self.index is not None else None
        if found is None:
            self.miss(request)
        return found

    def keep(self, recording: Recording) -> None:
        """Keep what was sent and answered, or show it where it is passed on."""
        if self.passes(recording):
            self.on_passed(recording)
            return
        with self._lock:
            self.made.append(recording)

    def miss(self, request: Recording) -> NoReturn:
        """Note a request that nothing answers, and raise."""
        text = self._tell_miss(request)
        with self._lock:
            self.misses.append(text)
        raise Miss(text)


@contextmanager
def inserted(deck: Deck, path: Path) -> Iterator[None]:
    """Patch the HTTP libraries of this process, whichever are imported, with a deck behind.

    The patches are gone when the block ends, whatever it raises; nothing is written.
    """
    with _Tape.use(path=str(path), deck=deck):
        yield


class _Tape(VcrCassette):  # type: ignore[misc] # vcrpy has no types
    """vcrpy's cassette without its list, its search and its file."""

    def __init__(self, path: str, deck: Deck) -> None:
        super().__init__(path, record_mode=RecordMode.NEW_EPISODES)
        self._deck = deck

    def _load(self) -> None:
        """Nothing: the deck was loaded before any patch was in place."""

    def _save(self, force: bool = False) -> None:
        """Nothing: what was made is written when the patches are gone."""

    @property
    def write_protected(self) -> bool:
        """Ask `filter_request` before anything is sent."""
        return not self._deck.records

    def can_play_response_for(self, request: Request) -> bool:
        """Look, and raise nothing: it is asked about former requests of a connection as well."""
        return self._deck.answers(_recording_of(request))

    def play_response(self, request: Request) -> dict[str, Any]:
        return _answer(self._deck.play(_recording_of(request)))

    def append(self, request: Request, response: dict[str, Any]) -> None:
        self._deck.keep(_answered(_recording_of(request), response))

    def filter_request(self, request: Request) -> Request | None:
        """Say whether a request that is about to be sent is kept: the place to refuse it."""
        return request if self._deck.may_be_sent(_recording_of(request)) else None

    def find_requests_with_most_matches(self, request: Request) -> list[tuple[Request]]:
        """Return the request itself: aiohttp's redirects are followed by asking for it."""
        return [(request,)]


def _recording_of(request: Request) -> Recording:
    return Recording(
        method=_text(request.method),
        uri=_text(request.uri),
        headers=tuple((_text(name), _text(value)) for name, value in request.headers.items()),
        body=_body(request),
    )


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _body(request: Request) -> bytes:
    body = request.body
    if body is None:
        return b""
    if hasattr(body, "read"):
        body = body.read()  # vcrpy hands out a fresh one each time
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body)
    return b"".join(part.encode() if isinstance(part, str) else bytes(part) for part in body)


def _answered(request: Recording, response: dict[str, Any]) -> Recording:
    status = response["status"]
    body = (response.get("body") or {}).get("string") or b""
    headers = response.get("headers") or {}
    answered = [
        (_text(name), _text(value))
        for name, values in headers.items()
        for value in ([values] if isinstance(values, str | bytes) else values)
    ]
    return Recording(
        request.method,
        request.uri,
        request.headers,
        request.body,
        status=int(status["code"]),
        reason=str(status["message"] or ""),
        # vcrpy hands them over in an order that changes from one process to the next.
        answer_headers=tuple(sorted(answered, key=lambda header: header[0].lower())),
        answer_body=body.encode() if isinstance(body, str) else bytes(body),
    )


def _answer(recording: Recording) -> dict[str, Any]:
    """Write an answer as vcrpy's stubs want it; they change it, so it is a new one each time."""
    headers: dict[str, list[str]] = {}
    for name, value in recording.answer_headers:
        # Recorders that parse bodies write them with another length than they had.
        resized = bool(recording.answer_body) and name.lower() == "content-length"
        length = str(len(recording.answer_body))
        headers.setdefault(name, []).append(length if resized else value)
    return {
        "status": {"code": recording.status, "message": recording.reason},
        "headers": headers,
        "body": {"string": recording.answer_body},
    }
