"""SAFE-2, SAFE-3 and SAFE-4: each is broken by an environment, and nothing of a key is told."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bedrock_authcheck.checks.judge import CHECKED, CHECKS
from bedrock_authcheck.checks.key_in_use import KeyInUse, facts
from bedrock_authcheck.checks.keys import KEY_CHECKS, KeySettings, LongTermKeys, judge_key
from bedrock_authcheck.model import CredentialSource, Outcome, RuleLevel, RuleScope
from bedrock_authcheck.spec.rules import load_rules
from bedrock_authcheck.suite.catalogue import GROUPS, scenarios_of
from bedrock_authcheck.wire.fingerprint import fingerprint
from bedrock_authcheck.wire.tokens import fake_short_term_key
from tests.simulated import aws_canary
from tests.wire import lookalikes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_authcheck.model import Verdict

RULES = load_rules()
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
TOKEN, REGION, DEFAULT = "AWS_BEARER_TOKEN_BEDROCK", "AWS_REGION", "AWS_DEFAULT_REGION"
HERE = {REGION: "eu-central-1"}
SIGNER = aws_canary(CredentialSource.INSTANCE)
LONG_TERM = lookalikes.long_term_key()
LONG_TERM_IAM = {"AWS_ACCESS_KEY_ID": aws_canary(CredentialSource.SHARED).key_id}
TEMPORARY_IAM = {"AWS_ACCESS_KEY_ID": SIGNER.key_id}
CI = {"CI": "true"}


def key_of(*, made: timedelta = timedelta(0), expires: int = 43_200) -> str:
    return fake_short_term_key(SIGNER, region="eu-central-1", made_at=NOW + made, expires=expires)


def altered(before: str, after: str) -> str:
    inner = base64.b64decode(key_of().removeprefix("bedrock-api-key-")).decode()
    assert before in inner
    return "bedrock-api-key-" + base64.b64encode(inner.replace(before, after).encode()).decode()


SHORT_TERM = key_of()
REFUSE = KeySettings(LongTermKeys.REFUSE)
OWN, OTHERS = fingerprint(SHORT_TERM) or "", fingerprint(LONG_TERM) or ""
PRODUCTION = KeySettings(fingerprints={"production": OTHERS})


@dataclass(frozen=True)
class Case:
    """An environment, the settings of a project, and what must be said."""

    rule: str
    environ: Mapping[str, str]
    says: str
    settings: KeySettings = field(default_factory=KeySettings)


def with_key(key: str, **beside: str) -> dict[str, str]:
    return {TOKEN: key, **HERE, **beside}


WRONG = {
    "expired": Case(
        "SAFE-2",
        with_key(key_of(made=timedelta(hours=-12))),
        "it expired at 2026-03-04 05:06:07 UTC",
    ),
    "another Region": Case(
        "SAFE-2",
        {TOKEN: SHORT_TERM, REGION: "us-east-1"},
        "it was made for eu-central-1, and AWS_REGION is us-east-1",
    ),
    "another Region for botocore alone": Case(
        "SAFE-2",
        with_key(SHORT_TERM, AWS_DEFAULT_REGION="us-gov-west-1"),
        "it was made for eu-central-1, and AWS_DEFAULT_REGION is us-gov-west-1",
    ),
    "expired where no Region is named": Case(
        "SAFE-2", {TOKEN: key_of(made=timedelta(days=-1))}, "it expired at 2026-03-03 17:06:07 UTC"
    ),
    "lives too long": Case(
        "SAFE-2", with_key(key_of(expires=46_800)), "it lives 13:00:00; 12:00:00 at most is right"
    ),
    "made tomorrow": Case(
        "SAFE-2",
        with_key(key_of(made=timedelta(days=1))),
        "it is made at 2026-03-05 05:06:07 UTC, which is still to come",
    ),
    "cut short": Case("SAFE-2", with_key(SHORT_TERM[:-9]), "not base64"),
    "of another host": Case(
        "SAFE-2", with_key(altered("bedrock.amazonaws.com/", "sts.amazonaws.com/")), "has no host"
    ),
    "not signed": Case(
        "SAFE-2",
        with_key(altered("X-Amz-Signature", "X-Signature")),
        "its presigned request is not signed as those of AWS are",
    ),
    "long-term API key in CI": Case(
        "SAFE-3", with_key(LONG_TERM, **CI), f"a long-term API key ({TOKEN}) signs in CI"
    ),
    "long-term API key before temporary credentials": Case(
        "SAFE-3", with_key(LONG_TERM, **CI, **TEMPORARY_IAM), "a long-term API key"
    ),
    "long-term IAM key in CI": Case(
        "SAFE-3", {**LONG_TERM_IAM, "CI": "1"}, "a long-term IAM key (AWS_ACCESS_KEY_ID) signs"
    ),
    "long-term IAM key, the token blank": Case(
        "SAFE-3", {**LONG_TERM_IAM, **CI, TOKEN: " "}, "a long-term IAM key"
    ),
    "long-term API key where none may be": Case(
        "SAFE-3", {TOKEN: LONG_TERM}, f"a long-term API key ({TOKEN}) signs", REFUSE
    ),
    "the key of production": Case(
        "SAFE-4", with_key(LONG_TERM), f"the key here is that of production ({OTHERS})", PRODUCTION
    ),
    "the key of production, short-term": Case(
        "SAFE-4",
        with_key(f" {SHORT_TERM}\n"),
        "the key here is that of test and production",
        KeySettings(fingerprints={"test": OWN, "dev": OTHERS, "production": OWN}),
    ),
    "two others have one key": Case(
        "SAFE-4",
        {},
        "test and production have one key",
        KeySettings(fingerprints={"test": OTHERS, "production": OTHERS}),
    ),
}
RIGHT = {
    "short-term": Case(
        "SAFE-2", with_key(SHORT_TERM), "for eu-central-1, good until 2026-03-04 17:06:07 UTC"
    ),
    "both Regions": Case("SAFE-2", with_key(SHORT_TERM, AWS_DEFAULT_REGION="eu-central-1"), "good"),
    "the last second": Case("SAFE-2", with_key(key_of(made=timedelta(seconds=-43_199))), "good"),
    "clocks differ": Case("SAFE-2", with_key(key_of(made=timedelta(minutes=5))), "good until"),
    "short-term in CI": Case("SAFE-3", with_key(SHORT_TERM, **CI), "a short-term API key"),
    "short-term before an IAM key": Case(
        "SAFE-3", with_key(SHORT_TERM, **CI, **LONG_TERM_IAM), "a short-term API key"
    ),
    "temporary in CI": Case("SAFE-3", {**TEMPORARY_IAM, **CI}, "IAM credentials in variables"),
    "short-term, refused anywhere": Case("SAFE-3", {TOKEN: SHORT_TERM}, "a short-term", REFUSE),
    "another key": Case("SAFE-4", with_key(SHORT_TERM), "a short-term API key", PRODUCTION),
}  # fmt: skip
UNSEEN = {
    "no key": Case("SAFE-2", HERE, f"{TOKEN} is not set: set the API key that is used here"),
    "blank key": Case("SAFE-2", with_key("  "), "is not set"),
    "no API key": Case("SAFE-2", with_key("sk-something"), "holds no API key of Amazon Bedrock"),
    "no Region": Case("SAFE-2", {TOKEN: SHORT_TERM}, "set AWS_REGION or AWS_DEFAULT_REGION"),
    "nothing signs": Case("SAFE-3", CI, "neither AWS_BEARER_TOKEN_BEDROCK nor AWS_ACCESS_KEY_ID"),
    "no CI": Case("SAFE-3", {TOKEN: LONG_TERM}, "run it in CI, or set authcheck_long_term_keys"),
    "no CI, so it says": Case("SAFE-3", {TOKEN: LONG_TERM, "CI": "False"}, "this is no CI"),
    "unknown key id": Case("SAFE-3", {**CI, "AWS_ACCESS_KEY_ID": "testing"}, "no key id of IAM"),
    "unknown key in CI": Case("SAFE-3", {**CI, TOKEN: "testing"}, "holds no API key"),
    "no fingerprints": Case("SAFE-4", with_key(LONG_TERM), "set authcheck_key_fingerprints"),
    "fingerprints, no key": Case("SAFE-4", {}, f"{TOKEN} is not set", PRODUCTION),
    "half a key": Case("SAFE-4", {TOKEN: "ABSKdGVzdA=="}, "too little of a key", PRODUCTION),
}  # fmt: skip
SKIPPED = {
    "long-term": Case("SAFE-2", with_key(LONG_TERM), "holds a long-term API key"),
    "allowed": Case(
        "SAFE-3", with_key(LONG_TERM, **CI), "is allow", KeySettings(LongTermKeys.ALLOW)
    ),
}


def judged(case: Case, *, strict: bool = False) -> Verdict:
    seen = KeyInUse.of(case.environ)
    return judge_key(RULES[case.rule], seen, case.settings, NOW, strict=strict)


def fragments(key: str) -> list[str]:
    """All that a text may not hold of a key: its parts and what stands in it."""
    prefix = next(p for p in ("bedrock-api-key-", "ABSK") if key.startswith(p))
    body = key.removeprefix(prefix)
    inner = base64.b64decode(body + "=" * (-len(body) % 4)).decode("latin-1")
    secret = inner.rpartition("X-Amz-Signature=")[2] if "X-Amz-" in inner else inner.split(":")[-1]
    whole = (body, secret, *(SIGNER.secrets().values() if "X-Amz-" in inner else ()))
    return [text[at : at + 12] for text in whole for at in range(0, len(text) - 12, 6)]


def told(verdict: Verdict) -> str:
    return "\n".join((verdict.expected, verdict.observed, verdict.reason))


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_environment_warns_and_fails_when_strict(name: str) -> None:
    case = WRONG[name]
    verdict = judged(case)
    assert verdict.outcome is Outcome.WARNING
    assert case.says in verdict.observed
    assert verdict.expected
    assert verdict.reason in verdict.observed
    assert judged(case, strict=True).outcome is Outcome.FAILED


def test_every_rule_about_keys_is_broken_by_a_wrong_environment() -> None:
    assert {case.rule for case in WRONG.values()} == KEY_CHECKS.keys()
    assert {case.rule for case in RIGHT.values()} == KEY_CHECKS.keys()


def test_every_rule_is_held_by_the_group_and_is_one_of_the_project() -> None:
    held = [rule for scenario in scenarios_of("keys").values() for rule in scenario.rules]
    assert held == list(KEY_CHECKS)
    assert {RULES[rule].level for rule in held} == {RuleLevel.SHOULD}
    assert {RULES[rule].scope for rule in held} == {RuleScope.PROJECT}
    assert {*held} <= {*CHECKED}
    assert not {*held} & {*CHECKS}
    assert [*GROUPS][-3:] == ["keys", "project", "recording"]


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_environment_passes_and_says_what_was_seen(name: str) -> None:
    for strict in (False, True):
        verdict = judged(RIGHT[name], strict=strict)
        assert verdict.outcome is Outcome.PASSED
        assert RIGHT[name].says in verdict.observed


@pytest.mark.parametrize("name", UNSEEN)
def test_what_cannot_be_seen_never_passes_and_says_what_to_set(name: str) -> None:
    for strict in (False, True):
        verdict = judged(UNSEEN[name], strict=strict)
        assert verdict.outcome is Outcome.NOT_OBSERVABLE
        assert UNSEEN[name].says in verdict.reason


@pytest.mark.parametrize("name", SKIPPED)
def test_what_a_rule_does_not_speak_of_is_skipped(name: str) -> None:
    verdict = judged(SKIPPED[name])
    assert (verdict.outcome, verdict.observed) == (Outcome.SKIPPED, "")
    assert SKIPPED[name].says in verdict.reason


@pytest.mark.parametrize("case", [*WRONG.values(), *RIGHT.values(), *UNSEEN.values()])
def test_nothing_of_a_key_is_told(case: Case) -> None:
    seen = KeyInUse.of(case.environ)
    text = told(judged(case)) + repr(seen) + str(seen) + repr(facts(seen))
    for key in (SHORT_TERM, LONG_TERM):
        assert not [part for part in fragments(key) if part in text]


STRAY = st.text(lookalikes.BASE64, min_size=20, max_size=60).filter(lambda t: t[:4] != "ABSK")


@given(STRAY, st.sampled_from(["", "bedrock-api-key-", "ABSK"]), st.sampled_from([*KEY_CHECKS]))
def test_a_key_that_strayed_into_any_variable_is_not_told(
    secret: str, prefix: str, rule: str
) -> None:
    for name in (TOKEN, REGION, DEFAULT, "AWS_ACCESS_KEY_ID", "CI"):
        for held in (SHORT_TERM, LONG_TERM, ""):
            seen = KeyInUse.of({TOKEN: held, **HERE, **CI, name: prefix + secret})
            for settings in (REFUSE, PRODUCTION):
                text = told(judge_key(RULES[rule], seen, settings, NOW))
                assert secret not in text + repr(seen) + str(seen) + repr(facts(seen))


PARTS = (
    *("eu-central-1", SIGNER.key_id, "43200", "AWS4-HMAC-SHA256"),
    *("SignedHeaders=host", "%2Fbedrock%2F"),
)


@given(st.sampled_from(PARTS), STRAY.map(lambda text: text.replace("/", "x").replace("+", "y")))
def test_a_secret_that_strayed_into_a_key_is_not_told(part: str, secret: str) -> None:
    """A key that somebody made by hand, with the secret where something else belongs."""
    assume(len({*secret[-8:]}) > 1)  # eight noughts stand in every account id of ours
    environ: dict[str, Any] = with_key(altered(part, secret), **CI)
    seen = KeyInUse.of(environ)
    for rule in KEY_CHECKS:
        text = told(judge_key(RULES[rule], seen, PRODUCTION, NOW))
        assert secret[:12] not in text
    shown = str(seen) + repr(facts(seen))
    assert not [part for part in (secret[:12], secret[-8:]) if part in shown]
