"""One pytest session under guard: whose test sent what, and what it is held to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, Self

import pytest

from bedrock_authcheck.explain.explanation import Explanation, home_of
from bedrock_authcheck.explain.operation import DEFAULT_OPERATION, DEFAULT_SERVICE, guided
from bedrock_authcheck.explain.told import header
from bedrock_authcheck.guard.expectations import (
    EXPECT,
    FORBID,
    MARKER,
    ExpectationError,
    Wanted,
)
from bedrock_authcheck.guard.reading import Words
from bedrock_authcheck.guard.running import RunningTest
from bedrock_authcheck.guard.seen import Seen
from bedrock_authcheck.guard.told import summary
from bedrock_authcheck.guard.watching import Watch
from bedrock_authcheck.suite.items import ScenarioItem
from bedrock_authcheck.suite.stopping import refuse

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from _pytest.terminal import TerminalReporter

    from bedrock_authcheck.guard.watching import Sighting

_DATA: Final = "bedrock_authcheck_guard"  # the attribute of a test report that carries requests
_MACHINES: Final = frozenset(
    {"bedrock_credentials", "bedrock_endpoint", "bedrock_level", "bedrock_machine"}
    | {"bedrock_cassette", "_bedrock_machine"}
)
"""Fixtures whose tests choose on purpose which fakes are there: the ini keys do not hold them."""


class GuardRun:
    """The hooks of a session whose own tests are watched; registered with the flag on only.

    Under pytest-xdist one is in each worker, which watches, and one in the controller, to which
    what was seen comes on the test reports.
    """

    def __init__(self, wanted: Wanted, environ: Mapping[str, str]) -> None:
        """Hold what is wanted; `environ` is what pytest was started in."""
        self._wanted = wanted
        self._environ = environ
        self._running: RunningTest | None = None
        self._watch: Watch | None = None
        self._seen: list[Seen] = []
        self._words = Words()

    @classmethod
    def of(cls, config: pytest.Config, environ: Mapping[str, str]) -> Self:
        """Read the ini keys. UsageError lists what would be right."""
        try:
            wanted = Wanted.of_settings(config.getini(EXPECT), config.getini(FORBID))
        except ExpectationError as error:
            raise pytest.UsageError(str(error)) from error
        return cls(wanted, environ)

    def pytest_report_header(self) -> str:
        """Say what would sign here, in one line."""
        converse = guided(DEFAULT_SERVICE, DEFAULT_OPERATION)
        seen = Explanation.of(self._environ, home_of(self._environ), converse)
        return f"bedrock-authcheck: {header(seen)}"

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: list[pytest.Item]
    ) -> None:
        """Refuse a marker that makes no sense before any test runs."""
        for item in items:
            try:
                self._wanted_of(item)
            except ExpectationError as error:
                refuse(session, items, f"{item.nodeid}: @pytest.mark.{MARKER}: {error}")
                return

    def _wanted_of(self, item: pytest.Item) -> Wanted:
        marker = item.get_closest_marker(MARKER)
        if marker is not None:
            return self._wanted.marked(marker.args, marker.kwargs)
        own = _MACHINES.isdisjoint(getattr(item, "fixturenames", ()))
        return self._wanted if own else Wanted()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Watch while a test of the project runs, from its set-up to its end."""
        if isinstance(item, ScenarioItem):
            return (yield)
        if self._watch is None:
            self._watch = Watch(self)
            self._watch.begin()
        self._running = RunningTest(item, self._wanted_of(item), self._words)
        try:
            return (yield)
        finally:
            self._running = None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """Fail a test whose set-up sent what is not wanted."""
        return (yield from self._held(item, "setup"))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Fail a test that sent what is not wanted."""
        return (yield from self._held(item, "call"))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """Fail a test whose end sent what is not wanted."""
        return (yield from self._held(item, "teardown"))

    def _held(self, item: pytest.Item, phase: str) -> Generator[None, object, object]:
        result: object = None
        try:
            result = yield
        except (pytest.skip.Exception, pytest.xfail.Exception):
            # Whoever gives up after a request that is not wanted has sent it all the same.
            if not self._told():
                raise
        except BaseException:
            self._beside(item, phase)
            raise
        if getattr(item, "_excinfo", None):  # of unittest: it has failed, and tells it later
            self._beside(item, phase)
        text = self._told(take=True)
        if text:
            pytest.fail(text, pytrace=False)
        return result

    def _told(self, *, take: bool = False) -> str:
        return self._running.told(take=take) if self._running is not None else ""

    def _beside(self, item: pytest.Item, phase: str) -> None:
        """Tell beside another failure."""
        text = self._told(take=True)
        if text:
            item.add_report_section(phase, MARKER, text)

    def watches(self) -> bool:
        """Whether a test of the project is running."""
        return self._running is not None

    def saw(self, sighting: Sighting) -> None:
        """Take a request of the test that is running, by whatever thread or task."""
        running = self._running
        if running is not None:
            running.saw(sighting)

    def saw_stub(self, client: str, service: str, operation: str) -> None:
        """Take a call that came back without a signed request."""
        running = self._running
        if running is not None:
            running.saw_stub(client, service, operation)

    def heard(self, key_id: str, method: str) -> None:
        """Take botocore's word on where credentials are from."""
        self._words.add(key_id, method)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Let what was seen ride on the last report, which pytest-xdist carries."""
        report = yield
        running = self._running
        if call.when == "teardown" and running is not None and running.item is item:
            seen = [one.as_json() for one in running.seen]
            if seen:
                setattr(report, _DATA, json.dumps(seen))
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Gather what was seen; in a worker the controller gathers it too."""
        data: str | None = getattr(report, _DATA, None)
        if data is not None:
            self._seen += map(Seen.from_json, json.loads(data))

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """Tell what the project's own tests sent."""
        if self._seen:
            terminalreporter.write_sep("=", "bedrock-authcheck guard")
            for line in summary(self._seen):
                terminalreporter.write_line(line)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Take the patches off, after session fixtures have ended."""
        if self._watch is not None:
            self._watch.end()
