"""Requests as a server received them, and values of their Authorization header."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from hypothesis import strategies as st

from bedrock_authcheck.model import (
    AwsCredential,
    BearerToken,
    Credential,
    CredentialScope,
    Exchange,
)
from bedrock_authcheck.strategies.awkward import model_ids
from bedrock_authcheck.strategies.chain import REGIONS, credentials, moments
from bedrock_authcheck.wire.canonical import canonical_request
from bedrock_authcheck.wire.sigv4 import ALGORITHM, scope_text, sign
from bedrock_authcheck.wire.sigv4_fields import TIMESTAMP_FORMAT

if TYPE_CHECKING:
    from datetime import datetime

    from hypothesis.strategies import DrawFn, SearchStrategy

_LATIN_1: Final = st.text(st.characters(max_codepoint=0xFF), max_size=20)
_HEADER_NAMES: Final = (
    *("Authorization", "authorization", "Date", "Host", "X-Amz-Date", "X-Amz-Security-Token"),
    *("X-Amz-Content-Sha256", "X-Amz-Meta", "Proxy-Authorization", "X-Api-Key"),
)
_DATE: Final = "20260304T050607Z"
_CREDENTIAL: Final = "AKIA0FAKE9999L4SHARED/20260304/us-east-1/bedrock/aws4_request"
_PIECES: Final = (
    *("Bearer", "bearer", "Basic", "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
    *(" ", ", ", "/", ";", "=", "&", "%", "\r\n ", "\ud800", "…", "ABSK", "bedrock-api-key-"),
    *("Credential=", "SignedHeaders=host", f"Signature={'0123456789abcdef' * 4}", _CREDENTIAL),
    *("X-Amz-Algorithm=AWS4-HMAC-SHA256", f"X-Amz-Date={_DATE}", "X-Amz-Expires=900"),
)
_INCOMPLETE: Final = (
    *(
        "",
        " ",
        ",",
        "Bearer",
        "Bearer ",
        "Bearer  ",
        "Bearer \t",
        "Bearer,",
        "bearer\r\n x",
        "Basic ",
    ),
    *("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 ,", f"AWS4-HMAC-SHA256 Credential={_CREDENTIAL}"),
)
_CONVERSE: Final = b'{"messages": [{"role": "user", "content": [{"text": "hello"}]}]}'


def authorizations() -> SearchStrategy[str]:
    """Draw values of an Authorization header, as a server decodes them: right ones and wrong ones.

    Bearer and SigV4 as they should be, in pieces, joined by commas, and arbitrary text.

    For example:

        @given(authorizations())
        def test_my_proxy_never_raises(value):
            assert my_proxy.scheme_of(value) in {"bearer", "sigv4", None}
    """
    authenticated = credentials().flatmap(_authenticated)
    right = authenticated.map(lambda exchange: exchange.header_values("Authorization")[0])
    wrong = st.sampled_from(_INCOMPLETE) | _texts()
    joined = st.tuples(right | wrong, right | wrong).map(", ".join)
    return st.one_of(right, wrong, joined)


def exchanges(by: Credential | None = None) -> SearchStrategy[Exchange]:
    """Draw requests as a server received them.

    With a credential: well-formed requests of Amazon Bedrock that it authenticates, whose
    SigV4 signature verifies at `received_at`. Without: such requests of any credential, and
    arbitrary ones, in which any part may hold anything.

    For example:

        @given(exchanges())
        def test_my_reader_takes_anything(exchange):
            my_reader(exchange.method, exchange.target, exchange.headers)
    """
    if by is not None:
        return _authenticated(by)
    return credentials().flatmap(_authenticated) | _arbitrary_exchanges()


@st.composite
def _authenticated(draw: DrawFn, credential: Credential) -> Exchange:
    region, when = draw(st.sampled_from(REGIONS)), draw(moments())
    host = f"bedrock-runtime.{region}.amazonaws.com"
    method, target, body = draw(_requests())
    exchange = Exchange(
        "bedrock-runtime",
        method,
        target,
        (("Host", host), ("Content-Type", "application/json"), ("User-Agent", "strategies/1")),
        body,
        authority=host,
        tls="TLSv1.3",
        received_at=when,
    )
    headers = (
        (("Authorization", f"Bearer {credential.value}"),)
        if isinstance(credential, BearerToken)
        else _signed(exchange, credential, region, when)
    )
    return replace(exchange, headers=(*exchange.headers, *headers))


def _requests() -> SearchStrategy[tuple[str, str, bytes]]:
    encoded = model_ids().filter(_is_utf_8).map(lambda text: quote(text, safe="-._~"))
    operations = st.sampled_from(["converse", "converse-stream", "invoke"])
    paths = st.tuples(encoded.filter(bool), operations)
    posts = st.tuples(st.just("POST"), paths.map("/model/{0[0]}/{0[1]}".format), _bodies())
    lists = st.sampled_from(["/foundation-models", "/inference-profiles?maxResults=10"])
    return posts | st.tuples(st.just("GET"), lists, st.just(b""))


def _bodies() -> SearchStrategy[bytes]:
    return st.just(_CONVERSE) | st.binary(max_size=40)


def _is_utf_8(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _signed(
    exchange: Exchange, credential: AwsCredential, region: str, when: datetime
) -> tuple[tuple[str, str], ...]:
    """Sign a request; return the headers that this adds."""
    amz_date = when.strftime(TIMESTAMP_FORMAT)
    headers = [("X-Amz-Date", amz_date)]
    if credential.session_token is not None:
        headers.append(("X-Amz-Security-Token", credential.session_token))
    names = tuple(sorted({"content-type", "host", *(name.lower() for name, _ in headers)}))
    scope = CredentialScope(amz_date[:8], region, "bedrock")
    canonical = canonical_request(
        replace(exchange, headers=(*exchange.headers, *headers)),
        service=scope.service,
        signed_headers=names,
        payload_hash=sha256(exchange.body).hexdigest(),
    )
    signature = sign(canonical, credential.secret, scope=scope, amz_date=amz_date)
    value = (
        f"{ALGORITHM} Credential={credential.key_id}/{scope_text(scope)}, "
        f"SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    return (*headers, ("Authorization", value))


def _texts() -> SearchStrategy[str]:
    return st.lists(st.sampled_from(_PIECES) | _LATIN_1, max_size=12).map("".join)


def _arbitrary_exchanges() -> SearchStrategy[Exchange]:
    names = st.sampled_from(_HEADER_NAMES) | _LATIN_1
    heads = _LATIN_1.map(lambda text: b"GET / HTTP/1.1\r\nAuthorization: " + text.encode("latin-1"))
    return st.builds(
        Exchange,
        st.just("bedrock"),
        _LATIN_1,
        _texts() | st.builds("/{}?{}".format, _texts(), _texts()),
        st.lists(st.tuples(names, _texts()), max_size=6).map(tuple),
        st.binary(max_size=20),
        _LATIN_1,
        st.sampled_from(["HTTP/1.1", "HTTP/2", ""]),
        raw_head=st.binary(max_size=60) | heads,
    )
