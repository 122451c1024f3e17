"""What is neither passed nor failed: observed, and not observable."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bedrock_authcheck.checks.judge import OBSERVERS, judge
from bedrock_authcheck.checks.trial import Expectation, Sight
from bedrock_authcheck.model import CredentialSource, Outcome, Verdict
from bedrock_authcheck.spec.rules import load_rules
from tests.checks.trials import SHARED, TOKEN, trial_of
from tests.simulated import received_from

RULES = load_rules()
RIGHT = trial_of(received_from(TOKEN))


@pytest.mark.parametrize("rule", sorted(OBSERVERS))
@pytest.mark.parametrize("strict", [False, True])
def test_a_rule_to_observe_is_observed_in_the_words_of_who_looks(rule: str, strict: bool) -> None:
    trial = replace(RIGHT, sight=Sight("DEBUG", f"DEBUG:a:{TOKEN.value}"))
    words = OBSERVERS[rule](trial)
    assert words
    verdict = judge(RULES[rule], trial, strict=strict)
    assert verdict == Verdict(rule, Outcome.OBSERVED, observed=words)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("TOKEN-7", "the client runs in a process whose log and objects are not seen"),
        ("TOKEN-8", "the client runs in a process whose log and objects are not seen"),
        ("TOKEN-10", "the environment of the client's process cannot be seen"),
    ],
)
def test_what_nobody_sees_is_not_observable_and_says_why(rule: str, reason: str) -> None:
    verdict = judge(RULES[rule], RIGHT)
    assert verdict == Verdict(rule, Outcome.NOT_OBSERVABLE, reason=reason)


def test_a_clear_error_that_was_possible_is_part_of_what_was_expected() -> None:
    either = Expectation((CredentialSource.BEARER,), refusal=True)
    verdict = judge(RULES["CHAIN-1"], trial_of(received_from(SHARED), expectation=either))
    assert verdict.reason == (
        "Converse was authenticated by level 4, expected level 1 or a clear error"
    )


def test_the_same_thing_seen_twice_is_said_once_and_another_in_a_line_of_its_own() -> None:
    wrong = received_from(SHARED)
    stranger = replace(wrong, headers=())
    verdict = judge(RULES["CHAIN-1"], trial_of(wrong, wrong, stranger))
    first, second = verdict.observed.splitlines()
    assert first.startswith("sigv4  ~/.aws/credentials [default]")
    assert second == "unsigned"
