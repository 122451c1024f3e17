"""Signature Version 4: the signing key, the signature and the verification of a request.

Source: IAM user guide, "Create a signed AWS API request". Shares no code with any AWS SDK.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from bedrock_authcheck.model import AuthScheme, SignatureCheck, SignaturePart
from bedrock_authcheck.wire.canonical import (
    EMPTY_PAYLOAD_HASH,
    UNSIGNED_PAYLOAD,
    CanonicalRequest,
    canonical_request,
    path_encoded_once,
    signed_values,
)
from bedrock_authcheck.wire.findings import MALFORMED_AUTHORIZATION, EvidenceCode, counted, quoted
from bedrock_authcheck.wire.sigv4_fields import timestamp
from bedrock_authcheck.wire.variations import variations, without_session_token

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from bedrock_authcheck.model import AwsCredential, CredentialScope, Evidence, Exchange

ALGORITHM = "AWS4-HMAC-SHA256"
STREAMED_EVENTS = "STREAMING-AWS4-HMAC-SHA256-EVENTS"
"""In place of a payload hash: each event of the request's stream is signed by itself."""
LARGEST_SKEW = timedelta(minutes=5)


@lru_cache(maxsize=256)
def signing_key(secret: str, scope: CredentialScope) -> bytes:
    """Derive the key of 32 bytes that signs for one day, Region and service."""
    key = f"AWS4{secret}".encode("utf-8", "surrogatepass")
    for part in (scope.date, scope.region, scope.service, scope.terminator):
        key = hmac.digest(key, part.encode("utf-8", "surrogatepass"), "sha256")
    return key


def string_to_sign(canonical: CanonicalRequest, *, scope: CredentialScope, amz_date: str) -> str:
    """Write the string to sign: algorithm, date, credential scope, hash of the request."""
    return "\n".join((ALGORITHM, amz_date, scope_text(scope), canonical.digest()))


def scope_text(scope: CredentialScope) -> str:
    """Write a credential scope as `date/region/service/terminator`."""
    return "/".join((scope.date, scope.region, scope.service, scope.terminator))


def sign(canonical: CanonicalRequest, secret: str, *, scope: CredentialScope, amz_date: str) -> str:
    """Sign a canonical request; the signature is 64 lower-case hexadecimal digits."""
    text = string_to_sign(canonical, scope=scope, amz_date=amz_date)
    key = signing_key(secret, scope)
    return hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256").hex()


class _Claim(NamedTuple):
    """A request that claims to be signed, and what its signature is held against."""

    exchange: Exchange
    evidence: Evidence
    scope: CredentialScope
    signature: str
    credential: AwsCredential
    others: tuple[AwsCredential, ...]
    region: str
    service: str
    now: datetime
    payload_hash: str  # of the body received
    canonical: CanonicalRequest

    def matches(self, canonical: CanonicalRequest, secret: str) -> bool:
        """Whether a secret gives the signature received, compared in constant time."""
        amz_date = self.evidence.amz_date or ""
        return _same(sign(canonical, secret, scope=self.scope, amz_date=amz_date), self.signature)


def verify(
    exchange: Exchange,
    evidence: Evidence,
    credential: AwsCredential,
    *,
    region: str,
    service: str,
    now: datetime,
    others: Iterable[AwsCredential] = (),
) -> SignatureCheck:
    """Recompute the SigV4 signature of a request and name the first part that differs.

    `service` is the signing name (`bedrock`), `now` the server's clock as an aware
    datetime; `others` are credentials whose secret or session token may have been mixed in.
    The signature is recomputed over the scope and the date that the request claims, so it
    can be valid while its scope or date is wrong. Never raises, whatever the bytes.
    """
    if evidence.scheme is AuthScheme.SIGV4A:
        return SignatureCheck(
            valid=False,
            differs=SignaturePart.AUTHORIZATION,
            text="a SigV4a signature is recognised, but not verified",
        )
    if evidence.scheme not in {AuthScheme.SIGV4, AuthScheme.SIGV4_QUERY}:
        return SignatureCheck(
            valid=False,
            differs=SignaturePart.AUTHORIZATION,
            text=f"the request is {evidence.scheme}, not signed with SigV4 alone",
        )
    scope, signature = evidence.scope, evidence.signature
    if scope is None or signature is None:
        return SignatureCheck(
            valid=False,
            differs=SignaturePart.AUTHORIZATION,
            text=_malformed(evidence) or "it has no credential scope or no signature",
        )
    payload_hash = hashlib.sha256(exchange.body).hexdigest()
    claim = _Claim(
        exchange,
        evidence,
        scope,
        signature,
        credential,
        tuple(others),
        region,
        service,
        now,
        payload_hash,
        _canonical(exchange, evidence, scope.service, payload_hash),
    )
    valid = claim.matches(claim.canonical, credential.secret)
    for part, check in _CHECKS:
        if text := check(claim):
            return SignatureCheck(valid=valid, differs=part, text=text)
    if valid:
        return SignatureCheck(valid=True)
    return _explained(claim)


def _canonical(
    exchange: Exchange, evidence: Evidence, service: str, payload_hash: str
) -> CanonicalRequest:
    if evidence.scheme is AuthScheme.SIGV4_QUERY and path_encoded_once(service):
        payload_hash = UNSIGNED_PAYLOAD  # who presigns for S3 does not know the payload yet
    return canonical_request(
        exchange,
        service=service,
        signed_headers=evidence.signed_headers,
        payload_hash=evidence.payload_hash or payload_hash,
    )


def _same(expected: str, seen: str) -> bool:
    """Compare in constant time; text that is not ASCII is compared as bytes."""
    return hmac.compare_digest(
        expected.encode("utf-8", "surrogatepass"), seen.encode("utf-8", "surrogatepass")
    )


