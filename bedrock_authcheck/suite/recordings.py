"""The recordings of the plan, live ones of the project where there are, else those that ship.

Each is replayed by what recorded it, with canaries and no network, and what was really answered
is held against what the simulated service answers to the same request.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.checks.recorded import TO_RECORD, cassette_fault, compare, not_live
from bedrock_authcheck.checks.trial import Expectation
from bedrock_authcheck.environments.environment import Environment
from bedrock_authcheck.environments.isolation import isolated
from bedrock_authcheck.model import AuthScheme, CredentialSource, Outcome, Verdict
from bedrock_authcheck.recording.cassette import CassetteError, Origin, Recording
from bedrock_authcheck.recording.plan import Plan
from bedrock_authcheck.recording.reading import read_cassette
from bedrock_authcheck.services.ledger import Ledger
from bedrock_authcheck.suite.items import ScenarioFailure, ScenarioItem
from bedrock_authcheck.suite.planned import (
    LEVELS,
    ask,
    call_of,
    loopback_of,
    not_offered,
    own_folder,
    plan_of,
    shipped_folder,
)
from bedrock_authcheck.suite.running import services_of
from bedrock_authcheck.suite.scenario import Held, Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bedrock_authcheck.recording.plan import Step
    from bedrock_authcheck.recording.session import Settings


def scenarios() -> Iterator[Scenario]:
    """Make one scenario of each step of the plan, whichever model and Region it is set to."""
    for step in Plan().steps:
        yield scenario_of(step, "recording")


def scenario_of(step: Step, group: str) -> Scenario:
    """Say what a step is in the words of the suite: its rules, its call, the level it is of."""
    bearer = step.auth.scheme is AuthScheme.BEARER
    source = CredentialSource.BEARER if bearer else CredentialSource.ENVIRONMENT
    rules, calls = step.rules, (call_of(step),)
    return Scenario(group, step.name, rules, (Held(source),), calls, Expectation((source,)))


class RecordingItem(ScenarioItem):
    """The recording of one step as a test."""

    def runtest(self) -> None:
        """Check the recording, replay it, and compare its answer with the simulated one."""
        plan, path = self._cassette()
        step = next(step for step in plan.steps if step.name == self.scenario.name)
        try:
            reason = not_offered(step)
        except ImportError as error:
            reason = f"boto3 cannot be imported: {error}"
        if reason is not None:
            self.result = self.unjudged(Outcome.NOT_OFFERED, reason)
            pytest.skip(f"not offered: {reason}")
        found = tuple(v for v in self._judged(step, plan.region, path) if v.rule in self.rules)
        self.result = replace(self.unjudged(Outcome.SKIPPED, ""), verdicts=found)
        if self.result.unforeseen:
            raise ScenarioFailure
        if self.result.outcome is Outcome.NOT_OBSERVABLE:
            pytest.skip(f"not observable: {found[0].reason}")

    def _cassette(self) -> tuple[Plan, Path]:
        """Find the project's own recording, by its own plan, or the one that ships."""
        name = f"{self.scenario.name}.yaml"
        own = own_folder(self.config) / name
        if own.exists():
            try:
                return plan_of(self.config), own
            except pytest.UsageError as error:
                raise pytest.fail.Exception(str(error), pytrace=False) from None
        return Plan(), shipped_folder() / name

    def _judged(self, step: Step, region: str, path: Path) -> Iterator[Verdict]:
        try:
            cassette = read_cassette(path)
            fault = cassette_fault(step, cassette)
        except FileNotFoundError:
            fault = "it is missing"
        except CassetteError as error:
            fault = str(error)
        if fault is not None or cassette.provenance is None:
            return self._failed(path, fault or "nobody knows who recorded it")
        made, (recorded,) = cassette.provenance, cassette.recordings
        simulated = None
        with self._machine(region) as settings:
            fault = _replay_fault(step, region, path, settings)
            if made.origin is Origin.AWS:
                simulated = _simulated(step, region, path)
        if fault is not None:
            return self._failed(path, fault)
        if simulated is None:
            return not_live(step, made.origin)
        strict = bool(self.config.getoption("authcheck_strict"))
        return compare(step, recorded, simulated, made.recorded_at, strict=strict)

    def _failed(self, path: Path, fault: str) -> Iterator[Verdict]:
        name = path.relative_to(path.parents[1]).as_posix()
        expected = "a recording of this step, whole and authenticated as it asks"
        for rule in self.rules:
            reason = f"the recording {name} proves nothing; {TO_RECORD}"
            yield Verdict(rule, Outcome.FAILED, expected, fault, reason)

    @contextmanager
    def _machine(self, region: str) -> Iterator[Settings]:
        """Provide the canaries that replay and the simulated service are asked with."""
        from bedrock_authcheck.recording.session import Settings  # noqa: PLC0415 - costly, on use

        loop, endpoint = services_of(self.session)
        with Environment(loop, endpoint, region) as environment:
            environment.provide(*LEVELS)
            endpoint.open(Ledger(environment.keyring, region))
            with isolated(environment):
                yield Settings(loopback_of(endpoint, region), environment.variables)
        endpoint.check()


def _replay_fault(step: Step, region: str, path: Path, settings: Settings) -> str | None:
    """Replay a recording by what would record it; say what did not go as recorded."""
    from bedrock_authcheck.recording.session import replaying  # noqa: PLC0415 - costly, on use
    from bedrock_authcheck.recording.tape import Miss  # noqa: PLC0415 - as above

    try:
        with replaying(path, settings) as deck:
            result = ask(step, region)
    except Miss as miss:
        return _missed(str(miss))
    if deck.misses:
        return _missed(deck.misses[0])
    if deck.index is not None and deck.index.unplayed:
        return f"its replay asked for nothing ({result.error_type}: {result.error})"
    return None


def _missed(text: str) -> str:
    """Tell a miss; what to do about one of a test's own cassette is not to be done here."""
    lines = [line for line in text.splitlines() if not line.startswith("  to do ")]
    return "\n".join([f"its replay failed: {lines[0]}", *lines[1:]])


def _simulated(step: Step, region: str, path: Path) -> Recording:
    """Ask the simulated service for the same; nothing of it is written."""
    from bedrock_authcheck.recording.tape import Deck, inserted  # noqa: PLC0415 - costly, on use

    deck = Deck(None, records=True)
    with inserted(deck, path):
        result = ask(step, region)
    if not deck.made:
        msg = f"the simulated service was not asked ({result.error_type}: {result.error})"
        raise RuntimeError(msg)
    return deck.made[-1]


ITEM = RecordingItem
"""What the group makes of its scenarios."""
