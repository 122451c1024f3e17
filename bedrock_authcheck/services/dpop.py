"""DPoP proofs: that whoever shows a refresh token holds the key that it was given with.

Source: RFC 9449, OAuth 2.0 Demonstrating Proof of Possession, section 4.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

    from bedrock_authcheck.model import Exchange

_COORDINATE: Final = 32  # bytes, of a point on P-256
_LARGEST_SKEW: Final = timedelta(minutes=5)


def make_key() -> EllipticCurvePrivateKey:
    """Make a key for ES256, whose canary is that nobody else holds it."""
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - costly, on use

    return ec.generate_private_key(ec.SECP256R1())


def pem(key: EllipticCurvePrivateKey) -> str:
    """Write a private key as OpenSSL does: `EC PRIVATE KEY`, without a password."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - costly, on use

    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()


def jwk(key: EllipticCurvePrivateKey) -> dict[str, str]:
    """Write the public half of a key as a JSON Web Key (RFC 7518, section 6.2)."""
    point = key.public_key().public_numbers()
    x, y = (base64url(value.to_bytes(_COORDINATE, "big")) for value in (point.x, point.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def base64url(data: bytes) -> str:
    """Encode as JSON Web Tokens do, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


@dataclass(frozen=True, slots=True)
class _Proof:
    """A JSON Web Token, read and not yet believed."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes


def fault(exchange: Exchange, key: Mapping[str, str]) -> str | None:
    """Say what is wrong with the proof that a request shows; None where it holds.

    `key` is the JSON Web Key that must have signed it.
    """
    given = exchange.header_values("DPoP")
    if len(given) != 1:
        return f"{len(given)} DPoP headers"
    proof = _read(given[0])
    return (
        next(_faults(proof, exchange, key), None) if proof else "a proof that is no JSON Web Token"
    )


def _read(text: str) -> _Proof | None:
    signed, _, signature = text.rpartition(".")
    try:
        header, claims = (json.loads(_decoded(part)) for part in signed.split("."))
        proof = _Proof(header, claims, signed.encode(), _decoded(signature))
    except (ValueError, RecursionError):
        return None
    return proof if isinstance(header, dict) and isinstance(claims, dict) else None


def _faults(proof: _Proof, exchange: Exchange, key: Mapping[str, str]) -> Iterator[str]:
    if (proof.header.get("typ"), proof.header.get("alg")) != ("dpop+jwt", "ES256"):
        yield "a proof of another type or algorithm"
    if not _is_of(proof.header.get("jwk"), key):
        yield "a proof with another key"
    if not _signed_by(key, proof.signed, proof.signature):
        yield "a proof whose signature is wrong"
    scheme = "https" if exchange.tls else "http"
    url = f"{scheme}://{exchange.authority}{exchange.target.partition('?')[0]}"
    claims = proof.claims
    if (claims.get("htm"), claims.get("htu")) != (exchange.method, url):
        yield "a proof for another request"
    if not isinstance(claims.get("jti"), str) or not claims["jti"]:
        yield "a proof without a name of its own"
    issued, received = claims.get("iat"), exchange.received_at
    if not isinstance(issued, int) or received is None:
        yield "a proof without a time"
    elif abs(received.timestamp() - issued) > _LARGEST_SKEW.total_seconds():
        yield "a proof of another time"


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _is_of(shown: object, key: Mapping[str, str]) -> bool:
    return isinstance(shown, dict) and all(shown.get(name) == key[name] for name in key)


def _signed_by(key: Mapping[str, str], signed: bytes, signature: bytes) -> bool:
    """Whether a signature, as ES256 writes it, is of the key."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - costly, on use
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - likewise
    from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: PLC0415 - likewise

    if len(signature) != 2 * _COORDINATE:
        return False
    x, y = (int.from_bytes(_decoded(key[name]), "big") for name in ("x", "y"))
    r, s = (
        int.from_bytes(half, "big") for half in (signature[:_COORDINATE], signature[_COORDINATE:])
    )
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    try:
        public.verify(utils.encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True
