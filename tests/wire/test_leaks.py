"""What `holds_secret` sees, and what it does not take for a secret."""

from __future__ import annotations

import base64
import hashlib

import pytest

from bedrock_authcheck.model import CredentialSource
from bedrock_authcheck.wire import leaks
from bedrock_authcheck.wire.leaks import holds_secret, replace_secret, token_in_target
from tests.simulated import token_canary

TOKEN = token_canary(CredentialSource.BEARER).value
HEX = TOKEN.encode().hex()


@pytest.mark.parametrize("written", [HEX, HEX.upper()], ids=["small", "capitals"])
def test_hexadecimal_is_seen_and_replaced(written: str) -> None:
    assert holds_secret(f"key={written}", TOKEN)
    assert replace_secret(f"key={written}&a=0", TOKEN, "<token>") == "key=<token>&a=0"
    assert token_in_target(f"/?key={written}", TOKEN)


@pytest.mark.parametrize(
    "text",
    [
        HEX[:-2],
        HEX[2:],
        TOKEN[:-1].encode().hex(),
        hashlib.sha256(TOKEN.encode()).hexdigest(),
        TOKEN.swapcase(),
    ],
    ids=["cut", "begun late", "of a part", "of a hash", "another case"],
)
def test_what_is_not_the_whole_secret_is_not_taken_for_it(text: str) -> None:
    assert not holds_secret(text, TOKEN)
    assert replace_secret(text, TOKEN, "<token>") == text


def test_looking_for_a_secret_that_is_not_there_compiles_nothing() -> None:
    """A scenario looks some hundred times, and compiling the forms of one secret costs 1 ms."""
    stranger = token_canary(CredentialSource.BEARER).value
    before = leaks._pattern.cache_info()
    assert not holds_secret(f"{TOKEN} {HEX} {base64.b64encode(TOKEN.encode()).decode()}", stranger)
    assert leaks._pattern.cache_info() == before
