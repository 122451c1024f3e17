"""From a request as received to evidence: which scheme, which key, what is malformed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bedrock_authcheck.model import AuthScheme, Evidence, Finding
from bedrock_authcheck.wire.authorization import (
    BEARER,
    SCHEMES_OF_OTHERS,
    SIGV4,
    SIGV4A,
    Credentials,
    authorization_values,
    split_credentials,
)
from bedrock_authcheck.wire.findings import EvidenceCode, counted
from bedrock_authcheck.wire.sigv4_fields import (
    PRESIGNED,
    SigV4Fields,
    read_header,
    read_query,
    sigv4_query,
    spelled,
)
from bedrock_authcheck.wire.target import query_parameters, split_target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_authcheck.model import Exchange

_SCHEMES = {BEARER: AuthScheme.BEARER, SIGV4: AuthScheme.SIGV4, SIGV4A: AuthScheme.SIGV4A}
_MANTLE, _ANTHROPIC = "bedrock-mantle", "/anthropic/"
API_KEY_HEADER = "X-Api-Key"
"""Where an API key travels in Anthropic's API, which Mantle serves below `/anthropic/` alone."""

_B64TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750, 2.1
_STRAY_HEADERS = (
    ("X-Amz-Security-Token", EvidenceCode.STRAY_SESSION_TOKEN),
    ("X-Amz-Date", EvidenceCode.STRAY_DATE),
    ("X-Amz-Content-Sha256", EvidenceCode.STRAY_PAYLOAD_HASH),
)


def read_evidence(exchange: Exchange) -> Evidence:
    """Say how a request is authenticated and which parts of that cannot be read.

    Never raises, whatever the bytes. The texts of findings hold no token, no signature and
    no session token. Of several schemes the first SigV4 one, header before query, gives the
    fields.
    """
    credentials = [
        part for value in authorization_values(exchange) for part in split_credentials(value)
    ]
    credentials += _api_keys(exchange)
    query = sigv4_query(query_parameters(split_target(exchange.target)[1]))
    presigned = not PRESIGNED.isdisjoint(name for name, _ in query)
    signed = next((part for part in credentials if part.scheme in {SIGV4, SIGV4A}), None)
    if signed:
        fields = read_header(signed, exchange)
    elif presigned:
        fields = read_query(query, exchange)
    else:
        fields = _unsigned_fields(exchange, query)
    return Evidence(
        scheme=_scheme(credentials, query, presigned=presigned),
        tokens=tuple(part.text for part in credentials if part.scheme == BEARER),
        key_id=fields.key_id,
        scope=fields.scope,
        signed_headers=fields.signed_headers,
        signature=fields.signature,
        amz_date=fields.amz_date,
        expires=fields.expires,
        session_token=fields.session_token,
        payload_hash=fields.payload_hash,
        findings=(
            *_scheme_findings(credentials, presigned=presigned),
            *(finding for part in credentials for finding in _token_findings(part)),
            *fields.findings,
        ),
    )


def _api_keys(exchange: Exchange) -> list[Credentials]:
    """Take what stands in X-Api-Key for a bearer token where the guide sends one so.

    Source: Amazon Bedrock user guide, "Inference using Anthropic Messages API", curl example.
    """
    if exchange.service != _MANTLE or not exchange.target.startswith(_ANTHROPIC):
        return []
    values = exchange.header_values(API_KEY_HEADER)
    return [Credentials("Bearer", value, separated=True) for value in values]


def _scheme(
    credentials: Sequence[Credentials], query: Sequence[tuple[str, str]], *, presigned: bool
) -> AuthScheme:
    if len(credentials) + presigned > 1:
        return AuthScheme.CONFLICTING
    if credentials:
        return _SCHEMES.get(credentials[0].scheme, AuthScheme.UNRECOGNISED)
    if not presigned:
        return AuthScheme.UNSIGNED
    v4a = any(name == "x-amz-algorithm" and value.lower() == SIGV4A for name, value in query)
    return AuthScheme.SIGV4A if v4a else AuthScheme.SIGV4_QUERY


def _scheme_findings(credentials: Sequence[Credentials], *, presigned: bool) -> list[Finding]:
    findings = [
        Finding(
            EvidenceCode.UNKNOWN_SCHEME,
            f"Authorization is {_named(part)}; right is Bearer or AWS4-HMAC-SHA256",
        )
        for part in credentials
        if part.scheme not in _SCHEMES
    ]
    if len(credentials) + presigned > 1:
        schemes = [_named(part) for part in credentials]
        schemes += ["a signature in the query"] * presigned
        findings.append(
            Finding(
                EvidenceCode.SEVERAL_SCHEMES,
                f"the request is authenticated {len(schemes)} times, by {' and '.join(schemes)}; "
                "once is right",
            )
        )
    return findings


def _named(part: Credentials) -> str:
    """Name a scheme; an unknown one is not quoted, for it may be a token without `Bearer`."""
    if part.scheme in _SCHEMES or part.scheme in SCHEMES_OF_OTHERS:
        return part.name
    length = len(part.name) + part.separated + len(part.text)
    return f"{counted(length, 'character')} of no known scheme" if length else "empty"


def _token_findings(part: Credentials) -> list[Finding]:
    if part.scheme != BEARER:
        return []
    findings: list[Finding] = []
    token = part.text.strip()
    if not token:
        text = f"behind Bearer stands no token{' but white space' if part.text else ''}"
        return [Finding(EvidenceCode.BEARER_EMPTY, f"{text}; right is not to send the header")]
    if not part.separated:
        findings.append(
            Finding(EvidenceCode.BEARER_SEPARATOR, "Bearer and its token need one space between")
        )
    if token != part.text:
        findings.append(
            Finding(
                EvidenceCode.BEARER_WHITE_SPACE,
                f"white space of {counted(len(part.text) - len(token), 'character')} stands "
                "around the token; right is none",
            )
        )
    if not _B64TOKEN.fullmatch(token):
        findings.append(
            Finding(
                EvidenceCode.BEARER_CHARACTERS,
                "the token holds characters beyond A-Z a-z 0-9 - . _ ~ + / and = at its end "
                "(RFC 6750)",
            )
        )
    return findings


def _unsigned_fields(exchange: Exchange, query: Sequence[tuple[str, str]]) -> SigV4Fields:
    """Find the traces of SigV4 on a request that it does not sign."""
    values = {name: exchange.header_values(name) for name, _ in _STRAY_HEADERS}
    findings = [
        Finding(code, f"header {name} belongs to SigV4, which does not sign this request")
        for name, code in _STRAY_HEADERS
        if values[name]
    ]
    if query:
        names = ", ".join(dict.fromkeys(spelled(name) for name, _ in query))
        findings.append(
            Finding(
                EvidenceCode.STRAY_QUERY,
                f"the query holds {names} of SigV4, which does not sign this request",
            )
        )
    session_tokens, dates, payload_hashes = values.values()
    return SigV4Fields(
        amz_date=next(iter(dates), None),
        session_token=next(iter(session_tokens), None),
        payload_hash=next(iter(payload_hashes), None),
        findings=tuple(findings),
    )
