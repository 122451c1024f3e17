"""One pytest session with the suite in it: collection, results, summary."""

from __future__ import annotations

import json
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import pytest

from bedrock_authcheck import __version__
from bedrock_authcheck.checks.judge import CHECKED
from bedrock_authcheck.clients.contract import ClientFault
from bedrock_authcheck.model import Outcome
from bedrock_authcheck.report.jsonl import ReportWriter
from bedrock_authcheck.report.result import ScenarioResult, junit_properties
from bedrock_authcheck.report.summary import summary_of
from bedrock_authcheck.report.text import first_warnings
from bedrock_authcheck.spec.remedies import remedies_of
from bedrock_authcheck.spec.rules import load_rules, rule_set
from bedrock_authcheck.suite.asked import asked_client, asked_mitmdump, command_of
from bedrock_authcheck.suite.items import (
    Group,
    ScenarioItem,
    Suite,
    check_selection,
    groups_of,
)
from bedrock_authcheck.suite.running import CLIENT, MITMDUMP
from bedrock_authcheck.suite.scenario import ROOT
from bedrock_authcheck.suite.stopping import refuse
from bedrock_authcheck.wire.findings import counted

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence

    from _pytest.terminal import TerminalReporter

    from bedrock_authcheck.clients.known import Found
    from bedrock_authcheck.spec.remedies import Remedy

_DATA: Final = "bedrock_authcheck"  # the attribute of a test report that carries the result
_NARROWING: Final = ("keyword", "markexpr", "deselect", "lf", "stepwise")
"""pytest's own options that leave scenarios out because the user said so."""


class SuiteRun:
    """The hooks of a session that runs the bundled suite; registered with the flag on only.

    Under pytest-xdist one is in each worker, which runs scenarios, and one in the
    controller, to which results come on the test reports and which writes them.
    """

    def __init__(
        self,
        selection: Sequence[str],
        rules: frozenset[str] | None,
        report: tuple[str, Path] | None,
        client: Found,
    ) -> None:
        """Hold what was asked for; `of` reads it from a config. ClientFault as the client's."""
        self._client = client.name
        self._versions = client.versions()
        self._selection = selection
        self._rules = rules
        self._report = report
        self._writer: ReportWriter | None = None
        self._results: list[ScenarioResult] = []
        self._chosen = 0  # scenarios to run; unknown to the controller of pytest-xdist

    @classmethod
    def of(cls, config: pytest.Config, selection: Sequence[str]) -> Self:
        """Read options and ini keys. UsageError lists what would be right."""
        option = config.option
        option.authcheck_strict = option.authcheck_strict or config.getini("authcheck_strict")
        client = config.stash[CLIENT] = asked_client(config)
        config.stash[MITMDUMP] = asked_mitmdump(config, client)
        check_selection(selection, groups_of(config))
        rules = _asked_rules(config)
        if config.option.authcheck_plan_selected:
            from bedrock_authcheck.suite.record import RecordRun  # noqa: PLC0415 - rarely needed

            config.pluginmanager.register(RecordRun(), "bedrock-authcheck-record")
        worker = hasattr(config, "workerinput")
        try:
            return cls(
                selection, rules, None if worker else asked_file(config, "authcheck_report"), client
            )
        except ClientFault as fault:
            raise pytest.UsageError(f"the version of {client.name}: {fault}") from fault

    def _judged(self) -> str:
        versions = " ".join(f"{name} {number}" for name, number in self._versions.items())
        return versions if self._client in self._versions else f"{self._client} (not installed)"

    def _remedies(self) -> tuple[Remedy, ...]:
        """Find what is known of the client that was judged, and not of its other releases."""
        judged = self._versions.get("botocore", self._versions.get(self._client))
        return remedies_of(self._client, judged) if judged else ()

    def header(self) -> dict[str, Any]:
        """Say what judged what, as a report begins with it."""
        return {
            "tool": {"name": ROOT, "version": __version__},
            "client": {"name": self._client, "versions": self._versions},
            "rule_set": rule_set(),
        }

    @property
    def results(self) -> tuple[ScenarioResult, ...]:
        """What the scenarios came to so far."""
        return tuple(self._results)

    @staticmethod
    def interrupted(session: pytest.Session) -> bool:
        """Whether the session ended before all that it had collected was run."""
        stopped = session.shouldstop or session.shouldfail
        return bool(stopped) or session.exitstatus == pytest.ExitCode.INTERRUPTED

    def pytest_sessionstart(self) -> None:
        """Begin the report: a run that writes none, such as `pytest --help`, leaves the old one."""
        if self._report is None:
            return
        option, path = self._report
        try:
            self._writer = ReportWriter(path, self.header())
        except OSError as error:
            text = f"{option}: {path} cannot be written: {error.strerror}"
            raise pytest.UsageError(text) from error

    def pytest_report_header(self, config: pytest.Config) -> str:
        """Say what is judged by what."""
        asked = f", rules {', '.join(sorted(self._rules))}" if self._rules else ""
        strict = ", strict" if config.getoption("authcheck_strict") else ""
        rules = f"rule set {rule_set()}{asked}{strict}"
        return f"bedrock-authcheck: {__version__}, client {self._judged()}, {rules}"

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Add the suite to what the session collects."""
        with _undisturbed(collector):
            report = yield
        if isinstance(collector, pytest.Session) and report.passed:
            report.result = [*report.result, Suite.of(collector, self._selection)]
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: list[pytest.Item]
    ) -> Generator[None, None, None]:
        """Leave out the scenarios that hold none of the rules asked for.

        And refuse to call a run green that holds no rule though nobody asked for less.
        """
        if self._rules is not None:
            for item in _scenarios(items):
                item.rules = tuple(rule for rule in item.rules if rule in self._rules)
            out = [item for item in _scenarios(items) if not item.rules]
            items[:] = [item for item in items if item not in out]
            session.config.hook.pytest_deselected(items=out)
        yield
        narrowed = self._selection or any(
            session.config.getoption(name, None) for name in _NARROWING
        )
        if not (narrowed or session.testsfailed or any(_scenarios(items))):
            text = (
                "--bedrock-authcheck is on but no scenario is left to run: a hook or a plugin of "
                "this project removed them all (pytest_collection_modifyitems?)"
            )
            refuse(session, items, text)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Count what is left to run after every plugin has had its say."""
        self._chosen = sum(1 for _ in _scenarios(session.items))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Run a scenario out of reach of the host project's `filterwarnings`."""
        with _undisturbed(item):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Let the result ride on the report, which pytest-xdist carries to its controller."""
        report = yield
        if isinstance(item, ScenarioItem) and item.judges and call.when != "teardown":
            if item.result is None and call.excinfo is not None:
                outcome = Outcome.SKIPPED if report.skipped else Outcome.ERROR
                # Its type alone: a text of somebody else's may hold anything.
                item.result = item.unjudged(outcome, _told(call.excinfo))
            if item.result is not None:
                if call.when == "call":
                    item.user_properties += junit_properties(item.result, load_rules())
                worker = hasattr(item.config, "workerinput")
                data = json.dumps(item.result.as_json()) if worker else item.result
                setattr(report, _DATA, data)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Gather results; in a worker they are gathered by the controller too."""
        data: str | ScenarioResult | None = getattr(report, _DATA, None)
        if data is not None:
            result = ScenarioResult.from_json(json.loads(data)) if isinstance(data, str) else data
            self._results.append(result)
            if self._writer is not None:
                self._writer.add(result)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """End the report with its footer; other plugins have set the exit status by now."""
        if self._writer is not None:
            interrupted = self.interrupted(session)
            self._writer.finish(session.exitstatus, interrupted=interrupted)

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """Print warnings in full, the summary by rule, and known deviations."""
        if not self._results:
            return
        terminalreporter.write_sep("=", "bedrock-authcheck")
        rules = load_rules()
        for text in first_warnings(self._results, rules):
            terminalreporter.write_line(f"{text}\n", yellow=True)
        width = terminalreporter._tw.fullwidth  # noqa: SLF001 - pytest offers no other way
        for line, markup in summary_of(self._results, rules, width, self._remedies()):
            terminalreporter.write_line(line, **markup)
        ran = counted(len(self._results), "scenario")
        terminalreporter.write_line(f"{ran}, client {self._judged()}")
        if len(self._results) < self._chosen:
            text = f"stopped early: {len(self._results)} of {self._chosen} scenarios ran, no others"
            terminalreporter.write_line(f"{text} are in the table", yellow=True)
        if self._writer is not None:
            terminalreporter.write_line(f"results: {self._writer.path}")
        failed = [result.id for result in self._results if result.unforeseen]
        if failed:
            others = f", the first of {len(failed)}" if len(failed) > 1 else ""
            again = f"{command_of(terminalreporter.config)} {failed[0]}"
            text = f"next: {again} shows this failure alone{others}"
            terminalreporter.write_line(text, bold=True)


