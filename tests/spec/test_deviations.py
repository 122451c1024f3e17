from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.spec.deviations import (
    DeviationDataError,
    load_deviations,
    parse_deviations,
)
from bedrock_authcheck.spec.rules import load_rules
from bedrock_authcheck.suite.catalogue import GROUPS, scenarios_of

if TYPE_CHECKING:
    from bedrock_authcheck.spec.deviations import Deviation

ORIGIN = "here.toml"
ENTRY: dict[str, object] = {
    "id": "an-entry",
    "rule": "TOKEN-1",
    "client": "boto3",
    "versions": ">=1.39,<1.45",
    "scenarios": ["bedrock-authcheck::token::blank-*"],
    "observed": ["this *"],
    "reason": "because",
    "link": "https://example.invalid/1",
}


def _toml(*entries: dict[str, object]) -> str:
    """Write entries as TOML; JSON writes texts, numbers and lists the same way."""
    return "\n".join(
        "\n".join(["[[deviation]]", *(f"{key} = {json.dumps(value)}" for key, value in e.items())])
        for e in entries
    )


def _parse(**changes: object) -> Deviation:
    (deviation,) = parse_deviations(_toml({**ENTRY, **changes}), ORIGIN)
    return deviation


def _without(key: str) -> str:
    return _toml({name: value for name, value in ENTRY.items() if name != key})


def test_an_entry_is_read_with_its_origin() -> None:
    deviation = _parse()
    assert (deviation.id, deviation.rule, deviation.client) == ("an-entry", "TOKEN-1", "boto3")
    assert deviation.scenarios == ("bedrock-authcheck::token::blank-*",)
    assert deviation.origin == ORIGIN
    assert parse_deviations("", ORIGIN) == ()


@pytest.mark.parametrize(
    ("rule", "client", "version", "scenario", "foreseen"),
    [
        ("TOKEN-1", "boto3", "1.39.0", "bedrock-authcheck::token::blank-empty+none", True),
        ("TOKEN-1", "boto3", "1.44.99", "bedrock-authcheck::token::blank-", True),
        ("TOKEN-1", "boto3", "1.44.0.dev1", "bedrock-authcheck::token::blank-x", True),
        ("TOKEN-1", "boto3", "1.38.46", "bedrock-authcheck::token::blank-empty", False),
        ("TOKEN-1", "boto3", "1.45.0", "bedrock-authcheck::token::blank-empty", False),
        ("TOKEN-2", "boto3", "1.39.0", "bedrock-authcheck::token::blank-empty", False),
        ("TOKEN-1", "javascript", "1.39.0", "bedrock-authcheck::token::blank-empty", False),
        ("TOKEN-1", "boto3", "1.39.0", "bedrock-authcheck::token::space-before", False),
        ("TOKEN-1", "boto3", "1.39.0", "x bedrock-authcheck::token::blank-empty", False),
        ("TOKEN-1", "boto3", "1.39.0", "bedrock-authcheck::TOKEN::blank-empty", False),
    ],
)
def test_it_foresees_its_rule_client_versions_and_scenarios_alone(
    rule: str, client: str, version: str, scenario: str, foreseen: bool
) -> None:
    assert _parse().foresees(rule, client, version, scenario) is foreseen