def _malformed(evidence: Evidence) -> str:
    malformed = (f.text for f in evidence.findings if f.code in MALFORMED_AUTHORIZATION)
    return next(malformed, "")


def _authorization(claim: _Claim) -> str:
    if text := _malformed(claim.evidence):
        return text
    if claim.evidence.key_id != claim.credential.key_id:
        return f"the key id is not that of {claim.credential.source.title}"
    sent = {name.lower() for name, _ in claim.exchange.headers}
    demanded = {name for name in sent if name.startswith("x-amz-")} - {"x-amz-security-token"}
    if unsigned := sorted(demanded - set(claim.evidence.signed_headers)):
        names = ", ".join(quoted(name) for name in unsigned)
        return f"sent, but not signed: {names}; AWS demands that all x-amz-* headers are signed"
    return ""


def _date(claim: _Claim) -> str:
    evidence = claim.evidence
    signed_at = timestamp(evidence.amz_date)
    if signed_at is None:
        return next(
            (found.text for found in evidence.findings if found.code == EvidenceCode.DATE), ""
        )
    day = f"{signed_at:%Y%m%d}"
    if claim.scope.date != day:
        return f"the scope is of {quoted(claim.scope.date)}, X-Amz-Date of {quoted(day)}"
    age = claim.now - signed_at
    lifetime = timedelta(seconds=evidence.expires) if evidence.expires else LARGEST_SKEW
    if age > lifetime:
        return (
            f"X-Amz-Date is {evidence.amz_date}, {age} before now; the signature was good for "
            f"{lifetime}"
        )
    if -age > LARGEST_SKEW:
        return f"X-Amz-Date is {evidence.amz_date}, {-age} after now; {LARGEST_SKEW} is allowed"
    return ""


def _scope(claim: _Claim) -> str:
    seen = claim.scope
    for name, expected, value in (
        ("service", claim.service, seen.service),
        ("Region", claim.region, seen.region),
        ("terminator", "aws4_request", seen.terminator),
    ):
        if expected != value:
            return f"the {name} of the scope is {quoted(value)}, expected {quoted(expected)}"
    return ""


def _session_token(claim: _Claim) -> str:
    expected, seen = claim.credential.session_token, claim.evidence.session_token
    title = claim.credential.source.title
    if seen is None:
        return f"X-Amz-Security-Token is missing: {title} is temporary" if expected else ""
    if expected is None or not _same(expected, seen):
        whose = "is not that of" if expected else "is sent, but none belongs to"
        for other in claim.others:
            if other.session_token and _same(other.session_token, seen):
                return f"X-Amz-Security-Token {whose} {title}; it is that of {other.source.title}"
        return f"X-Amz-Security-Token {whose} {title}; it is that of no known credential"
    in_header = bool(claim.exchange.header_values("x-amz-security-token"))
    if in_header and "x-amz-security-token" not in claim.evidence.signed_headers:
        return "X-Amz-Security-Token is sent, but the signature does not cover it"
    if (
        not in_header
        and not claim.matches(claim.canonical, claim.credential.secret)
        and claim.matches(without_session_token(claim.canonical), claim.credential.secret)
    ):
        return "X-Amz-Security-Token was put into the query after the signature was made"
    return ""


def _payload_hash(claim: _Claim) -> str:
    seen = claim.evidence.payload_hash
    if seen is None or seen == STREAMED_EVENTS or _same(claim.payload_hash, seen):
        return ""
    if seen == UNSIGNED_PAYLOAD or seen.startswith("STREAMING-"):
        text = f"X-Amz-Content-Sha256 is {quoted(seen)}: the signature does not cover the body"
        return "" if path_encoded_once(claim.service) else text  # S3 alone takes such a body
    body = f"the {counted(len(claim.exchange.body), 'byte')} received"
    if not claim.exchange.complete:
        return f"X-Amz-Content-Sha256 is not of {body}: the request broke off"
    if seen == EMPTY_PAYLOAD_HASH:
        return f"X-Amz-Content-Sha256 is of an empty body, not of {body}"
    return f"X-Amz-Content-Sha256 is not the SHA-256 of {body}"


def _secret(claim: _Claim) -> str:
    if claim.matches(claim.canonical, claim.credential.secret):
        return ""
    for other in claim.others:
        if claim.matches(claim.canonical, other.secret):
            return (
                f"the key id is that of {claim.credential.source.title}, but the secret of "
                f"{other.source.title} made the signature"
            )
    return ""


_CHECKS = (
    (SignaturePart.AUTHORIZATION, _authorization),
    (SignaturePart.DATE, _date),
    (SignaturePart.SCOPE, _scope),
    (SignaturePart.SESSION_TOKEN, _session_token),
    (SignaturePart.PAYLOAD_HASH, _payload_hash),
    (SignaturePart.SECRET, _secret),
)


def _explained(claim: _Claim) -> SignatureCheck:
    """Say which known way of writing the canonical request gives the signature received."""
    text = "the signature matches no known way of signing this request"
    for sentence, canonical in variations(
        claim.canonical, claim.exchange, claim.evidence.signed_headers, claim.scope.service
    ):
        if claim.matches(canonical, claim.credential.secret):
            text = f"the signature matches if {sentence}"
            break
    absent = _signed_but_absent(claim.exchange, claim.evidence.signed_headers)
    return SignatureCheck(
        valid=False,
        differs=SignaturePart.CANONICAL_REQUEST,
        text=f"{text}; signed, but not received: {absent}" if absent else text,
    )


def _signed_but_absent(exchange: Exchange, names: Sequence[str]) -> str:
    return ", ".join(quoted(name) for name in names if not signed_values(exchange, name))
