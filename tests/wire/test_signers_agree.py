"""What botocore and the CRT sign verifies; both signers are held against our verifier."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from hypothesis import given
from hypothesis import strategies as st

from bedrock_authcheck.model import AwsCredential, SignatureCheck, SignaturePart
from tests.wire.signers import (
    CONTAINER,
    HOST,
    INSTANCE,
    SHARED,
    Unsigned,
    checked,
    signed_by_botocore,
    signed_by_crt,
)

VALID = SignatureCheck(valid=True)

_characters = st.characters(codec="utf-8", exclude_categories=["Cs"])
_segments = st.one_of(
    st.sampled_from(["", ".", "..", "...", "a", "%2E%2E", "%2F", "%25"]),
    st.text(_characters, max_size=8).map(lambda text: quote(text, safe="-._~")),
    st.text("abc:!()*,;=@&+$'", max_size=6),
)
paths = st.lists(_segments, max_size=6).map(lambda segments: "/" + "/".join(segments))
_encoded = st.text(_characters, max_size=6).map(lambda text: quote(text, safe="-._~"))
_pairs = st.one_of(
    st.tuples(_encoded.filter(bool), _encoded).map("=".join),
    _encoded.filter(bool),
)
encoded_queries = st.lists(_pairs, max_size=5).map("&".join)
raw_queries = st.text("ab=&+!/%2f%41:,;@", max_size=12).filter(
    lambda text: "%" not in text.replace("%2f", "").replace("%41", "")
)
_ascii_values = st.text("ab 1,;\t\"'=:", max_size=12)
_names = st.sampled_from(
    ["X-Custom", "x-custom", "Accept", "X-Amz-Meta", "X-Amzn-Trace-Id", "User-Agent", "x-b-c"]
)
headers = st.lists(st.tuples(_names, _ascii_values), max_size=6).map(tuple)
methods = st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"])
bodies = st.binary(max_size=64)
credentials = st.sampled_from([SHARED, INSTANCE])


def requests(queries: st.SearchStrategy[str]) -> st.SearchStrategy[Unsigned]:
    """Requests to sign; their queries from the strategy given."""
    targets = st.tuples(paths, queries).map(lambda two: two[0] + ("?" + two[1] if two[1] else ""))
    return st.builds(Unsigned, methods, targets, headers, bodies)


@given(requests(encoded_queries), credentials)
def test_botocore_in_headers_verifies(request_: Unsigned, credential: AwsCredential) -> None:
    assert checked(signed_by_botocore(request_, credential), credential) == VALID


@given(requests(encoded_queries), credentials)
def test_botocore_for_s3_verifies(request_: Unsigned, credential: AwsCredential) -> None:
    exchange = signed_by_botocore(request_, credential, auth=S3SigV4Auth, service="s3")
    assert checked(exchange, credential, service="s3") == VALID


@pytest.mark.parametrize(
    ("auth", "service"), [(SigV4QueryAuth, "bedrock"), (S3SigV4QueryAuth, "s3")]
)
@given(request_=requests(encoded_queries), credential=credentials)
def test_botocore_in_the_query_verifies(
    auth: type[SigV4Auth], service: str, request_: Unsigned, credential: AwsCredential
) -> None:
    exchange = signed_by_botocore(request_, credential, auth=auth, service=service)
    assert checked(exchange, credential, service=service) == VALID


def as_the_crt_takes_it(request: Unsigned) -> Unsigned:
    """Encode colons: the CRT takes `/:/` for a malformed URI and refuses to sign it."""
    return replace(request, target=request.target.replace(":", "%3A"))


@given(
    request_=requests(st.one_of(encoded_queries, raw_queries)).map(as_the_crt_takes_it),
    credential=credentials,
    query=st.booleans(),
    payload_hash_header=st.booleans(),
    service=st.sampled_from(["bedrock", "s3"]),
)
def test_the_crt_verifies(
    request_: Unsigned,
    credential: AwsCredential,
    *,
    query: bool,
    payload_hash_header: bool,
    service: str,
) -> None:
    exchange = signed_by_crt(
        request_,
        credential,
        query=query,
        payload_hash_header=payload_hash_header and not query,
        service=service,
    )
    assert checked(exchange, credential, service=service) == VALID


@given(requests(encoded_queries), credentials)
def test_the_host_of_http_2_is_its_authority(request_: Unsigned, credential: AwsCredential) -> None:
    signed = signed_by_botocore(request_, credential)
    exchange = replace(
        signed,
        protocol="HTTP/2",
        authority=HOST,
        headers=tuple((n.lower(), v) for n, v in signed.headers if n != "Host"),
    )
    assert checked(exchange, credential) == VALID
    elsewhere = checked(replace(exchange, authority="bedrock.example"), credential)
    assert elsewhere.differs is SignaturePart.CANONICAL_REQUEST
    both = replace(exchange, headers=(("host", "bedrock.example"), *exchange.headers))
    assert checked(both, credential) == VALID


@given(requests(encoded_queries).map(as_the_crt_takes_it), st.data())
def test_a_flipped_bit_of_the_body_is_found(request_: Unsigned, data: st.DataObject) -> None:
    body = request_.body or b"x"
    signed = signed_by_botocore(replace(request_, body=body), SHARED)
    at = data.draw(st.integers(0, 8 * len(body) - 1))
    flipped = bytearray(body)
    flipped[at // 8] ^= 1 << at % 8
    check = checked(replace(signed, body=bytes(flipped)), SHARED)
    assert (check.valid, check.differs) == (False, SignaturePart.CANONICAL_REQUEST)
    hashed = signed_by_crt(replace(request_, body=body), SHARED, payload_hash_header=True)
    check = checked(replace(hashed, body=bytes(flipped)), SHARED)
    assert check.differs is SignaturePart.PAYLOAD_HASH


@given(requests(encoded_queries), st.sampled_from([INSTANCE, CONTAINER]))
def test_the_secret_of_another_credential_is_found_and_named(
    request_: Unsigned, other: AwsCredential
) -> None:
    mixed = replace(SHARED, secret=other.secret)
    check = checked(signed_by_botocore(request_, mixed), SHARED)
    assert (check.valid, check.differs) == (False, SignaturePart.SECRET)
    assert f"the secret of {other.source.title}" in check.text
    unknown = checked(signed_by_botocore(request_, mixed), SHARED, others=())
    assert (unknown.valid, unknown.differs) == (False, SignaturePart.CANONICAL_REQUEST)


@pytest.mark.parametrize(
    ("query", "by_botocore"),
    [("a&&b", False), ("a=b+c", False), ("a=b!c", False), ("a=%2f", False), ("a=b%20c", True)],
)
def test_where_the_signers_disagree_the_verifier_is_with_the_crt(
    query: str, by_botocore: bool
) -> None:
    """botocore signs a query as it is written; the CRT decodes and encodes it, as AWS says."""
    request_ = Unsigned(target=f"/?{query}")
    assert checked(signed_by_crt(request_, SHARED), SHARED).valid
    assert checked(signed_by_botocore(request_, SHARED), SHARED).valid is by_botocore


def test_a_body_of_a_megabyte_verifies() -> None:
    request_ = Unsigned(body=bytes(1_000_000))
    assert checked(signed_by_botocore(request_, INSTANCE), INSTANCE) == VALID
    assert checked(signed_by_crt(request_, INSTANCE), INSTANCE) == VALID
