from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.checks.judge import CHECKED, CHECKS, judge
from bedrock_authcheck.checks.trial import Expectation, NothingToJudge, Problem, Trial, Turn
from bedrock_authcheck.clients.contract import Call, CallResult
from bedrock_authcheck.model import CredentialSource, Outcome, RuleLevel
from bedrock_authcheck.spec.rules import Rule, load_rules
from bedrock_authcheck.suite.catalogue import GROUPS, scenarios_of
from bedrock_authcheck.wire.attribution import Keyring, Observation, observe
from tests.simulated import REGION, aws_canary, received, received_from, token_canary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_authcheck.model import AwsCredential, BearerToken, Exchange

TOKEN = token_canary(CredentialSource.BEARER)
ENVIRONMENT = aws_canary(CredentialSource.ENVIRONMENT)
SHARED = aws_canary(CredentialSource.SHARED)
KEYS = Keyring((TOKEN, ENVIRONMENT, SHARED))
RULES = load_rules()


def _seen(credential: BearerToken | AwsCredential | None, number: int = 1) -> Observation:
    exchange = received(number=number) if credential is None else received_from(credential)
    return observe(replace(exchange, number=number), KEYS, region=REGION, scope_service="bedrock")


CALL = Call("bedrock-runtime", "Converse")
EXPECTED = Expectation((CredentialSource.BEARER,))


def _trial(
    *observations: Observation,
    expectation: Expectation | None = None,
    result: CallResult | None = None,
    refused_hosts: tuple[str, ...] = (),
    metadata: tuple[Exchange, ...] = (),
) -> Trial:
    return Trial(
        call=CALL,
        present=(CredentialSource.BEARER, CredentialSource.ENVIRONMENT, CredentialSource.SHARED),
        expectation=expectation or Expectation((CredentialSource.BEARER,)),
        keyring=KEYS,
        region=REGION,
        scope_service="bedrock",
        turns=(Turn(CALL, expectation or EXPECTED, result or CallResult(ok=True), observations),),
        observations=observations,
        refused_hosts=refused_hosts,
        metadata=metadata,
    )


def _refused(text: str) -> CallResult:
    return CallResult(ok=False, error_type="NoCredentialsError", error=text)


REFUSAL = Expectation(refusal=True)


def test_every_rule_that_a_scenario_holds_has_a_check_and_every_check_is_held() -> None:
    held = {rule for group in GROUPS for s in scenarios_of(group).values() for rule in s.rules}
    assert held == {*CHECKED}
    assert held <= RULES.keys()


def test_what_was_expected_passed_and_says_what_was_seen() -> None:
    verdict = judge(RULES["CHAIN-1"], _trial(_seen(TOKEN)))
    assert verdict.outcome is Outcome.PASSED
    assert verdict.rule == "CHAIN-1"
    assert verdict.expected == verdict.observed == "bearer  AWS_BEARER_TOKEN_BEDROCK"
    assert (verdict.reason, verdict.deviation) == ("", None)


def test_another_level_failed_and_both_levels_are_named() -> None:
    verdict = judge(RULES["CHAIN-1"], _trial(_seen(SHARED)))
    assert verdict.outcome is Outcome.FAILED
    assert verdict.reason == "Converse was authenticated by level 4, expected level 1"
    assert verdict.expected == "bearer  AWS_BEARER_TOKEN_BEDROCK"
    assert verdict.observed.startswith("sigv4  ~/.aws/credentials [default]  AKIA…L4SHARED")


def test_either_of_two_levels_may_be_expected() -> None:
    both = Expectation((CredentialSource.BEARER, CredentialSource.SHARED))
    assert judge(RULES["CHAIN-1"], _trial(_seen(SHARED), expectation=both)).outcome == "passed"
    verdict = judge(RULES["CHAIN-1"], _trial(_seen(ENVIRONMENT), expectation=both))
    assert verdict.reason == "Converse was authenticated by level 3, expected level 1 or 4"


def test_one_wrong_request_among_right_ones_failed() -> None:
    trial = _trial(_seen(TOKEN, 1), _seen(SHARED, 2), _seen(TOKEN, 3))
    assert judge(RULES["CHAIN-1"], trial).outcome is Outcome.FAILED


@pytest.mark.parametrize("credential", [None, aws_canary(CredentialSource.CONFIG)])
def test_nobody_and_a_stranger_failed(credential: AwsCredential | None) -> None:
    verdict = judge(RULES["CHAIN-1"], _trial(_seen(credential)))
    assert verdict.outcome is Outcome.FAILED
    assert verdict.reason.startswith("Converse: ")


def test_no_request_is_said_with_what_the_client_said() -> None:
    verdict = judge(RULES["CHAIN-1"], _trial(result=_refused("Unable to locate credentials")))
    assert verdict.outcome is Outcome.FAILED
    assert verdict.observed == "no request seen (NoCredentialsError: Unable to locate credentials)"


def test_a_host_that_was_refused_is_named() -> None:
    trial = _trial(result=_refused("x"), refused_hosts=("b.invalid", "a.invalid", "b.invalid"))
    observed = judge(RULES["CHAIN-1"], trial).observed
    assert observed.startswith("none; the client tried to reach a.invalid, b.invalid")


