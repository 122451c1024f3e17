"""The page of releases: what it says, and which reports it refuses."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.report.jsonl import ReportError, read_report
from bedrock_authcheck.report.versions import Making, versions_page
from bedrock_authcheck.spec.rules import load_rules, rule_set
from tests.report.releases import (
    BEARER,
    PLAIN,
    REFUSED,
    plain_http,
    report,
    scenario,
    verdict,
    write,
)

if TYPE_CHECKING:
    from pathlib import Path

    from bedrock_authcheck.report.jsonl import Report

MAKING = Making(dt.date(2026, 11, 24), "bedrock-authcheck versions", "3.13.0", "1.44.8")
OLD = report("1.43.0", plain_http(sent=True))
NEW = report("1.44.0", plain_http(sent=False))


def page(*reports: Report) -> str:
    return versions_page(reports, MAKING)


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [line.strip("| ").split(" | ") for line in lines]


def test_the_page_says_how_it_was_made() -> None:
    head, *_ = page(OLD).partition("| rule")
    made = ("2026-11-24", "`bedrock-authcheck versions`", "0.1.0", rule_set(), "Python 3.13.0")
    assert all(text in head for text in made)
    assert "Do not edit" in head


def test_a_row_is_a_rule_and_a_column_a_release_in_the_order_of_versions() -> None:
    some = [scenario(f"limit::{n}", verdict("LIMIT-2", "passed")) for n in range(9)]
    bad = scenario("limit::x", verdict("LIMIT-2", "failed"), verdict("AUTH-1", "skipped"))
    table = rows(page(report("1.39.12", *some), report("1.39.2", *some, bad)))
    assert table[0] == ["rule", "level", "1.39.2", "1.39.12"]
    assert table[2] == ["AUTH-1", "MUST", "skipped 1/1", "not there"]
    assert table[3] == ["LIMIT-2", "MUST", "**failed** 1/10", "passed 9/9"]


def test_rules_that_nothing_held_are_named() -> None:
    (line,) = re.findall(r"No scenario holds these rules: (.*)\.", page(OLD))
    assert line.split(", ") == [rule for rule in load_rules() if rule != "TOKEN-5"]


def test_releases_tell_failures_that_nobody_foresaw_and_deviations_that_are_stale() -> None:
    results = (
        scenario("token::a", verdict("TOKEN-1", "failed", deviation="boto3-blank-token")),
        scenario("token::b", verdict("TOKEN-1", "passed"), stale=("boto3-blank-token",)),
        scenario("token::c", verdict("TOKEN-3", "failed")),
        plain_http(sent=True),
    )
    table = rows(page(report("1.44.8", *results)))
    assert table[-1] == ["1.44.8 (newest)", "1.44.8", "4", "2", "1", "boto3-blank-token"]


def test_a_turning_point_is_told_in_one_line_with_an_example() -> None:
    text = page(OLD, NEW)
    _, _, turning = text.partition("### 1.44.0, after 1.43.0\n")
    statement = load_rules()["TOKEN-5"].statement
    assert f"**TOKEN-5** (SHOULD), **warning** → passed: {statement}" in turning
    bearer = " ".join(BEARER.split())
    assert (
        f"- 1 scenario of bedrock-runtime, such as `{PLAIN}`: expected `{REFUSED}`; "
        f"1.43.0 **warning**, `{bearer}`; 1.44.0 passed, `{REFUSED}`."
    ) in turning.splitlines()
    assert "The scenarios are the same." in turning


def test_a_release_in_which_nothing_turns_says_so_and_how_many_scenarios_are_new() -> None:
    more = scenario("token::other", verdict("TOKEN-5", "passed"))
    text = page(NEW, report("1.44.8", plain_http(sent=False), more))
    assert "No rule turns here." in text
    assert "1 scenario more and 0 fewer, by the operations that it offers." in text


@pytest.mark.parametrize("seen", ["a | b\n| c", "``<b>`` _x_ **y**", "[a](b)"])
def test_what_was_seen_cannot_change_the_page(seen: str) -> None:
    odd = scenario(PLAIN, verdict("TOKEN-5", "warning", seen))
    text = page(report("1.43.0", odd), NEW)
    assert len(rows(text)) == len(rows(page(OLD, NEW)))
    (line,) = [line for line in text.splitlines() if line.startswith("- ")]
    fence = re.search(r"1\.43\.0 \*\*warning\*\*, (`+)(.+?)(?<!`)\1(?!`)", line)
    assert fence is not None
    assert fence[2].strip() == " / ".join(seen.split("\n"))


@pytest.mark.parametrize("seen", ["words " * 500, "words" * 500])
def test_an_error_as_long_as_a_page_is_cut(seen: str) -> None:
    odd = scenario(PLAIN, verdict("TOKEN-5", "warning", seen))
    text = page(report("1.43.0", odd), NEW)
    (line,) = [line for line in text.splitlines() if line.startswith("- ")]
    assert len(line) < 500


@pytest.mark.parametrize(
    ("reports", "told"),
    [
        ([], "no report"),
        ([OLD, NEW, OLD], "two reports are of botocore 1.43.0"),
        ([OLD, report("newest")], "botocore 'newest', where a report names a release"),
        (
            [OLD, report("1.44.0", rules="1+000000000000")],
            "botocore 1.44.0 was judged by the rule set 1+000000000000, and this version has",
        ),
        ([report("1.44.0", interrupted=True)], "botocore 1.44.0 was stopped early"),
        ([replace(OLD, header={"rule_set": rule_set()})], "botocore None"),
    ],
)
def test_reports_that_cannot_be_compared_are_refused(reports: list[Report], told: str) -> None:
    with pytest.raises(ReportError, match=re.escape(told)):
        page(*reports)


def test_a_report_that_is_torn_is_refused_before_it_gets_here(tmp_path: Path) -> None:
    path = tmp_path / "report.jsonl"
    write(path, OLD, torn=True)
    with pytest.raises(ReportError, match="has no footer"):
        read_report(path)
    write(path, OLD)
    assert page(read_report(path)) == page(OLD)
