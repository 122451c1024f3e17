from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_authcheck.model import CredentialSource
from bedrock_authcheck.wire.fingerprint import FINGERPRINT, fingerprint
from bedrock_authcheck.wire.tokens import fake_long_term_key
from tests.simulated import token_canary
from tests.wire import lookalikes

if TYPE_CHECKING:
    from collections.abc import Callable

UNSIGNED = b"bedrock.amazonaws.com/?Action=CallWithBearerToken&X-Amz-Expires=43200&Version=1"
LONG_TERM = fake_long_term_key("fingerprint")


def test_a_fingerprint_is_made_as_the_documentation_says() -> None:
    domain = b"bedrock-authcheck fingerprint of an API key, version 1\0"
    expected = f"k1:{hashlib.sha256(domain + LONG_TERM.encode()).hexdigest()[:24]}"
    assert fingerprint(LONG_TERM) == expected
    assert fingerprint(f" {LONG_TERM}\r\n") == expected
    # It is stable from release to release: projects write it down.
    assert expected == "k1:7a4beed19b03b4b10483e71c"


@pytest.mark.parametrize(
    "make",
    [lookalikes.long_term_key, lookalikes.opaque_long_term_key, lookalikes.short_term_key],
)
def test_every_real_key_has_one_of_its_own(make: Callable[[], str]) -> None:
    keys = [make() for _ in range(20)]
    found = {fingerprint(key) for key in keys}
    assert len(found) == len({*keys}) == 20
    assert all(FINGERPRINT.fullmatch(one or "") for one in found)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "test",
        "sk-" + "x" * 80,
        "ABSK",
        "ABSKdGVzdA==",
        "ABSK" + "?" * 80,
        "bedrock-api-key-",
        "bedrock-api-key-" + "QUFB" * 40,
        "bedrock-api-key-" + base64.b64encode(UNSIGNED).decode(),
    ],
)
def test_what_is_no_whole_key_and_may_be_guessed_has_none(key: str) -> None:
    assert fingerprint(key) is None


@given(st.text(max_size=200))
def test_nothing_raises(text: str) -> None:
    found = fingerprint(text)
    assert found is None or FINGERPRINT.fullmatch(found)


def test_canaries_have_one_and_it_shows_nothing_of_them() -> None:
    token = token_canary(CredentialSource.BEARER)
    found = fingerprint(token.value) or ""
    assert FINGERPRINT.fullmatch(found)
    assert found.removeprefix("k1:") not in token.value
