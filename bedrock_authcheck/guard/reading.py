"""From a request at the transport boundary to what may be told of it, on the machine of the moment.

Whose key id it is, is found by comparing it with those that the machine shows in variables, files
and caches; none is kept. What no machine shows (a role, a process, keys in code) is botocore's
word.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from bedrock_authcheck.checks.key_in_use import TOKEN_VARIABLE, told_region
from bedrock_authcheck.explain.explanation import home_of
from bedrock_authcheck.explain.operation import guided
from bedrock_authcheck.guard.seen import Kind, Proof, Seen
from bedrock_authcheck.model import SIGNATURES, AuthScheme, Exchange, Variant
from bedrock_authcheck.recording.in_play import InPlay
from bedrock_authcheck.recording.places import MANTLE, place_of
from bedrock_authcheck.spec.catalogue import documented
from bedrock_authcheck.wire.attribution import Keyring
from bedrock_authcheck.wire.authorization import authorization_values
from bedrock_authcheck.wire.evidence import read_evidence
from bedrock_authcheck.wire.fingerprint import fingerprint
from bedrock_authcheck.wire.redaction import redact_target, shorten_key_id
from bedrock_authcheck.wire.tokens import ApiKeyKind, read_api_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bedrock_authcheck.model import Credential, Evidence

_WIDTH: Final = 100
_BIDIRECTIONAL: Final = "InvokeModelWithBidirectionalStream"
_KINDS: Final = {
    ApiKeyKind.LONG_TERM: Kind.LONG_TERM_API_KEY,
    ApiKeyKind.SHORT_TERM: Kind.SHORT_TERM_API_KEY,
    ApiKeyKind.UNKNOWN: Kind.UNKNOWN,
}
_METHODS: Final = {
    "explicit": "settings",
    "env": "environment",
    "shared-credentials-file": "shared",
    "config-file": "config",
    "custom-process": "process",
    "assume-role": "role",
    "assume-role-with-web-identity": "web-identity",
    "sso": "sso",
    "login": "login",
    "container-role": "container",
    "iam-role": "instance",
}
"""How botocore calls its credential providers, by the names of levels and variants."""


class Words:
    """What botocore says of key ids, by a hash of each; filled by any thread."""

    def __init__(self) -> None:
        """Begin with nothing said."""
        self._levels: dict[str, str] = {}

    def add(self, key_id: str, method: str) -> None:
        """Note where a key id is from; a method that is not known says nothing."""
        if method in _METHODS:
            self._levels[_hashed(key_id)] = _METHODS[method]

    def level(self, key_id: str) -> str | None:
        """Find the level of a key id; None where nothing was said."""
        return self._levels.get(_hashed(key_id))


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def service_of(
    url: str, addresses: Mapping[str, str], environ: Mapping[str, str] = os.environ
) -> str | None:
    """Find the Bedrock service that a URL is of; None for what is none.

    By AWS's hosts, the loopback endpoint's `addresses`, and the endpoints that variables name.
    """
    try:
        netloc = urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return None
    place = place_of(netloc)
    service = place.service if place else addresses.get(netloc) or _named(netloc, environ)
    return service if service == MANTLE or service in documented() else None


def _named(netloc: str, environ: Mapping[str, str]) -> str | None:
    for name, value in environ.items():
        if name.startswith("AWS_ENDPOINT_URL_BEDROCK"):
            service = name.removeprefix("AWS_ENDPOINT_URL_").lower().replace("_", "-")
        elif name in {"ANTHROPIC_BEDROCK_BASE_URL", "AWS_BEDROCK_RUNTIME_ENDPOINT"}:
            service = "bedrock-runtime"
        else:
            continue
        try:
            if urlsplit(value).netloc.lower() == netloc:
                return service
        except ValueError:
            continue
    return None


def exchange_of(
    service: str, method: str, url: str, headers: Iterable[tuple[object, object]]
) -> Exchange:
    """Make the exchange of a prepared request; names and values may be bytes. No body is kept."""
    parts = urlsplit(url)
    target = parts.path or "/"
    target += f"?{parts.query}" if parts.query else ""
    pairs = tuple((_text(name), _text(value)) for name, value in headers)
    tls = "TLS" if parts.scheme == "https" else None
    return Exchange(service, method, target, pairs, authority=parts.netloc, tls=tls)


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def seen_of(
    exchange: Exchange,
    operation: str,
    *,
    test: str,
    client: str,
    proof: Proof,
    held: Iterable[Credential] = (),
    words: Words,
) -> Seen:
    """Tell what a request shows, on the machine as it is now; `held` are fakes of a fixture."""
    evidence = read_evidence(exchange)
    if not operation and exchange.target.partition("?")[0].endswith(
        "/invoke-with-bidirectional-stream"
    ):
        operation = _BIDIRECTIONAL
    level, said = _level(evidence, tuple(held), words)
    scope = evidence.scope
    return Seen(
        test=test,
        client=client,
        service=exchange.service,
        operation=operation,
        takes_api_key=guided(exchange.service, operation).takes_api_key,
        proof=proof,
        scheme=str(evidence.scheme),
        level=level,
        said=said,
        kind=_kind(evidence),
        key=_shown(evidence),
        scope=f"{scope.service}/{told_region(scope.region)}" if scope else "",
        line=_line(exchange),
        mark=mark_of(exchange),
    )


def mark_of(exchange: Exchange) -> str:
    """Make what two sightings of one request have in common; nothing can be told from it."""
    parts = (exchange.method, exchange.target, *map(str.strip, authorization_values(exchange)))
    return _hashed("\0".join(parts))


def _level(
    evidence: Evidence, held: tuple[Credential, ...], words: Words
) -> tuple[str | None, bool]:
    """Find the level of what signed, and whether that is botocore's word."""
    keyring, key_id = Keyring(held), evidence.key_id
    if evidence.scheme is AuthScheme.BEARER:
        token = evidence.tokens[0].strip()
        known = keyring.token(token)
        there = os.environ.get(TOKEN_VARIABLE, "").strip() == token
        level = "bearer" if there else str(Variant.TOKEN_IN_CODE)
        return (str(known.origin) if known is not None else level), False
    if evidence.scheme not in SIGNATURES or not key_id:
        return None, False
    of_fixture = keyring.key(key_id)
    shown = str(of_fixture.origin) if of_fixture is not None else _shown_by_machine(key_id)
    said = None if shown is not None else words.level(key_id)
    return (shown, False) if said is None else (said, True)


def _shown_by_machine(key_id: str) -> str | None:
    return InPlay.of_machine(os.environ, home_of(os.environ)).source_of(key_id)


def _kind(evidence: Evidence) -> Kind:
    if evidence.scheme is AuthScheme.BEARER:
        return _KINDS[read_api_key(evidence.tokens[0].strip()).kind]
    if evidence.scheme not in SIGNATURES:
        return Kind.UNKNOWN
    if evidence.session_token or (evidence.key_id or "").startswith("ASIA"):
        return Kind.TEMPORARY
    return Kind.LONG_TERM_IAM_KEY if (evidence.key_id or "").startswith("AKIA") else Kind.UNKNOWN


def _shown(evidence: Evidence) -> str:
    if evidence.scheme is AuthScheme.BEARER:
        return fingerprint(evidence.tokens[0]) or ""
    return shorten_key_id(evidence.key_id) if evidence.key_id else ""


def _line(exchange: Exchange) -> str:
    target = redact_target(exchange.target)
    shown = target if len(target) <= _WIDTH else f"{target[: _WIDTH - 1]}…"
    scheme = "https" if exchange.tls else "http"
    return f"{exchange.method} {scheme}://{exchange.authority.rpartition('@')[2]}{shown}"
