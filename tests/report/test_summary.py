"""What a run ends with says of rules that only observe."""

from __future__ import annotations

from bedrock_authcheck.model import Outcome, Verdict
from bedrock_authcheck.report.result import ScenarioResult
from bedrock_authcheck.report.summary import summary_of
from bedrock_authcheck.spec.rules import load_rules


def _result(*verdicts: Verdict) -> ScenarioResult:
    return ScenarioResult("id", "bedrock-runtime", "Converse", (), (), verdicts)


def _observed(rule: str, text: str) -> Verdict:
    return Verdict(rule, Outcome.OBSERVED, observed=text)


def test_what_was_observed_is_counted_the_most_frequent_first() -> None:
    results = [
        _result(_observed("TOKEN-12", "with the next request")),
        _result(_observed("TOKEN-12", "never"), _observed("PREF-2", "sigv4")),
        _result(_observed("TOKEN-12", "never"), Verdict("CHAIN-1", Outcome.PASSED, observed="x")),
    ]
    lines = [text for text, _ in summary_of(results, load_rules(), 200)]
    start = next(n for n, line in enumerate(lines) if line.startswith("observed, where"))
    assert lines[start + 1 : start + 7] == [
        "  TOKEN-12",
        "    2 scenarios: never",
        "    1 scenario: with the next request",
        "  PREF-2",
        "    1 scenario: sigv4",
        "",
    ]
    row = next(line for line in lines if line.startswith("TOKEN-12"))
    assert row.split()[1:4] == ["OBSERVE", "observed", "3"]


def test_a_run_that_observed_nothing_says_nothing_of_it() -> None:
    lines = [
        text
        for text, _ in summary_of([_result(Verdict("CHAIN-1", Outcome.PASSED))], load_rules(), 100)
    ]
    assert not [line for line in lines if line.startswith("observed")]
