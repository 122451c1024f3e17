"""The assertion of downstream tests: these requests were authenticated by that level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_authcheck.checks.wording import describe, describe_origin, request_line
from bedrock_authcheck.model import SIGNATURES, AuthScheme, CredentialSource
from bedrock_authcheck.wire.redaction import redact_exchange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_authcheck.wire.attribution import Observation

_NO_REQUEST = """\
no request seen: nothing reached the loopback endpoint
  {refused}A client that was built before the fixture ran, or that was given an endpoint of its
  own, does not know this endpoint. Build the client inside the test, or in a fixture that asks
  for bedrock_endpoint, or hand it bedrock_endpoint.url("bedrock-runtime")."""


def failure(
    by: str,
    observations: Sequence[Observation],
    *,
    present: Sequence[CredentialSource],
    request: int | None = None,
    service: str | None = None,
    refused_hosts: Sequence[str] = (),
) -> str | None:
    """Say what is wrong with the first request that is not authenticated by `by`; None if none.

    `by` names a level or a scheme; ValueError lists them where it is neither. `request` is an
    index into those of `service`, or of all; IndexError where it is not there.
    """
    source, scheme = _parse(by)
    if not observations:
        hosts = ", ".join(sorted(set(refused_hosts)))
        refused = f"A connection to {hosts} was attempted and refused.\n  " if hosts else ""
        return _NO_REQUEST.format(refused=refused)
    of_service = [o for o in observations if service is None or o.exchange.service == service]
    if not of_service:
        others = ", ".join(sorted({o.exchange.service for o in observations}))
        return f"no request to {service} seen, but to {others}"
    known = [seen.credential for seen in observations if seen.credential is not None]
    for number, seen in _chosen(of_service, request):
        fault = _fault(seen, source, scheme)
        if fault is not None:
            lines = [
                f"{seen.operation or 'the request'} was {_how(seen)}, expected {by}",
                f"  present   {' · '.join(map(describe_origin, present)) or 'nothing'}",
                f"  expected  {_expected(source, scheme)}",
                f"  observed  {describe(seen)}{fault}",
                f"  request   {request_line(redact_exchange(seen.exchange, known))}",
            ]
            if of_service[1:]:
                lines.append(f"  which     request {number + 1} of {len(of_service)}")
            return "\n".join(lines)
    return None


def _chosen(
    observations: Sequence[Observation], request: int | None
) -> Sequence[tuple[int, Observation]]:
    numbered = list(enumerate(observations))
    if request is None:
        return numbered
    try:
        return [numbered[request]]
    except IndexError:
        msg = f"there is no request {request}: {len(numbered)} seen"
        raise IndexError(msg) from None


def _parse(by: str) -> tuple[CredentialSource | None, AuthScheme | None]:
    if by in list(CredentialSource):
        return CredentialSource(by), None
    if by in list(AuthScheme):
        return None, AuthScheme(by)
    right = ", ".join(dict.fromkeys([*CredentialSource, *AuthScheme]))
    msg = f"{by!r} is no level and no auth scheme: choose from {right}"
    raise ValueError(msg)


def _fault(
    seen: Observation, source: CredentialSource | None, scheme: AuthScheme | None
) -> str | None:
    """None where the request is right; else what to add to its description."""
    if source is not None and seen.source is not source:
        return ""
    if scheme is not None and seen.evidence.scheme is not scheme:
        return ""
    if seen.signature is not None and seen.signature.differs is not None:
        return f"\n            wrong {seen.signature.differs}: {seen.signature.text}"
    if scheme in SIGNATURES and seen.signature is None:
        return "\n            a signature that cannot be verified: its key id is no level's here"
    return None


def _how(seen: Observation) -> str:
    if seen.source is not None:
        return f"authenticated by level {describe_origin(seen.source)}"
    return f"sent {seen.evidence.scheme}"


def _expected(source: CredentialSource | None, scheme: AuthScheme | None) -> str:
    if source is not None:
        return f"{source.scheme}  {source.place}"
    return str(scheme)
