"""The fixture `bedrock_cassette`: a test's Bedrock traffic, replayed offline or recorded.

Light to import, for every pytest run loads this file.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.fixtures import ENDPOINT
from bedrock_authcheck.recording_options import (
    MARKER,
    RECORD_MODES,
    REPLAY,
    cassette_path,
    marker_fault,
    record_mode,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from bedrock_authcheck.fixtures import Machine
    from bedrock_authcheck.recording.cassette import Recording
    from bedrock_authcheck.recording.in_play import InPlay
    from bedrock_authcheck.recording.scrub import Filters
    from bedrock_authcheck.recording.session import Settings
    from bedrock_authcheck.recording.tape import Deck


class BedrockCassette:
    """The cassette of one test."""

    def __init__(self, path: Path, mode: str, deck: Deck) -> None:
        """Made by the fixture `bedrock_cassette`."""
        self.path = path
        self.mode = mode
        self._deck = deck
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
            texts.append(unplayed_text(index, str(self.path)))
        if self._told or not texts:
            return None
        self._told = True
        return "\n".join(texts)


_USE: pytest.StashKey[tuple[BedrockCassette, list[str]]] = pytest.StashKey()
_PASSED: pytest.StashKey[bool] = pytest.StashKey()


@pytest.fixture
def bedrock_cassette_filters() -> Filters:
    """Return what is scrubbed beside the defaults; override it to add, nothing is replaced."""
    from bedrock_authcheck.recording.scrub import Filters  # noqa: PLC0415 - on use

    return Filters()


@pytest.fixture
def bedrock_cassette(
    request: pytest.FixtureRequest, bedrock_cassette_filters: Filters
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
        yield from _replayed(request, path, bedrock_cassette_filters)
    else:
        yield from _recorded(request, path, mode, bedrock_cassette_filters)


def _settings(request: pytest.FixtureRequest, filters: Filters) -> Settings:
    from bedrock_authcheck.recording.identity import VOLATILE_KEYS  # noqa: PLC0415 - on use
    from bedrock_authcheck.recording.places import Place  # noqa: PLC0415 - on use
    from bedrock_authcheck.recording.session import Settings  # noqa: PLC0415 - on use

    loopback = {}
    if "bedrock_endpoint" in request.fixturenames:
        credentials = request.getfixturevalue("bedrock_credentials")
        endpoint = request.getfixturevalue("bedrock_endpoint")
        loopback = {
            netloc: Place(service, credentials.region)
            for netloc, service in endpoint.addresses().items()
        }
    volatile = {*VOLATILE_KEYS, *request.config.getini("authcheck_volatile_keys")}
    return Settings(loopback, dict(os.environ), volatile, filters)


def _replayed(
    request: pytest.FixtureRequest, path: Path, filters: Filters
) -> Iterator[BedrockCassette]:
    from bedrock_authcheck.recording.cassette import CassetteError  # noqa: PLC0415 - on use
    from bedrock_authcheck.recording.session import replaying  # noqa: PLC0415 - on use

    machine: Machine = request.getfixturevalue("_bedrock_machine")
    refused = machine.refused
    with ExitStack() as stack:
        try:
            deck, fault = stack.enter_context(replaying(path, _settings(request, filters))), None
        except FileNotFoundError:
            fault = f"there is no cassette {path}\n  to do     record it: {_how(request)}"
        except CassetteError as error:
            fault = str(error)
        _fail(fault)  # out here: the exception behind it says nothing more
        if "bedrock_credentials" not in request.fixturenames and deck.index is not None:
            machine.credentials.provide(*_levels(deck.index.schemes))
        use = BedrockCassette(path, REPLAY, deck)
        request.node.stash[_USE] = use, refused
        yield use
    _fail(use.faults(refused, unplayed=False))  # what a thread or a later fixture has sent


def _how(request: pytest.FixtureRequest) -> str:
    return f"pytest --record '{request.node.nodeid}'"


def _levels(schemes: Sequence[str | None]) -> tuple[str, ...]:
    """Say which fakes let a client sign as was recorded; SigV4 where nothing tells."""
    return ("bearer", "environment") if "bearer" in schemes else ("environment",)


def _recorded(
    request: pytest.FixtureRequest, path: Path, mode: str, filters: Filters
) -> Iterator[BedrockCassette]:
    from bedrock_authcheck.recording.cassette import CassetteError  # noqa: PLC0415 - on use
    from bedrock_authcheck.recording.session import Recorder  # noqa: PLC0415 - on use

    if {"bedrock_credentials", "bedrock_endpoint"} & {*request.fixturenames} == {
        "bedrock_credentials"
    }:
        pytest.fail(_FAKES, pytrace=False)
    settings = _settings(request, filters)  # makes the simulated machine, if there is one
    fault = None
    try:
        recorder = Recorder(path, settings, _in_play(), adds=mode == "new")
        with recorder.running():
            yield BedrockCassette(path, mode, recorder.deck)
        if request.node.stash.get(_PASSED, False):
            _add_provided(request, recorder.in_play)
            recorder.write()
    except CassetteError as error:
        fault = str(error)
    _fail(fault)


_FAKES = (
    "bedrock_credentials provides fakes, which AWS refuses: a recording of AWS is made with the "
    "credentials of this machine. Ask for bedrock_endpoint as well to record the simulated service."
)


def _simulates(request: pytest.FixtureRequest) -> bool:
    return "bedrock_endpoint" in request.fixturenames


def _in_play() -> InPlay:
    """Know the secrets of this machine, the simulated one's where the test has one."""
    from bedrock_authcheck.recording.in_play import InPlay  # noqa: PLC0415 - on use

    # Where the test has a simulated machine, these are its variables and its home.
    return InPlay.of_machine(os.environ, Path.home())


