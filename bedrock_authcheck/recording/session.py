"""A cassette in use: replayed with nothing sent, or recorded, scrubbed, scanned and written."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from bedrock_authcheck import __version__
from bedrock_authcheck.recording.cassette import Cassette, CassetteError, Origin, Provenance
from bedrock_authcheck.recording.credential_services import harvest, is_credential_traffic
from bedrock_authcheck.recording.files import digest_of, write_whole
from bedrock_authcheck.recording.identity import VOLATILE_KEYS, placed_uri
from bedrock_authcheck.recording.in_play import InPlay
from bedrock_authcheck.recording.index import Index
from bedrock_authcheck.recording.misses import RECORD, miss_text
from bedrock_authcheck.recording.places import is_loopback, place_of
from bedrock_authcheck.recording.reached import hosts_unrecorded, observed_connections, origin_of
from bedrock_authcheck.recording.reading import read_cassette
from bedrock_authcheck.recording.scan import leaks_in
from bedrock_authcheck.recording.scrub import Filters, Scrubber
from bedrock_authcheck.recording.signers import add_travelling, observed_signers
from bedrock_authcheck.recording.tape import Deck, inserted
from bedrock_authcheck.recording.writing import write_cassette

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from bedrock_authcheck.recording.cassette import Recording
    from bedrock_authcheck.recording.places import Place
    from bedrock_authcheck.recording.reached import Connections
    from bedrock_authcheck.recording.scan import Leak


_AWS_HOST: Final = re.compile(r"(?:^|\.)(?:amazonaws\.com(?:\.cn)?|api\.aws|amazonaws\.eu)$")
_REPLACED_TRUST: Final = frozenset(
    {"AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"}
)
"""Variables that make a client trust authorities of somebody's own, a stand-in's for one."""


class LeakError(CassetteError):
    """A cassette that would have held a secret: it was not written."""

    def __init__(self, path: Path, leaks: Collection[Leak]) -> None:
        """Say where each leak is, never what it is."""
        lines = [f"{path} was not written, for it would hold what may be a secret:"]
        lines += [f"  {leak}" for leak in leaks]
        lines.append("  to do     add a filter for the place (fixture bedrock_cassette_filters)")
        super().__init__("\n".join(lines))


@dataclass(frozen=True, slots=True)
class Settings:
    """How a cassette is used, whether it is replayed or recorded.

    `loopback` are addresses that stand for services; `environ` names the credential services
    of this machine; `volatile` are JSON keys that matching ignores; `filters` are the user's.
    `record` is the command that records the cassette, for advice.
    """

    loopback: Mapping[str, Place] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    volatile: Collection[str] = VOLATILE_KEYS
    filters: Filters = field(default_factory=Filters)
    record: str = RECORD


@contextmanager
def replaying(path: Path, settings: Settings) -> Iterator[Deck]:
    """Answer requests from a cassette; none is sent, but to credential services on loopback.

    Yields the deck, whose `index` tells what was played. CassetteError for a cassette that cannot
    be read, FileNotFoundError where there is none.
    """
    index = index_of(read_cassette(path), settings)
    of_loopback = any(is_loopback(urlsplit(r.uri).netloc) for r in index.recordings)

    def passes(request: Recording) -> bool:
        netloc = urlsplit(request.uri).netloc
        if not is_loopback(netloc) or netloc in settings.loopback:
            return False
        # A server of the test's own, or the metadata service of a simulated machine.
        return not of_loopback or _is_credential(request, settings)

    def tell(request: Recording) -> str:
        text = miss_text(request, index, str(path), settings.loopback, settings.record)
        return f"{text}{_NEVER_RECORDED if _is_credential(request, settings) else ''}"

    deck = Deck(index, passes=passes, tell_miss=tell)
    with inserted(deck, path):
        yield deck


_NEVER_RECORDED: Final = """
  note      traffic of services that hand out credentials (STS, SSO, metadata) is never recorded:
            give the test its own (bedrock_credentials), and stub what it asks them for"""


def _is_credential(request: Recording, settings: Settings) -> bool:
    return is_credential_traffic(
        request.method,
        request.uri,
        settings.environ,
        headers=request.headers,
        body=request.body,
    )


def index_of(cassette: Cassette, settings: Settings, *, any_region: bool = False) -> Index:
    """Index a cassette; what was scrubbed from it is scrubbed from a request that has no match."""

    @cache
    def scrubber() -> Scrubber:
        in_play = InPlay.of_machine(settings.environ, Path.home())
        return Scrubber(in_play, settings.loopback, settings.filters)

    return Index(
        cassette,
        loopback=settings.loopback,
        volatile=settings.volatile,
        any_region=any_region,
        normalise=lambda request: scrubber().scrub(request) or request,
        normalises=cassette.provenance is not None,
    )


class Recorder:
    """What is recorded for one cassette; `write` when the block of `recording` has ended.

    `adds` keeps what the cassette holds and records what is missing; else it is made anew.
    """

    def __init__(self, path: Path, settings: Settings, in_play: InPlay, *, adds: bool) -> None:
        """Read what is there; CassetteError where that cannot be read, or not be added to."""
        self.path = path
        self.deck: Deck
        if path.suffix == ".gz":
            raise CassetteError(f"{path} is compressed: it is replayed, and recorded without .gz")
        self._settings = settings
        self.in_play = in_play
        self._connections: Connections | None = None
        self._expected = digest_of(path)
        self._before = read_cassette(path) if self._expected is not None else None
        self._kept = self._before if adds else None
        if self._kept is not None and self._kept.provenance is None:
            raise CassetteError(
                f"{path} is of another recorder: nothing is added to it; record it anew (mode all)"
            )
        index = None
        if self._kept is not None:
            index = index_of(self._kept, settings)
        self.deck = Deck(
            index,
            records=True,
            passes=lambda request: _is_credential(request, settings),
            on_passed=self._harvest,
        )

    def _harvest(self, passed: Recording) -> None:
        harvest(
            passed.uri,
            passed.headers,
            passed.answer_body,
            self.in_play,
            self._settings.environ,
            request_body=passed.body,
        )

    @contextmanager
    def running(self) -> Iterator[Recorder]:
        """Record what is sent; nothing is written yet."""
        with (
            observed_connections() as connections,
            observed_signers(self.in_play),
            inserted(self.deck, self.path),
        ):
            self._connections = connections
            yield self

    def write(self) -> Cassette:
        """Scrub, scan and write what was recorded, whole; return what the file holds then.

        CassetteError where nothing was recorded, a request went round the recorder, or what was
        there is of another origin; LeakError where a secret is left. No file is touched then.
        """
        for recording in self.deck.made:
            add_travelling(recording, self.in_play)
        scrubber = Scrubber(self.in_play, self._settings.loopback, self._settings.filters)
        loopback = self._settings.loopback
        made = tuple(replace(r, uri=placed_uri(r, loopback)) for r in self.deck.made)
        for _ in range(2):  # an early one may hold an account id that only a later one names
            made = tuple(s for s in map(scrubber.scrub, made) if s is not None)
        kept = self._kept.recordings if self._kept else ()
        if not made and not kept:
            raise CassetteError(f"{self.path} was not written: no request was seen to record")
        self._demand_all_recorded()
        if not made and self._kept is not None:
            return self._kept
        cassette = Cassette((*kept, *made), self._provenance(made))
        if self._before is not None and _same(self._before, cassette):
            return self._before  # the same but for when it was recorded: no diff for nothing
        text = write_cassette(cassette)
        leaks = leaks_in(text.encode(), self.in_play.secrets())
        if leaks:
            raise LeakError(self.path, leaks)
        write_whole(self.path, text, self._expected)
        return cassette

    def _demand_all_recorded(self) -> None:
        if self._connections is None:
            return
        seen = [
            host
            for host in hosts_unrecorded(
                self._connections,
                (r.uri for r in self.deck.made),
                self._settings.environ,
                watched=self._settings.loopback,
            )
            # A database or a log collector is no request that this cassette lacks.
            if host in self._settings.loopback or _AWS_HOST.search(host.partition(":")[0])
        ]
        if seen:
            raise CassetteError(
                f"{self.path} was not written: {', '.join(sorted(seen))} was reached by requests "
                "that went round the recorder (a library that vcrpy does not patch, or a client "
                "with connections that were open before)"
            )

    def _provenance(self, made: tuple[Recording, ...]) -> Provenance:
        origin = self._origin()
        was = self._before.provenance if self._before and not self._kept else None
        if was is not None and was.origin is Origin.AWS and origin is not Origin.AWS:
            raise CassetteError(
                f"{self.path} was recorded from {was.origin} and is not replaced by a recording of "
                f"{origin}: delete it first, if that is meant"
            )
        before = self._kept.provenance if self._kept else None
        if before is not None and before.origin is not origin:
            raise CassetteError(
                f"{self.path} was recorded from {before.origin}, and nothing from {origin} is "
                "added to it: record it anew (mode all)"
            )
        regions = {p.region for r in made if (p := place_of(urlsplit(r.uri).netloc)) and p.region}
        return Provenance(
            recorded_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            origin=origin,
            regions=tuple(sorted(regions.union(before.regions if before else ()))),
            clients={**(before.clients if before else {}), **_clients(self.deck.made)},
            tool=__version__,
        )

    def _origin(self) -> Origin:
        if self._connections is None:
            raise RuntimeError("nothing was recorded: `running` comes before `write`")
        made = self.deck.made
        servers = [v for r in made for k, v in r.answer_headers if k.lower() == "server"]
        uris = (recording.uri for recording in made)
        origin = origin_of(uris, self._connections, self._settings.loopback, servers)
        if origin is Origin.AWS and (
            _REPLACED_TRUST & self._settings.environ.keys()
            or self._may_be_proxied(self._connections)
        ):
            return Origin.OTHER
        return origin

    def _may_be_proxied(self, connections: Connections) -> bool:
        """Whether something near was connected to that could have answered in AWS's name."""
        return any(
            peer.reached is not None
            and not peer.elsewhere
            and not is_credential_traffic(
                "GET", f"http://{peer.reached}:{peer.port}/", self._settings.environ
            )
            for peer in connections.peers
        )


def _same(before: Cassette, now: Cassette) -> bool:
    if before.provenance is None or now.provenance is None:
        return False
    facts = [(p.origin, p.regions, p.clients) for p in (before.provenance, now.provenance)]
    return before.recordings == now.recordings and facts[0] == facts[1]


_PRODUCT: Final = re.compile(r"^(?P<name>[A-Za-z][\w.-]*)/(?P<version>\d[\w.]*)")
_BOTOCORE: Final = re.compile(r"\bmd/Botocore#(?P<version>\d[\w.]*)")


def _clients(made: list[Recording]) -> dict[str, str]:
    """Find the clients in what they say of themselves, before it is scrubbed."""
    found: dict[str, str] = {}
    for recording in made:
        agent = recording.header("User-Agent") or ""
        if product := _PRODUCT.match(agent):
            found[product["name"]] = product["version"]
        if botocore := _BOTOCORE.search(agent):
            found["Botocore"] = botocore["version"]
    return dict(sorted(found.items()))
