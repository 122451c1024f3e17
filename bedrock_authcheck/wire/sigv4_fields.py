"""The fields of a SigV4 authorization, from the header or the query of a request."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

from bedrock_authcheck.model import CredentialScope, Exchange, Finding
from bedrock_authcheck.wire.authorization import SIGV4, SIGV4A, Credentials, parameters
from bedrock_authcheck.wire.findings import EvidenceCode, counted, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TIMESTAMP_FORMAT = "%Y%m%dT%H%M%SZ"
LONGEST_EXPIRY = 604_800  # seconds; a week, the most that Signature Version 4 allows
PRESIGNED = frozenset({"x-amz-algorithm", "x-amz-credential", "x-amz-signature"})
"""The parameters, in lower case, of which one is enough to make a query a SigV4 one."""

_TIMESTAMP = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_SIGNATURE_V4A = re.compile(r"[0-9a-f]+")  # ECDSA in DER: of no fixed length
_HEADER_NAME = re.compile(r":?[!#$%&'*+.^_`|~0-9a-z-]+")
_EXPIRES = re.compile(r"[0-9]{1,9}")
_IN_HEADER = ("Credential", "SignedHeaders", "Signature")
_IN_QUERY = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
)
_ALSO_IN_QUERY = (
    "X-Amz-Date",  # its absence is a finding of its own
    "X-Amz-Security-Token",
    "X-Amz-Content-Sha256",
    "X-Amz-Region-Set",
)
_SPELLING = {name.lower(): name for name in (*_IN_QUERY, *_ALSO_IN_QUERY)}
_ONCE = ("X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256", "Host")


class SigV4Fields(NamedTuple):
    """What a SigV4 authorization says; None or empty where it says nothing that can be read."""

    key_id: str | None = None
    scope: CredentialScope | None = None
    signed_headers: tuple[str, ...] = ()
    signature: str | None = None
    amz_date: str | None = None
    expires: int | None = None
    session_token: str | None = None
    payload_hash: str | None = None
    findings: tuple[Finding, ...] = ()


def sigv4_query(query: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Pick the X-Amz-* parameters out of a decoded query, their names in lower case."""
    return [(name.lower(), value) for name, value in query if name.lower().startswith("x-amz-")]


def spelled(name: str) -> str:
    """Spell a parameter of SigV4, given in lower case, as AWS does; others are X-Amz-*."""
    return _SPELLING.get(name, "X-Amz-*")


