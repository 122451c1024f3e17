"""From bytes to evidence: each scheme, each malformed part, and arbitrary input."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_authcheck.model import AuthScheme, CredentialScope, Exchange, SignaturePart
from bedrock_authcheck.strategies import exchanges
from bedrock_authcheck.wire.evidence import read_evidence
from bedrock_authcheck.wire.findings import EvidenceCode
from tests.wire.signers import NOW, SHARED, checked

TOKEN = "FAKE-canary/of+the.bearer=="
SIGNATURE = "0123456789abcdef" * 4
SIGV4 = (
    "AWS4-HMAC-SHA256 Credential=AKIAFAKE9999L4SHARED/20260304/us-east-1/bedrock/aws4_request, "
    f"SignedHeaders=host;x-amz-date, Signature={SIGNATURE}"
)
QUERY = (
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAFAKE9999L4SHARED%2F20260304%2F"
    "us-east-1%2Fbedrock%2Faws4_request&X-Amz-Date=20260304T050607Z&X-Amz-Expires=900&"
    f"X-Amz-SignedHeaders=host&X-Amz-Signature={SIGNATURE}"
)
DATE = ("X-Amz-Date", "20260304T050607Z")
SCOPE = CredentialScope("20260304", "us-east-1", "bedrock")


def request(*headers: tuple[str, str], target: str = "/", raw_head: bytes = b"") -> Exchange:
    return Exchange("bedrock", "GET", target, headers, raw_head=raw_head)


def codes(exchange: Exchange) -> list[str]:
    return [finding.code for finding in read_evidence(exchange).findings]


def test_a_bearer_token_is_read_whole() -> None:
    evidence = read_evidence(request(("authorization", f"Bearer {TOKEN}")))
    assert evidence.scheme is AuthScheme.BEARER
    assert evidence.tokens == (TOKEN,)
    assert evidence.findings == ()


def test_sigv4_in_headers_is_read_whole() -> None:
    exchange = request(
        ("Authorization", SIGV4),
        DATE,
        ("X-Amz-Security-Token", "FAKE-session"),
        ("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"),
    )
    evidence = read_evidence(exchange)
    assert evidence.scheme is AuthScheme.SIGV4
    assert (evidence.key_id, evidence.scope) == ("AKIAFAKE9999L4SHARED", SCOPE)
    assert evidence.signed_headers == ("host", "x-amz-date")
    assert evidence.signature == SIGNATURE
    assert evidence.amz_date == "20260304T050607Z"
    assert evidence.session_token == "FAKE-session"
    assert evidence.payload_hash == "UNSIGNED-PAYLOAD"
    assert evidence.findings == ()


def test_sigv4_in_the_query_is_read_whole() -> None:
    evidence = read_evidence(request(target=f"/a?{QUERY}&X-Amz-Security-Token=FAKE%2Fsession"))
    assert evidence.scheme is AuthScheme.SIGV4_QUERY
    assert (evidence.key_id, evidence.scope) == ("AKIAFAKE9999L4SHARED", SCOPE)
    assert (evidence.signed_headers, evidence.signature) == (("host",), SIGNATURE)
    assert (evidence.amz_date, evidence.expires) == ("20260304T050607Z", 900)
    assert evidence.session_token == "FAKE/session"
    assert evidence.findings == ()


def test_sigv4a_is_told_from_sigv4_by_its_algorithm() -> None:
    value = (
        "AWS4-ECDSA-P256-SHA256 Credential=AKIAFAKE9999L4SHARED/20260304/bedrock/aws4_request, "
        "SignedHeaders=host, Signature=3045aa"
    )
    exchange = request(("Authorization", value), DATE, ("X-Amz-Region-Set", "us-*"))
    evidence = read_evidence(exchange)
    assert evidence.scheme is AuthScheme.SIGV4A
    assert evidence.scope == CredentialScope("20260304", "us-*", "bedrock")
    assert evidence.findings == ()
    check = checked(exchange, SHARED, now=NOW)
    assert (check.valid, check.differs) == (False, SignaturePart.AUTHORIZATION)
    assert "not verified" in check.text
    presigned = request(target="/?X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Signature=aa")
    assert read_evidence(presigned).scheme is AuthScheme.SIGV4A


@pytest.mark.parametrize(
    ("headers", "target", "scheme"),
    [
        ((), "/", AuthScheme.UNSIGNED),
        ((("Authorization", ""),), "/", AuthScheme.UNRECOGNISED),
        ((("Authorization", "Basic Zm9vOmJhcg=="),), "/", AuthScheme.UNRECOGNISED),
        ((("Authorization", TOKEN),), "/", AuthScheme.UNRECOGNISED),
        ((("Authorization", f"Bearer{TOKEN}"),), "/", AuthScheme.UNRECOGNISED),
        ((("Authorization", f"bEARER {TOKEN}"),), "/", AuthScheme.BEARER),
        ((("AUTHORIZATION", SIGV4.replace("HMAC", "hmac")),), "/", AuthScheme.SIGV4),
        ((("Authorization", "Bearer a"), ("Authorization", "Bearer a")), "/", None),
        ((("Authorization", "Bearer a"), ("authorization", SIGV4)), "/", None),
        ((("Authorization", f"Bearer a, {SIGV4}"),), "/", None),
        ((("Authorization", f"{SIGV4},Bearer a"),), "/", None),
        ((("Authorization", f"{SIGV4}, Bearer"),), "/", None),
        ((("Authorization", f"{SIGV4}, {SIGV4}"),), "/", None),
        ((("Authorization", "Basic Zm9v, Bearer a"),), "/", None),
        ((("Authorization", "Basic Zm9v,bearer a"),), "/", None),
        ((("Authorization", ", Bearer a"),), "/", AuthScheme.BEARER),
        ((("Authorization", " , "),), "/", AuthScheme.UNRECOGNISED),
        ((("Authorization", "Bearer a"),), f"/?{QUERY}", None),
        ((("Authorization", SIGV4),), f"/?{QUERY}", None),
        ((("Authorization", "Bearer a"),), "/?X-Amz-Date=20260304T050607Z", AuthScheme.BEARER),
        ((), "/?X-Amz-Security-Token=FAKE", AuthScheme.UNSIGNED),
        ((), "/?x-amz-signature=00", AuthScheme.SIGV4_QUERY),
        ((), "http://proxy.example/?X-Amz-Credential=a", AuthScheme.SIGV4_QUERY),
    ],
)
def test_the_scheme(
    headers: tuple[tuple[str, str], ...], target: str, scheme: AuthScheme | None
) -> None:
    evidence = read_evidence(request(*headers, target=target))
    assert evidence.scheme is (scheme or AuthScheme.CONFLICTING)
    conflicting = EvidenceCode.SEVERAL_SCHEMES in {finding.code for finding in evidence.findings}
    assert conflicting is (scheme is None)


def test_a_conflict_keeps_the_evidence_of_both_schemes() -> None:
    evidence = read_evidence(request(("Authorization", f"Bearer {TOKEN}, {SIGV4}"), DATE))
    assert evidence.tokens == (TOKEN,)
    assert evidence.key_id == "AKIAFAKE9999L4SHARED"
    assert [finding.text for finding in evidence.findings] == [
        "the request is authenticated 2 times, by Bearer and AWS4-HMAC-SHA256; once is right"
    ]


@pytest.mark.parametrize(
    ("line", "token"),
    [
        (b"Authorization: Bearer tok", "tok"),
        (b"authorization:Bearer tok", "tok"),
        (b"Authorization: \t Bearer  tok \t", " tok \t"),
        (b"Authorization: Bearer tok\r\n  folded ", "tok\r\n  folded "),
        (b"Authorization: Bearer\r\n tok", "\r\n tok"),
        (b"Authorization: Bearer ", ""),
        (b"Authorization: Bearer", ""),
        (b"Authorization: Bearer  ", " "),
        (b"Authorization: Bearer\ttok", "\ttok"),
        (b"Authorization: Bearer t\xf6k", "t\xf6k"),
        (b"Authorization: Bearer tok\rX: y", "tok\rX: y"),
    ],
)
def test_the_token_of_http_1_is_read_before_white_space_is_stripped(
    line: bytes, token: str
) -> None:
    head = b"GET / HTTP/1.1\r\nHost: a\r\n" + line + b"\r\nAccept: */*\r\n\r\n"
    evidence = read_evidence(request(("authorization", "Bearer stripped"), raw_head=head))
    assert evidence.scheme is AuthScheme.BEARER
    assert evidence.tokens == (token,)


def test_the_token_of_http_2_is_read_from_the_headers() -> None:
    exchange = Exchange(
        "bedrock", "GET", "/", (("authorization", "Bearer tok "),), protocol="HTTP/2"
    )
    assert read_evidence(exchange).tokens == ("tok ",)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Bearer", [EvidenceCode.BEARER_EMPTY]),
        ("Bearer   ", [EvidenceCode.BEARER_EMPTY]),
        ("Bearer  a", [EvidenceCode.BEARER_WHITE_SPACE]),
        ("Bearer a\r\n", [EvidenceCode.BEARER_WHITE_SPACE]),
        ("Bearer\ta", [EvidenceCode.BEARER_SEPARATOR, EvidenceCode.BEARER_WHITE_SPACE]),
        ("Bearer a b", [EvidenceCode.BEARER_CHARACTERS]),
        ("Bearer a=b", [EvidenceCode.BEARER_CHARACTERS]),
        ("Bearer \xe9", [EvidenceCode.BEARER_CHARACTERS]),
        ("Basic a", [EvidenceCode.UNKNOWN_SCHEME]),
        ("", [EvidenceCode.UNKNOWN_SCHEME]),
    ],
)
def test_what_is_wrong_with_a_bearer_header(value: str, expected: list[str]) -> None:
    assert codes(request(("Authorization", value))) == expected


@pytest.mark.parametrize("target", ["/", "/?X-Amz-Date=x&X-Amz-Foo=1"])
def test_the_traces_of_sigv4_on_a_bearer_request(target: str) -> None:
    exchange = request(
        ("Authorization", "Bearer a"),
        ("X-Amz-Security-Token", "FAKE-session"),
        DATE,
        ("X-Amz-Content-Sha256", "x"),
        ("X-Amzn-Bedrock-Trace", "ENABLED"),
        target=target,
    )
    evidence = read_evidence(exchange)
    assert evidence.scheme is AuthScheme.BEARER
    assert evidence.session_token == "FAKE-session"
    assert [finding.code for finding in evidence.findings] == [
        EvidenceCode.STRAY_SESSION_TOKEN,
        EvidenceCode.STRAY_DATE,
        EvidenceCode.STRAY_PAYLOAD_HASH,
        *([EvidenceCode.STRAY_QUERY] if "?" in target else []),
    ]


@pytest.mark.parametrize(
    ("old", "new", "code", "word"),
    [
        ("/aws4_request", "", EvidenceCode.CREDENTIAL, "4 parts"),
        ("/us-east-1", "/", EvidenceCode.CREDENTIAL, "5 parts"),
        (f", Signature={SIGNATURE}", "", EvidenceCode.PARAMETERS, "no Signature"),
        ("Signature=0", "Signature=G", EvidenceCode.SIGNATURE, "64 characters"),
        ("Signature=0", "Signature=", EvidenceCode.SIGNATURE, "63 characters"),
        ("host;", "", EvidenceCode.SIGNED_HEADERS, "host"),
        ("host;x-amz-date", "x-amz-date;host", EvidenceCode.SIGNED_HEADERS, "sorted"),
        ("host;", "host;host;", EvidenceCode.SIGNED_HEADERS, "twice"),
        ("host;", "Host;", EvidenceCode.SIGNED_HEADERS, "lower case"),
        ("host;x-amz-date", "", EvidenceCode.SIGNED_HEADERS, "list of header names"),
        ("SignedHeaders", "Signedheaders", EvidenceCode.PARAMETERS, "SignedHeaders"),
        (", Signature", " Signature", EvidenceCode.PARAMETERS, "no Signature"),
        ("Signature=", "Signature=a, Signature=", EvidenceCode.PARAMETERS, "2 times"),
        ("Signature=", "junk, Signature=", EvidenceCode.PARAMETERS, "none of"),
    ],
)
def test_a_malformed_sigv4_header_is_a_finding(old: str, new: str, code: str, word: str) -> None:
    value = SIGV4.replace(old, new, 1)
    evidence = read_evidence(request(("Authorization", value), DATE))
    assert evidence.scheme is AuthScheme.SIGV4
    found = [finding.text for finding in evidence.findings if finding.code == code]
    assert any(word in text for text in found), evidence.findings


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("X-Amz-Expires=900", "X-Amz-Expires=0", EvidenceCode.EXPIRES),
        ("X-Amz-Expires=900", "X-Amz-Expires=604801", EvidenceCode.EXPIRES),
        ("X-Amz-Expires=900", "X-Amz-Expires=soon", EvidenceCode.EXPIRES),
        ("X-Amz-Expires=900&", "", EvidenceCode.PARAMETERS),
        ("X-Amz-Date=20260304T050607Z&", "", EvidenceCode.DATE),
        ("20260304T050607Z", "yesterday", EvidenceCode.DATE),
        ("20260304T050607Z", "20261304T050607Z", EvidenceCode.DATE),
        ("HMAC-SHA256", "HMAC-SHA1", EvidenceCode.PARAMETERS),
        ("X-Amz-Date", "X-Amz-Signature=0&X-Amz-Date", EvidenceCode.PARAMETERS),
    ],
)
def test_a_malformed_presigned_request_is_a_finding(old: str, new: str, code: str) -> None:
    evidence = read_evidence(request(target="/?" + QUERY.replace(old, new, 1)))
    assert evidence.scheme is AuthScheme.SIGV4_QUERY
    assert code in {finding.code for finding in evidence.findings}


def test_a_repeated_header_of_sigv4_is_a_finding() -> None:
    assert codes(request(("Authorization", SIGV4), DATE, DATE)) == [EvidenceCode.REPEATED_HEADER]


@pytest.mark.parametrize(
    ("value", "amz_date"),
    [
        ("Wed, 04 Mar 2026 05:06:07 GMT", "20260304T050607Z"),
        ("Wed, 04 Mar 2026 06:06:07 +0100", "20260304T050607Z"),
        ("Wed, 04 Mar 2026 05:06:07 -0000", "20260304T050607Z"),
        ("no date", None),
        ("", None),
    ],
)
def test_the_date_header_stands_in_for_x_amz_date(value: str, amz_date: str | None) -> None:
    evidence = read_evidence(request(("Authorization", SIGV4), ("Date", value)))
    assert evidence.amz_date == amz_date
    assert (EvidenceCode.DATE in {f.code for f in evidence.findings}) is (amz_date is None)


@given(exchanges())
def test_no_bytes_make_the_parser_or_the_verifier_raise(exchange: Exchange) -> None:
    evidence = read_evidence(exchange)
    assert all(finding.code and finding.text for finding in evidence.findings)
    check = checked(exchange, SHARED)
    assert not check.valid
    assert check.text


_SECRET = "FAKEcanaryFAKEcanary0123456789"


@given(
    st.sampled_from(
        [
            (("Authorization", f"Bearer{space}{_SECRET}{end}"),)
            for space in ("", " ", "  ", "\t")
            for end in ("", " ", " x", "\x00", ", Bearer b", ", AWS4-HMAC-SHA256 Credential=a")
        ]
    ),
    st.sampled_from([_SECRET, f"{_SECRET} x", ""]),
    st.sampled_from(["/", f"/?{QUERY}", f"/?X-Amz-Security-Token={_SECRET}"]),
)
def test_no_finding_shows_a_token(
    headers: tuple[tuple[str, str], ...], scheme: str, target: str
) -> None:
    exchange = request(
        *headers,
        ("Authorization", scheme),
        ("X-Amz-Security-Token", _SECRET),
        ("X-Amz-Date", _SECRET),
        target=target,
    )
    texts = " ".join(finding.text for finding in read_evidence(exchange).findings)
    assert texts
    assert _SECRET[:10] not in texts
