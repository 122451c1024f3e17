"""What findings say, to the letter: a report shows these texts."""

from __future__ import annotations

import pytest

from bedrock_authcheck.wire.evidence import read_evidence
from bedrock_authcheck.wire.findings import EvidenceCode, counted, quoted
from tests.wire.test_evidence import DATE, QUERY, SIGNATURE, SIGV4, request

ONE_OF_US = "right is Bearer or AWS4-HMAC-SHA256"


@pytest.mark.parametrize(
    ("value", "findings"),
    [
        (
            "Bearer",
            [("bearer-empty", "behind Bearer stands no token; right is not to send the header")],
        ),
        (
            "Bearer  ",
            [
                (
                    "bearer-empty",
                    (
                        "behind Bearer stands no token but white space; right is not to send the "
                        "header"
                    ),
                )
            ],
        ),
        (
            "Bearer\ta ",
            [
                ("bearer-separator", "Bearer and its token need one space between"),
                (
                    "bearer-white-space",
                    "white space of 2 characters stands around the token; right is none",
                ),
            ],
        ),
        (
            "Bearer a!",
            [
                (
                    "bearer-characters",
                    (
                        "the token holds characters beyond A-Z a-z 0-9 - . _ ~ + / and = at "
                        "its end (RFC 6750)"
                    ),
                )
            ],
        ),
        ("", [("unknown-scheme", f"Authorization is empty; {ONE_OF_US}")]),
        ("Basic Zm9v", [("unknown-scheme", f"Authorization is Basic; {ONE_OF_US}")]),
        (
            "Made-up FAKE",
            [
                (
                    "unknown-scheme",
                    f"Authorization is 12 characters of no known scheme; {ONE_OF_US}",
                )
            ],
        ),
        (
            "!",
            [("unknown-scheme", f"Authorization is 1 character of no known scheme; {ONE_OF_US}")],
        ),
    ],
)
def test_what_is_said_of_an_authorization(value: str, findings: list[tuple[str, str]]) -> None:
    told = read_evidence(request(("Authorization", value))).findings
    assert [(finding.code, finding.text) for finding in told] == findings


def test_a_signature_in_the_query_is_named_among_several_schemes() -> None:
    evidence = read_evidence(request(("Authorization", "Bearer a"), target=f"/?{QUERY}"))
    assert [finding.text for finding in evidence.findings] == [
        (
            "the request is authenticated 2 times, by Bearer and a signature in the query; "
            "once is right"
        )
    ]


def test_the_traces_of_sigv4_are_named_and_kept() -> None:
    exchange = request(
        ("Authorization", "Bearer a"),
        ("X-Amz-Security-Token", "FAKE-session"),
        DATE,
        ("X-Amz-Content-Sha256", "x"),
        target="/?X-Amz-Date=x&x-amz-date=y&X-Amz-Made-Up=1",
    )
    evidence = read_evidence(exchange)
    assert (evidence.amz_date, evidence.payload_hash) == (DATE[1], "x")
    assert [finding.text for finding in evidence.findings] == [
        "header X-Amz-Security-Token belongs to SigV4, which does not sign this request",
        "header X-Amz-Date belongs to SigV4, which does not sign this request",
        "header X-Amz-Content-Sha256 belongs to SigV4, which does not sign this request",
        "the query holds X-Amz-Date, X-Amz-* of SigV4, which does not sign this request",
    ]


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            "/us-east-1",
            "",
            (
                "Credential has 4 parts divided by slashes; right is "
                "KEY-ID/DATE/REGION/SERVICE/aws4_request, none of them empty"
            ),
        ),
        (
            "SignedHeaders=host;x-amz-date",
            "SignedHeaders=Host",
            "SignedHeaders is not a list of header names in lower case, divided by semicolons",
        ),
        (
            "host;x-amz-date",
            "x-amz-date;host",
            "SignedHeaders is not sorted, or names a header twice",
        ),
        ("host;", "", "SignedHeaders leaves out host, which AWS demands"),
        (
            SIGNATURE,
            SIGNATURE[1:],
            "Signature is 63 characters long and not 64 lower-case hexadecimal digits",
        ),
        (f", Signature={SIGNATURE}", "", "Authorization has no Signature"),
        (
            ", SignedHeaders",
            ", Signature=a, SignedHeaders",
            "Authorization has Signature 2 times; once is right",
        ),
        (
            "Signature=",
            "junk, Signature=",
            (
                "Authorization holds a part that is none of Credential=, SignedHeaders= and "
                "Signature=, divided by commas"
            ),
        ),
    ],
)
def test_what_is_said_of_a_signature_in_the_header(old: str, new: str, text: str) -> None:
    evidence = read_evidence(request(("Authorization", SIGV4.replace(old, new, 1)), DATE))
    assert text in [finding.text for finding in evidence.findings]


