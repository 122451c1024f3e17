"""Which check belongs to which rule, and what its findings mean at the rule's level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bedrock_authcheck.checks import below, choice, exposure, life, signing, transport, wishes
from bedrock_authcheck.checks.keys import KEY_CHECKS
from bedrock_authcheck.checks.project import PROJECT_CHECKS
from bedrock_authcheck.checks.trial import NothingToJudge, NotObservable, Problem, Trial
from bedrock_authcheck.checks.wording import describe, describe_origin
from bedrock_authcheck.model import Outcome, Verdict
from bedrock_authcheck.spec.rules import rule_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bedrock_authcheck.spec.rules import Rule

    Check = Callable[[Trial], Iterator[Problem]]
    Observer = Callable[[Trial], str]

CHECKS: Final[dict[str, Check]] = {
    "CHAIN-1": life.turn_by_turn,
    "CHAIN-2": choice.refused,
    "CHAIN-3": choice.not_mixed,
    "CHAIN-4": choice.half_level_unused,
    "CHAIN-5": below.unbroken,
    "CHAIN-6": below.nobody_asked,
    "AUTH-1": signing.one_authorization,
    "AUTH-2": signing.no_sigv4_credential,
    "AUTH-3": signing.signature_verifies,
    "AUTH-4": signing.scope_and_date,
    "AUTH-5": signing.session_token,
    "AUTH-6": signing.same_level_throughout,
    "AUTH-7": signing.token_not_in_url,
    "AUTH-8": signing.proxied_headers_unsigned,
    "AUTH-9": signing.no_sigv4_traces,
    "LIMIT-1": choice.token_not_carried,
    "LIMIT-2": choice.token_not_carried,
    "LIMIT-3": choice.token_not_carried,
    "LIMIT-4": choice.as_expected,
    "LIMIT-5": choice.refused,
    "LIMIT-6": transport.neighbours_unaware,
    "LIMIT-7": choice.token_passed_over,
    "LIMIT-8": choice.as_expected,
    "TOKEN-1": choice.blank_token_unsent,
    "TOKEN-2": choice.token_trimmed,
    "TOKEN-3": choice.foreign_token_unread,
    "TOKEN-4": choice.as_expected,
    "TOKEN-5": transport.not_over_plain_http,
    "TOKEN-6": transport.not_redirected,
    "TOKEN-7": exposure.nothing_shown,
    "TOKEN-9": life.turn_by_turn,
    "TOKEN-10": life.environment_unchanged,
    "TOKEN-11": life.bearer_or_error,
    "TOKEN-13": life.rejected_once,
    "PREF-1": choice.token_passed_over,
    "PREF-3": choice.anonymous,
}

OBSERVERS: Final[dict[str, Observer]] = {
    "CHAIN-7": below.winner_among_variants,
    "TOKEN-8": exposure.told_by_the_log,
    "TOKEN-12": life.when_it_takes_effect,
    "PREF-2": wishes.who_signed,
}
"""For the rules of level OBSERVE: what says what was seen."""

CHECKED: Final = tuple(sorted({*CHECKS, *OBSERVERS, *KEY_CHECKS, *PROJECT_CHECKS}, key=rule_order))
"""The rules that some scenario holds, in their order."""


def judge(rule: Rule, trial: Trial, *, strict: bool = False) -> Verdict:
    """Hold a rule against a trial.

    A broken MUST failed, a broken SHOULD is a warning (failed if `strict`); an OBSERVE is
    observed, whatever was seen. A rule with no request to speak of is skipped, one that the
    client gives no sight of is not observable: neither ever counts as passed.
    """
    try:
        if rule.id in OBSERVERS:
            return Verdict(rule.id, Outcome.OBSERVED, observed=OBSERVERS[rule.id](trial))
        problems = list(CHECKS[rule.id](trial))
    except NothingToJudge as nothing:
        return Verdict(rule.id, Outcome.SKIPPED, reason=str(nothing))
    except NotObservable as unseen:
        return Verdict(rule.id, Outcome.NOT_OBSERVABLE, reason=str(unseen))
    if not problems:
        seen = trial.requests[0] if trial.requests else None
        observed = describe(seen) if seen else "a clear error and no request"
        return Verdict(rule.id, Outcome.PASSED, str(trial.expectation), observed)
    return Verdict(
        rule.id,
        rule.level.broken(strict=strict),
        problems[0].expected,
        "\n".join(dict.fromkeys(problem.observed for problem in problems)),
        reason=_reason(trial, problems[0]),
    )


def _reason(trial: Trial, problem: Problem) -> str:
    """One sentence about the call, for the head of a report."""
    call, seen = trial.call.operation, problem.observation
    origins = trial.expectation.origins
    if (
        seen is not None
        and seen.origin is not None
        and seen.origin not in origins
        and seen.exchange.service == trial.call.service
    ):
        if not origins:
            level = describe_origin(seen.origin)
            return f"{call} was sent, authenticated by level {level}, where no request may leave"
        expected = " or ".join(str(origin.level) for origin in origins)
        expected += " or a clear error" if trial.expectation.refusal else ""
        return f"{call} was authenticated by level {seen.origin.level}, expected level {expected}"
    return f"{call}: {problem.observed.partition(chr(10))[0]}"
