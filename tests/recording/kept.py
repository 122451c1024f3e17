"""What a scrubbed request must still prove."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_authcheck.wire.evidence import read_evidence
from bedrock_authcheck.wire.sigv4_fields import timestamp
from bedrock_authcheck.wire.tokens import read_api_key

if TYPE_CHECKING:
    from bedrock_authcheck.model import CredentialScope, Evidence
    from bedrock_authcheck.recording.cassette import Recording


def assert_evidence_kept(before: Recording, after: Recording) -> None:
    """Hold the evidence of a scrubbed request to that of the request."""
    assert _told(read_evidence(after.exchange())) == _told(read_evidence(before.exchange()))


def _told(evidence: Evidence) -> dict[str, object]:
    """All that evidence tells, but for values: which secret, when, and which account's key."""
    return {
        "scheme": evidence.scheme,
        "tokens": [_around(token) for token in evidence.tokens],
        "kinds of tokens": [read_api_key(token.strip()).kind for token in evidence.tokens],
        "kind of key": _kind(evidence.key_id),
        "scope": _place(evidence.scope),
        "signed headers": evidence.signed_headers,
        "signature": evidence.signature is not None,
        "date": (evidence.amz_date is not None, timestamp(evidence.amz_date) is not None),
        "expires": evidence.expires,
        "session token": _around(evidence.session_token),
        "payload hash": evidence.payload_hash and bool(evidence.payload_hash.strip()),
        "findings": [finding.code for finding in evidence.findings],
    }


def _around(value: str | None) -> object:
    """The white space around a value, and whether there is one."""
    if value is None:
        return None
    stripped = value.strip()
    return value.partition(stripped)[::2] if stripped else value


def _kind(key_id: str | None) -> object:
    return key_id and (key_id[:4] if key_id.startswith(("AKIA", "ASIA")) else "other")


def _place(scope: CredentialScope | None) -> object:
    return scope and (scope.region, scope.service, scope.terminator)
