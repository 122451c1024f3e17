"""Whose credential is this? Evidence held against the credentials in play."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bedrock_authcheck.model import (
    SIGNATURES,
    AuthScheme,
    AwsCredential,
    BearerToken,
    Credential,
    CredentialSource,
    Evidence,
    Exchange,
    Origin,
    SignatureCheck,
)
from bedrock_authcheck.wire.evidence import read_evidence
from bedrock_authcheck.wire.short_term import is_made_by
from bedrock_authcheck.wire.signed_events import with_events
from bedrock_authcheck.wire.sigv4 import verify
from bedrock_authcheck.wire.tokens import read_api_key

if TYPE_CHECKING:
    from collections.abc import Iterable


class Keyring:
    """The credentials in play, found by what a request shows of them."""

    def __init__(self, credentials: Iterable[Credential] = ()) -> None:
        """Take the credentials, whether their levels are complete or not."""
        self.credentials = tuple(credentials)
        self.tokens = tuple(c for c in self.credentials if isinstance(c, BearerToken))
        self.aws = tuple(c for c in self.credentials if isinstance(c, AwsCredential))
        # A blank token names nobody: what stands behind a bare `Bearer` is no credential. Nor
        # does the key id that a half level lacks: else a malformed request would be its own.
        self._by_token = {t.value.strip(): t for t in self.tokens if t.value.strip()}
        self._by_key_id = {c.key_id: c for c in self.aws if c.key_id}
        signers = (token.signer for token in self.tokens if token.signer)
        self._signers = {one.key_id: one for one in (*signers, *self.aws) if one.key_id}

    def token(self, value: str) -> BearerToken | None:
        """Find the token that this is, white space around it aside; None for a stranger's.

        A short-term key need not have been known before: it is of who has signed it.
        """
        value = value.strip()
        return self._by_token.get(value) or self._made(value)

    def _made(self, key: str) -> BearerToken | None:
        signer = self._signers.get(read_api_key(key).key_id or "")
        if signer is None or not is_made_by(key, signer):
            return None
        return BearerToken(CredentialSource.BEARER, key, signer=signer)

    def key(self, key_id: str | None) -> AwsCredential | None:
        """Find the credential that a key id names; None for a stranger's."""
        return self._by_key_id.get(key_id or "")


@dataclass(frozen=True, slots=True)
class Observation:
    """One request with what it proves: whose credential it names and whether it holds.

    `signature` is None for requests that carry no SigV4 signature of a known key id.
    """

    exchange: Exchange
    evidence: Evidence
    credential: Credential | None = None
    signature: SignatureCheck | None = None
    operation: str | None = None

    @property
    def source(self) -> CredentialSource | None:
        """The source of the credential that the request names."""
        return self.credential.source if self.credential else None

    @property
    def origin(self) -> Origin | None:
        """Where that credential comes from: its variant, or the source."""
        return self.credential.origin if self.credential else None

    def answered(self, status: int) -> Observation:
        """Note the status that the request was answered with."""
        return replace(self, exchange=replace(self.exchange, status=status))


def observe(
    exchange: Exchange,
    keyring: Keyring,
    *,
    region: str | None,
    scope_service: str,
    other_scopes: tuple[str, ...] = (),
    operation: str | None = None,
) -> Observation:
    """Read a request's evidence and hold it against the credentials in play.

    `region` is the endpoint's Region; None accepts the one that the request names. A scope that
    names one of `other_scopes` is as right as one that names `scope_service`.
    """
    evidence = read_evidence(exchange)
    credential: Credential | None = None
    signature: SignatureCheck | None = None
    if evidence.scheme is AuthScheme.BEARER:
        credential = keyring.token(evidence.tokens[0])
    elif evidence.scheme in SIGNATURES:
        credential = keyring.key(evidence.key_id)
        if credential is not None and exchange.received_at is not None:
            named = evidence.scope.service if evidence.scope else scope_service
            others = tuple(other for other in keyring.aws if other is not credential)
            signature = verify(
                exchange,
                evidence,
                credential,
                region=region or (evidence.scope.region if evidence.scope else ""),
                service=named if named in other_scopes else scope_service,
                now=exchange.received_at,
                others=others,
            )
            signature = with_events(signature, exchange, evidence, credential, others)
    return Observation(exchange, evidence, credential, signature, operation)