def _add_provided(request: pytest.FixtureRequest, in_play: InPlay) -> None:
    """Add what the test has provided since: fakes that stand in no variable and no file."""
    if _simulates(request):
        machine: Machine = request.getfixturevalue("_bedrock_machine")
        for credential in machine.credentials.provided:
            in_play.add(credential)


def _fail(text: str | None) -> None:
    if text is not None:
        pytest.fail(text, pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that passed though a request was missed or a recording was not played."""
    result = yield
    use, refused = item.stash.get(_USE, (None, []))
    if use is not None:
        _fail(use.faults(refused, unplayed=True))
    endpoint = item.stash.get(ENDPOINT, None)
    if endpoint is not None:
        _fail(endpoint.fault())
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note whether the test passed; show a miss as its own text, without the way to it."""
    report = yield
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


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Before the first test, say what a recording of AWS lacks: credentials, the network."""
    if not session.config.getoption("record") or not any(map(_records_aws, items)):
        return
    from bedrock_authcheck.recording.preflight import PreflightError, look  # noqa: PLC0415 - on use
    from bedrock_authcheck.suite.stopping import refuse  # noqa: PLC0415 - rarely needed

    names = ("AWS_REGION", "AWS_DEFAULT_REGION")
    region = next(filter(None, map(os.environ.get, names)), "us-east-1")
    try:
        look(region).demand()
        fault = None
    except PreflightError as error:
        fault = f"--record: {error}"
    if fault is not None:
        refuse(session, items, fault)


def _records_aws(item: pytest.Item) -> bool:
    """Whether a test is to record requests to AWS: not to the simulated service, not replay."""
    names = getattr(item, "fixturenames", ())
    if MARKER not in names or "bedrock_endpoint" in names or "bedrock_credentials" in names:
        return False
    mode = record_mode(item.config, item.get_closest_marker(MARKER))
    # Where its cassette exists, `once` replays.
    return mode != REPLAY and not (mode == RECORD_MODES[0] and cassette_path(item).exists())
