"""What is wanted of a request, and what is wrong with one: without a run of pytest."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bedrock_authcheck.guard.expectations import (
    FORBIDDABLE,
    KINDS,
    LEVELS,
    ExpectationError,
    Wanted,
)
from bedrock_authcheck.guard.seen import Kind, Proof, Seen
from bedrock_authcheck.guard.told import breach_text, summary
from bedrock_authcheck.spec.rules import load_rules

BEARER = Seen(
    "t.py::test",
    "botocore",
    "bedrock-runtime",
    "Converse",
    takes_api_key=True,
    proof=Proof.HANDED_OVER,
    scheme="bearer",
    level="bearer",
    kind=Kind.LONG_TERM_API_KEY,
)
ROLE = replace(BEARER, scheme="sigv4", level="container", kind=Kind.TEMPORARY)
KEYS = replace(BEARER, scheme="sigv4", level="environment", kind=Kind.LONG_TERM_IAM_KEY)
STRANGER = replace(ROLE, level=None)
UNSIGNED = replace(BEARER, scheme="unsigned", level=None, kind=Kind.UNKNOWN)
STUBBED = Seen("t", "botocore", "bedrock", "X", takes_api_key=True, proof=Proof.STUBBED)


def wanted(expect: str = "any", *forbid: str) -> Wanted:
    return Wanted.of_settings(expect, forbid)


def rules(of: Wanted, seen: Seen) -> list[str]:
    return [breach.rule for breach in of.breaches(seen)]


@pytest.mark.parametrize(
    ("expect", "right", "wrong"),
    [
        ("any", [BEARER, ROLE, KEYS, STRANGER, UNSIGNED], []),
        ("", [BEARER, UNSIGNED], []),
        ("sigv4", [ROLE, KEYS, STRANGER], [BEARER, UNSIGNED]),
        ("SigV4", [replace(ROLE, scheme="sigv4-query")], [BEARER]),
        ("bearer", [BEARER, replace(BEARER, level="token-in-code")], [ROLE, KEYS, UNSIGNED]),
        ("sigv4: container", [ROLE, replace(ROLE, level="pod-identity")], [KEYS, BEARER, STRANGER]),
        ("sigv4: container, environment", [ROLE, KEYS], [replace(KEYS, level="shared")]),
        ("sigv4: config", [replace(ROLE, level="process"), replace(ROLE, level="sso")], [ROLE]),
        ("sigv4: process", [replace(ROLE, level="process")], [replace(ROLE, level="config")]),
        ("sigv4: settings", [STRANGER, replace(ROLE, level="settings")], [ROLE, UNSIGNED]),
        ("any: bearer", [BEARER], [ROLE]),
    ],
)
def test_what_is_expected(expect: str, right: list[Seen], wrong: list[Seen]) -> None:
    of = wanted(expect)
    assert [seen for seen in (*right, *wrong) if rules(of, seen)] == wrong


@pytest.mark.parametrize(
    ("forbid", "right", "wrong", "rule"),
    [
        ("long-term-key", [ROLE], [BEARER, KEYS], "SAFE-3"),
        ("long-term-api-key", [ROLE, KEYS], [BEARER], "SAFE-3"),
        ("long-term-iam-key", [ROLE, BEARER], [KEYS], "SAFE-3"),
        ("short-term-key", [BEARER], [replace(BEARER, kind=Kind.SHORT_TERM_API_KEY)], "CHAIN-1"),
        ("bearer", [ROLE, KEYS], [BEARER], "CHAIN-1"),
        ("environment keys", [ROLE, BEARER], [KEYS], "CHAIN-1"),
        ("container, environment", [BEARER], [ROLE, KEYS], "CHAIN-1"),
        ("unsigned", [BEARER, ROLE], [UNSIGNED], "CHAIN-1"),
    ],
)
def test_what_is_forbidden(forbid: str, right: list[Seen], wrong: list[Seen], rule: str) -> None:
    of = wanted("any", forbid)
    assert not any(rules(of, seen) for seen in right)
    assert all(rules(of, seen) == [rule] for seen in wrong)


def test_a_request_can_be_wrong_twice() -> None:
    assert rules(wanted("sigv4", "long-term-key"), BEARER) == ["CHAIN-1", "SAFE-3"]


def test_no_evidence_is_no_breach() -> None:
    assert rules(wanted("bearer", *FORBIDDABLE), STUBBED) == []


@pytest.mark.parametrize("takes", [True, False])
def test_what_takes_no_api_key_is_signed_where_bearer_is_expected(takes: bool) -> None:
    agents = {"service": "bedrock-agent", "operation": "ListAgents", "takes_api_key": takes}
    of = wanted("bearer")
    assert rules(of, replace(ROLE, **agents)) == (["CHAIN-1"] if takes else [])  # type: ignore[arg-type] # of three types
    assert rules(of, replace(BEARER, **agents)) == ([] if takes else ["LIMIT-4"])  # type: ignore[arg-type] # as above


def test_a_marker_counts_before_the_settings_and_lifts_what_it_names() -> None:
    of = wanted("sigv4", "long-term-key, bearer", "environment")
    marked = of.marked(("bearer",), {"kind": "long-term-key"})
    assert rules(marked, BEARER) == []
    assert marked.forbidden == ("environment",)
    assert of.marked(("sigv4",), {"level": "environment"}).forbidden == ("long-term-key", "bearer")
    assert rules(of.marked(("any",), {}), BEARER) == ["SAFE-3"]
    short = of.marked(("bearer",), {"kind": "short-term-key"})
    assert rules(short, BEARER) == ["CHAIN-1", "SAFE-3"]
    assert of.marked(("sigv4",), {"level": "container, instance"}).levels == (
        "container",
        "instance",
    )


@pytest.mark.parametrize("name", [*LEVELS, *KINDS])
def test_every_level_and_kind_can_be_named(name: str) -> None:
    of = wanted()
    if name in KINDS:
        assert of.marked(("any",), {"kind": name}).kinds == (name,)
    else:
        assert wanted(f"sigv4: {name}").levels == (name,)
    assert name in FORBIDDABLE


@pytest.mark.parametrize("expect", ["sigv4:", "sigv4: ,", ": container x", "bearer token"])
def test_nonsense_is_told(expect: str) -> None:
    with pytest.raises(ExpectationError, match="bedrock_auth_expect: "):
        wanted(expect)


@pytest.mark.parametrize("seen", [BEARER, ROLE, KEYS, STRANGER, UNSIGNED])
def test_a_breach_says_what_to_do(seen: Seen) -> None:
    other = "sigv4" if seen is BEARER else "bearer"
    for breach in wanted(other, "long-term-key").breaches(seen):
        text = breach_text(breach, seen, "nothing")
        assert breach.rule in load_rules()
        labels = [line.split()[0] for line in text.splitlines()[1:]]
        assert labels == [
            *("rule", "present", "expected", "observed", "request"),
            *("evidence", "to", "source", "again"),
        ]
        assert "None" not in text


def test_the_summary_groups_by_credential_and_keeps_the_first_place() -> None:
    later = replace(BEARER, test="t.py::later", operation="InvokeModel")
    wrong = replace(later, wrong=("CHAIN-1", "SAFE-3"))
    lines = list(summary([BEARER, ROLE, wrong, STUBBED, UNSIGNED]))
    assert lines[1:3] == [
        "     1  not as wanted (CHAIN-1, SAFE-3)",
        "        first in t.py::later (InvokeModel, botocore)",
    ]
    assert not [line for line in summary([BEARER]) if "wanted" in line]
    assert lines[0] == ("4 requests to Amazon Bedrock in 3 tests: 2 bearer, 1 sigv4, 1 unsigned")
    assert "     2  bearer by level 1 bearer token (long-term-api-key)" in lines
    assert "        first in t.py::test (Converse, botocore)" in lines
    assert "     1  sigv4 by level 6 container role (temporary-credentials)" in lines
    assert "  1 call with no evidence: stubbed before it was signed" in lines


def test_what_is_seen_survives_the_way_to_another_process() -> None:
    wrong = replace(BEARER, wrong=("CHAIN-1",))
    assert Seen.from_json(json.loads(json.dumps(wrong.as_json()))) == wrong
    assert "mark" not in replace(BEARER, mark="x").as_json()
