"""CHAIN, LIMIT, TOKEN and PREF: which credential was chosen, and was none sent in vain."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.checks.travel import parts_carried, places_of, secrets_in
from bedrock_authcheck.checks.trial import NothingToJudge, Problem, Trial
from bedrock_authcheck.checks.wording import describe, describe_origin
from bedrock_authcheck.model import AuthScheme, BearerToken, SignaturePart, Variant
from bedrock_authcheck.spec.services import TOKEN_SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bedrock_authcheck.wire.attribution import Observation

METADATA_HOSTS: Final = frozenset(
    {"169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23"}
)
"""Whoever looks for a role tries these; whether it should is another rule's (CHAIN-6)."""

_TOKEN_SERVICES: Final = frozenset({"sts", *(facts.name for facts in TOKEN_SERVICES)})
_BY_TOKEN_SERVICE: Final = frozenset(
    {Variant.ROLE, Variant.ROLE_FROM_ENVIRONMENT, Variant.WEB_IDENTITY, Variant.SSO}
    | {Variant.REFRESHED_SSO, Variant.LOGIN, Variant.REFRESHED_LOGIN}
)


def as_expected(trial: Trial) -> Iterator[Problem]:
    """Every request of the call is authenticated as the expectation allows."""
    expectation = trial.expectation
    for seen in trial.requests:
        if seen.evidence.scheme is AuthScheme.UNSIGNED and expectation.unsigned:
            continue
        if seen.origin not in expectation.origins:
            yield Problem(str(expectation), describe(seen), seen)
    yield from _strayed(trial)
    if not trial.requests:
        yield from _clear_error(trial)
        return
    yield from _given_up(trial)
    if hosts := _other_hosts(trial):
        yield Problem(str(expectation), f"beside it an attempt to reach {hosts}")


def _given_up(trial: Trial) -> Iterator[Problem]:
    """Find a later call that failed without a request, or after answers that were all right."""
    for turn in trial.turns:
        result, sent = turn.result, len(turn.observations)
        if result.ok or (sent == 0 and trial.expectation.refusal):
            continue
        if sent == 0:
            yield Problem(str(trial.expectation), f"no request seen for one call ({result.said})")
        elif all(seen.exchange.status == HTTPStatus.OK for seen in trial.requests):
            yield Problem(str(trial.expectation), f"given up after a good answer ({result.said})")


def but_for(flagged: list[Observation], trial: Trial) -> Iterator[Problem]:
    """Judge the requests that a check has not flagged yet as any others."""
    others = tuple(seen for seen in trial.observations if seen not in flagged)
    if others or not flagged:
        yield from as_expected(replace(trial, observations=others))


def _strayed(trial: Trial) -> Iterator[Problem]:
    """Find the token at a service that was not called, metadata's too, beside the right request."""
    for seen in trial.observations:
        service = seen.exchange.service
        if service != trial.call.service and with_token(seen, trial):
            yield Problem(str(trial.expectation), f"the bearer token at {service} as well", seen)
    for observed in _told_to_metadata(trial, trial.keyring.tokens):
        yield Problem(str(trial.expectation), observed)


def _told_to_metadata(trial: Trial, tokens: Iterable[BearerToken]) -> Iterator[str]:
    """Say which metadata service was told a token, and where in the request it stands."""
    for asked in trial.metadata:
        for token in tokens:
            for place in places_of(token.value, asked):
                yield f"the bearer token at {asked.service}, in {place}"


def with_token(seen: Observation, trial: Trial) -> bool:
    """Whether a request holds a token of the environment anywhere."""
    return any(carries_token(seen, token) for token in trial.keyring.tokens)


def _other_hosts(trial: Trial) -> str:
    """Name the hosts that a connection was refused to, the metadata services' addresses aside."""
    return ", ".join(sorted(set(trial.refused_hosts) - METADATA_HOSTS))


def refused(trial: Trial) -> Iterator[Problem]:
    """CHAIN-2, LIMIT-5: the call ends in a clear error and no request left, signed or not."""
    for seen in trial.observations:
        yield Problem(str(trial.expectation), describe(seen), seen)
    yield from _clear_error(trial)


def _clear_error(trial: Trial) -> Iterator[Problem]:
    """Demand a clear error where no request was seen: the call failed, its text tells no secret."""
    if not trial.expectation.refusal:
        hosts = ", ".join(sorted(set(trial.refused_hosts)))
        seen = f"none; the client tried to reach {hosts}" if hosts else "no request seen"
        said = "; ".join(result.said for result in trial.results if not result.ok)
        yield Problem(str(trial.expectation), f"{seen}{f' ({said})' if said else ''}")
        return
    if hosts := _other_hosts(trial):
        yield Problem(str(trial.expectation), f"an attempt to reach {hosts}")
    for seen_elsewhere in trial.observations:
        observed = f"a request to {seen_elsewhere.exchange.service}: {describe(seen_elsewhere)}"
        yield Problem(str(trial.expectation), observed, seen_elsewhere)
    for result in trial.results:
        if result.ok:
            yield Problem(str(trial.expectation), "the call succeeded without any request")
        elif not result.error.strip():
            yield Problem(str(trial.expectation), f"{result.error_type} without a text")
    text = "\n".join(result.said for result in trial.results)
    for name in secrets_in(text, trial.in_sight):
        yield Problem("an error text without a secret", f"the text holds {name}")


