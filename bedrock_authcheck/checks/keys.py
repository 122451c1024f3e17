"""SAFE-2, SAFE-3 and SAFE-4: is the key that a project uses one to use, here.

They are decided by the environment, without a request; what they say holds nothing of the key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.checks.key_in_use import (
    CI_VARIABLE,
    KEY_ID_VARIABLE,
    REGION_VARIABLES,
    TOKEN_VARIABLE,
    format_faults,
    told_region,
    told_time,
)
from bedrock_authcheck.checks.trial import NothingToJudge, NotObservable, Problem
from bedrock_authcheck.model import Outcome, Verdict
from bedrock_authcheck.wire.sigv4 import LARGEST_SKEW
from bedrock_authcheck.wire.tokens import ApiKeyKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from bedrock_authcheck.checks.key_in_use import KeyInUse
    from bedrock_authcheck.spec.rules import Rule
    from bedrock_authcheck.wire.tokens import ApiKey

    KeyCheck = Callable[["KeyInUse", "KeySettings", datetime], list[Problem]]

LONG_TERM_KEYS: Final = "authcheck_long_term_keys"
FINGERPRINTS: Final = "authcheck_key_fingerprints"
"""The ini keys that the settings come from."""


class LongTermKeys(StrEnum):
    """Where a long-term key may sign."""

    REFUSE_IN_CI = "refuse-in-ci"
    REFUSE = "refuse"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True)
class KeySettings:
    """What a project asks for: where long-term keys sign, and whose keys must be others.

    `fingerprints` are those of the keys of other environments, by the environment's name.
    """

    long_term: LongTermKeys = LongTermKeys.REFUSE_IN_CI
    fingerprints: Mapping[str, str] = field(default_factory=dict)


def short_term_is_good(seen: KeyInUse, _: KeySettings, now: datetime) -> list[Problem]:
    """SAFE-2: a short-term key is good now, here, and for 12 hours at most."""
    key = _api_key(seen)
    if key.kind is not ApiKeyKind.SHORT_TERM:
        raise NothingToJudge(f"{TOKEN_VARIABLE} holds {seen}, and the rule is of short-term ones")
    faults = [*format_faults(key), *_out_of_time(key, now), *_out_of_place(key, seen)]
    if not faults and not seen.regions:
        names = " or ".join(REGION_VARIABLES)
        raise NotObservable(
            f"the key is good in {told_region(key.region)}, and no variable names the Region that "
            f"it is used in: set {names}"
        )
    expected = "a short-term key that is good now, in the Region it is used in, 12 hours at most"
    return [Problem(expected, fault) for fault in faults]


def _out_of_time(key: ApiKey, now: datetime) -> Iterator[str]:
    if key.expires_at is not None and key.expires_at <= now:
        yield f"it expired at {told_time(key.expires_at)}"
    if key.made_at is not None and key.made_at - now > LARGEST_SKEW:
        yield f"it is made at {told_time(key.made_at)}, which is still to come"


def _out_of_place(key: ApiKey, seen: KeyInUse) -> Iterator[str]:
    for variable, region in seen.regions:
        if key.region is not None and region != key.region:
            made_for = told_region(key.region)
            yield f"it was made for {made_for}, and {variable} is {told_region(region)}"


def long_term_does_not_sign(seen: KeyInUse, settings: KeySettings, _: datetime) -> list[Problem]:
    """SAFE-3: a long-term key does not sign in CI, or nowhere, as the settings say."""
    if settings.long_term is LongTermKeys.ALLOW:
        raise NothingToJudge(f"{LONG_TERM_KEYS} is {LongTermKeys.ALLOW}")
    long_term = _long_term(seen)
    if settings.long_term is LongTermKeys.REFUSE_IN_CI and not seen.ci:
        raise NotObservable(
            f"this is no CI by the variable {CI_VARIABLE}, and what signs there is seen there: "
            f"run it in CI, or set {LONG_TERM_KEYS} = {LongTermKeys.REFUSE}"
        )
    where = " in CI" if settings.long_term is LongTermKeys.REFUSE_IN_CI else ""
    expected = f"a short-term key, or temporary credentials of a role, sign{where}"
    return [Problem(expected, f"{long_term} signs{where}")] if long_term else []


def _long_term(seen: KeyInUse) -> str:
    """Say which long-term key signs; empty for a short-term one. The token comes first."""
    if seen.token:
        long_term = _api_key(seen).kind is ApiKeyKind.LONG_TERM
        return f"a long-term API key ({TOKEN_VARIABLE})" if long_term else ""
    if not seen.key_id:
        raise NotObservable(
            f"neither {TOKEN_VARIABLE} nor {KEY_ID_VARIABLE} is set: set what signs here"
        )
    if not seen.key_id.startswith(("AKIA", "ASIA")):
        raise NotObservable(f"{KEY_ID_VARIABLE} holds no key id of IAM (AKIA…, ASIA…)")
    long_term = seen.key_id.startswith("AKIA")
    return f"a long-term IAM key ({KEY_ID_VARIABLE})" if long_term else ""


def keys_differ(seen: KeyInUse, settings: KeySettings, _: datetime) -> list[Problem]:
    """SAFE-4: no two environments have one key, this one and those that are known by name."""
    named: dict[str, list[str]] = {}
    for name, fingerprint in settings.fingerprints.items():
        named.setdefault(fingerprint, []).append(name)
    faults = [f"{' and '.join(names)} have one key" for names in named.values() if len(names) > 1]
    own = seen.fingerprint
    if own in named:
        faults.append(f"the key here is that of {' and '.join(named[own])} ({own})")
    expected = "a key of its own for each environment"
    if faults:
        return [Problem(expected, fault) for fault in faults]
    if not settings.fingerprints:
        raise NotObservable(
            f"no fingerprint of another environment's key is known: set {FINGERPRINTS} to lines "
            "such as production = k1:…, which `bedrock-authcheck key` prints there"
        )
    _api_key(seen)
    if own is None:
        raise NotObservable(f"{TOKEN_VARIABLE} holds what is too little of a key to compare")
    return []


def _api_key(seen: KeyInUse) -> ApiKey:
    """Read the API key; NotObservable, and what to do, where there is none."""
    key = seen.read
    if key is None:
        raise NotObservable(f"{TOKEN_VARIABLE} is not set: set the API key that is used here")
    if key.kind is ApiKeyKind.UNKNOWN:
        faults = "; ".join(format_faults(key))
        raise NotObservable(f"{TOKEN_VARIABLE} holds no API key of Amazon Bedrock: {faults}")
    return key


KEY_CHECKS: Final[dict[str, KeyCheck]] = {
    "SAFE-2": short_term_is_good,
    "SAFE-3": long_term_does_not_sign,
    "SAFE-4": keys_differ,
}


def judge_key(
    rule: Rule, seen: KeyInUse, settings: KeySettings, now: datetime, *, strict: bool = False
) -> Verdict:
    """Hold a rule against the key of an environment; `now` is an aware datetime.

    Where there is no key to see, or not what it is to be held against, the rule is not
    observable, and the reason says what to set.
    """
    try:
        problems = KEY_CHECKS[rule.id](seen, settings, now)
    except NothingToJudge as nothing:
        return Verdict(rule.id, Outcome.SKIPPED, reason=str(nothing))
    except NotObservable as unseen:
        return Verdict(rule.id, Outcome.NOT_OBSERVABLE, reason=str(unseen))
    if not problems:
        return Verdict(rule.id, Outcome.PASSED, observed=_shown(seen))
    return Verdict(
        rule.id,
        rule.level.broken(strict=strict),
        problems[0].expected,
        "\n".join([_shown(seen), *(problem.observed for problem in problems)]),
        reason=problems[0].observed,
    )


def _shown(seen: KeyInUse) -> str:
    if seen.token or not seen.key_id:
        return str(seen)
    return "IAM credentials in variables"
