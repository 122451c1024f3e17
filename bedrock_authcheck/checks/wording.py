"""How evidence reads in a report: one line, no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bedrock_authcheck.model import AuthScheme
from bedrock_authcheck.wire.redaction import redact_target, shorten_key_id

if TYPE_CHECKING:
    from bedrock_authcheck.model import Exchange, Origin
    from bedrock_authcheck.wire.attribution import Observation


_TARGET_WIDTH: Final = 100


def describe_origin(origin: Origin) -> str:
    """Level and title: `4 shared credentials file`, `5 credential process`."""
    return f"{origin.level} {origin.title}"


def describe(observation: Observation) -> str:
    """Scheme, place, key id and scope: `sigv4  ~/.aws/credentials [default]  AKIA…L4SHARED  …`."""
    evidence = observation.evidence
    parts = [str(evidence.scheme)]
    if observation.origin is not None:
        parts.append(observation.origin.place)
    elif evidence.scheme is not AuthScheme.UNSIGNED:
        parts.append("a credential of no level here")
    if evidence.key_id is not None:
        parts.append(shorten_key_id(evidence.key_id))
    if evidence.scope is not None:
        parts.append(f"{evidence.scope.service}/{evidence.scope.region}")
    return "  ".join(parts)


def request_line(exchange: Exchange) -> str:
    """Service, method and target, protocol, status; the target redacted and shortened.

    A secret that stands elsewhere in the target than a presigned URL has it is the caller's to
    redact, who knows the credentials.
    """
    how = f"{exchange.protocol}, {exchange.tls or 'no TLS'}"
    target = redact_target(exchange.target)
    if len(target) > _TARGET_WIDTH:
        target = f"{target[: _TARGET_WIDTH - 1]}…"
    status = exchange.status or "unanswered"
    return f"{exchange.service}  {exchange.method} {target}  ({how}) → {status}"
