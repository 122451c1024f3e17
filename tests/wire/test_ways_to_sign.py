"""Each known way to write a canonical request: its whole sentence and what it changes."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from bedrock_authcheck.model import Exchange
from bedrock_authcheck.wire.canonical import canonical_request
from bedrock_authcheck.wire.variations import variations

BODY = b"{}"
NAMES = ("host", "x-a", "x-b")
EXCHANGE = Exchange(
    "bedrock",
    "Post",
    "/a//b%2Fc/X%20é?p=%2B+&&b=1&a%2B=2&X-Amz-Signature=0&z=3",
    (("Host", "Example.com:8443"), ("x-a", " 2  3 "), ("X-A", "1"), ("x-b", "\t4")),
    BODY,
)
HOST = "host:Example.com:8443\n"


def ways(exchange: Exchange, service: str = "bedrock") -> dict[str, dict[str, str]]:
    """What each variation changes, by its sentence."""
    right = canonical_request(
        exchange, service=service, signed_headers=NAMES, payload_hash="of-header"
    )
    changed: dict[str, dict[str, str]] = {}
    for sentence, canonical in variations(right, exchange, NAMES, service):
        assert sentence not in changed
        changed[sentence] = {
            name: value
            for name, value in canonical._asdict().items()
            if value != getattr(right, name)
        }
    return changed


PATHS = {
    "the path is encoded once, not twice": "/a/b%2Fc/X%20é",
    "the path is not normalised": "/a//b%252Fc/X%2520%E9",
    "the path is encoded once and not normalised": "/a//b%2Fc/X%20é",
    "the path was percent-encoded when signed, and sent with less of it": ("/a/b/c/X%2520%25E9"),
    "the path is decoded and encoded once": "/a/b/c/X%20%E9",
    "the path is decoded": "/a//b/c/X é",
}
PATHS_OF_S3 = {
    "the path is encoded twice, not once": "/a//b%252Fc/X%2520%E9",
    "the path is normalised": "/a/b%2Fc/X%20é",
    "the path is decoded and encoded once": "/a/b/c/X%20%E9",
    "the path is decoded": "/a//b/c/X é",
}
QUERIES = {
    "the query is not sorted": "p=%2B%2B&b=1&a%2B=2&z=3",
    "the query is not encoded anew": "a%2B=2&b=1&p=%2B+&z=3",
    "the query is taken as sent": "p=%2B+&&b=1&a%2B=2&z=3",
    "empty parameters of the query count": "=&a%2B=2&b=1&p=%2B+&z=3",
    "a plus in the query is a space": "a%20=2&b=1&p=%20%20&z=3",
    "the query is left out": "",
    "what stands behind X-Amz-Signature is left out": "a%2B=2&b=1&p=%2B%2B",
}
HEADERS = {
    "header values are not trimmed": f"{HOST}x-a: 2  3 ,1\nx-b:\t4\n",
    "runs of spaces in header values stay": f"{HOST}x-a:2  3,1\nx-b:4\n",
    "values of equal headers are joined by a comma and a space": f"{HOST}x-a:2 3, 1\nx-b:4\n",
    "only the first of equal headers counts": f"{HOST}x-a:2 3\nx-b:4\n",
    "only the last of equal headers counts": f"{HOST}x-a:1\nx-b:4\n",
    "values of equal headers are sorted": f"{HOST}x-a:1,2 3\nx-b:4\n",
    "the host has no port": "host:Example.com\nx-a:2 3,1\nx-b:4\n",
    "the host ends in :443": "host:Example.com:443\nx-a:2 3,1\nx-b:4\n",
    "the host ends in :80": "host:Example.com:80\nx-a:2 3,1\nx-b:4\n",
    "the host is in lower case": "host:example.com:8443\nx-a:2 3,1\nx-b:4\n",
}
REST = {
    "the body is taken as empty": {"payload_hash": hashlib.sha256(b"").hexdigest()},
    "the payload is taken as unsigned": {"payload_hash": "UNSIGNED-PAYLOAD"},
    "X-Amz-Content-Sha256 is ignored": {"payload_hash": hashlib.sha256(BODY).hexdigest()},
    "the method is in capitals": {"method": "POST"},
}


@pytest.mark.parametrize(("service", "paths"), [("bedrock", PATHS), ("s3", PATHS_OF_S3)])
def test_each_way_changes_one_part_and_says_how(service: str, paths: dict[str, str]) -> None:
    assert ways(EXCHANGE, service) == {
        **{sentence: {"path": path} for sentence, path in paths.items()},
        **{sentence: {"query": query} for sentence, query in QUERIES.items()},
        **{sentence: {"headers": headers} for sentence, headers in HEADERS.items()},
        **REST,
    }


def test_the_first_parameter_may_be_the_signature_and_every_mark_alone() -> None:
    changed = ways(replace(EXCHANGE, target="/?X-Amz-Signature=0&a=1"))
    assert changed["what stands behind X-Amz-Signature is left out"] == {"query": ""}
    assert changed["the query is taken as sent"] == {}
    assert "what stands behind X-Amz-Signature is left out" not in ways(
        replace(EXCHANGE, target="/?a=1")
    )


@pytest.mark.parametrize(
    ("host", "bare"),
    [
        ("[::1]:8443", "[::1]"),
        ("[::1]", "[::1]"),
        ("example.com", "example.com"),
        ("example.com:", "example.com:"),
        (":80", ":80"),
        ("80", "80"),
    ],
)
def test_a_port_is_decimal_and_behind_a_name(host: str, bare: str) -> None:
    changed = ways(replace(EXCHANGE, headers=(("Host", host),)))
    expected = {} if host == bare else {"headers": f"host:{bare}\nx-a:\nx-b:\n"}
    assert changed["the host has no port"] == expected
    assert changed["the host ends in :80"] == {"headers": f"host:{bare}:80\nx-a:\nx-b:\n"}


def test_several_hosts_are_one_value() -> None:
    changed = ways(replace(EXCHANGE, headers=(("Host", "A"), ("host", "B"))))
    assert changed["the host is in lower case"] == {"headers": "host:a,b\nx-a:\nx-b:\n"}


@pytest.mark.parametrize("service", ["bedrock", "s3"])
def test_an_empty_path_is_the_root_in_each_way(service: str) -> None:
    changed = ways(replace(EXCHANGE, target="http://example.com?a=1"), service)
    of_the_path = PATHS if service == "bedrock" else PATHS_OF_S3
    assert [changed[sentence] for sentence in of_the_path] == [{}] * len(of_the_path)
