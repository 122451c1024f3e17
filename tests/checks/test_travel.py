"""Where in a request a secret travels."""

from __future__ import annotations

import base64
from dataclasses import replace
from urllib.parse import quote

import pytest

from bedrock_authcheck.checks.travel import parts_carried, places_of
from tests.checks.trials import INSTANCE, SHARED, TOKEN
from tests.simulated import received

VALUE = TOKEN.value
EVERYWHERE = replace(
    received((("X-A", VALUE), ("x-b", base64.b64encode(VALUE.encode()).decode()))),
    target=f"/{quote(VALUE, safe='')}",
    body=b"\xff" + VALUE.encode(),
)


def test_each_place_is_named() -> None:
    assert list(places_of(VALUE, EVERYWHERE)) == [
        "header X-A",
        "header x-b",
        "the URL",
        "the body",
    ]
    assert list(places_of(f" {VALUE}\n", EVERYWHERE, besides="x-a")) == [
        "header x-b",
        "the URL",
        "the body",
    ]
    assert list(places_of(VALUE, received())) == []


@pytest.mark.parametrize("blank", ["", " ", "\r\n"])
def test_a_blank_secret_is_nowhere(blank: str) -> None:
    assert list(places_of(blank, EVERYWHERE)) == []


def test_a_secret_in_the_name_of_a_header_is_in_that_header() -> None:
    assert list(places_of("fake-secret-7", received((("X-Fake-Secret-7", "1"),)))) == []
    assert list(places_of("Fake-Secret-7", received((("X-Fake-Secret-7", "1"),)))) == [
        "header X-Fake-Secret-7"
    ]


def test_a_secret_over_name_and_value_of_a_header_is_in_it() -> None:
    """As a token with a colon and a space in it would be, taken for a header line."""
    assert list(places_of("FAKE-a: b-canary", received((("X-FAKE-a", "b-canary"),)))) == [
        "header X-FAKE-a"
    ]


def test_each_part_of_a_credential_is_named() -> None:
    exchange = received(
        (("X-Id", INSTANCE.key_id), ("X-Token", INSTANCE.session_token or "")),
        body=INSTANCE.secret.encode(),
    )
    assert list(parts_carried(INSTANCE, exchange)) == [
        "the key id in header X-Id",
        "the secret in the body",
        "the session token in header X-Token",
    ]
    assert list(parts_carried(SHARED, exchange)) == []
