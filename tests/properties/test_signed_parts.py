"""What is signed verifies, and not one character of it can be changed."""

from __future__ import annotations

import string
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_authcheck.model import AwsCredential, Exchange, SignatureCheck
from bedrock_authcheck.strategies import credentials
from bedrock_authcheck.wire import sigv4
from tests.properties.hunting import caught
from tests.wire.signers import Unsigned, checked, signed_by_botocore, signed_by_crt

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import DrawFn

    from bedrock_authcheck.model import Evidence
    from bedrock_authcheck.wire.canonical import CanonicalRequest

    Sign = Callable[[Unsigned, AwsCredential], Exchange]

VALID: Final = SignatureCheck(valid=True)
ALPHABET: Final = string.ascii_letters + string.digits
# Of letters and digits alone: each change of one changes what is meant.
WORDS: Final = st.text(ALPHABET, min_size=1, max_size=6)
PAIRS: Final = st.lists(st.builds("{}={}".format, WORDS, WORDS), min_size=1, max_size=3)
PATHS: Final = st.lists(WORDS, min_size=1, max_size=3).map("/".join)
REQUESTS: Final = st.builds(
    Unsigned,
    st.sampled_from(["GET", "POST", "PUT"]),
    st.builds("/{}?{}".format, PATHS, PAIRS.map("&".join)),
    st.tuples(st.tuples(st.just("X-Custom"), WORDS)),
    st.binary(min_size=1, max_size=20),
)


@st.composite
def signed(draw: DrawFn) -> tuple[Exchange, AwsCredential]:
    credential = draw(credentials("environment", "shared", "instance"))
    assert isinstance(credential, AwsCredential)
    by_botocore = draw(st.booleans())
    request = draw(REQUESTS)
    sign: Sign = signed_by_botocore if by_botocore else signed_by_crt
    return sign(request, credential), credential


@st.composite
def changes(draw: DrawFn) -> tuple[Exchange, Exchange, AwsCredential]:
    """Draw a signed request, and one that differs from it in one character of one part."""
    exchange, credential = draw(signed())
    part = draw(st.sampled_from(["method", "target", "body", "name", "value", "signature"]))
    if part == "method":
        changed = replace(exchange, method=draw(_changed(exchange.method)))
    elif part == "target":
        changed = replace(exchange, target=draw(_changed(exchange.target)))
    elif part == "body":
        body = bytearray(exchange.body)
        body[draw(st.integers(0, len(body) - 1))] ^= draw(st.integers(1, 255))
        changed = replace(exchange, body=bytes(body))
    else:
        changed = replace(exchange, headers=draw(_changed_headers(exchange.headers, part)))
    return exchange, changed, credential


@st.composite
def _changed_headers(
    draw: DrawFn, headers: tuple[tuple[str, str], ...], part: str
) -> tuple[tuple[str, str], ...]:
    names = [name for name, _ in headers]
    at = names.index("Authorization" if part == "signature" else draw(st.sampled_from(names)))
    name, value = headers[at]
    if part == "signature":
        start = value.index("Signature=") + len("Signature=")
        value = value[:start] + draw(_changed(value[start:]))
    elif part == "value":
        value = draw(_changed(value))
    else:
        name = draw(_changed(name))
    return (*headers[:at], (name, value), *headers[at + 1 :])


@st.composite
def _changed(draw: DrawFn, text: str) -> str:
    """Change a letter or digit for another; case aside, which names of schemes do not have."""
    at = draw(st.sampled_from([n for n, character in enumerate(text) if character in ALPHABET]))
    others = [other for other in ALPHABET if other.lower() != text[at].lower()]
    return text[:at] + draw(st.sampled_from(others)) + text[at + 1 :]


def check_it_verifies(case: tuple[Exchange, AwsCredential]) -> None:
    assert checked(*case) == VALID


def check_it_is_found(case: tuple[Exchange, Exchange, AwsCredential]) -> None:
    _, changed, credential = case
    assert checked(changed, credential) != VALID


@given(signed())
def test_what_is_signed_verifies(case: tuple[Exchange, AwsCredential]) -> None:
    check_it_verifies(case)


@given(changes())
def test_a_change_of_one_character_is_found(
    case: tuple[Exchange, Exchange, AwsCredential],
) -> None:
    check_it_is_found(case)


@pytest.mark.parametrize(
    "same",
    [
        lambda expected, seen: len(expected) == len(seen),
        lambda expected, seen: expected[:32] == seen[:32],
        lambda expected, seen: expected[32:] == seen[32:],
    ],
    ids=["length", "first-half", "second-half"],
)
def test_a_verifier_that_compares_too_little_is_caught(
    same: Callable[[str, str], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sigv4, "_same", same)
    caught(check_it_is_found, case=changes())


PARTS: Final = ("method", "path", "query", "headers", "payload_hash")


@pytest.mark.parametrize("part", PARTS)
def test_a_verifier_that_leaves_a_part_out_is_caught(part: str) -> None:
    """As far as that part goes, it sees the request as it was before the change."""
    honest = sigv4._canonical

    def check(case: tuple[Exchange, Exchange, AwsCredential]) -> None:
        before, _, _ = case

        def blind(
            exchange: Exchange, evidence: Evidence, service: str, payload_hash: str
        ) -> CanonicalRequest:
            seen = honest(exchange, evidence, service, payload_hash)
            hash_before = sha256(before.body).hexdigest()
            of_before = getattr(honest(before, evidence, service, hash_before), part)
            return seen._replace(**{part: of_before})

        with patch.object(sigv4, "_canonical", blind):
            check_it_is_found(case)

    caught(check, case=changes())


@pytest.mark.parametrize("part", PARTS)
def test_a_verifier_that_writes_a_part_otherwise_is_caught(part: str) -> None:
    honest = sigv4._canonical

    def wrong(*rest: Any) -> CanonicalRequest:  # noqa: ANN401 - as they come
        return honest(*rest)._replace(**{part: "other"})

    with patch.object(sigv4, "_canonical", wrong):
        caught(check_it_verifies, case=signed())
