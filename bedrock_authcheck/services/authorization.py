"""What AWS answers to a request's credentials: SIMULATED, from public reports.

None of these texts was measured against AWS; each is what a public report quotes. Errors
about API keys spell `Message`, errors about SigV4 spell `message`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.model import AuthScheme, BearerToken, SignaturePart
from bedrock_authcheck.spec.services import SERVICES
from bedrock_authcheck.wire.short_term import is_made_by
from bedrock_authcheck.wire.sigv4 import LARGEST_SKEW
from bedrock_authcheck.wire.sigv4_fields import TIMESTAMP_FORMAT, timestamp
from bedrock_authcheck.wire.tokens import ApiKeyKind, read_api_key

if TYPE_CHECKING:
    from datetime import datetime

    from bedrock_authcheck.model import SignatureCheck
    from bedrock_authcheck.wire.attribution import Observation
    from bedrock_authcheck.wire.tokens import ApiKey

CORAL_DENIED: Final = (
    "AccessDeniedException:http://internal.amazon.com/coral/com.amazon.coral.service/"
)


@dataclass(frozen=True, slots=True)
class Denial:
    """A refusal: HTTP status, value of x-amzn-errortype, JSON body."""

    error_type: str
    message_key: str
    message: str
    status: int = 403

    @property
    def body(self) -> bytes:
        """The JSON body, with the key's spelling that the kind of error has."""
        return json.dumps({self.message_key: self.message}).encode()


def _api_key_denial(message: str) -> Denial:
    return Denial(CORAL_DENIED, "Message", message)


MISSING: Final = _api_key_denial("Authorization header is missing")
NO_API_KEYS: Final = _api_key_denial("This operation does not support API Keys")
NO_PREFIX: Final = _api_key_denial("Invalid API Key format: Must start with pre-defined prefix")
UNKNOWN_KEY: Final = _api_key_denial(
    "Authentication failed: Please make sure your API Key is valid."
)
EXPIRED_KEY: Final = _api_key_denial("Bearer Token has expired")
UNKNOWN_CREDENTIAL: Final = Denial(
    "UnrecognizedClientException",
    "message",
    "The security token included in the request is invalid.",
)
WRONG_SIGNATURE: Final = Denial(
    "InvalidSignatureException",
    "message",
    "The request signature we calculated does not match the signature you provided. Check your "
    "AWS Secret Access Key and signing method. Consult the service documentation for details.",
)
EXPIRED_SESSION: Final = Denial(
    "ExpiredTokenException",
    "message",
    "The security token included in the request is expired",
)
"""Programmed by a test (`steps.deny`): credentials of this package do not expire."""

WRONG_REGION: Final = Denial(
    "InvalidSignatureException", "message", "Credential should be scoped to a valid region."
)


def authorize(
    observation: Observation, *, accepts_api_key: bool, region: str | None = None
) -> Denial | None:
    """Decide as AWS would: None lets the request in.

    `accepts_api_key` is what the Amazon Bedrock user guide says of the operation; `region` is
    the endpoint's, None where any is right.
    """
    scheme = observation.evidence.scheme
    if scheme is AuthScheme.BEARER:
        if not accepts_api_key:
            return NO_API_KEYS
        return _authorize_token(observation, region)
    if scheme in (AuthScheme.SIGV4, AuthScheme.SIGV4_QUERY):
        if observation.signature is None:
            return UNKNOWN_CREDENTIAL
        return _authorize_signature(observation.signature, observation, region)
    return MISSING if scheme is AuthScheme.UNSIGNED else WRONG_SIGNATURE


def _authorize_token(observation: Observation, region: str | None) -> Denial | None:
    value, token = observation.evidence.tokens[0].strip(), observation.credential
    key = read_api_key(value)
    if key.kind is ApiKeyKind.UNKNOWN:
        return NO_PREFIX
    if not isinstance(token, BearerToken):
        return UNKNOWN_KEY
    if key.kind is ApiKeyKind.LONG_TERM:
        return None
    # A short-term key is nothing that a service could know: its signature says whose it is.
    genuine = not key.findings and token.signer is not None and is_made_by(value, token.signer)
    if not genuine or region not in (None, key.region):
        return UNKNOWN_KEY
    return _out_of_time(key, observation.exchange.received_at)


def _out_of_time(key: ApiKey, now: datetime | None) -> Denial | None:
    if now is None or key.made_at is None or key.made_at - now > LARGEST_SKEW:
        return UNKNOWN_KEY
    return EXPIRED_KEY if key.expires_at is None or key.expires_at <= now else None


def _authorize_signature(
    signature: SignatureCheck, observation: Observation, region: str | None
) -> Denial | None:
    match signature.differs:
        case None:
            return None
        case SignaturePart.DATE:
            return _wrong_date(observation)
        case SignaturePart.SCOPE:
            return _wrong_scope(observation, region)
        case SignaturePart.SESSION_TOKEN:
            return UNKNOWN_CREDENTIAL
        case _:
            return WRONG_SIGNATURE


def _wrong_date(observation: Observation) -> Denial:
    amz_date, now = observation.evidence.amz_date, observation.exchange.received_at
    signed_at = timestamp(amz_date)
    if signed_at is None or now is None:
        return WRONG_SIGNATURE
    early = signed_at < now
    bound = now - LARGEST_SKEW if early else now + LARGEST_SKEW
    what = "expired" if early else "not yet current"
    order = "now earlier" if early else "still later"
    text = (
        f"Signature {what}: {amz_date} is {order} than {bound:{TIMESTAMP_FORMAT}} "
        f"({now:{TIMESTAMP_FORMAT}} {'-' if early else '+'} 5 min.)"
    )
    return Denial("InvalidSignatureException", "message", text)


def _wrong_scope(observation: Observation, region: str | None) -> Denial:
    scope, right = observation.evidence.scope, SERVICES[observation.exchange.service].signing_name
    if scope is None or scope.service == right or region not in (None, scope.region):
        return WRONG_REGION
    text = f"Credential should be scoped to correct service: '{right}'. "
    return Denial("InvalidSignatureException", "message", text)
