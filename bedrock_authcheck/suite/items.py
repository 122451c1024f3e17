"""Scenarios as pytest items, below a collector that stands in no file."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn, Self

import pytest

from bedrock_authcheck.checks.judge import judge
from bedrock_authcheck.clients.contract import CallNotOffered, ClientFault
from bedrock_authcheck.model import Outcome, Verdict
from bedrock_authcheck.report.result import ScenarioResult, result_of
from bedrock_authcheck.report.text import failure_text
from bedrock_authcheck.spec.deviations import load_deviations
from bedrock_authcheck.spec.rules import load_rules
from bedrock_authcheck.suite.asked import command_of
from bedrock_authcheck.suite.catalogue import COMMAND, GROUPS, RECORD, module_of, scenarios_of
from bedrock_authcheck.suite.late import LateRequestError
from bedrock_authcheck.suite.running import CLIENT, bench_of
from bedrock_authcheck.suite.scenario import ROOT, Scenario

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bedrock_authcheck.checks.trial import Trial
    from bedrock_authcheck.clients.contract import Client


class ScenarioFailure(Exception):  # noqa: N818 - a verdict, not an error of ours
    """A scenario broke a rule; the text is the whole report of it."""


class Suite(pytest.Collector):
    """The root of the bundled suite, `bedrock-authcheck`, with what was selected of it."""

    selection: frozenset[str]

    @classmethod
    def of(cls, session: pytest.Session, selection: Iterable[str]) -> Self:
        """Make the root; `selection` holds ids that were checked, all is selected where empty."""
        suite: Self = cls.from_parent(session, name=ROOT, nodeid=ROOT, path=session.path)
        suite.selection = frozenset(selection) or frozenset({ROOT})
        return suite

    def collect(self) -> Iterator[Group]:
        """Make the groups of which something is selected."""
        for name in groups_of(self.config):
            node_id = f"{ROOT}::{name}"
            if ROOT in self.selection or any(
                wanted == node_id or wanted.startswith(f"{node_id}::") for wanted in self.selection
            ):
                yield Group.of(self, name, node_id)


class Group(pytest.Collector):
    """One group of scenarios: `bedrock-authcheck::chain`."""

    selection: frozenset[str]

    @classmethod
    def of(cls, suite: Suite, name: str, node_id: str) -> Self:
        """Make the group with the selection of its suite."""
        group: Self = cls.from_parent(suite, name=name, nodeid=node_id)
        group.selection = suite.selection
        return group

    def collect(self) -> Iterator[ScenarioItem]:
        """Make the scenarios that are selected, in the suite's order."""
        whole = not self.selection.isdisjoint({ROOT, self.nodeid})
        kind: type[ScenarioItem] = getattr(module_of(self.name), "ITEM", ScenarioItem)
        for scenario in scenarios_of(self.name).values():
            if whole or scenario.id in self.selection:
                yield kind.of(self, scenario)


def groups_of(config: pytest.Config) -> Iterable[str]:
    """Name the groups of a run: all of the suite, or what `--record` or a command line runs."""
    if config.option.authcheck_client_command:
        return COMMAND
    return RECORD if config.option.authcheck_plan_selected else GROUPS


def check_selection(node_ids: Iterable[str], groups: Iterable[str] = GROUPS) -> None:
    """Raise UsageError for an id that is no group and no scenario, with the nearest ones."""
    for node_id in node_ids:
        _, *names = node_id.split("::", 2)
        known = [f"{ROOT}::{group}" for group in groups]
        if len(names) > 1 and names[0] in groups:
            known = [scenario.id for scenario in scenarios_of(names[0]).values()]
        if names and node_id not in known:
            near = difflib.get_close_matches(node_id, known, n=3) or known[:5]
            msg = f"the bundled suite has no {node_id!r}; there is {', '.join(near)}"
            raise pytest.UsageError(msg)


