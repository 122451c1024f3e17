"""AUTH: what an authenticated request looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bedrock_authcheck.checks.travel import URL, parts_carried, places_of
from bedrock_authcheck.checks.trial import NothingToJudge, Problem, Trial
from bedrock_authcheck.checks.wording import describe, describe_origin
from bedrock_authcheck.model import AuthScheme, AwsCredential, SignaturePart
from bedrock_authcheck.spec.services import SERVICES
from bedrock_authcheck.wire.evidence import API_KEY_HEADER
from bedrock_authcheck.wire.leaks import token_in_target
from bedrock_authcheck.wire.target import query_parameters, split_target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_authcheck.wire.attribution import Observation

_PROXIED: Final = frozenset(
    [
        "connection",
        "expect",
        "forwarded",
        "keep-alive",
        "max-forwards",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "via",
        "x-amzn-trace-id",
        "x-real-ip",
    ]
)
_PROXIED_PREFIX: Final = "x-forwarded-"
_SCOPE_AND_DATE: Final = (SignaturePart.SCOPE, SignaturePart.DATE)
_OF_OTHER_RULES: Final = (None, *_SCOPE_AND_DATE, SignaturePart.SESSION_TOKEN)
"""What can differ though the signature matches, and is AUTH-4's or AUTH-5's to judge."""


def _bearer(trial: Trial) -> tuple[Observation, ...]:
    if not trial.bearer_requests:
        raise NothingToJudge("no request carried a bearer token")
    return trial.bearer_requests


def _signed(trial: Trial) -> tuple[Observation, ...]:
    if not trial.signed_requests:
        raise NothingToJudge("no request carried a SigV4 signature")
    return trial.signed_requests


def _query_names(observation: Observation) -> set[str]:
    _, query = split_target(observation.exchange.target)
    return {name.lower() for name, _ in query_parameters(query)}


def one_authorization(trial: Trial) -> Iterator[Problem]:
    """AUTH-1: exactly one Authorization header, `Bearer` and the token byte for byte."""
    expected = "one Authorization header: Bearer and the token byte for byte"
    for seen in _bearer(trial):
        values = seen.exchange.header_values("Authorization")
        if not values and seen.evidence.scheme is AuthScheme.BEARER:  # as Mantle takes it as well
            yield from _one_token(seen, trial, API_KEY_HEADER)
        elif len(values) != 1:
            yield Problem(expected, f"{len(values)} Authorization headers", seen)
        elif not values[0].startswith("Bearer "):
            yield Problem(expected, "the scheme is not spelled `Bearer `", seen)
        elif seen.evidence.scheme is not AuthScheme.BEARER:
            yield Problem(expected, "more than one scheme in it", seen)
        else:
            yield from _one_token(seen, trial, "Authorization")


def _one_token(seen: Observation, trial: Trial, header: str) -> Iterator[Problem]:
    """Hold what stands behind `Bearer` against the token, and look for copies of it."""
    value = seen.evidence.tokens[0]
    token = trial.keyring.token(value)
    if token is None:
        yield Problem("the token byte for byte", _stranger(value, trial), seen)
    elif value != token.value == token.value.strip():  # white space of its own is TOKEN-2's
        yield Problem("the token byte for byte", "white space around it, not its own", seen)
    else:
        for place in places_of(token.value, seen.exchange, besides=header):
            if place != URL:  # AUTH-7's
                yield Problem(f"the token in {header} alone", f"also in {place}", seen)


def _stranger(value: str, trial: Trial) -> str:
    for token in trial.keyring.tokens:
        if value.strip() and token.value.startswith(value.strip()):
            return f"the token cut to {len(value.strip())} of {len(token.value)} characters"
        if token.value in value:
            return "the token with other characters around it"
    return f"{len(value)} characters that are no token of this environment"


def no_sigv4_credential(trial: Trial) -> Iterator[Problem]:
    """AUTH-2: a bearer request carries no part of an IAM credential, no X-Amz-* in its query."""
    for seen in _bearer(trial):
        if seen.exchange.header_values("X-Amz-Security-Token"):
            yield Problem("no X-Amz-Security-Token header", "one beside the bearer token", seen)
        names = sorted(name for name in _query_names(seen) if name.startswith("x-amz-"))
        if names:
            yield Problem("no X-Amz-* in the query", f"{', '.join(names)} in the query", seen)
        for credential in trial.keyring.aws:
            for part in parts_carried(credential, seen.exchange):
                yield Problem("no part of an IAM credential", part, seen)


def no_sigv4_traces(trial: Trial) -> Iterator[Problem]:
    """AUTH-9: nor SigV4's other traces."""
    for seen in _bearer(trial):
        for name in ("X-Amz-Date", "X-Amz-Content-Sha256"):
            if seen.exchange.header_values(name):
                yield Problem(f"no {name} header", "one beside the bearer token", seen)


