from __future__ import annotations

import datetime as dt
import re

import pytest

from bedrock_authcheck.model import RuleLevel, RuleScope
from bedrock_authcheck.spec import rules
from bedrock_authcheck.spec.rules import (
    RuleDataError,
    RuleGroup,
    load_rules,
    parse_rules,
    rule_order,
    rule_set,
)

GOOD = """\
version = "1"
read = 2026-11-23
[documents.guide]
title = "The guide"
url = "https://docs.example.com/guide"
[rules.CHAIN-1]
level = "MUST"
scope = "wire"
statement = "The highest level wins."
sources = [{ document = "guide", section = "Priority" }]
"""


def test_every_rule_of_the_specification_is_there_in_the_order_of_reports() -> None:
    numbers = {"CHAIN": 7, "AUTH": 9, "LIMIT": 8, "TOKEN": 13, "PREF": 3, "SAFE": 5}
    expected = [f"{group}-{n + 1}" for group, count in numbers.items() for n in range(count)]
    assert list(load_rules()) == expected


def test_levels_are_those_of_the_specification() -> None:
    by_level = {
        level: [rule.id for rule in load_rules().values() if rule.level is level]
        for level in (RuleLevel.SHOULD, RuleLevel.OBSERVE)
    }
    assert by_level == {
        RuleLevel.SHOULD: [
            "CHAIN-5",
            "CHAIN-6",
            "AUTH-8",
            "AUTH-9",
            "TOKEN-5",
            "SAFE-2",
            "SAFE-3",
            "SAFE-4",
        ],
        RuleLevel.OBSERVE: ["CHAIN-7", "TOKEN-8", "TOKEN-12", "PREF-2"],
    }


def test_scopes_are_those_of_the_specification() -> None:
    scopes = {rule.id: rule.scope for rule in load_rules().values()}
    process = {f"TOKEN-{n}" for n in range(7, 13)}
    project = {f"SAFE-{n}" for n in range(1, 6)}
    for rule_id, scope in scopes.items():
        expected = (
            RuleScope.PROCESS
            if rule_id in process
            else RuleScope.PROJECT
            if rule_id in project
            else RuleScope.WIRE
        )
        assert scope is expected, rule_id


def test_every_rule_but_the_sourceless_observation_says_who_demands_it_and_when_it_was_read() -> (
    None
):
    sourceless = [rule.id for rule in load_rules().values() if not rule.sources]
    assert sourceless == ["TOKEN-8"]
    for rule in load_rules().values():
        for source in rule.sources:
            assert source.read == dt.date(2026, 11, 23), rule.id
            assert source.title, rule.id
            if not source.title.startswith("follows from"):
                assert re.match(r"https://[^ ]+$", source.url or ""), rule.id


def test_a_source_is_a_document_with_its_section_an_issue_or_another_rule() -> None:
    bearer = load_rules()["CHAIN-1"].sources[0]
    assert str(bearer) == "Using Bearer Tokens with AWS Bedrock, Credential Priority"
    issue = load_rules()["LIMIT-7"].sources[1]
    assert str(issue) == "boto/botocore#3526"
    assert issue.url == "https://github.com/boto/botocore/issues/3526"
    derived = load_rules()["TOKEN-13"].sources[0]
    assert (str(derived), derived.url) == ("follows from CHAIN-1", None)


def test_groups_follow_the_prefix() -> None:
    rules_by_id = load_rules()
    assert rules_by_id["PREF-1"].group is RuleGroup.PREFERENCE
    assert {rule.group for rule in rules_by_id.values()} == set(RuleGroup)


def test_rules_are_loaded_once_and_cannot_be_changed() -> None:
    loaded = load_rules()
    assert load_rules() is loaded
    with pytest.raises(TypeError):
        loaded["CHAIN-1"] = loaded["CHAIN-2"]  # type: ignore[index]  # that it is read-only
    with pytest.raises(AttributeError):
        loaded["CHAIN-1"].statement = ""  # type: ignore[misc]  # that it is frozen


def test_ids_sort_by_group_and_number() -> None:
    shuffled = ["SAFE-1", "CHAIN-10", "TOKEN-2", "CHAIN-2", "AUTH-1", "PREF-3", "LIMIT-8"]
    expected = ["CHAIN-2", "CHAIN-10", "AUTH-1", "LIMIT-8", "TOKEN-2", "PREF-3", "SAFE-1"]
    assert sorted(shuffled, key=rule_order) == expected


def test_the_rule_set_has_a_version_and_a_digest_of_what_it_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original = rule_set()
    assert re.fullmatch(r"1\+[0-9a-f]{12}", original)
    packaged = rules._packaged()

    def digest_of(text: str) -> str:
        monkeypatch.setattr(rules, "_packaged", lambda: text)
        return rule_set.__wrapped__()

    assert digest_of(packaged.replace("\n", "\r\n") + "# a comment\r\n") == original
    assert digest_of(packaged.replace('"SHOULD"', '"MUST"', 1)) != original
    assert digest_of(packaged.replace("2026-11-23", "2026-11-24", 1)) != original


@pytest.mark.parametrize(
    ("broken", "by", "message"),
    [
        ('"MUST"', '"MUSTT"', r"CHAIN-1: level is 'MUSTT', expected one of MUST, SHOULD, OBSERVE"),
        ('"wire"', '"air"', r"CHAIN-1: scope is 'air', expected one of wire, process, project"),
        ("scope =", "scoop =", r"CHAIN-1: missing or unknown: scoop, scope; expected exactly"),
        ("wins.", "wins", r"CHAIN-1: statement must be a sentence"),
        ('"The highest level wins."', "7", r"CHAIN-1: statement must be a sentence"),
        ("CHAIN-1", "CHAINS-1", r"'CHAINS-1' is no rule id: expected one of CHAIN-<number>"),
        ("CHAIN-1", "CHAIN-01", r"'CHAIN-01' is no rule id"),
        ('document = "guide"', 'document = "gide"', r"no document 'gide'; there are guide"),
        ('document = "guide"', 'book = "guide"', r"exactly one of document, issue, rule"),
        ('document = "guide"', 'issue = "#7"', r"issue is '#7', expected owner/name#number"),
        ('document = "guide"', 'rule = "CHAIN-9"', r"follows from 'CHAIN-9', which is no rule"),
        ("read = 2026-11-23", "", r"read is None, expected a date such as 2026-11-23"),
        ('[{ document = "guide", section = "Priority" }]', "[]", r"may be empty only for level"),
        ('[{ document = "guide", section = "Priority" }]', '"guide"', r"must be a list of tables"),
        ("[rules.", "[[rules", r"not valid TOML"),
        ("[rules.", "[rule.", r"there are no rules: expected tables such as \[rules.CHAIN-1\]"),
        ("url =", "link =", r"CHAIN-1: document 'guide' needs a title and a url"),
    ],
)
def test_malformed_data_is_one_clear_sentence(broken: str, by: str, message: str) -> None:
    assert list(parse_rules(GOOD)) == ["CHAIN-1"]
    assert broken in GOOD
    with pytest.raises(RuleDataError, match=message):
        parse_rules(GOOD.replace(broken, by))


def test_a_source_read_on_another_day_says_so() -> None:
    own_date = GOOD.replace('section = "Priority"', "read = 2026-12-24")
    assert parse_rules(own_date)["CHAIN-1"].sources[0].read == dt.date(2026, 12, 24)
    of_document = GOOD.replace("[rules", "read = 2026-12-25\n[rules")
    assert parse_rules(of_document)["CHAIN-1"].sources[0].read == dt.date(2026, 12, 25)
