"""Scenarios as pytest items, below a collector that stands in no file."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import pytest

from bedrock_authcheck.checks.judge import judge
from bedrock_authcheck.model import Outcome, Verdict
from bedrock_authcheck.report.result import ScenarioResult, result_of
from bedrock_authcheck.report.text import failure_text
from bedrock_authcheck.spec.deviations import load_deviations
from bedrock_authcheck.spec.rules import load_rules
from bedrock_authcheck.suite.catalogue import GROUPS, scenarios_of
from bedrock_authcheck.suite.running import bench_of
from bedrock_authcheck.suite.scenario import ROOT, Scenario

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bedrock_authcheck.suite.bench import Bench

class ScenarioFailure(Exception):  # noqa: N818 - a verdict, not an error of ours
    """A scenario broke a rule; the text is the whole report of it."""


class Suite(pytest.Collector):
    """The root of the bundled suite: `bedrock-authcheck`."""

    def collect(self) -> Iterator[Group]:
        """The groups of which something is selected."""
        for name in GROUPS:
            yield Group.from_parent(self, name=name, nodeid=f"{self.nodeid}::{name}")


class Group(pytest.Collector):
    """One group of scenarios: `bedrock-authcheck::chain`."""

    def collect(self) -> Iterator[ScenarioItem]:
        """The group's scenarios."""
        for scenario in scenarios_of(self.name).values():
            yield ScenarioItem.of(self, scenario)


def selected(session: pytest.Session, selection: Iterable[str]) -> list[pytest.Collector]:
    """Collectors for what was asked for by id; all of it where nothing was.

    UsageError for an id that is no group and no scenario, with the nearest ones.
    """
    root = Suite.from_parent(session, name=ROOT, nodeid=ROOT, path=session.path)
    wanted = list(selection)
    if not wanted or ROOT in wanted:
        return [root]
    return [_Selection.of(root, wanted)]


class _Selection(pytest.Collector):
    """Some of the suite, by id, in the order asked for."""

    wanted: list[str]

    @classmethod
    def of(cls, root: Suite, wanted: list[str]) -> Self:
        selection: Self = cls.from_parent(root.parent, name=ROOT, nodeid=ROOT, path=root.path)
        selection.wanted = wanted
        return selection

    def collect(self) -> Iterator[pytest.Collector | pytest.Item]:
        """The groups and scenarios asked for, each once."""
        seen: set[str] = set()
        for node_id in self.wanted:
            for item in self._items(node_id):
                if item.nodeid not in seen:
                    seen.add(item.nodeid)
                    yield item

    def _items(self, node_id: str) -> Iterator[ScenarioItem]:
        _, _, rest = node_id.partition("::")
        name, _, scenario_name = rest.partition("::")
        if name not in GROUPS:
            raise pytest.UsageError(_unknown("group", name, GROUPS))
        group = Group.from_parent(self, name=name, nodeid=f"{ROOT}::{name}")
        if not scenario_name:
            yield from group.collect()
            return
        scenario = scenarios_of(name).get(scenario_name)
        if scenario is None:
            raise pytest.UsageError(_unknown("scenario", scenario_name, scenarios_of(name)))
        yield ScenarioItem.of(group, scenario)


def _unknown(kind: str, name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=3)
    hint = f"nearest: {', '.join(near)}" if near else f"there are {', '.join(list(known)[:12])}"
    return f"bedrock-authcheck has no {kind} {name!r}; {hint}"


class ScenarioItem(pytest.Item):
    """One scenario as a test."""

    scenario: Scenario
    result: ScenarioResult | None = None

    @classmethod
    def of(cls, parent: pytest.Collector, scenario: Scenario) -> Self:
        """Make the item, with its rules as marks and keywords."""
        item: Self = cls.from_parent(parent, name=scenario.name, nodeid=scenario.id)
        item.scenario = scenario
        item.add_marker("bedrock_authcheck")
        for rule in scenario.rules:
            item.add_marker(pytest.mark.bedrock_rule(id=rule))
        item.extra_keyword_matches.update((*scenario.rules, scenario.group))
        return item

    def runtest(self) -> None:
        """Run the scenario and hold its rules against what was seen."""
        try:
            bench = bench_of(self.config)
        except ImportError as error:
            reason: str | None = f"boto3 cannot be imported: {error}"
        except OSError as error:
            # Without its services no scenario can run: one sentence, not one for each.
            self.session.shouldstop = f"bedrock-authcheck could not start: {error}"
            raise
        else:
            reason = bench.not_offered(self.scenario)
        if reason is not None:
            self.result = self._not_offered(reason)
            pytest.skip(f"not offered: {reason}")
        trial = bench.run(self.scenario)
        rules = load_rules()
        strict = bool(self.config.getoption("authcheck_strict"))
        verdicts = [judge(rules[rule], trial, strict=strict) for rule in self.scenario.rules]
        verdicts, stale = _foreseen(verdicts, self.scenario.id, bench)
        self.result = result_of(self.scenario.id, trial, tuple(verdicts), stale)
        if self.result.outcome in (Outcome.FAILED, Outcome.ERROR):
            raise ScenarioFailure
        if self.result.deviations:
            pytest.xfail(f"known deviation {', '.join(self.result.deviations)}")
            raise ScenarioFailure  # --runxfail makes xfail() do nothing

    def _not_offered(self, reason: str) -> ScenarioResult:
        call = self.scenario.calls[0]
        verdicts = tuple(
            Verdict(rule, Outcome.NOT_OFFERED, reason=reason) for rule in self.scenario.rules
        )
        return ScenarioResult(
            self.scenario.id,
            call.service,
            call.operation,
            tuple(self.scenario.present),
            tuple(self.scenario.broken),
            verdicts,
        )

    def broke_down(self, reason: str) -> ScenarioResult:
        """The result of a scenario that could not be judged: every rule is an error."""
        call = self.scenario.calls[0]
        verdicts = tuple(
            Verdict(rule, Outcome.ERROR, reason=reason) for rule in self.scenario.rules
        )
        return ScenarioResult(self.scenario.id, call.service, call.operation, (), (), verdicts)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any) -> Any:
        """The report of a broken rule; a traceback only for an error of ours."""
        if excinfo.errisinstance(ScenarioFailure) and self.result is not None:
            deviations = {deviation.id: deviation for deviation in load_deviations()}
            return failure_text(self.result, load_rules(), deviations)
        return super().repr_failure(excinfo, *args)

    def reportinfo(self) -> tuple[str, None, str]:
        """Where it stands: nowhere but its id."""
        return ROOT, None, self.scenario.id


def _foreseen(
    verdicts: list[Verdict], scenario_id: str, bench: Bench
) -> tuple[list[Verdict], tuple[str, ...]]:
    """Mark the failures that known deviations foresee, and find those that foresee none."""
    client, version = bench.client.name, bench.client.version
    marked: list[Verdict] = []
    stale: list[str] = []
    for verdict in verdicts:
        entry = next(
            (
                deviation
                for deviation in load_deviations()
                if deviation.foresees(verdict.rule, client, version, scenario_id)
            ),
            None,
        )
        if entry is None:
            marked.append(verdict)
        elif verdict.outcome in (Outcome.FAILED, Outcome.WARNING):
            marked.append(replace(verdict, deviation=entry.id))
        else:
            marked.append(verdict)
            if verdict.outcome is Outcome.PASSED:
                stale.append(entry.id)
    return marked, tuple(stale)