@contextmanager
def _undisturbed(node: pytest.Collector | pytest.Item) -> Iterator[None]:
    """Keep the warning filters of the host project away from what is the suite's."""
    if not isinstance(node, (Suite, Group, ScenarioItem)):
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _scenarios(items: Iterable[pytest.Item]) -> Iterator[ScenarioItem]:
    return (item for item in items if isinstance(item, ScenarioItem))


def _asked_rules(config: pytest.Config) -> frozenset[str] | None:
    given: str | None = config.getoption("authcheck_rules")
    origin = "authcheck_rules" if given is None else "--authcheck-rules"
    names = ",".join(config.getini("authcheck_rules")) if given is None else given
    rules = [load_rules()[rule] for rule in CHECKED]
    asked: set[str] = set()
    for name in filter(None, map(str.strip, names.split(","))):
        wanted = name.lower()
        matching = {rule.id for rule in rules if wanted in (rule.id.lower(), rule.group.lower())}
        if not matching:
            right = ", ".join(dict.fromkeys([*(str(rule.group) for rule in rules), *CHECKED]))
            msg = f"{origin}: {name!r} is no rule or group that the suite checks; it checks {right}"
            raise pytest.UsageError(msg)
        asked |= matching
    if given is not None and not asked:
        raise pytest.UsageError("--authcheck-rules names no rule; write ids such as CHAIN-1,limit")
    return frozenset(asked) or None


def _told(excinfo: pytest.ExceptionInfo[BaseException]) -> str:
    skipped = excinfo.errisinstance(pytest.skip.Exception)
    return str(excinfo.value) if skipped else excinfo.typename


def asked_file(config: pytest.Config, name: str) -> tuple[str, Path] | None:
    """Name the option or ini key that asks for a file, and the file; None where nothing does."""
    given, ini = config.getoption(name), config.getini(name)
    if config.option.collectonly or config.option.authcheck_plan_selected or not (given or ini):
        return None
    # What is typed is relative to where it is typed; a setting to the file that it is in.
    if given:
        return f"--{name.replace('_', '-')}", Path(config.invocation_params.dir, given)
    return name, config.rootpath / ini
