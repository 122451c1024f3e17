"""The key that the project under test uses: SAFE-2, SAFE-3 and SAFE-4.

What is judged is the environment that pytest was started in, as it was before any machine of the
suite's own was laid over it. It may hold a live key: nothing of it is in a result, nor in
what is said of an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import pytest

from bedrock_authcheck.checks.key_in_use import KeyInUse
from bedrock_authcheck.checks.keys import (
    FINGERPRINTS,
    LONG_TERM_KEYS,
    KeySettings,
    LongTermKeys,
    judge_key,
)
from bedrock_authcheck.checks.trial import Expectation
from bedrock_authcheck.model import CredentialSource, Outcome, Verdict
from bedrock_authcheck.report.result import ScenarioResult
from bedrock_authcheck.spec.rules import load_rules
from bedrock_authcheck.suite.items import ScenarioFailure, ScenarioItem
from bedrock_authcheck.suite.scenario import Scenario
from bedrock_authcheck.wire.fingerprint import FINGERPRINT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9 _.-]{0,31}")  # no key is as short
_RULES: Final = {"short-term": "SAFE-2", "long-term": "SAFE-3", "environments": "SAFE-4"}


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What the group's scenarios look at."""

    seen: KeyInUse
    settings: KeySettings


_PREPARED: pytest.StashKey[_Prepared] = pytest.StashKey()


def prepare(config: pytest.Config, environ: Mapping[str, str]) -> None:
    """Keep what is judged: the key in `environ`, which pytest was started in, by the ini keys.

    UsageError for a setting that is wrong; what stands there is not repeated, for it may be a key.
    """
    settings = KeySettings(
        _long_term(config.getini(LONG_TERM_KEYS)), _fingerprints(config.getini(FINGERPRINTS))
    )
    config.stash[_PREPARED] = _Prepared(KeyInUse.of(environ), settings)


def _long_term(value: str) -> LongTermKeys:
    try:
        return LongTermKeys(value.strip())
    except ValueError:
        right = ", ".join(LongTermKeys)
        text = f"{LONG_TERM_KEYS}: what is set does not exist: choose from {right}"
        raise pytest.UsageError(text) from None


def _fingerprints(lines: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        name, _, value = (part.strip() for part in line.partition("="))
        if not (_NAME.fullmatch(name) and FINGERPRINT.fullmatch(value)):
            text = (
                f"{FINGERPRINTS}, line {number}: expected the name of an environment, = and the "
                "fingerprint of its key, such as production = k1:0123456789abcdef01234567 "
                "(`bedrock-authcheck key` prints it)"
            )
            raise pytest.UsageError(text)
        if name in found:
            raise pytest.UsageError(f"{FINGERPRINTS}, line {number}: {name} is there twice")
        found[name] = value
    return found


def scenarios() -> Iterator[Scenario]:
    """Make one scenario of each rule; none has a level of its own, and none calls anything."""
    for name, rule in _RULES.items():
        yield Scenario("keys", name, (rule,), (), (), Expectation())


class KeyItem(ScenarioItem):
    """One rule about the key in use as a test."""

    def runtest(self) -> None:
        """Hold the rule against the environment."""
        prepared, now = self.config.stash[_PREPARED], datetime.now(UTC)
        strict = bool(self.config.getoption("authcheck_strict"))
        rules = load_rules()
        verdicts = tuple(
            judge_key(rules[rule], prepared.seen, prepared.settings, now, strict=strict)
            for rule in self.rules
        )
        self.result = self._result(verdicts)
        if self.result.unforeseen:
            raise ScenarioFailure
        outcome = self.result.outcome
        if outcome in (Outcome.NOT_OBSERVABLE, Outcome.SKIPPED):
            pytest.skip(f"{outcome}: {verdicts[0].reason}")

    def unjudged(self, outcome: Outcome, reason: str) -> ScenarioResult:
        """Make the result of a rule that was not judged."""
        return self._result(tuple(Verdict(rule, outcome, reason=reason) for rule in self.rules))

    def repr_failure(  # type: ignore[override] # pytest calls it with nothing more
        self, excinfo: pytest.ExceptionInfo[BaseException]
    ) -> object:
        """Report the broken rule; of an error its type alone, whatever its text and frames hold."""
        if excinfo.errisinstance(ScenarioFailure):
            return super().repr_failure(excinfo)
        return f"{excinfo.typename}: not shown, for the environment may hold a live key"

    def _result(self, verdicts: tuple[Verdict, ...]) -> ScenarioResult:
        prepared = self.config.stash.get(_PREPARED, None)
        seen = prepared.seen if prepared else KeyInUse()
        present = [CredentialSource.BEARER] if seen.token else []
        present += [CredentialSource.ENVIRONMENT] if seen.key_id else []
        return ScenarioResult(self.scenario.id, "", "", tuple(present), (), verdicts)


ITEM = KeyItem
"""What the group makes of its scenarios."""
