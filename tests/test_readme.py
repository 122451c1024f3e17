"""The README's own Python block runs, and its picture has the suite's words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from bedrock_authcheck.checks.judge import CHECKED
from bedrock_authcheck.spec.rules import load_rules
from bedrock_authcheck.suite.catalogue import GROUPS, scenarios_of

if TYPE_CHECKING:
    import pytest

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


FIXTURES, CASSETTE = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_block_of_fixtures_is_a_test_module_that_passes(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(FIXTURES)
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=7)


def test_the_block_of_a_cassette_is_recorded_and_replayed(pytester: pytest.Pytester) -> None:
    replayed = FIXTURES[: FIXTURES.index("def test_")] + CASSETTE
    simulated = replayed.replace("test_it_answers()", "test_it_answers(bedrock_endpoint)")
    simulated = simulated.replace("@pytest", '@pytest.mark.bedrock_credentials("bearer")\n@pytest')
    pytester.makepyfile(test_app=simulated)
    pytester.runpytest_subprocess("--record", "test_app.py").assert_outcomes(passed=1)
    pytester.makepyfile(test_app=replayed)
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_rules_and_scenarios_that_it_names_exist() -> None:
    named = set(re.findall(r"\b(?:CHAIN|AUTH|LIMIT|TOKEN|PREF|SAFE)-\d+", README))
    assert named <= {*load_rules()}
    assert named & {*CHECKED}
    for group, name in re.findall(r"bedrock-authcheck::(\w+)::([\w.+-]+)`", README):
        assert group in GROUPS
        assert name in scenarios_of(group)


def test_no_picture_is_missing() -> None:
    assert "known deviations, expected to fail (the run stays green):" in README
    assert re.search(r"^LIMIT-2 failed: ", README, re.MULTILINE)
    assert not re.search(r"^[A-Z]{5,}$", README, re.MULTILINE)