def timestamp(amz_date: str | None) -> datetime | None:
    """Read a date of SigV4, `YYYYMMDDTHHMMSSZ`, as an aware datetime; None if it is not one."""
    if amz_date is None or not _TIMESTAMP.fullmatch(amz_date):
        return None
    try:
        return datetime.strptime(amz_date, TIMESTAMP_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None


def read_header(credentials: Credentials, exchange: Exchange) -> SigV4Fields:
    """Read the fields behind a scheme of SigV4 in the Authorization header."""
    fields = list(parameters(credentials.text))
    amz_date = next(iter(exchange.header_values("x-amz-date")), _http_date(exchange))
    findings = _date(amz_date, "in the headers")
    findings += _counted_once((name for name, _ in fields), _IN_HEADER, "Authorization")
    if any(name not in _IN_HEADER for name, _ in fields):
        findings.append(
            Finding(
                EvidenceCode.PARAMETERS,
                "Authorization holds a part that is none of Credential=, SignedHeaders= and "
                "Signature=, divided by commas",
            )
        )
    read = _fields(
        dict(reversed(fields)),
        _IN_HEADER,
        findings,
        v4a=credentials.scheme == SIGV4A,
        exchange=exchange,
    )
    return read._replace(amz_date=amz_date)


def read_query(query: Sequence[tuple[str, str]], exchange: Exchange) -> SigV4Fields:
    """Read the fields of a presigned request, from what `sigv4_query` gave."""
    values = {spelled(name): value for name, value in reversed(query)}
    findings = _date(values.get("X-Amz-Date"), "in the query")
    findings += _counted_once((spelled(name) for name, _ in query), _IN_QUERY, "the query")
    algorithm = values.get("X-Amz-Algorithm", "").lower()
    if algorithm and algorithm not in {SIGV4, SIGV4A}:
        findings.append(
            Finding(
                EvidenceCode.PARAMETERS,
                f"X-Amz-Algorithm in the query is {quoted(algorithm)}, not AWS4-HMAC-SHA256",
            )
        )
    expires = values.get("X-Amz-Expires", "")
    seconds = int(expires) if _EXPIRES.fullmatch(expires) else None
    if "X-Amz-Expires" in values and not 1 <= (seconds or 0) <= LONGEST_EXPIRY:
        findings.append(
            Finding(
                EvidenceCode.EXPIRES,
                f"X-Amz-Expires in the query is {quoted(expires)}, not 1 to {LONGEST_EXPIRY} "
                "seconds",
            )
        )
    names = ("X-Amz-Credential", "X-Amz-SignedHeaders", "X-Amz-Signature")
    read = _fields(values, names, findings, v4a=algorithm == SIGV4A, exchange=exchange)
    return read._replace(
        amz_date=values.get("X-Amz-Date"),
        expires=seconds,
        session_token=values.get("X-Amz-Security-Token", read.session_token),
        payload_hash=values.get("X-Amz-Content-Sha256", read.payload_hash),
    )


def _fields(
    values: dict[str, str],
    names: tuple[str, str, str],
    findings: list[Finding],
    *,
    v4a: bool,
    exchange: Exchange,
) -> SigV4Fields:
    credential, signed_headers, signature = (values.get(name) for name in names)
    findings += _repeated_headers(exchange)
    key_id, scope = None, None
    if credential is not None:
        regions = ",".join(exchange.header_values("x-amz-region-set"))
        key_id, scope = _credential(credential, v4a=v4a, regions=regions)
        if scope is None:
            shape = "KEY-ID/DATE/SERVICE" if v4a else "KEY-ID/DATE/REGION/SERVICE"
            findings.append(
                Finding(
                    EvidenceCode.CREDENTIAL,
                    f"{names[0]} has {counted(credential.count('/') + 1, 'part')} divided by "
                    f"slashes; right is {shape}/aws4_request, none of them empty",
                )
            )
    signed = tuple(signed_headers.split(";")) if signed_headers else ()
    if signed_headers is not None:
        findings += _signed_headers(signed, names[1])
    if signature is not None and not (_SIGNATURE_V4A if v4a else _SIGNATURE).fullmatch(signature):
        findings.append(
            Finding(
                EvidenceCode.SIGNATURE,
                f"{names[2]} is {counted(len(signature), 'character')} long and not 64 "
                "lower-case hexadecimal digits",
            )
        )
    return SigV4Fields(
        key_id,
        scope,
        signed,
        signature,
        session_token=next(iter(exchange.header_values("x-amz-security-token")), None),
        payload_hash=next(iter(exchange.header_values("x-amz-content-sha256")), None),
        findings=tuple(findings),
    )


def _credential(text: str, *, v4a: bool, regions: str) -> tuple[str | None, CredentialScope | None]:
    """Split a credential from its end, since nothing forbids a slash in a key id."""
    parts = text.rsplit("/", 3 if v4a else 4)
    if len(parts) != (4 if v4a else 5) or not all(parts):
        return None, None
    if v4a:
        key_id, date, service, terminator = parts
        return key_id, CredentialScope(date, regions, service, terminator)
    key_id, date, region, service, terminator = parts
    return key_id, CredentialScope(date, region, service, terminator)


def _signed_headers(names: tuple[str, ...], where: str) -> list[Finding]:
    if not all(_HEADER_NAME.fullmatch(name) for name in names) or not names:
        wrong = "is not a list of header names in lower case, divided by semicolons"
    elif list(names) != sorted(set(names)):
        wrong = "is not sorted, or names a header twice"
    elif not {"host", ":authority"} & set(names):
        wrong = "leaves out host, which AWS demands"
    else:
        return []
    return [Finding(EvidenceCode.SIGNED_HEADERS, f"{where} {wrong}")]


def _counted_once(names: Iterable[str], needed: Iterable[str], where: str) -> list[Finding]:
    count = Counter(names)
    findings = [
        Finding(EvidenceCode.PARAMETERS, f"{where} has no {name}")
        for name in needed
        if not count[name]
    ]
    findings += [
        Finding(EvidenceCode.PARAMETERS, f"{where} has {name} {times} times; once is right")
        for name, times in count.items()
        if times > 1 and name in {*needed, *_ALSO_IN_QUERY}
    ]
    return findings


def _repeated_headers(exchange: Exchange) -> list[Finding]:
    return [
        Finding(EvidenceCode.REPEATED_HEADER, f"header {name} came {times} times; once is right")
        for name in _ONCE
        if (times := len(exchange.header_values(name))) > 1
    ]


def _date(amz_date: str | None, where: str) -> list[Finding]:
    if timestamp(amz_date):
        return []
    wrong = "is not of the form YYYYMMDDTHHMMSSZ" if amz_date else "is absent"
    return [Finding(EvidenceCode.DATE, f"X-Amz-Date {where} {wrong}")]


def _http_date(exchange: Exchange) -> str | None:
    """Read the Date header, which stands in for X-Amz-Date, as a SigV4 timestamp."""
    try:
        date = parsedate_to_datetime(exchange.header_values("date")[0])
        utc = date.astimezone(UTC) if date.tzinfo else date  # "-0000" is UTC without a zone
        return utc.strftime(TIMESTAMP_FORMAT)
    except (IndexError, OverflowError, TypeError, ValueError):
        return None
