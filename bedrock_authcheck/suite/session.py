"""One pytest session with the suite in it: collection, reports, summary, clean-up."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import pytest

from bedrock_authcheck import __version__
from bedrock_authcheck.report.jsonl import ReportWriter
from bedrock_authcheck.report.result import ScenarioResult
from bedrock_authcheck.report.summary import deviation_lines, summarise, summary_lines
from bedrock_authcheck.report.text import verdict_text
from bedrock_authcheck.model import Outcome
from bedrock_authcheck.spec.rules import RuleGroup, load_rules, rule_set
from bedrock_authcheck.suite.items import ScenarioItem, selected
from bedrock_authcheck.suite.scenario import ROOT

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

_COLOURS: Final = {
    Outcome.PASSED: {"green": True},
    Outcome.FAILED: {"red": True},
    Outcome.ERROR: {"red": True},
    "stale deviation": {"red": True},
    Outcome.WARNING: {"yellow": True},
    "known deviation": {"yellow": True},
}
_DATA: Final = "bedrock_authcheck"  # the attribute of a test report that carries the result


def client_versions() -> dict[str, str]:
    """Versions of what is judged, without importing it; absent packages left out."""
    found = {}
    for name in ("boto3", "botocore"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


class SuiteRun:
    """The hooks of a session that runs the bundled suite; registered with the flag on only.

    Under pytest-xdist one is in each worker, which runs scenarios, and one in the
    controller, to which results come on the test reports and which writes them.
    """

    def __init__(
        self,
        selection: Sequence[str],
        rules: frozenset[str] | None,
        writer: ReportWriter | None,
    ) -> None:
        """Hold what was asked for; `of` reads it from a config."""
        self._selection = selection
        self._rules = rules
        self._writer = writer
        self._results: list[ScenarioResult] = []

    @classmethod
    def of(cls, config: pytest.Config) -> Self:
        """Read options and ini keys. UsageError lists what would be right."""
        option = config.option
        option.authcheck_strict = option.authcheck_strict or config.getini("authcheck_strict")
        worker = hasattr(config, "workerinput")
        if not worker:
            ours = [arg for arg in config.args if arg == ROOT or arg.startswith(f"{ROOT}::")]
            option.authcheck_selection = ours
            option.authcheck_alone = bool(ours) and len(ours) == len(config.args)
            config.args[:] = [arg for arg in config.args if arg not in ours]
        elif option.authcheck_alone:
            config.args[:] = []  # a worker that is given no arguments falls back to testpaths
        return cls(
            option.authcheck_selection,
            _asked_rules(config),
            None if worker else _writer(config),
        )

    def pytest_report_header(self) -> str:
        """Say what is judged by what."""
        versions = " ".join(f"{name} {number}" for name, number in client_versions().items())
        strict = ""
        asked = f", rules {', '.join(sorted(self._rules))}" if self._rules else ""
        return (
            f"bedrock-authcheck: {__version__}, client {versions or 'boto3 is not installed'}, "
            f"rule set {rule_set()}{asked}{strict}"
        )

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Add the suite to what the session collects."""
        report = yield
        if isinstance(collector, pytest.Session) and report.passed:
            report.result = [*report.result, *selected(collector, self._selection)]
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Leave out the scenarios that hold none of the rules asked for."""
        if self._rules is None:
            return
        out = [
            item
            for item in items
            if isinstance(item, ScenarioItem) and self._rules.isdisjoint(item.scenario.rules)
        ]
        if out:
            items[:] = [item for item in items if item not in out]
            config.hook.pytest_deselected(items=out)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Refuse to call a run green that held no rule though nobody asked for less."""
        option = session.config.option
        narrowed = any(
            getattr(option, name, None)
            for name in ("keyword", "markexpr", "deselect", "lf", "last_failed", "stepwise")
        )
        chosen = narrowed or self._selection or self._rules
        if chosen or any(isinstance(item, ScenarioItem) for item in session.items):
            return
        msg = (
            "--bedrock-authcheck is on but no scenario is left to run: a hook or a plugin of "
            "this project removed them all (pytest_collection_modifyitems?)"
        )
        raise pytest.UsageError(msg)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Keep the host project's `filterwarnings` away from the scenarios."""
        if not isinstance(item, ScenarioItem):
            return (yield)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Let the result ride on the report, which pytest-xdist carries to its controller."""
        report = yield
        if isinstance(item, ScenarioItem) and call.when == "call":
            if item.result is None and call.excinfo is not None:
                item.result = item.broke_down(f"{call.excinfo.typename}: {call.excinfo.value}")
            if item.result is not None:
                setattr(report, _DATA, item.result.as_json())
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Gather results; in a worker they are gathered by the controller too."""
        data: dict[str, Any] | None = getattr(report, _DATA, None)
        if data is not None:
            result = ScenarioResult.from_json(data)
            self._results.append(result)
            if self._writer is not None:
                self._writer.add(result)

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """End the report with its footer."""
        if self._writer is not None:
            self._writer.finish(exitstatus)

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """Print the summary by rule, warnings in full, and known deviations."""
        if not self._results:
            return
        rules = load_rules()
        terminalreporter.section("bedrock-authcheck")
        for text in self._warnings():
            terminalreporter.write_line(text, yellow=True)
            terminalreporter.write_line("")
        width = terminalreporter._tw.fullwidth  # noqa: SLF001 - pytest offers no other way
        for line, outcome in summary_lines(summarise(self._results, rules), width):
            terminalreporter.write_line(line, **_COLOURS.get(outcome, {}))
        lines = list(deviation_lines(self._results))
        if lines:
            terminalreporter.write_line("")
            terminalreporter.write_line("known deviations (expected, the run stays green):")
        for line in lines:
            terminalreporter.write_line(f"  {line}")
        versions = " ".join(f"{name} {number}" for name, number in client_versions().items())
        terminalreporter.write_line("")
        terminalreporter.write_line(f"{len(self._results)} scenarios, client {versions}")

    def _warnings(self) -> list[str]:
        """The first warning of each rule, in full."""
        rules = load_rules()
        first: dict[str, str] = {}
        for result in self._results:
            for verdict in result.verdicts:
                if verdict.outcome is Outcome.WARNING and verdict.deviation is None:
                    text = verdict_text(result, verdict, rules[verdict.rule])
                    first.setdefault(verdict.rule, text)
        return list(first.values())


