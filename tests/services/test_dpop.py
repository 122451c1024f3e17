"""A DPoP proof holds for one key, one request and one time; else it says what is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from bedrock_authcheck.model import Exchange
from bedrock_authcheck.services import dpop

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

KEY, OTHER = dpop.make_key(), dpop.make_key()
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
REQUEST = Exchange(
    *("signin", "POST", "/v1/token?x=1", ()), authority="127.0.0.1:4711", tls="TLSv1.3"
)
CLAIMS = {
    "htm": "POST",
    "htu": "https://127.0.0.1:4711/v1/token",
    "iat": int(NOW.timestamp()),
    "jti": "one",
}


def signed(signer: EllipticCurvePrivateKey, text: str) -> bytes:
    r, s = utils.decode_dss_signature(signer.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def proof(signer: EllipticCurvePrivateKey = KEY, **changes: object) -> str:
    header: dict[str, object] = {"typ": "dpop+jwt", "alg": "ES256", "jwk": dpop.jwk(KEY)}
    claims = {name: changes.get(name, value) for name, value in CLAIMS.items()}
    header = {name: changes.get(name, value) for name, value in header.items()}
    parts = [dpop.base64url(json.dumps(part).encode()) for part in (header, claims)]
    text = ".".join(parts)
    return f"{text}.{dpop.base64url(signed(signer, text))}"


def fault(*proofs: str, tls: str | None = REQUEST.tls) -> str | None:
    headers = tuple(("dpop", one) for one in proofs)
    exchange = replace(REQUEST, headers=headers, received_at=NOW, tls=tls)
    return dpop.fault(exchange, dpop.jwk(KEY))


def test_a_right_proof_holds() -> None:
    assert fault(proof()) is None
    plain = proof(htu="http://127.0.0.1:4711/v1/token")
    assert fault(plain, tls=None) is None


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"typ": "jwt"}, "a proof of another type or algorithm"),
        ({"alg": "none"}, "a proof of another type or algorithm"),
        ({"jwk": dpop.jwk(OTHER)}, "a proof with another key"),
        ({"jwk": None}, "a proof with another key"),
        ({"signer": OTHER}, "a proof whose signature is wrong"),
        ({"htm": "GET"}, "a proof for another request"),
        ({"htu": "https://127.0.0.1:4711/v1/authorize"}, "a proof for another request"),
        ({"htu": "http://127.0.0.1:4711/v1/token"}, "a proof for another request"),
        ({"jti": ""}, "a proof without a name of its own"),
        ({"jti": 1}, "a proof without a name of its own"),
        ({"iat": "now"}, "a proof without a time"),
        ({"iat": CLAIMS["iat"] + 301}, "a proof of another time"),  # type: ignore[operator] # int
        ({"iat": CLAIMS["iat"] - 301}, "a proof of another time"),  # type: ignore[operator] # int
    ],
)
def test_a_wrong_proof_says_what_is_wrong(changes: dict[str, Any], wrong: str) -> None:
    assert fault(proof(**changes)) == wrong


def test_a_proof_that_is_changed_after_signing_does_not_hold() -> None:
    header, claims, signature = proof(jti="another").split(".")
    assert fault(f"{header}.{proof().split('.')[1]}.{signature}") == (
        "a proof whose signature is wrong"
    )
    assert fault(f"{header}.{claims}.{signature[:-4]}") == "a proof whose signature is wrong"


@pytest.mark.parametrize("text", ["", "x", "a.b", "a.b.c", "e30.W10.AAAA", "W10.e30.AAAA", "é.é.é"])
def test_what_is_no_token_is_told_as_none(text: str) -> None:
    assert fault(text) == "a proof that is no JSON Web Token"


def test_one_proof_is_shown() -> None:
    assert fault() == "0 DPoP headers"
    assert fault(proof(), proof()) == "2 DPoP headers"


def test_a_key_is_written_as_sdks_read_it() -> None:
    lines = dpop.pem(KEY).splitlines()
    assert (lines[0], lines[-1]) == (
        "-----BEGIN EC PRIVATE KEY-----",
        "-----END EC PRIVATE KEY-----",
    )