def test_a_clear_error_passed_where_one_is_expected() -> None:
    trial = _trial(expectation=REFUSAL, result=_refused("Unable to locate credentials"))
    verdict = judge(RULES["CHAIN-2"], trial)
    assert verdict.outcome is Outcome.PASSED
    assert verdict.observed == "a clear error and no request"


@pytest.mark.parametrize(
    ("trial", "reason"),
    [
        (
            _trial(_seen(TOKEN), expectation=REFUSAL, result=_refused("x")),
            "Converse was sent, authenticated by level 1 bearer token, where no request may leave",
        ),
        (
            _trial(_seen(None), expectation=REFUSAL, result=_refused("x")),
            "Converse: unsigned",
        ),
        (_trial(expectation=REFUSAL), "Converse: the call succeeded without any request"),
        (
            _trial(expectation=REFUSAL, result=_refused(" ")),
            "Converse: NoCredentialsError without a text",
        ),
        (
            _trial(expectation=REFUSAL, result=_refused(f"bad value {TOKEN.value}")),
            "Converse: the text holds token of 1 bearer token",
        ),
        (
            _trial(expectation=REFUSAL, result=_refused("x"), refused_hosts=("sts.invalid",)),
            "Converse: an attempt to reach sts.invalid",
        ),
    ],
    ids=["sent", "unsigned", "succeeded", "no-text", "secret-told", "other-host"],
)
def test_what_is_no_clear_error_failed(trial: Trial, reason: str) -> None:
    verdict = judge(RULES["CHAIN-2"], trial)
    assert (verdict.outcome, verdict.reason) == (Outcome.FAILED, reason)


def test_a_rule_with_nothing_to_speak_of_is_skipped_and_never_passed() -> None:
    verdict = judge(RULES["AUTH-3"], _trial(_seen(TOKEN)))
    assert verdict.outcome is Outcome.SKIPPED
    assert verdict.reason == "no request carried a SigV4 signature"


TOLD = received((("X-Api-Key", TOKEN.value),), service="instance-metadata", target="/latest/api")


@pytest.mark.parametrize("rule", ["LIMIT-2", "LIMIT-6", "LIMIT-7", "PREF-1", "CHAIN-1", "PREF-3"])
@pytest.mark.parametrize("sent", [(), (_seen(SHARED),)], ids=["no-request", "signed"])
def test_a_metadata_service_that_is_told_the_token_failed(
    rule: str, sent: tuple[Observation, ...]
) -> None:
    by_shared = Expectation((CredentialSource.SHARED,))
    verdict = judge(RULES[rule], _trial(*sent, expectation=by_shared, metadata=(TOLD, TOLD)))
    assert verdict.outcome is Outcome.FAILED
    line = "the bearer token at instance-metadata, in header X-Api-Key"
    assert verdict.observed.splitlines().count(line) == 1


def test_a_metadata_service_that_is_asked_as_it_should_be_passed() -> None:
    asked = (received((("Authorization", "FAKE-container"),), service="container-credentials"),)
    trial = _trial(_seen(SHARED), expectation=Expectation((CredentialSource.SHARED,)))
    for rule in ("LIMIT-2", "CHAIN-1", "AUTH-7"):
        assert judge(RULES[rule], replace(trial, metadata=asked)).outcome is Outcome.PASSED


def test_metadata_alone_is_no_request_that_a_rule_speaks_of() -> None:
    asked = received(service="instance-metadata")
    for rule in ("LIMIT-2", "AUTH-7"):
        verdict = judge(RULES[rule], _trial(metadata=(asked,)))
        assert (verdict.outcome, verdict.reason) == (Outcome.SKIPPED, "no request was seen")


def _broken(_trial: Trial) -> Iterator[Problem]:
    yield Problem("this", "that\nand more")


@pytest.mark.parametrize(
    ("level", "strict", "outcome"),
    [
        (RuleLevel.MUST, False, Outcome.FAILED),
        (RuleLevel.MUST, True, Outcome.FAILED),
        (RuleLevel.SHOULD, False, Outcome.WARNING),
        (RuleLevel.SHOULD, True, Outcome.FAILED),
        (RuleLevel.OBSERVE, False, Outcome.WARNING),
        (RuleLevel.OBSERVE, True, Outcome.WARNING),
    ],
)
def test_the_level_of_a_rule_decides_how_grave_a_problem_is(
    level: RuleLevel, strict: bool, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CHECKS, "CHAIN-1", _broken)
    rule: Rule = replace(RULES["CHAIN-1"], level=level)
    verdict = judge(rule, _trial(_seen(TOKEN)), strict=strict)
    assert verdict.outcome is outcome
    assert (verdict.expected, verdict.observed) == ("this", "that\nand more")
    assert verdict.reason == "Converse: that"


def test_nothing_to_judge_is_no_error_of_a_check() -> None:
    assert not issubclass(NothingToJudge, AssertionError | ValueError | LookupError)
