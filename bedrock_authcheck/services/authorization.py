"""What AWS answers to a request's credentials: SIMULATED, from public reports.

None of these texts was measured against AWS; each is what a public report quotes. Errors
about API keys spell `Message`, errors about SigV4 spell `message`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.model import AuthScheme, SignaturePart
from bedrock_authcheck.wire.tokens import ApiKeyKind, read_api_key

if TYPE_CHECKING:
    from bedrock_authcheck.model import SignatureCheck
    from bedrock_authcheck.wire.attribution import Observation

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
WRONG_REGION: Final = Denial(
    "InvalidSignatureException", "message", "Credential should be scoped to a valid region."
)


def authorize(observation: Observation, *, accepts_api_key: bool) -> Denial | None:
    """Decide as AWS would: None lets the request in.

    `accepts_api_key` is what the Amazon Bedrock user guide says of the operation.
    """
    scheme = observation.evidence.scheme
    if scheme is AuthScheme.BEARER:
        return _authorize_token(observation, accepts_api_key=accepts_api_key)
    if scheme in (AuthScheme.SIGV4, AuthScheme.SIGV4_QUERY):
        if observation.signature is None:
            return UNKNOWN_CREDENTIAL
        return _authorize_signature(observation.signature, observation)
    return MISSING if scheme is AuthScheme.UNSIGNED else WRONG_SIGNATURE


def _authorize_token(observation: Observation, *, accepts_api_key: bool) -> Denial | None:
    if not accepts_api_key:
        return NO_API_KEYS
    key = read_api_key(observation.evidence.tokens[0].strip())
    if key.kind is ApiKeyKind.UNKNOWN:
        return NO_PREFIX
    if observation.credential is None:
        return UNKNOWN_KEY
    received_at = observation.exchange.received_at
    if key.expires_at and received_at and key.expires_at <= received_at:
        return EXPIRED_KEY
    return None


def _authorize_signature(signature: SignatureCheck, observation: Observation) -> Denial | None:
    match signature.differs:
        case None:
            return None
        case SignaturePart.DATE:
            text = (
                f"Signature expired: {observation.evidence.amz_date} is not within 5 minutes of "
                f"{observation.exchange.received_at:%Y%m%dT%H%M%SZ} (5 min.)"
            )
            return Denial("InvalidSignatureException", "message", text)
        case SignaturePart.SCOPE:
            return WRONG_REGION
        case SignaturePart.SESSION_TOKEN:
            return UNKNOWN_CREDENTIAL
        case _:
            return WRONG_SIGNATURE
