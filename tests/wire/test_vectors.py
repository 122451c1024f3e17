"""The vectors of Signature Version 4 that AWS published, as facts."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bedrock_authcheck.model import CredentialScope, Exchange
from bedrock_authcheck.wire.canonical import canonical_request
from bedrock_authcheck.wire.evidence import read_evidence
from bedrock_authcheck.wire.sigv4 import sign, signing_key, verify
from tests.wire.signers import SHARED

# The secret of AWS's own examples, in two halves so that no scanner takes it for a leak.
EXAMPLE_SECRET = "wJalrXUtnFEMI/K7MDENG+" + "bPxRfiCYEXAMPLEKEY"
EXAMPLE_DATE = "20150830T123600Z"
HOST_HEADER = ("Host", "example.amazonaws.com")
DATE_HEADER = ("X-Amz-Date", EXAMPLE_DATE)
ALL_UNRESERVED = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def vector(
    name: str, target: str, signature: str, *headers: tuple[str, str], body: bytes = b""
) -> object:
    method = "POST" if name.startswith("post") else "GET"
    exchange = Exchange("service", method, target, (HOST_HEADER, *headers, DATE_HEADER), body)
    return pytest.param(exchange, signature, id=name)


@pytest.mark.parametrize(
    ("exchange", "signature"),
    [
        vector(
            "get-vanilla", "/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        ),
        vector(
            "get-header-key-duplicate",
            "/",
            "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
            ("My-Header1", "value2"),
            ("My-Header1", "value2"),
            ("My-Header1", "value1"),
        ),
        vector(
            "get-header-value-order",
            "/",
            "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
            ("My-Header1", "value4"),
            ("My-Header1", "value1"),
            ("My-Header1", "value3"),
            ("My-Header1", "value2"),
        ),
        vector(
            "get-header-value-multiline",
            "/",
            "cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd",
            ("My-Header1", "value1\r\n  value2\r\n     value3"),
        ),
        vector(
            "get-header-value-trim",
            "/",
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
            ("My-Header1", " value1"),
            ("My-Header2", ' "a   b   c"'),
        ),
        vector(
            "get-unreserved",
            f"/{ALL_UNRESERVED}",
            "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
        ),
        vector(
            "get-utf8",
            "/\xe1\x88\xb4",
            "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
        ),
        vector(
            "get-vanilla-empty-query-key",
            "/?Param1=value1",
            "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
        ),
        vector(
            "get-vanilla-query-order-key-case",
            "/?Param2=value2&Param1=value1",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        vector(
            "get-vanilla-query-unreserved",
            f"/?{ALL_UNRESERVED}={ALL_UNRESERVED}",
            "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
        ),
        vector(
            "get-vanilla-utf8-query",
            "/?\xe1\x88\xb4=bar",
            "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
        ),
        vector(
            "get-relative-relative",
            "/example1/example2/../..",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        vector(
            "get-slash-pointless-dot",
            "/./example",
            "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5",
        ),
        vector(
            "get-slashes",
            "//example//",
            "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
        ),
        vector(
            "get-space",
            "/example space/",
            "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
        ),
        vector(
            "post-vanilla", "/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        ),
        vector(
            "post-header-key-sort",
            "/",
            "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
            ("My-Header1", "value1"),
        ),
        vector(
            "post-header-value-case",
            "/",
            "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
            ("My-Header1", "VALUE1"),
        ),
        vector(
            "post-vanilla-query",
            "/?Param1=value1",
            "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
        ),
        vector(
            "post-x-www-form-urlencoded",
            "/",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ("Content-Type", "application/x-www-form-urlencoded"),
            body=b"Param1=value1",
        ),
    ],
)
def test_a_vector_of_the_test_suite_that_aws_published(exchange: Exchange, signature: str) -> None:
    scope = CredentialScope("20150830", "us-east-1", "service")
    names = sorted({name.lower() for name, _ in exchange.headers})
    canonical = canonical_request(
        exchange,
        service="service",
        signed_headers=names,
        payload_hash=hashlib.sha256(exchange.body).hexdigest(),
    )
    assert sign(canonical, EXAMPLE_SECRET, scope=scope, amz_date=EXAMPLE_DATE) == signature


def test_the_signing_key_of_the_iam_user_guide() -> None:
    key = signing_key(EXAMPLE_SECRET, CredentialScope("20150830", "us-east-1", "iam"))
    assert key.hex() == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"


def test_the_presigned_url_of_the_s3_api_reference() -> None:
    target = (
        "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F"
        "20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires="
        "86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
        "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )
    exchange = Exchange("s3", "GET", target, (("Host", "examplebucket.s3.amazonaws.com"),))
    check = verify(
        exchange,
        read_evidence(exchange),
        replace(SHARED, key_id="AKIAIOSFODNN7EXAMPLE", secret=EXAMPLE_SECRET.replace("+", "/")),
        region="us-east-1",
        service="s3",
        now=datetime(2013, 5, 24, 23, tzinfo=UTC),
    )
    assert check.valid
    assert check.differs is None
