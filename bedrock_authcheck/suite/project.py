"""The files of the project under test: SAFE-1 and SAFE-5, over what git lists."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from bedrock_authcheck.checks.project import PROJECT_CHECKS, ProjectScan, judge_project
from bedrock_authcheck.checks.trial import Expectation
from bedrock_authcheck.model import Outcome, Verdict
from bedrock_authcheck.recording.in_play import InPlay
from bedrock_authcheck.recording.scan import scan_paths
from bedrock_authcheck.recording.tracked import NoListError, tracked
from bedrock_authcheck.report.result import ScenarioResult
from bedrock_authcheck.spec.rules import load_rules
from bedrock_authcheck.suite.items import ScenarioFailure, ScenarioItem
from bedrock_authcheck.suite.scenario import Scenario
from bedrock_authcheck.wire.unpacking import MEBIBYTE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LARGEST: Final = 32 * MEBIBYTE
"""Bytes of all files together that a run of the suite looks through: some seconds."""

_ENVIRON: pytest.StashKey[Mapping[str, str]] = pytest.StashKey()


def prepare(config: pytest.Config, environ: Mapping[str, str]) -> None:
    """Keep the environment that pytest was started in: its secrets are looked for by value."""
    config.stash[_ENVIRON] = environ


def scenarios() -> Iterator[Scenario]:
    """One scenario: the files are read once for both rules."""
    yield Scenario("project", "files", tuple(PROJECT_CHECKS), (), (), Expectation())


def scanned(root: Path, secrets: Mapping[str, str]) -> ProjectScan:
    """Scan the files that git lists below a folder, paths relative to it."""
    try:
        paths = tracked(root)
    except NoListError as error:
        return ProjectScan(unscanned=f"{error}: bedrock-authcheck scan PATH looks without git")
    if not paths:
        return ProjectScan(unscanned="git lists no file here: git add what is to be checked")
    size = _size(paths)
    if size > LARGEST:
        return ProjectScan(
            unscanned=f"the files that git lists have {size // MEBIBYTE} MiB, more than the "
            f"{LARGEST // MEBIBYTE} that a run looks through: run bedrock-authcheck scan on them"
        )
    scans = scan_paths(paths, secrets)
    return ProjectScan(tuple(replace(one, path=one.path.relative_to(root)) for one in scans))


def _size(paths: Sequence[Path]) -> int:
    total = 0
    for path in paths:
        try:
            total += path.stat().st_size
        except OSError:
            continue  # the scan says that it cannot be read
    return total


class ProjectItem(ScenarioItem):
    """The rules about the project's files as a test."""

    def runtest(self) -> None:
        """Hold the rules against the files."""
        environ = self.config.stash.get(_ENVIRON, {})
        secrets = InPlay.of_machine(environ, Path.home()).secrets()
        found = scanned(self.config.rootpath, secrets)
        strict = bool(self.config.getoption("authcheck_strict"))
        rules = load_rules()
        verdicts = tuple(judge_project(rules[rule], found, strict=strict) for rule in self.rules)
        self.result = self._result(verdicts)
        if self.result.unforeseen:
            raise ScenarioFailure
        if self.result.outcome in (Outcome.NOT_OBSERVABLE, Outcome.SKIPPED):
            pytest.skip(f"{self.result.outcome}: {verdicts[0].reason}")

    def unjudged(self, outcome: Outcome, reason: str) -> ScenarioResult:
        """Make the result of rules that were not judged."""
        return self._result(tuple(Verdict(rule, outcome, reason=reason) for rule in self.rules))

    def _result(self, verdicts: tuple[Verdict, ...]) -> ScenarioResult:
        return ScenarioResult(self.scenario.id, "", "", (), (), verdicts)


ITEM = ProjectItem
"""What the group makes of its scenarios."""
