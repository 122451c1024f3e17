"""Shapes at their bounds: what barely is a secret, and what barely is none."""

from __future__ import annotations

import base64
import hashlib

import pytest

from bedrock_authcheck.wire.shapes import BEARER, LONG_TERM, PASSWORD, SIGNATURE, shapes_in
from tests.wire import lookalikes

SIGNED = hashlib.sha256(b"anything").hexdigest()
CANARY = "AKIA0FAKE0CANARY0000"


def kinds(text: str) -> set[str]:
    return {shape.what for shape in shapes_in(text.encode())}


def long_term(inner: bytes) -> str:
    return "ABSK" + base64.b64encode(inner).decode().rstrip("=")


@pytest.mark.parametrize(
    ("pair", "found"),
    [
        ("me:password", False),
        ("me:{}", True),
        ("me:{}:", True),
        ("me:{}:x", True),
        ("{}:x", False),
        ("{}:", True),
        ("{}", True),
    ],
)
def test_a_password_is_all_behind_the_first_colon(pair: str, found: bool) -> None:
    """RFC 7617: a name holds no colon. Some send a key as the name, and no password."""
    text = pair.format(lookalikes.of(lookalikes.BASE64, 40))
    value = base64.b64encode(text.encode()).decode()
    assert kinds(f"Authorization: Basic {value}") == ({PASSWORD} if found else set())


@pytest.mark.parametrize(
    ("before", "between", "found"),
    [
        ("", 1, False),
        ("?", 1, False),
        ("", 3000, False),
        ("", 5000, True),
    ],
)
def test_a_signature_is_of_the_credentials_near_it(before: str, between: int, found: bool) -> None:
    """A canary that stands far away signed something else."""
    whose = f"{before}X-Amz-Credential={CANARY}"
    pause = "&" * between
    signature = f"X-Amz-Signature={SIGNED}"
    for text in (f"{whose}{pause}{signature}", f"{signature}{pause}{whose}"):
        assert kinds(text) == ({SIGNATURE} if found else set())


def test_one_real_signer_among_canaries_is_enough() -> None:
    real = "AKIA" + lookalikes.of(lookalikes.BASE64.replace("+", "").replace("/", ""), 16)
    text = f"X-Amz-Credential={CANARY}&X-Amz-Credential={real}&X-Amz-Signature={SIGNED}"
    assert kinds(text) == {SIGNATURE}


def test_an_example_is_none_and_what_names_a_user_is_one() -> None:
    user = b"BedrockAPIKey-ab1c-at-123456789012:"
    secret = lookalikes.of(lookalikes.BASE64, 24).encode()
    assert kinds("x" + long_term(user + secret)) == {LONG_TERM}
    assert kinds("x" + long_term(user + b"EXAMPLE" + secret)) == set()
    assert kinds("x" + long_term(user.replace(b":", b";") + secret)) == set()
    assert kinds("x" + long_term(b"\xff" * 30 + b":" + secret)) == set()
    assert kinds("x" + long_term(b"\n" * 30 + b":" + secret)) == set()


@pytest.mark.parametrize(
    ("inner", "tail", "found"),
    [
        (b">>>???>>>???FAKE", "", False),
        (b">>>???>>>???fake", "", True),
        (b"a canary of ours, all of it: FAKE", "", False),
        (b"a canary of ours, all of it: FAKE", "A===", False),
        (b"nobody's, or somebody's after all", "A===", True),
    ],
)
def test_a_canary_is_seen_in_base64_of_either_alphabet(
    inner: bytes, tail: str, found: bool
) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        text = f"AWS_BEARER_TOKEN_BEDROCK={encode(inner).decode()}{tail}"
        assert kinds(text) == ({BEARER} if found else set())
