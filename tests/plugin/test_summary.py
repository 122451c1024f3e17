"""The summary by rule, at the widths of terminals."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from bedrock_authcheck.model import Outcome, Verdict
from bedrock_authcheck.report.result import ScenarioResult
from bedrock_authcheck.report.summary import summarise, summary_of
from bedrock_authcheck.spec.deviations import load_deviations
from bedrock_authcheck.spec.remedies import remedies_of
from bedrock_authcheck.spec.rules import load_rules

RULES = load_rules()
BLANK = next(d for d in load_deviations() if d.id == "boto3-blank-token")


def result(name: str, *verdicts: Verdict, stale: tuple[str, ...] = ()) -> ScenarioResult:
    return ScenarioResult(
        f"bedrock-authcheck::chain::{name}", "bedrock-runtime", "Converse", (), (), verdicts,
        stale=stale,
    )  # fmt: skip


LEAK = "bearer  AWS_BEARER_TOKEN_BEDROCK"
RESULTS = [
    *(result(f"passed-{n}", Verdict("CHAIN-1", Outcome.PASSED)) for n in range(1234)),
    result("failed", Verdict("CHAIN-1", Outcome.FAILED), Verdict("AUTH-8", Outcome.WARNING)),
    result("absent", Verdict("LIMIT-1", Outcome.NOT_OFFERED), Verdict("AUTH-8", Outcome.SKIPPED)),
    result("known", Verdict("TOKEN-1", Outcome.FAILED, deviation=BLANK.id)),
    result("also-known", Verdict("TOKEN-1", Outcome.FAILED, deviation=BLANK.id)),
]


def lines(width: int) -> list[str]:
    return [line for line, _ in summary_of(RESULTS, RULES, width)]


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(len, lines(width))) < width


def test_a_wide_terminal_has_a_line_for_each_rule() -> None:
    table = lines(120)[:5]
    assert table[0].split() == ["rule", "level", "outcome", "scenarios", "beside", "statement"]
    assert [line.split()[0] for line in table[1:]] == ["CHAIN-1", "AUTH-8", "LIMIT-1", "TOKEN-1"]
    assert table[1] == (
        "CHAIN-1  MUST    failed                   1  1234 passed  "
        "With any set of levels present, an operation that accepts …"
    )
    statement = table[0].index("statement")
    for line in table[1:]:
        assert line[statement - 1] == " " != line[statement]
        words = line[statement:].removesuffix(" …")
        assert RULES[line.split()[0]].statement.startswith(words)
        assert len(words) >= 30


def test_a_narrow_terminal_has_the_whole_statement_below() -> None:
    table = [line for line, _ in summary_of(RESULTS, RULES, 80)]
    first = table.index("CHAIN-1  MUST    failed                   1  1234 passed")
    assert table[first + 1 : first + 3] == [
        "         With any set of levels present, an operation that accepts API keys is",
        "         authenticated by the highest of them, unless PREF-1 or PREF-3 applies.",
    ]


def test_counts_are_aligned() -> None:
    numbered = [*RESULTS, *(result("auth", Verdict("AUTH-1", Outcome.PASSED)) for _ in range(987))]
    table = [line for line, _ in summary_of(numbered, RULES, 80) if line[:1].isupper()][:5]
    numbers = [re.fullmatch(r"\S+ +(?:MUST|SHOULD) +\D+ (\d+)(?:  .*)?", line) for line in table]
    assert [number and number[1] for number in numbers] == ["1", "987", "1", "1", "2"]
    assert len({number and number.end(1) for number in numbers}) == 1


def test_what_is_gravest_comes_first_and_colours_the_line() -> None:
    markup = {line.split()[0]: colours for line, colours in summary_of(RESULTS, RULES, 120) if line}
    assert markup["CHAIN-1"] == {"red": True}
    assert markup["AUTH-8"] == markup["TOKEN-1"] == {"yellow": True}
    assert markup["LIMIT-1"] == {}
    (passed,) = [c for line, c in summary_of(RESULTS[:9], RULES, 120) if line.startswith("CHAIN-1")]
    assert passed == {"green": True}


def test_an_expected_failure_is_not_counted_as_passed_or_failed() -> None:
    (token,) = [s for s in summarise(RESULTS, RULES) if s.rule.id == "TOKEN-1"]
    assert token.counts == Counter({"known deviation": 2})


def test_a_stale_deviation_is_no_pass() -> None:
    stale = result("mended", Verdict("TOKEN-1", Outcome.PASSED), stale=(BLANK.id,))
    (summary,) = summarise([stale], RULES)
    assert summary.outcome == "stale deviation"
    assert summary.counts == Counter({"stale deviation": 1})


def test_rules_that_were_not_held_are_told() -> None:
    text = " ".join(" ".join(lines(80)).split())
    assert "not part of this run: CHAIN-2, CHAIN-3" in text
    others = text.partition("not part of this run: ")[2].partition(" known")[0]
    assert "SAFE-1" in others
    assert "CHAIN-1," not in others


def test_known_deviations_are_told_with_reason_and_link() -> None:
    text = lines(80)
    start = text.index("known deviations, expected to fail (the run stays green):")
    assert text[start + 1] == "  TOKEN-1  boto3-blank-token, 2 scenarios"
    assert BLANK.link in text[start + 4]
    assert " ".join(" ".join(text[start + 2 : start + 4]).split()) == BLANK.reason


def test_failures_that_another_release_does_not_have_are_told_once() -> None:
    leaks = [
        result(
            f"leak-{n}",
            Verdict("LIMIT-4", Outcome.FAILED, observed=LEAK),
            Verdict("LIMIT-2", Outcome.FAILED, observed=LEAK),
        )
        for n in range(3)
    ]
    leaks.append(result("other", Verdict("LIMIT-4", Outcome.FAILED, observed="unsigned")))
    for width in (60, 200):
        summary = summary_of(leaks, RULES, width, remedies_of("boto3", "1.39.0"))
        told = [line for line, _ in summary]
        begun = told.index("failed in this release of the client, and not in others:")
        assert told[begun + 1] == "  LIMIT-2 (3), LIMIT-4 (3)"
        text = " ".join(" ".join(told[begun + 2 : -2]).split())
        assert text.startswith("the token goes out for operations that take none; botocore 1.39.12")
        assert max(map(len, told)) < width
    for remedies in ((), remedies_of("boto3", "1.44.0")):
        assert not any("this release" in line for line, _ in summary_of(leaks, RULES, 80, remedies))


def test_no_remedy_is_told_where_it_would_help_nothing() -> None:
    told = [line for line, _ in summary_of(RESULTS, RULES, 80, remedies_of("boto3", "1.39.0"))]
    assert not any("this release" in line for line in told)
