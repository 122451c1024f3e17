"""The parts of a canonical request where published vectors are silent."""

from __future__ import annotations

import pytest

from bedrock_authcheck.model import CredentialScope, Exchange
from bedrock_authcheck.wire.canonical import (
    CanonicalRequest,
    canonical_path,
    signed_values,
    trimmed,
)
from bedrock_authcheck.wire.sigv4 import sign
from bedrock_authcheck.wire.target import octets


@pytest.mark.parametrize("service", ["s3", "bedrock"])
def test_an_empty_path_is_the_root(service: str) -> None:
    assert canonical_path("", service=service) == "/"


@pytest.mark.parametrize(
    ("value", "canonical"),
    [("  a \t b ", "a b"), ("\xa0a\x85", "\xa0a\x85"), ("XaX", "XaX"), (" ", "")],
)
def test_white_space_of_http_alone_is_trimmed(value: str, canonical: str) -> None:
    assert trimmed(value) == canonical


@pytest.mark.parametrize("name", ["host", ":authority"])
@pytest.mark.parametrize(
    ("protocol", "authority", "hosts", "values"),
    [
        ("HTTP/2", "a.example", (), ["a.example"]),
        ("HTTP/2", "a.example", ("b.example",), ["a.example"]),
        ("HTTP/2", "", ("b.example",), ["b.example"]),
        ("HTTP/2", "", (), []),
        ("HTTP/1.1", "a.example", ("b.example",), ["b.example"]),
        ("HTTP/1.1", "a.example", (), ["a.example"]),
        ("HTTP/1.1", "", ("b.example", "c.example"), ["b.example", "c.example"]),
    ],
)
def test_the_host_is_the_one_that_its_protocol_goes_by(
    name: str, protocol: str, authority: str, hosts: tuple[str, ...], values: list[str]
) -> None:
    headers = tuple(("Host", host) for host in hosts)
    exchange = Exchange("s", "GET", "/", headers, authority=authority, protocol=protocol)
    assert signed_values(exchange, name) == values


def test_text_that_no_latin_1_made_is_taken_as_utf_8_and_never_refused() -> None:
    assert octets("\xe9") == b"\xe9"
    assert octets("\xe9\u20ac") == b"\xc3\xa9\xe2\x82\xac"
    assert octets("\ud800") == b"\xed\xa0\x80"


def test_half_a_character_is_signed_like_any_other() -> None:
    canonical = CanonicalRequest("GET", "/", "", "host:a\n", "host", "x")
    signatures = {
        sign(
            canonical,
            secret,
            scope=CredentialScope("20260304", region, "bedrock"),
            amz_date=amz_date,
        )
        for secret in ("fake", "fake\ud800")
        for region in ("us-east-1", "\ud800")
        for amz_date in ("20260304T050607Z", "\ud800")
    }
    assert len(signatures) == 8