def _asked_rules(config: pytest.Config) -> frozenset[str] | None:
    given = config.getoption("authcheck_rules")
    names = given.split(",") if given is not None else config.getini("authcheck_rules")
    rules = load_rules()
    asked: set[str] = set()
    for name in filter(None, map(str.strip, names)):
        matching = {rule.id for rule in rules.values() if name in (rule.id, str(rule.group))}
        if not matching:
            right = ", ".join([*rules, *(str(group) for group in RuleGroup)])
            msg = f"--authcheck-rules: {name!r} is no rule and no group; there are {right}"
            raise pytest.UsageError(msg)
        asked |= matching
    if given is not None and not asked:
        raise pytest.UsageError("--authcheck-rules names no rule; write ids such as CHAIN-1,limit")
    return frozenset(asked) or None


def _writer(config: pytest.Config) -> ReportWriter | None:
    name = config.getoption("authcheck_report") or config.getini("authcheck_report")
    if not name or config.option.collectonly:
        return None
    path = Path(config.invocation_params.dir, name)
    header = {
        "tool": {"name": ROOT, "version": __version__},
        "client": {"name": "boto3", "versions": client_versions()},
        "rule_set": rule_set(),
    }
    try:
        return ReportWriter(path, header)
    except OSError as error:
        msg = f"--authcheck-report: {path} cannot be written: {error.strerror}"
        raise pytest.UsageError(msg) from error