class ScenarioItem(pytest.Item):
    """One scenario as a test."""

    scenario: Scenario
    rules: tuple[str, ...]
    result: ScenarioResult | None = None
    judges = True  # whether it comes to a result for the report

    @classmethod
    def of(cls, parent: pytest.Collector, scenario: Scenario) -> Self:
        """Make the item, with its rules as marks and keywords."""
        item: Self = cls.from_parent(parent, name=scenario.name, nodeid=scenario.id)
        item.scenario, item.rules = scenario, scenario.rules
        item.add_marker("bedrock_authcheck")
        for rule in scenario.rules:
            item.add_marker(pytest.mark.bedrock_rule(id=rule))
        item.extra_keyword_matches.update((*scenario.rules, scenario.group))
        return item

    def runtest(self) -> None:
        """Run the scenario and hold its rules against what was seen."""
        try:
            bench = bench_of(self.session)
        except ImportError as error:
            client = self.config.stash[CLIENT]
            there = client.name in client.versions()
            reason = f"{client.name} {'cannot be imported' if there else 'is not installed'}"
            self._leave(Outcome.NOT_OFFERED, f"{reason}: {error}")
        if lacking := bench.not_offered(self.scenario):
            self._leave(Outcome.NOT_OFFERED, lacking)
        if unseen := bench.not_observable(self.scenario):
            self._leave(Outcome.NOT_OBSERVABLE, unseen)
        try:
            trial = bench.run(self.scenario)
        except CallNotOffered as said:
            self._leave(Outcome.NOT_OFFERED, str(said))
        except (LateRequestError, ClientFault) as error:
            self.result = self.unjudged(Outcome.ERROR, str(error).partition("\n")[0])
            raise
        strict = bool(self.config.getoption("authcheck_strict"))
        verdicts = self.verdicts_of(trial, strict=strict)
        stale: tuple[str, ...] = ()
        if not self.config.getoption("runxfail"):
            verdicts, stale = foreseen(verdicts, self.scenario.id, bench.client)
        self.result = result_of(self.scenario.id, trial, tuple(verdicts), stale)
        if self.result.unforeseen:
            raise ScenarioFailure
        if self.result.deviations:
            pytest.xfail(f"known deviation {', '.join(self.result.deviations)}")

    def verdicts_of(self, trial: Trial, *, strict: bool) -> list[Verdict]:
        """Hold each rule of the scenario against what was seen."""
        rules = load_rules()
        return [judge(rules[rule], trial, strict=strict) for rule in self.rules]

    def _leave(self, outcome: Outcome, reason: str) -> NoReturn:
        """Skip it, each of its rules with the outcome."""
        self.result = self.unjudged(outcome, reason)
        pytest.skip(f"{outcome}: {reason}")

    def unjudged(self, outcome: Outcome, reason: str) -> ScenarioResult:
        """Make the result of a scenario that was not judged: each rule has the same outcome."""
        call = self.scenario.calls[0]
        return ScenarioResult(
            self.scenario.id,
            call.service,
            call.operation,
            tuple(self.scenario.present),
            tuple(self.scenario.broken),
            tuple(Verdict(rule, outcome, reason=reason) for rule in self.rules),
        )

    def repr_failure(  # type: ignore[override] # pytest calls it with nothing more
        self, excinfo: pytest.ExceptionInfo[BaseException]
    ) -> object:
        """Report the broken rules; a traceback only for an error of ours."""
        if excinfo.errisinstance(ScenarioFailure) and self.result is not None:
            deviations = {deviation.id: deviation for deviation in load_deviations()}
            return failure_text(self.result, load_rules(), deviations, command_of(self.config))
        if excinfo.errisinstance((LateRequestError, ClientFault, pytest.xfail.Exception)):
            return str(excinfo.value)  # no traceback: it tells nothing, and costs 100 ms
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[str, None, str]:
        """Where it stands: nowhere but its id."""
        return ROOT, None, self.scenario.id


def foreseen(
    verdicts: list[Verdict], scenario_id: str, client: Client
) -> tuple[list[Verdict], tuple[str, ...]]:
    """Mark the failures that known deviations foresee, and find those that foresee none."""
    marked: list[Verdict] = []
    stale: list[str] = []
    for verdict in verdicts:
        entries = [
            deviation
            for deviation in load_deviations()
            if deviation.foresees(verdict.rule, client.name, client.version, scenario_id)
        ]
        if verdict.outcome in (Outcome.FAILED, Outcome.WARNING):
            entry = next((e for e in entries if e.explains(verdict.observed)), None)
            marked.append(replace(verdict, deviation=entry.id) if entry else verdict)
        else:
            marked.append(verdict)
            if verdict.outcome is Outcome.PASSED:
                # What another client's code does need not show in this one.
                stale += [entry.id for entry in entries if entry.client == client.name]
    return marked, tuple(stale)