def signature_verifies(trial: Trial) -> Iterator[Problem]:
    """AUTH-3: the signature verifies against the secret of the level that its key id names."""
    expected = "a signature that verifies with the secret of the level that its key id names"
    for seen in _signed(trial):
        if seen.signature is None:
            yield Problem(expected, "a key id that is no level's of this environment", seen)
        elif not seen.signature.valid or seen.signature.differs not in _OF_OTHER_RULES:
            text = seen.signature.text or "the signature does not match"
            yield Problem(expected, f"{seen.signature.differs}: {text}", seen)
        for credential in trial.keyring.aws:
            for place in places_of(credential.secret, seen.exchange):
                yield Problem("a secret that never travels", f"one in {place}", seen)


def scope_and_date(trial: Trial) -> Iterator[Problem]:
    """AUTH-4: the scope names the right service and the endpoint's Region; the date is current."""
    right = f"{trial.scope_service}/{trial.region}"
    for seen in _signed(trial):
        scope = seen.evidence.scope
        if scope is None:
            yield Problem(f"the scope {right}", "no readable credential scope", seen)
        elif scope.region != trial.region or scope.service not in _scopes(trial):
            yield Problem(f"the scope {right}", f"{scope.service}/{scope.region}", seen)
        elif seen.signature is not None and seen.signature.differs in _SCOPE_AND_DATE:
            yield Problem(f"the scope {right} and a current date", seen.signature.text, seen)


def _scopes(trial: Trial) -> tuple[str, ...]:
    """Name the scope services that are right: one, or two where a second is reported to work."""
    return trial.scope_service, *SERVICES[trial.call.service].other_scopes


def session_token(trial: Trial) -> Iterator[Problem]:
    """AUTH-5: temporary credentials send their session token, signed; long-term ones none."""
    for seen in _signed(trial):
        credential, evidence = seen.credential, seen.evidence
        if not isinstance(credential, AwsCredential):
            yield Problem("a known key id", "a key id that is no level's", seen)
        elif evidence.session_token != credential.session_token:
            yield Problem(
                "its own session token" if credential.temporary else "no session token",
                _session_token_seen(seen, trial),
                seen,
            )
        elif credential.temporary and not _covers_session_token(seen):
            yield Problem("a signature that covers the session token", "it does not", seen)
        for other in trial.keyring.aws:
            header = "X-Amz-Security-Token"
            for place in places_of(other.session_token or "", seen.exchange, besides=header):
                if place != URL or seen.evidence.scheme is not AuthScheme.SIGV4_QUERY:
                    yield Problem(f"the session token in {header} alone", f"also in {place}", seen)


def _session_token_seen(seen: Observation, trial: Trial) -> str:
    value = seen.evidence.session_token
    if value is None:
        return "no session token"
    for credential in trial.keyring.aws:
        if credential.session_token == value:
            return f"the session token of {describe_origin(credential.origin)}"
    return "a session token that is no level's"


def _covers_session_token(seen: Observation) -> bool:
    name = "x-amz-security-token"
    return name in seen.evidence.signed_headers or name in _query_names(seen)


def same_level_throughout(trial: Trial) -> Iterator[Problem]:
    """AUTH-6: streaming, paginated and retried requests are authenticated like the first."""
    first, *later = trial.requests or (None,)
    if first is None or not later:  # not every client retries, and none has to
        raise NothingToJudge("no second request was sent")
    for seen in later:
        if (seen.evidence.scheme, seen.credential) != (first.evidence.scheme, first.credential):
            yield Problem(f"as the first request: {describe(first)}", describe(seen), seen)


def token_not_in_url(trial: Trial) -> Iterator[Problem]:
    """AUTH-7: the token never travels in the URL, plain or encoded."""
    expected, tokens = "no token in the URL", (*trial.keyring.tokens, *trial.foreign)
    asked = [e for e in trial.metadata if any(token_in_target(e.target, t.value) for t in tokens)]
    for exchange in asked:
        yield Problem(expected, f"the bearer token is part of that of {exchange.service}")
    if not (trial.observations or asked):
        raise NothingToJudge("no request was seen")
    for seen in trial.observations:
        if any(token_in_target(seen.exchange.target, token.value) for token in tokens):
            yield Problem(expected, "the bearer token is part of it", seen)


def proxied_headers_unsigned(trial: Trial) -> Iterator[Problem]:
    """AUTH-8: headers that proxies rewrite are not among the signed ones."""
    for seen in _signed(trial):
        risky = [
            name
            for name in seen.evidence.signed_headers
            if name.lower() in _PROXIED or name.lower().startswith(_PROXIED_PREFIX)
        ]
        if risky:
            expected = "no header among the signed ones that a proxy may rewrite"
            yield Problem(expected, f"{', '.join(risky)} among them", seen)
