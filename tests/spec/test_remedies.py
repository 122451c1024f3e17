from __future__ import annotations

import tomllib
from dataclasses import fields
from importlib.resources import files

import pytest
from packaging.specifiers import SpecifierSet

from bedrock_authcheck import spec
from bedrock_authcheck.spec.remedies import Remedy, load_remedies, remedies_of
from bedrock_authcheck.spec.rules import load_rules
from tests.releases import BOTOCORE, LEAKS

TOKEN = "bearer  AWS_BEARER_TOKEN_BEDROCK"


def test_each_entry_that_ships_is_whole() -> None:
    document = tomllib.loads((files(spec) / "remedies.toml").read_text(encoding="utf-8"))
    assert document.keys() == {"remedy"}
    for entry in document["remedy"]:
        assert entry.keys() == {field.name for field in fields(Remedy)}
        assert all(entry.values())
    for remedy in load_remedies():
        assert {*remedy.rules} <= {*load_rules()}
        assert SpecifierSet(remedy.versions)
        assert remedy.link.startswith("https://")
        assert remedy.text.endswith(".")


@pytest.mark.parametrize(
    ("version", "known"),
    [
        ("1.38.46", 0),
        ("1.39.0", 2),
        ("1.39.11", 2),
        ("1.39.12", 1),
        ("1.43.127", 1),
        ("1.44.0", 0),
        ("1.44.5", 0),
    ],
)
def test_a_remedy_is_for_the_versions_that_need_it(version: str, known: int) -> None:
    assert len(remedies_of("boto3", version)) == known
    assert remedies_of("javascript", version) == ()


def test_the_tests_and_the_remedy_agree_on_which_releases_leak() -> None:
    helped = {rule for remedy in remedies_of("boto3", str(BOTOCORE)) for rule in remedy.rules}
    assert ("LIMIT-2" in helped) is LEAKS


@pytest.mark.parametrize(
    ("rule", "observed", "helped"),
    [
        ("LIMIT-2", TOKEN, True),
        ("LIMIT-5", f"{TOKEN}\na request to bedrock-agent: {TOKEN}", True),
        ("LIMIT-4", "unsigned", False),
        ("LIMIT-4", f"{TOKEN}\nunsigned", False),
        ("LIMIT-8", TOKEN, False),
        ("TOKEN-5", "the bearer token over plain http", True),
        ("TOKEN-5", "unsigned", False),
    ],
)
def test_a_rule_that_is_broken_in_another_way_is_not_helped(
    rule: str, observed: str, helped: bool
) -> None:
    remedies = remedies_of("boto3", "1.39.0")
    assert any(remedy.helps(rule, observed) for remedy in remedies) is helped
