"""The table of variants says what was sent, not what is usual."""

from __future__ import annotations

import pytest

from bedrock_authcheck.model import Outcome, Verdict
from bedrock_authcheck.report.result import ScenarioResult
from bedrock_authcheck.report.variants import table, wins


def result(
    *present: str, signed: str | None, rule: str = "CHAIN-7", beside: str = ""
) -> ScenarioResult:
    requests = [{"service": "sts", "source": beside}] if beside else []
    requests += [{"service": "bedrock-runtime", "source": signed}] if signed else []
    return ScenarioResult(
        f"bedrock-authcheck::variant::{'+'.join(present)}-converse",
        "bedrock-runtime",
        "Converse",
        present,
        (),
        (Verdict(rule, Outcome.OBSERVED),),
        tuple(requests),
    )


def test_who_signed_comes_before_the_others_and_the_most_frequent_first() -> None:
    results = [
        result("config", "process", signed="config"),
        result("process", "sso", signed="sso", beside="process"),
        result("config", "sso", signed="sso"),
    ]
    assert wins(results) == {"sso": ("process", "config"), "config": ("process",)}
    assert table(results) == [
        ("sso     before", "process, config"),
        ("config  before", "process"),
    ]


@pytest.mark.parametrize("signed", [None, "environment"])
def test_where_neither_signed_nobody_won(signed: str | None) -> None:
    assert wins([result("role", "sso", signed=signed)]) == {"nobody": ("role or sso",)}


def test_other_rules_and_other_outcomes_are_left_out() -> None:
    skipped = ScenarioResult(
        *("id", "bedrock-runtime", "Converse", ("a", "b"), ()),
        (Verdict("CHAIN-7", Outcome.NOT_OFFERED),),
    )
    assert wins([result("config", "sso", signed="sso", rule="PREF-2"), skipped]) == {}
    assert table([]) == []
