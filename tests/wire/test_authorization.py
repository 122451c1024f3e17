"""The Authorization header taken apart: only white space of HTTP is white space."""

from __future__ import annotations

import pytest

from bedrock_authcheck.model import AuthScheme
from bedrock_authcheck.wire.authorization import (
    Credentials,
    parameters,
    raw_headers,
    split_credentials,
)
from bedrock_authcheck.wire.evidence import read_evidence
from tests.wire.test_evidence import request


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("Bearer a", [Credentials("Bearer", "a", separated=True)]),
        (" \t Bearer a", [Credentials("Bearer", "a", separated=True)]),
        ("\x0bBearer a", [Credentials("", "\x0bBearer a", separated=False)]),
        (
            "\xa0, Bearer a",
            [
                Credentials("", "\xa0", separated=False),
                Credentials("Bearer", "a", separated=True),
            ],
        ),
        (" , Bearer a", [Credentials("Bearer", "a", separated=True)]),
    ],
)
def test_a_value_is_split_where_a_scheme_begins(value: str, parts: list[Credentials]) -> None:
    assert split_credentials(value) == parts


def test_what_is_no_white_space_of_http_hides_no_scheme_and_makes_none() -> None:
    hidden = read_evidence(request(("Authorization", "\x0bBearer a")))
    assert hidden.scheme is AuthScheme.UNRECOGNISED
    beside = read_evidence(request(("Authorization", "\xa0, Bearer a")))
    assert beside.scheme is AuthScheme.CONFLICTING


def test_parameters_keep_all_but_the_white_space_of_http() -> None:
    assert list(parameters(" a = \tb\r\n, \x0bc,d=\xa0e\x0b,")) == [
        ("a", "b"),
        ("", "\x0bc"),
        ("d", "\xa0e\x0b"),
        ("", ""),
    ]


def test_the_first_header_line_is_the_one_behind_the_request_line() -> None:
    head = (
        b"GET /:a HTTP/1.1\r\nOne:1\r\n\tfolded\r\nTwo: 2 \r\n folded\r\n again\r\nno header\r\n"
        b"\xe9:\xff\n\r\n"
    )
    assert raw_headers(head) == [
        ("One", "1\r\n\tfolded"),
        ("Two", " 2 \r\n folded\r\n again"),
        ("\xe9", "\xff"),
    ]
    assert raw_headers(b"GET / HTTP/1.1\r\n folded: onto nothing\r\n\r\n") == [
        (" folded", " onto nothing")
    ]
    assert raw_headers(b"") == []
