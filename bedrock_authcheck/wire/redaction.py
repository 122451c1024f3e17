"""Redaction that keeps the evidence: what is left still tells the scheme and the level."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from bedrock_authcheck.wire.authorization import (
    BEARER,
    SCHEMES_OF_OTHERS,
    SIGV4,
    SIGV4A,
    Credentials,
    authorization_values,
    parameters,
    split_credentials,
)
from bedrock_authcheck.wire.findings import counted
from bedrock_authcheck.wire.leaks import landmarks, replace_secret
from bedrock_authcheck.wire.target import octets, percent_decoded
from bedrock_authcheck.wire.tokens import ApiKeyKind, read_api_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bedrock_authcheck.model import Credential, Exchange

_HEAD, _TAIL = 4, 8
_SECRET_HEADERS = {
    "x-amz-security-token": "session token",
    "x-amz-s3session-token": "session token",
    "x-aws-ec2-metadata-token": "metadata token",
    "x-amz-sso_bearer_token": "access token",
    "x-api-key": "API key",
    "proxy-authorization": "credentials",
    "cookie": "cookie",
}
_SECRET_PARAMETERS = {
    "x-amz-security-token": "session token",
    "x-amz-signature": "signature",
}
_MARKER = re.compile(r"<[A-Za-z0-9 -]+(?:, | of )[0-9]+ characters?>")


def shorten_key_id(key_id: str) -> str:
    """Shorten an access key id to its first four and last eight characters: AKIA…L4SHARED.

    An id of twelve characters or less stays as it is.
    """
    if len(key_id) <= _HEAD + _TAIL:
        return key_id
    return f"{key_id[:_HEAD]}…{key_id[-_TAIL:]}"


def redact_header(name: str, value: str) -> str:
    """Redact one header value; headers that carry no secret come back as they are.

    Authorization keeps its scheme, shortened key id, scope and signed headers; what stood
    there of token or signature is replaced by its kind and length.
    """
    lowered = name.lower()
    if lowered == "authorization":
        return ", ".join(map(_redacted_credentials, split_credentials(value)))
    what = _SECRET_HEADERS.get(lowered)
    return _marked(what, value) if what else value


def redact_target(target: str) -> str:
    """Redact the query of a presigned request; its values come out decoded."""
    path, mark, query = target.partition("?")
    return path + mark + "&".join(map(_redacted_parameter, query.split("&")))


def redact_exchange(exchange: Exchange, credentials: Iterable[Credential] = ()) -> Exchange:
    """Redact a whole exchange; `read_evidence` sees the same scheme on it as before.

    The values of `credentials` are replaced wherever they stand, the body included.
    `raw_head` is emptied; the white space that it told of moves into the header values.
    """
    return Redactor(credentials).exchange(exchange)


def redact_text(text: str, credentials: Iterable[Credential]) -> str:
    """Replace each secret value of the credentials, in any encoding, by what it is.

    `<token of bearer>`, `<secret of environment>`, `<session token of instance>`: the
    source stays, so that a message still tells which credential it was about.
    """
    return Redactor(credentials).text(text)


class Redactor:
    """`redact_text` and `redact_exchange` for many texts and the same credentials."""

    def __init__(self, credentials: Iterable[Credential]) -> None:
        """Take the credentials whose secret values are to be replaced."""
        secrets = {
            value: f"<{what} of {credential.source}>"
            for credential in credentials
            for what, value in credential.secrets().items()
        }
        # The longest first: a value that begins another must not leave the rest of it.
        self._secrets = sorted(secrets.items(), key=lambda item: -len(item[0]))
        self._landmarks = frozenset(mark for value in secrets for mark in landmarks(value))

    def text(self, text: str) -> str:
        """Do as `redact_text`."""
        if any(mark in text for mark in self._landmarks):
            for value, by in self._secrets:
                text = replace_secret(text, value, by)
        return text

    def exchange(self, exchange: Exchange) -> Exchange:
        """Do as `redact_exchange`."""
        values = iter(authorization_values(exchange))

        def redacted(name: str, value: str) -> str:
            if name.lower() == "authorization":
                value = next(values, value)
            return self.text(redact_header(name, value))

        return replace(
            exchange,
            target=self.text(redact_target(exchange.target)),
            headers=tuple((name, redacted(name, value)) for name, value in exchange.headers),
            body=octets(self.text(exchange.body.decode("latin-1"))),
            raw_head=b"",
        )


def _marked(what: str, value: str) -> str:
    """Replace a value by what it is and how long it is; a replaced one stays."""
    return value if _MARKER.fullmatch(value) else f"<{what} of {_characters(value)}>"


def _characters(text: str) -> str:
    return counted(len(text), "character")


def _redacted_credentials(part: Credentials) -> str:
    name = part.name + " " * part.separated
    if part.scheme == BEARER:
        return name + _redacted_token(part.text)
    if part.scheme in {SIGV4, SIGV4A} and part.text:
        return f"{part.name} " + ", ".join(
            _redacted_field(field, value) for field, value in parameters(part.text)
        )
    if not part.text and part.scheme in {SIGV4, SIGV4A, *SCHEMES_OF_OTHERS}:
        return name
    if part.scheme in SCHEMES_OF_OTHERS:
        return f"{part.name} {_marked('credentials', part.text)}"
    whole = name + part.text
    return _marked("unknown scheme", whole) if whole else ""


def _redacted_token(text: str) -> str:
    token = text.strip()
    if not token or _MARKER.fullmatch(token):
        return text
    kind = read_api_key(token).kind
    named = "of unknown kind" if kind is ApiKeyKind.UNKNOWN else kind
    before, after = text[: text.index(token)], text[text.index(token) + len(token) :]
    return f"{before}<bearer {named}, {_characters(token)}>{after}"


def _redacted_field(name: str, value: str) -> str:
    if name == "Credential":
        return f"{name}={_redacted_credential(value)}"
    if name == "SignedHeaders":
        return f"{name}={value}"
    if name == "Signature":
        return f"{name}={_marked('signature', value)}"
    return _marked("part", f"{name}={value}" if name else value)


def _redacted_credential(value: str) -> str:
    key_id, slash, scope = value.partition("/")
    return shorten_key_id(key_id) + slash + scope if slash else _marked("credential", value)


def _redacted_parameter(part: str) -> str:
    name, equals, value = part.partition("=")
    if not value:
        return part
    lowered = percent_decoded(name).lower()
    if lowered == "x-amz-credential":
        return f"{name}{equals}{_redacted_credential(percent_decoded(value))}"
    what = _SECRET_PARAMETERS.get(lowered)
    return f"{name}{equals}{_marked(what, percent_decoded(value))}" if what else part