def test_a_star_stands_for_any_run_of_characters() -> None:
    deviation = _parse(scenarios=["a::*-b", "c"])
    for scenario, foreseen in {"a::-b": True, "a::x::y-b": True, "a::x": False, "c": True}.items():
        assert deviation.foresees("TOKEN-1", "boto3", "1.40", scenario) is foreseen


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[deviation]\n", f"{ORIGIN} is not valid TOML: "),
        ("deviation = 1", "entries are tables, each under [[deviation]]"),
        ('deviation = ["x"]', "entries are tables, each under [[deviation]]"),
        ("[deviation]\nid = 'x'", "entries are tables, each under [[deviation]]"),
        ("[[deviations]]\nid = 'x'", "unknown: deviations; entries are tables"),
        (_without("id"), "an entry without id: missing or unknown: id; expected exactly client, "),
        *((_without(key), f"an-entry: missing or unknown: {key};") for key in ENTRY if key != "id"),
        (_toml(ENTRY | {"strict": True}), "an-entry: missing or unknown: strict;"),
        (_toml(ENTRY | {"rule": "TOKEN-99"}), "an-entry: rule is 'TOKEN-99', which is no rule"),
        (_toml(ENTRY | {"versions": "new"}), "an-entry: versions is 'new', expected a range such"),
        (_toml(ENTRY | {"versions": "1.39"}), "an-entry: versions is '1.39', expected a range"),
        (_toml(ENTRY | {"versions": ""}), "an-entry: versions must be a text, not empty"),
        (_toml(ENTRY | {"versions": 1.39}), "an-entry: versions must be a text, not empty"),
        (_toml(ENTRY | {"reason": " "}), "an-entry: reason must be a text, not empty"),
        (_toml(ENTRY | {"link": ["x"]}), "an-entry: link must be a text, not empty"),
        (_toml(ENTRY | {"client": 3}), "an-entry: client must be a text, not empty"),
        (_toml(ENTRY | {"id": 3}), "3: id must be a text, not empty"),
        (
            _toml(ENTRY | {"scenarios": []}),
            "an-entry: scenarios must be a list of texts, not empty",
        ),
        (_toml(ENTRY | {"scenarios": "x"}), "an-entry: scenarios must be a list of texts"),
        (_toml(ENTRY | {"scenarios": [1]}), "an-entry: scenarios must be a list of texts"),
        (_toml(ENTRY | {"scenarios": [""]}), "an-entry: scenarios must be a list of texts"),
        (_toml(ENTRY, ENTRY), f"{ORIGIN}: an-entry is there twice"),
    ],
)
def test_malformed_data_name_the_entry_and_the_key(text: str, said: str) -> None:
    with pytest.raises(DeviationDataError) as caught:
        parse_deviations(text, ORIGIN)
    assert said in str(caught.value)
    assert ORIGIN in str(caught.value)


@pytest.mark.parametrize("deviation", load_deviations(), ids=lambda d: d.id)
def test_every_pattern_that_ships_speaks_of_scenarios_that_hold_its_rule(
    deviation: Deviation,
) -> None:
    held = [
        scenario.id
        for group in GROUPS
        for scenario in scenarios_of(group).values()
        if deviation.rule in scenario.rules
    ]
    for pattern in deviation.scenarios:
        (alone,) = parse_deviations(
            _toml(ENTRY | {"rule": deviation.rule, "scenarios": [pattern]}), ORIGIN
        )
        assert any(alone.foresees(deviation.rule, "boto3", "1.40", name) for name in held), pattern


@pytest.mark.parametrize("deviation", load_deviations(), ids=lambda d: d.id)
def test_every_entry_that_ships_says_why_and_where(deviation: Deviation) -> None:
    assert deviation.link.startswith(
        ("https://github.com/", "https://www.rfc-editor.org/", "https://docs.aws.amazon.com/")
    )
    assert deviation.reason.endswith(".")
    assert deviation.origin == "bedrock_authcheck/spec/deviations.toml"
    assert load_rules()[deviation.rule].level != "OBSERVE"


def test_no_scenario_is_foreseen_twice_for_one_rule() -> None:
    for group in GROUPS:
        for scenario in scenarios_of(group).values():
            for rule in scenario.rules:
                found = [
                    d.id
                    for d in load_deviations()
                    if d.foresees(rule, "boto3", "1.44", scenario.id)
                ]
                assert len(found) <= 1, (scenario.id, rule, found)


OF_BOTO3 = [deviation for deviation in load_deviations() if deviation.client == "boto3"]


@pytest.mark.parametrize("rule", ["LIMIT-2", "LIMIT-3", "LIMIT-4", "LIMIT-5", "CHAIN-1", "AUTH-3"])
def test_what_old_versions_really_get_wrong_is_not_foreseen(rule: str) -> None:
    assert rule not in {deviation.rule for deviation in OF_BOTO3}


def test_no_entry_speaks_of_a_botocore_that_knows_no_token() -> None:
    """1.38.46 ignores the token altogether: its failures are real ones."""
    for deviation in OF_BOTO3:
        pattern = deviation.scenarios[0].replace("*", "x")
        assert deviation.foresees(deviation.rule, "boto3", "1.39.0", pattern)
        assert not deviation.foresees(deviation.rule, "boto3", "1.38.46", pattern)
