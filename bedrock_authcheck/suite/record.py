"""`--record`: the recording plan run against the account, a test for each step.

Each test writes the cassette of its step below the project's root folder, or says why not.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import pytest

from bedrock_authcheck.checks.recorded import answer_of, request_fault
from bedrock_authcheck.recording.cassette import CassetteError
from bedrock_authcheck.recording.in_play import InPlay
from bedrock_authcheck.recording.places import Place, is_loopback
from bedrock_authcheck.recording.plan import Plan
from bedrock_authcheck.recording.plan_text import plan_text
from bedrock_authcheck.recording.preflight import Preflight, PreflightError, look
from bedrock_authcheck.recording.probes import add_fakes, service_url
from bedrock_authcheck.recording.session import Recorder, Settings
from bedrock_authcheck.spec.services import BEDROCK
from bedrock_authcheck.suite.items import ScenarioItem
from bedrock_authcheck.suite.planned import ask, not_offered, own_folder, plan_of
from bedrock_authcheck.suite.recordings import scenario_of
from bedrock_authcheck.suite.shipped import keep_live
from bedrock_authcheck.wire.redaction import redact_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from _pytest.terminal import TerminalReporter

    from bedrock_authcheck.recording.cassette import Cassette
    from bedrock_authcheck.recording.plan import Step
    from bedrock_authcheck.suite.scenario import Scenario

_RECORDED: Final = "bedrock_authcheck_recorded"  # the user property of a report that tells
_UNEXPECTED: Final = "not as expected: "
_PREFLIGHT: Final[pytest.StashKey[Preflight]] = pytest.StashKey()


class NotRecordedError(Exception):
    """A step was not recorded, and the cassette that was there is as it was; the text says why."""


def print_plan(config: pytest.Config) -> int:
    """Print the plan and call nothing; return the exit status."""
    sys.stdout.write(f"{plan_text(plan_of(config))}\n")
    return 0


def scenarios() -> Iterator[Scenario]:
    """Make one scenario of each step of the plan, whichever model and Region it is set to."""
    for step in Plan().steps:
        yield scenario_of(step, "record")


class StepItem(ScenarioItem):
    """One step of the plan as a test: it passes where its cassette is written."""

    judges = False

    def runtest(self) -> None:
        """Send the request of the step, and write what was answered when it is worth keeping."""
        plan = plan_of(self.config)
        step = next(step for step in plan.steps if step.name == self.scenario.name)
        preflight = preflight_of(self.config)
        try:
            reason = preflight.missing(step) or not_offered(step)
        except ImportError as error:
            reason = f"boto3 cannot be imported: {error}"
        if reason is not None:
            pytest.skip(f"not recorded: {reason}")
        path = own_folder(self.config) / f"{step.name}.yaml"
        try:
            cassette = _record(step, plan.region, path, preflight)
        except CassetteError as error:
            raise NotRecordedError(str(error)) from None
        root = self.config.rootpath
        shown = path.relative_to(root) if path.is_relative_to(root) else path
        self.user_properties.append((_RECORDED, f"{_told(step, cassette)}  {shown.as_posix()}"))

    def repr_failure(  # type: ignore[override] # pytest calls it with nothing more
        self, excinfo: pytest.ExceptionInfo[BaseException]
    ) -> object:
        """Say in a sentence why nothing was recorded; a traceback only for an error of ours."""
        if excinfo.errisinstance(NotRecordedError):
            return str(excinfo.value)
        return pytest.Item.repr_failure(self, excinfo)


ITEM = StepItem
"""What the group makes of its scenarios."""


def preflight_of(config: pytest.Config) -> Preflight:
    """Look, once in this process, for what there is to record with."""
    if _PREFLIGHT not in config.stash:
        config.stash[_PREFLIGHT] = look(plan_of(config).region)
    return config.stash[_PREFLIGHT]


def _record(step: Step, region: str, path: Path, preflight: Preflight) -> Cassette:
    credentials = [c for c in (preflight.token.credential, preflight.iam.credential) if c]
    in_play = InPlay.of_machine(os.environ, Path.home())
    add_fakes(in_play)
    for credential in credentials:
        in_play.add(credential)
    loopback = _loopback(region)
    if loopback:
        keep_live(path)
    recorder = Recorder(path, Settings(loopback, dict(os.environ)), in_play, adds=False)
    with recorder.running():
        result = ask(step, region)
    made = recorder.deck.made
    if not made:
        told = redact_text(f"{result.error_type}: {result.error}", credentials)
        raise NotRecordedError(f"{step.name}: no answer came ({told})")
    del made[:-1]  # what failed was sent once more, and the last answer counts
    _demand_worth(step, recorder)
    return recorder.write()


def _demand_worth(step: Step, recorder: Recorder) -> None:
    """Refuse what says nothing about credentials, and a request that is not the step's."""
    (recording,) = recorder.deck.made
    answer = answer_of(recording)
    busy = recording.status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT}
    if busy or recording.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise NotRecordedError(f"{step.name}: the answer was {answer}: try again later")
    if fault := request_fault(step, recording):
        raise NotRecordedError(fault)


