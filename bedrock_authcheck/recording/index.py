"""Recordings found by what they are: one look-up, however many there are."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.model import AuthScheme
from bedrock_authcheck.recording.identity import VOLATILE_KEYS, Identity, differences, identify
from bedrock_authcheck.recording.scheme import recorded_scheme
from bedrock_authcheck.wire.evidence import read_evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from bedrock_authcheck.recording.cassette import Cassette, Recording
    from bedrock_authcheck.recording.places import Place


_NO_SCHEME: Final = AuthScheme.UNSIGNED  # of no request at all: never looked up


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which the nearest recording differs from a request that has none."""

    what: str
    recorded: str
    sent: str


class Index:
    """The recordings of a cassette, each to be played once, in the order of the cassette.

    A request is answered by a recording of the same identity and auth scheme, or by one whose
    recorder left nothing that tells its scheme. May be used by many threads.
    """

    def __init__(
        self,
        cassette: Cassette,
        *,
        loopback: Mapping[str, Place] | None = None,
        volatile: Collection[str] = VOLATILE_KEYS,
        any_region: bool = False,
        normalise: Callable[[Recording], Recording] | None = None,
        normalises: bool = True,
    ) -> None:
        """Index a cassette; the rest is as `identify` takes it.

        `normalise` writes a request as it would stand in a cassette: it is shown so, and where
        `normalises` looked for once more, if it has no recording as it was sent.
        """
        self._normalise = normalise
        self._normalises = normalises and normalise is not None
        self._normal: tuple[Recording | None, Recording | None] = None, None
        self._identify = partial(
            identify, loopback=loopback, volatile=volatile, any_region=any_region
        )
        self._lock = threading.Lock()
        self.recordings = list(cassette.recordings)
        ours = cassette.provenance is not None
        self.schemes = [recorded_scheme(recording, ours=ours) for recording in self.recordings]
        self._identities = [self._identify(recording) for recording in self.recordings]
        self._waiting: defaultdict[tuple[bytes, AuthScheme | None], list[int]] = defaultdict(list)
        for number in reversed(range(len(self.recordings))):  # played from the end of each list
            key = self._identities[number].digest, self.schemes[number]
            self._waiting[key].append(number)
        self.plays: Counter[int] = Counter()
        self._last: tuple[Recording | None, tuple[bytes, AuthScheme]] = None, (b"", _NO_SCHEME)

    def _key(self, request: Recording) -> tuple[bytes, AuthScheme]:
        """Identify a request; vcrpy asks for the same one twice, and canonical JSON costs."""
        known, key = self._last
        if known is not request and known != request:
            scheme = read_evidence(request.exchange()).scheme
            key = self._identify(request).digest, scheme
            self._last = request, key  # one assignment: threads may overwrite, never tear it
        return key

    def _forms(self, request: Recording) -> Iterator[Recording]:
        """Yield a request as it was sent, and as a cassette would have it."""
        yield request
        if self._normalises:
            yield self._as_recorded(request)

    def _as_recorded(self, request: Recording) -> Recording:
        """Normalise a request, once: it is asked about up to three times."""
        if self._normalise is None:
            return request
        known, normal = self._normal
        if normal is None or known != request:
            normal = self._normalise(request)
            self._normal = request, normal
        return normal

    def find(self, request: Recording) -> int | None:
        """Find the number of the recording that would answer; None where there is none left."""
        for key in map(self._key, self._forms(request)):
            with self._lock:
                number = self._first(*key)
            if number is not None:
                return number
        return None

    def play(self, request: Recording) -> Recording | None:
        """Take the recording that answers, which will not be played again; None without one."""
        for digest, scheme in map(self._key, self._forms(request)):
            with self._lock:
                number = self._first(digest, scheme)
                if number is not None:
                    self._waiting[digest, self.schemes[number]].pop()
                    self.plays[number] += 1
                    return self.recordings[number]
        return None

    def _first(self, digest: bytes, scheme: AuthScheme) -> int | None:
        # An undecided recording may stand before a decided one: the order of the cassette counts.
        numbers = [
            waiting[-1] for key in (scheme, None) if (waiting := self._waiting.get((digest, key)))
        ]
        return min(numbers, default=None)

    @property
    def unplayed(self) -> list[int]:
        """The numbers of the recordings that nothing asked for."""
        return [number for number in range(len(self.recordings)) if not self.plays[number]]

    def nearest(self, request: Recording) -> tuple[int, list[Difference]] | None:
        """Find the recording nearest to a request that has none, and what differs.

        Of those that differ least the first that was not played; without any difference it has
        been played already. None in an empty cassette.
        """
        # Both sides are scrubbed: what differs is shown, and may be a secret.
        request = self._as_recorded(request)
        sent, scheme = self._identify(request), read_evidence(request.exchange()).scheme
        ranked = [
            (
                _distance(self._differences(number, identity, sent, scheme)),
                self.plays[number],
                number,
            )
            for number, identity in enumerate(self._identities)
        ]
        if not ranked:
            return None
        *_, number = min(ranked)
        recorded = self._identities[number]
        if not self._normalises and self._normalise is not None:
            recorded = self._identify(self._normalise(self.recordings[number]))
        return number, self._differences(number, recorded, sent, scheme)

    def _differences(
        self, number: int, recorded: Identity, sent: Identity, scheme: AuthScheme
    ) -> list[Difference]:
        found = [Difference(*difference) for difference in differences(recorded, sent)]
        if self.schemes[number] not in (None, scheme):
            found.append(Difference("auth scheme", str(self.schemes[number]), str(scheme)))
        return found


_WEIGHTS = {"method": 4, "service or Region": 3, "path": 3, "X-Amz-Target": 3}


def _distance(found: list[Difference]) -> int:
    """Weigh differences: another operation is farther than another body or scheme."""
    return sum(_WEIGHTS.get(difference.what, 1) for difference in found)