@pytest.mark.parametrize(
    ("old", "new", "texts"),
    [
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256&", "", ["the query has no X-Amz-Algorithm"]),
        (
            "HMAC-SHA256",
            "HMAC-SHA1",
            ["X-Amz-Algorithm in the query is 'aws4-hmac-sha1', not AWS4-HMAC-SHA256"],
        ),
        (
            "Expires=900",
            "Expires=604801",
            ["X-Amz-Expires in the query is '604801', not 1 to 604800 seconds"],
        ),
        (
            "Expires=900",
            "Expires=soon",
            ["X-Amz-Expires in the query is 'soon', not 1 to 604800 seconds"],
        ),
        ("Expires=900", "Expires=604800", []),
        ("Expires=900", "Expires=1", []),
        ("X-Amz-Date=20260304T050607Z&", "", ["X-Amz-Date in the query is absent"]),
        (
            "20260304T050607Z",
            "now",
            ["X-Amz-Date in the query is not of the form YYYYMMDDTHHMMSSZ"],
        ),
        (
            "&X-Amz-SignedHeaders=host",
            "&X-Amz-SignedHeaders=date",
            ["X-Amz-SignedHeaders leaves out host, which AWS demands"],
        ),
        (
            SIGNATURE,
            "0",
            ["X-Amz-Signature is 1 character long and not 64 lower-case hexadecimal digits"],
        ),
        (
            "%2Fus-east-1",
            "",
            [
                (
                    "X-Amz-Credential has 4 parts divided by slashes; right is "
                    "KEY-ID/DATE/REGION/SERVICE/aws4_request, none of them empty"
                )
            ],
        ),
    ],
)
def test_what_is_said_of_a_presigned_request(old: str, new: str, texts: list[str]) -> None:
    evidence = read_evidence(request(target="/?" + QUERY.replace(old, new, 1)))
    assert [finding.text for finding in evidence.findings] == texts


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ((), "X-Amz-Date in the headers is absent"),
        (
            (("X-Amz-Date", "now"),),
            "X-Amz-Date in the headers is not of the form YYYYMMDDTHHMMSSZ",
        ),
        ((DATE, DATE), "header X-Amz-Date came 2 times; once is right"),
    ],
)
def test_what_is_said_of_a_date_in_the_headers(
    headers: tuple[tuple[str, str], ...], text: str
) -> None:
    evidence = read_evidence(request(("Authorization", SIGV4), *headers))
    assert [finding.text for finding in evidence.findings] == [text]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", "''"),
        ("a\xe9\n", r"'a\xe9\n'"),
        ("x" * 40, f"'{'x' * 40}'"),
        ("x" * 41, f"'{'x' * 40}'…"),
    ],
)
def test_a_quotation_is_ascii_and_short(text: str, shown: str) -> None:
    assert quoted(text) == shown


def test_a_number_agrees_with_its_noun() -> None:
    assert [counted(number, "part") for number in (0, 1, 2)] == ["0 parts", "1 part", "2 parts"]


def test_every_code_is_of_a_finding_that_some_request_makes() -> None:
    made = {
        finding.code
        for exchange in (
            request(("Authorization", "Bearer")),
            request(("Authorization", "Bearer\ta b")),
            request(("Authorization", "x"), ("Authorization", "Bearer a")),
            request(("Authorization", SIGV4.replace("host;", "").replace("/bedrock", "")), DATE),
            request(("Authorization", SIGV4.replace("Signature=", "Signature=0")), DATE, DATE),
            request(target="/?X-Amz-Signature=0&X-Amz-Expires=0"),
            request(
                ("X-Amz-Security-Token", "FAKE"),
                ("X-Amz-Content-Sha256", "x"),
                DATE,
                target="/?X-Amz-Date=x",
            ),
        )
        for finding in read_evidence(exchange).findings
    }
    assert made == {*EvidenceCode}