def _loopback(region: str) -> Mapping[str, Place]:
    """Say which services the addresses of this machine stand for that clients are sent to."""
    places: dict[str, Place] = {}
    for facts in BEDROCK:
        netloc = urlsplit(service_url(facts.name, region)).netloc
        if is_loopback(netloc):
            places.setdefault(netloc, Place(facts.name, region))
    return places


def _told(step: Step, cassette: Cassette) -> str:
    origin = cassette.provenance.origin if cassette.provenance else "unknown"
    answer = answer_of(cassette.recordings[-1])
    let_in = answer.status == HTTPStatus.OK
    said = "" if let_in is not step.raw else f"{_UNEXPECTED}{answer.message}  "
    return f"{answer.status} {answer.error_type}".strip().ljust(30) + f"  {said}from {origin}"


class RecordRun:
    """The hooks of a session that records the plan: preflight before, a list of it after."""

    def __init__(self) -> None:
        """Begin with nothing recorded."""
        self._recorded: list[tuple[str, str]] = []
        self._skipped: Counter[str] = Counter()

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Look for credentials and a network before anything is collected."""
        config = session.config
        plan_of(config)
        if hasattr(config, "workerinput") or config.option.collectonly:
            return
        try:
            preflight_of(config).demand()
        except PreflightError as error:
            raise pytest.UsageError(f"--record: {error}") from None

    def pytest_report_header(self, config: pytest.Config) -> list[str]:
        """Say what is recorded with what, and into which folder."""
        plan = plan_of(config)
        lines = [f"recording: {plan.region}, {plan.model}, into {own_folder(config)}"]
        if not config.option.collectonly:
            lines += preflight_of(config).lines()
        return lines

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Gather what was recorded; in a worker it is gathered by the controller too."""
        told = dict(report.user_properties).get(_RECORDED)
        if report.when == "call" and told is not None and report.passed:
            self._recorded.append((report.nodeid.rpartition("::")[2], str(told)))
        if report.skipped and isinstance(report.longrepr, tuple):
            _, words, reason = report.longrepr[2].partition("not recorded: ")
            if words:
                self._skipped[reason] += 1

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """List what was recorded, with AWS's answer, and what was not."""
        if not (self._recorded or self._skipped):
            return
        terminalreporter.write_sep("=", "bedrock-authcheck: recorded")
        width = max((len(name) for name, _ in self._recorded), default=0)
        for name, told in self._recorded:
            line = f"{name.ljust(width)}  {told}"
            terminalreporter.write_line(line, yellow=_UNEXPECTED in told)
        for reason, count in self._skipped.items():
            terminalreporter.write_line(f"not recorded, {count}: {reason}", yellow=True)
