"""The fixture `bedrock_cassette`: a test's Bedrock traffic, replayed offline or recorded.

Light to import, for every pytest run loads this file.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.fixtures import ENDPOINT, cassette_settings
from bedrock_authcheck.recording_options import (
    MARKER,
    RECORD_MODES,
    REPLAY,
    cassette_path,
    marker_fault,
    missing_cassette,
    record_mode,
    recording_of,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from _pytest.terminal import TerminalReporter

    from bedrock_authcheck.fixtures import Machine
    from bedrock_authcheck.recording.cassette import Recording
    from bedrock_authcheck.recording.index import Index
    from bedrock_authcheck.recording.session import Recorder, Settings
    from bedrock_authcheck.recording.tape import Deck


class BedrockCassette:
    """The cassette of one test."""

    def __init__(self, path: Path, mode: str, deck: Deck, record: str) -> None:
        """Made by the fixture `bedrock_cassette`; `record` is the command that records it."""
        self.path = path
        self.mode = mode
        self._deck = deck
        self._record = record
        self._told = False

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """The recordings that there are to play, in their order."""
        return tuple(self._deck.index.recordings) if self._deck.index else ()

    @property
    def played(self) -> int:
        """How many requests were answered by a recording so far."""
        return self._deck.index.plays.total() if self._deck.index else 0

    def faults(self, refused: list[str], *, unplayed: bool) -> str | None:
        """Say what did not go as recorded; None where all did, or where it was said before.

        `refused` are hosts that a connection was refused to; `unplayed` asks for recordings
        that nothing asked for.
        """
        from bedrock_authcheck.recording.misses import unplayed_text  # noqa: PLC0415 - on use

        texts = list(dict.fromkeys(self._deck.misses))
        if refused:
            hosts = ", ".join(dict.fromkeys(refused))
            texts.append(
                f"a request went round the recorder: a connection to {hosts} was attempted and "
                "refused (no host is reachable while a cassette is replayed)"
            )
        index = self._deck.index
        if not texts and unplayed and index is not None and index.unplayed:
            texts.append(unplayed_text(index, str(self.path), self._record))
        if self._told or not texts:
            return None
        self._told = True
        return "\n".join(texts)


_USE: pytest.StashKey[tuple[BedrockCassette, list[str]]] = pytest.StashKey()
_PASSED: pytest.StashKey[bool] = pytest.StashKey()
_RECORDER: pytest.StashKey[Recorder] = pytest.StashKey()
_WRITTEN: pytest.StashKey[tuple[Path, int]] = pytest.StashKey()
_DATA = "bedrock_authcheck_written"  # the attribute of a report that carries it to a controller
_OF_OTHERS = ("bedrock_authcheck.", "_pytest.", "pytest_", "anyio.")
"""Modules whose fixtures send nothing to Amazon Bedrock when they end."""


@pytest.fixture
def bedrock_cassette(
    request: pytest.FixtureRequest,
) -> Iterator[BedrockCassette]:
    """Replay the test's Bedrock traffic from its cassette; with `--record`, make it."""
    marker = request.node.get_closest_marker(MARKER)
    fault = marker_fault(marker) if marker else None
    if fault is not None:
        pytest.fail(f"@pytest.mark.{MARKER}: {fault}", pytrace=False)
    path = cassette_path(request.node)
    mode = record_mode(request.config, marker)
    if mode == RECORD_MODES[0] and path.exists():
        mode = REPLAY
    if mode == REPLAY:
        yield from _replayed(request, path)
    else:
        yield from _recorded(request, path, mode)


def _settings(request: pytest.FixtureRequest) -> Settings:
    from bedrock_authcheck.recording.places import Place  # noqa: PLC0415 - on use

    loopback = {}
    if _simulates(request):
        credentials = request.getfixturevalue("bedrock_credentials")
        endpoint = request.getfixturevalue("bedrock_endpoint")
        loopback = {
            netloc: Place(service, credentials.region)
            for netloc, service in endpoint.addresses().items()
        }
    return cassette_settings(request, loopback)