def not_mixed(trial: Trial) -> Iterator[Problem]:
    """CHAIN-3: key id, secret and session token of a request are of one level."""
    judged = [seen for seen in trial.signed_requests if seen.signature is not None]
    if not judged:
        raise NothingToJudge("no request was signed with a key id of this environment")
    expected = "key id, secret and session token of one level"
    for seen in judged:
        differs = seen.signature.differs if seen.signature else None
        foreign = _foreign_session_token(seen, trial)
        if foreign:
            yield Problem(expected, f"{describe(seen)} with the session token of {foreign}", seen)
        elif differs is SignaturePart.SECRET and seen.signature:
            yield Problem(expected, f"{describe(seen)}: {seen.signature.text}", seen)


def _foreign_session_token(seen: Observation, trial: Trial) -> str | None:
    value = seen.evidence.session_token
    for credential in trial.keyring.aws:
        if value and credential.session_token == value and credential != seen.credential:
            return describe_origin(credential.origin)
    return None


def half_level_unused(trial: Trial) -> Iterator[Problem]:
    """CHAIN-4: a level that holds half a credential never signs."""
    for seen in trial.observations:
        if seen.origin in trial.broken:
            yield Problem(str(trial.expectation), f"{describe(seen)}, which is half", seen)
    # Whoever must ask a token service for keys asks before it knows that it gets none.
    asking = _BY_TOKEN_SERVICE.intersection(trial.broken)
    kept = tuple(
        seen
        for seen in trial.observations
        if not asking or seen.exchange.service not in _TOKEN_SERVICES or with_token(seen, trial)
    )
    yield from as_expected(replace(trial, observations=kept))


def carries_token(seen: Observation, token: BearerToken) -> bool:
    """Whether a request holds the token anywhere: a header, the URL, the body."""
    return any(places_of(token.value, seen.exchange))


def token_not_carried(trial: Trial) -> Iterator[Problem]:
    """LIMIT-1 to LIMIT-3, LIMIT-6: no request, to whatever service, carries a token.

    What is sent in its stead is for LIMIT-4, LIMIT-5 and CHAIN-2 to judge.
    """
    expected, found = "no bearer token for this operation", False
    for seen in trial.observations:
        if seen.evidence.tokens or with_token(seen, trial):
            found = True
            yield Problem(expected, describe(seen), seen)
    for observed in _told_to_metadata(trial, trial.keyring.tokens):
        found = True
        yield Problem(expected, observed)
    if not (found or trial.requests or trial.expectation.refusal):
        raise NothingToJudge("no request was seen")


def token_passed_over(trial: Trial) -> Iterator[Problem]:
    """LIMIT-7, PREF-1: what was asked for in code does not bring the token where it may not go."""
    flagged = []
    for problem in token_not_carried(trial):
        yield problem
        flagged += [problem.observation] if problem.observation else []
    yield from but_for(flagged, trial)


def blank_token_unsent(trial: Trial) -> Iterator[Problem]:
    """TOKEN-1: `Bearer` with nothing behind it is never sent."""
    blank = [
        seen
        for seen in trial.observations
        if any(not token.strip() for token in seen.evidence.tokens)
    ]
    for seen in blank:
        yield Problem(str(trial.expectation), "`Bearer` with nothing behind it", seen)
    yield from but_for(blank, trial)


def token_trimmed(trial: Trial) -> Iterator[Problem]:
    """TOKEN-2: white space around the token is trimmed or refused; nothing is injected."""
    for seen in trial.observations:
        for token in seen.evidence.tokens:
            if token != token.strip():
                yield Problem("the token trimmed, or a clear error", _margins(token), seen)
            if not {"\r", "\n"}.isdisjoint(token.strip()):
                yield Problem("no line end in a header", "one inside the token", seen)
        if seen.exchange.header_values("X-Injected"):
            yield Problem("no header out of the token's text", "X-Injected: …", seen)
    yield from as_expected(trial)


def _margins(token: str) -> str:
    before = token[: len(token) - len(token.lstrip())]
    after = token[len(token.rstrip()) :]
    sides = [f"{text!a} {side} it" for text, side in ((before, "before"), (after, "behind"))]
    return "the token with " + " and ".join(s for s in sides if not s.startswith("'' "))


def foreign_token_unread(trial: Trial) -> Iterator[Problem]:
    """TOKEN-3: the token of another service's variable is not read for Bedrock."""
    for seen in trial.observations:
        if any(carries_token(seen, token) for token in trial.foreign):
            yield Problem(str(trial.expectation), "the token of another service's variable", seen)
    for observed in _told_to_metadata(trial, trial.foreign):
        yield Problem(str(trial.expectation), f"{observed}: that of another service's variable")
    yield from as_expected(trial)


def anonymous(trial: Trial) -> Iterator[Problem]:
    """PREF-3: anonymous asked for in code sends neither a token nor a signature."""
    for seen in trial.observations:
        if seen.evidence.scheme is not AuthScheme.UNSIGNED:
            yield Problem(str(trial.expectation), describe(seen), seen)
        elif with_token(seen, trial):
            yield Problem(str(trial.expectation), "the bearer token in an unsigned request", seen)
        for credential in trial.keyring.aws:
            for part in parts_carried(credential, seen.exchange):
                yield Problem(str(trial.expectation), f"{part}, unsigned", seen)
    yield from as_expected(trial)
