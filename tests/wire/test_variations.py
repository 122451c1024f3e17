"""Known wrong ways to sign, and rewrites in transit, are named."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth, SigV4QueryAuth

from bedrock_authcheck.model import Exchange, SignaturePart
from tests.wire.signers import (
    HOST,
    SHARED,
    Unsigned,
    checked,
    signed_by_botocore,
    signed_by_crt,
    with_header,
)

if TYPE_CHECKING:
    from botocore.awsrequest import AWSRequest


class PathOnce(SigV4Auth):
    def _normalize_url_path(self, path: str) -> str:
        return path


class PathDecoded(SigV4Auth):
    def _normalize_url_path(self, path: str) -> str:
        return path.replace("%3A", ":")


class PathEncodedOnce(SigV4Auth):
    def _normalize_url_path(self, path: str) -> str:
        return path.replace(":", "%3A")


class QueryAsSent(SigV4Auth):
    def _canonical_query_string_url(self, parts: object) -> str:
        return str(getattr(parts, "query", ""))


class NoQuery(SigV4Auth):
    def _canonical_query_string_url(self, parts: object) -> str:  # noqa: ARG002 - botocore calls it so
        return ""


class EmptyBody(SigV4Auth):
    def payload(self, request: AWSRequest) -> str:  # noqa: ARG002 - botocore calls it so
        return hashlib.sha256(b"").hexdigest()


class UnsignedBody(SigV4Auth):
    def payload(self, request: AWSRequest) -> str:  # noqa: ARG002 - botocore calls it so
        return "UNSIGNED-PAYLOAD"


class NotTrimmed(SigV4Auth):
    def _header_value(self, value: str) -> str:
        return value


@pytest.mark.parametrize(
    ("auth", "request_", "sentence"),
    [
        (PathOnce, Unsigned(), "the path is encoded once, not twice"),
        (PathDecoded, Unsigned(), "the path is decoded"),
        (
            PathEncodedOnce,
            Unsigned(target="/a:b%20c"),
            "the path is decoded and encoded once",
        ),
        (QueryAsSent, Unsigned(target="/?b=2&a=1"), "the query is not sorted"),
        (SigV4Auth, Unsigned(target="/?b=2%2f&a"), "the query is not encoded anew"),
        (QueryAsSent, Unsigned(target="/?b=%2f&a"), "the query is taken as sent"),
        (SigV4Auth, Unsigned(target="/?a=1&&b="), "empty parameters of the query count"),
        (NoQuery, Unsigned(target="/?a=1"), "the query is left out"),
        (EmptyBody, Unsigned(), "the body is taken as empty"),
        (UnsignedBody, Unsigned(), "the payload is taken as unsigned"),
        (NotTrimmed, Unsigned(headers=(("x-a", "b  c"),)), "header values are not trimmed"),
        (
            S3SigV4Auth,
            Unsigned(target="/a/../b%20c"),
            "the path is encoded once and not normalised",
        ),
    ],
)
def test_a_known_wrong_way_to_sign_is_named(
    auth: type[SigV4Auth], request_: Unsigned, sentence: str
) -> None:
    check = checked(signed_by_botocore(request_, SHARED, auth=auth), SHARED)
    assert (check.valid, check.differs) == (False, SignaturePart.CANONICAL_REQUEST)
    assert check.text == f"the signature matches if {sentence}"


def test_known_wrong_ways_of_the_crt_are_named() -> None:
    request_ = Unsigned(target="/a/./b%20c")
    for exchange, service, sentence in (
        (signed_by_crt(request_, SHARED, normalise=False), "bedrock", "the path is not normalised"),
        (signed_by_crt(request_, SHARED, encode_twice=False), "bedrock", "encoded once, not twice"),
        (
            signed_by_crt(request_, SHARED, service="s3", encode_twice=True),
            "s3",
            "encoded twice, not once",
        ),
        (
            signed_by_crt(request_, SHARED, service="s3", normalise=True),
            "s3",
            "the path is normalised",
        ),
    ):
        check = checked(exchange, SHARED, service=service)
        assert check.differs is SignaturePart.CANONICAL_REQUEST
        assert sentence in check.text


def rewritten(exchange: Exchange, name: str, *values: str) -> Exchange:
    without = with_header(exchange, name, None)
    return replace(without, headers=(*without.headers, *((name, value) for value in values)))


def test_a_rewrite_in_transit_is_named() -> None:
    signed = signed_by_botocore(Unsigned(headers=(("x-a", "1"),)), SHARED)
    colon = signed_by_botocore(Unsigned(target="/model/a%3Ab"), SHARED)
    for exchange, sentence in (
        (rewritten(signed, "Host", f"{HOST}:443"), "the host has no port"),
        (rewritten(signed, "Host", HOST.upper()), "the host is in lower case"),
        (rewritten(signed, "x-a", "1", "2"), "only the first of equal headers counts"),
        (rewritten(signed, "x-a", "0", "1"), "only the last of equal headers counts"),
        (replace(signed, method="post"), "the method is in capitals"),
        (replace(colon, target="/model/a:b"), "sent with less of it"),
    ):
        check = checked(exchange, SHARED)
        assert check.differs is SignaturePart.CANONICAL_REQUEST
        assert sentence in check.text
    pair = signed_by_botocore(Unsigned(headers=(("x-a", "2, 1"),)), SHARED)
    assert "a comma and a space" in checked(rewritten(pair, "x-a", "2", "1"), SHARED).text
    pair = signed_by_botocore(Unsigned(headers=(("x-a", "1,2"),)), SHARED)
    assert "are sorted" in checked(rewritten(pair, "x-a", "2", "1"), SHARED).text


def test_parameters_added_behind_the_signature_are_named() -> None:
    signed = signed_by_botocore(Unsigned(target="/?Action=x"), SHARED, auth=SigV4QueryAuth)
    check = checked(replace(signed, target=signed.target + "&Version=1"), SHARED)
    assert check.differs is SignaturePart.CANONICAL_REQUEST
    assert "what stands behind X-Amz-Signature is left out" in check.text