def _replayed(request: pytest.FixtureRequest, path: Path) -> Iterator[BedrockCassette]:
    from bedrock_authcheck.recording.cassette import CassetteError  # noqa: PLC0415 - on use
    from bedrock_authcheck.recording.session import replaying  # noqa: PLC0415 - on use

    machine: Machine = request.getfixturevalue("_bedrock_machine")
    with ExitStack() as stack:
        try:
            deck, fault = stack.enter_context(replaying(path, _settings(request))), None
        except FileNotFoundError:
            fault = f"{missing_cassette(path)}\n  to do     record it: {recording_of(request.node)}"
        except CassetteError as error:
            fault = str(error)
        _fail(fault)  # out here: the exception behind it says nothing more
        if deck.index is not None:
            _prepare(request, machine, deck.index)
        use = BedrockCassette(path, REPLAY, deck, recording_of(request.node))
        request.node.stash[_USE] = use, machine.refused
        yield use
    _fail(use.faults(machine.refused, unplayed=request.node.stash.get(_PASSED, False)))


def _prepare(request: pytest.FixtureRequest, machine: Machine, index: Index) -> None:
    """Let the machine be in the recorded Region, with fakes that sign as was recorded."""
    from urllib.parse import urlsplit  # noqa: PLC0415 - on use

    from bedrock_authcheck.recording.places import place_of  # noqa: PLC0415 - loaded already

    if not _simulates(request):
        places = (place_of(urlsplit(r.uri).netloc) for r in index.recordings)
        region = next((place.region for place in places if place and place.region), None)
        if region is not None:
            machine.credentials.move_to(region)
    if "bedrock_credentials" not in request.fixturenames:
        machine.credentials.provide(*_levels(index.schemes))


def _levels(schemes: Sequence[str | None]) -> tuple[str, ...]:
    """Say which fakes let a client sign as was recorded; SigV4 where nothing tells."""
    return ("bearer", "environment") if "bearer" in schemes else ("environment",)


def _recorded(request: pytest.FixtureRequest, path: Path, mode: str) -> Iterator[BedrockCassette]:
    from bedrock_authcheck.recording.cassette import CassetteError  # noqa: PLC0415 - on use
    from bedrock_authcheck.recording.in_play import InPlay  # noqa: PLC0415 - on use
    from bedrock_authcheck.recording.session import Recorder  # noqa: PLC0415 - on use

    if "bedrock_credentials" in request.fixturenames and not _simulates(request):
        pytest.fail(_FAKES, pytrace=False)
    settings = _settings(request)  # makes the simulated machine, if there is one
    fault = None
    try:
        # Where the test has a simulated machine, these are its variables and its home.
        in_play = InPlay.of_machine(os.environ, Path.home())
        recorder = Recorder(path, settings, in_play, adds=mode == "new")
    except CassetteError as error:
        fault = str(error)
    _fail(fault)
    request.node.stash[_RECORDER] = recorder
    with recorder.running():
        yield BedrockCassette(path, mode, recorder.deck, recording_of(request.node))
    _learn(request.node, recorder)


_FAKES = (
    "bedrock_credentials provides fakes, which AWS refuses: a recording of AWS is made with the "
    "credentials of this machine. Ask for bedrock_endpoint as well to record the simulated service."
)


def _simulates(request: pytest.FixtureRequest) -> bool:
    return "bedrock_endpoint" in request.fixturenames


def _learn(item: pytest.Item, recorder: Recorder) -> None:
    """Note the secrets of this machine once more: the test may have set and provided some."""
    from bedrock_authcheck.recording.in_play import InPlay  # noqa: PLC0415 - loaded already

    now = InPlay.of_machine(os.environ, Path.home())
    endpoint = item.stash.get(ENDPOINT, None)
    for credential in endpoint.provided if endpoint is not None else ():
        now.add(credential)
    recorder.in_play.learn(now)


