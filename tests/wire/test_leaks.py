"""What `holds_secret` sees, and what it does not take for a secret."""

from __future__ import annotations

import base64
import hashlib
import json
from urllib.parse import quote_from_bytes

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


def test_replacing_a_secret_that_is_not_there_compiles_nothing() -> None:
    stranger = token_canary(CredentialSource.BEARER).value
    before = leaks._pattern.cache_info()
    assert replace_secret(TOKEN, stranger, "<token>") == TOKEN
    assert leaks._pattern.cache_info() == before


@pytest.mark.parametrize("cut", [1, 2, 3, 6, 12])
def test_the_base64_of_a_part_is_not_taken_for_that_of_the_whole(cut: int) -> None:
    for part in (TOKEN[:-cut], TOKEN[cut:]):
        assert not holds_secret(base64.b64encode(part.encode()).decode(), TOKEN)


@pytest.mark.parametrize("secret", ["fake-7", "fake-07"])
def test_six_characters_are_enough_for_base64_and_hexadecimal(secret: str) -> None:
    encoded = base64.b64encode(secret.encode()).decode()
    assert replace_secret(f"a {encoded}", secret, "<it>").startswith("a <it>")
    assert replace_secret(f"a {secret.encode().hex()}", secret, "<it>") == "a <it>"


def test_other_characters_do_not_stand_for_those_of_base64() -> None:
    secret = ">>>???>>>???-fake-secret"
    encoded = base64.b64encode(secret.encode()).decode()
    assert {"+", "/"} <= set(encoded)
    for written in (encoded, base64.urlsafe_b64encode(secret.encode()).decode()):
        assert holds_secret(written, secret)
    for character in "+/":
        assert not holds_secret(encoded.replace(character, "X"), secret)


def test_nothing_is_left_of_a_secret_that_ends_in_an_escaped_character() -> None:
    for secret in ("fake-secret-9\\", 'fake-secret-9"', "fake-secret-9\u00e9"):
        for written in (json.dumps(secret)[1:-1], repr(secret)[1:-1], secret):
            assert replace_secret(f"{written}.", secret, "<it>") == "<it>."


@pytest.mark.parametrize("secret", ["fake-\ud800-secret-1", "\ud800\udfff\ud800\udfff\ud800\udfff"])
def test_half_a_character_in_a_secret_is_seen_in_each_form(secret: str) -> None:
    raw = secret.encode("utf-8", "surrogatepass")
    percent = quote_from_bytes(raw)
    for written in (secret, base64.b64encode(raw).decode(), raw.hex(), percent):
        assert holds_secret(f"a {written} b", secret)
    assert not holds_secret("fake--secret-1", secret)