def _fail(text: str | None) -> None:
    if text is not None:
        pytest.fail(text, pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that passed though a request was missed or a recording was not played."""
    try:
        result = yield
    finally:
        recorder = item.stash.get(_RECORDER, None)
        if recorder is not None:
            _learn(item, recorder)  # while what the test has patched is in force
    use, refused = item.stash.get(_USE, (None, []))
    if use is not None:
        _fail(use.faults(refused, unplayed=not _ends_later(item)))
    endpoint = item.stash.get(ENDPOINT, None)
    if endpoint is not None:
        _fail(endpoint.fault())
    return result


def _ends_later(item: pytest.Item) -> bool:
    """Whether a fixture of the test's own may still send: what is unplayed is asked for later."""
    info = getattr(item, "_fixtureinfo", None)
    definitions = getattr(info, "name2fixturedefs", {}).values()
    return any(
        found[-1].scope == "function" and not found[-1].func.__module__.startswith(_OF_OTHERS)
        for found in definitions
        if found
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Write what was recorded, when the test has passed and all its fixtures have ended well."""
    result = yield
    recorder = item.stash.get(_RECORDER, None)
    if recorder is not None and item.stash.get(_PASSED, False):
        from bedrock_authcheck.recording.cassette import CassetteError  # noqa: PLC0415 - loaded

        fault = None
        try:
            cassette = recorder.write()
            item.stash[_WRITTEN] = recorder.path, len(cassette.recordings)
        except CassetteError as error:
            fault = str(error)
        _fail(fault)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note whether the test passed; show a miss as its own text, without the way to it."""
    report = yield
    if call.when == "teardown" and _WRITTEN in item.stash:
        path, count = item.stash[_WRITTEN]
        setattr(report, _DATA, [str(path), count])
    if call.when != "call":
        return report
    item.stash[_PASSED] = report.passed
    use, refused = item.stash.get(_USE, (None, []))
    if use is None or not report.failed:
        return report
    from bedrock_authcheck.recording.tape import Miss  # noqa: PLC0415 - loaded already

    text = use.faults(refused, unplayed=False)
    if call.excinfo is not None and call.excinfo.errisinstance(Miss):
        entry = next((e for e in call.excinfo.traceback if e.path == item.path), None)
        where = f"\n\n{item.path.name}:{entry.lineno + 1}: {entry.statement}" if entry else ""
        report.longrepr = f"{text or call.excinfo.value}{where}"
    elif text is not None:
        report.sections.append(("bedrock-authcheck", text))
    return report


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Say which cassettes hold what was recorded."""
    if not terminalreporter.config.getoption("record"):
        return
    reports = (report for of_kind in terminalreporter.stats.values() for report in of_kind)
    for path, count in sorted(getattr(r, _DATA) for r in reports if hasattr(r, _DATA)):
        recordings = "1 recording" if count == 1 else f"{count} recordings"
        terminalreporter.write_line(f"bedrock-authcheck: {path} holds {recordings}")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Before the first test, say why a recording cannot be made as asked."""
    if not session.config.getoption("record"):
        return
    recording = [item for item in items if _records(item)]
    fault = _shared_cassette(recording)
    if fault is None and any("bedrock_endpoint" not in _names(item) for item in recording):
        fault = _lacking()
    if fault is not None:
        from bedrock_authcheck.suite.stopping import refuse  # noqa: PLC0415 - rarely needed

        refuse(session, items, f"--record: {fault}")


def _names(item: pytest.Item) -> Sequence[str]:
    return getattr(item, "fixturenames", ())


def _records(item: pytest.Item) -> bool:
    """Whether a test is to record: not to replay, and not refused when it is set up."""
    fakes = "bedrock_credentials" in _names(item) and "bedrock_endpoint" not in _names(item)
    if MARKER not in _names(item) or fakes:
        return False
    mode = record_mode(item.config, item.get_closest_marker(MARKER))
    # Where its cassette exists, `once` replays.
    return mode != REPLAY and not (mode == RECORD_MODES[0] and cassette_path(item).exists())


def _shared_cassette(recording: Sequence[pytest.Item]) -> str | None:
    """Name two tests that would write one cassette: the last would win."""
    writers: dict[Path, pytest.Item] = {}
    for item in recording:
        path = cassette_path(item)
        if path in writers:
            return (
                f"{writers[path].nodeid} and {item.nodeid} would both write {path}: give each a "
                "name of its own, or record one of them"
            )
        writers[path] = item
    return None


def _lacking() -> str | None:
    """Say what a recording of AWS lacks on this machine: credentials, the network."""
    from bedrock_authcheck.recording.preflight import PreflightError, look  # noqa: PLC0415 - on use

    names = ("AWS_REGION", "AWS_DEFAULT_REGION")
    region = next(filter(None, map(os.environ.get, names)), "us-east-1")
    try:
        look(region).demand()
    except PreflightError as error:
        return str(error)
    return None
