"""Requests signed by botocore and by the CRT, as a server would receive them."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING
from unittest.mock import patch

import botocore.auth
from awscrt.auth import (  # type: ignore[import-untyped]  # ships no types
    AwsCredentialsProvider,
    AwsSignatureType,
    AwsSignedBodyHeaderType,
    AwsSigningConfig,
    aws_sign_request,
)
from awscrt.http import (  # type: ignore[import-untyped]  # ships no types
    HttpHeaders,
    HttpRequest,
)
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bedrock_authcheck.model import AwsCredential, CredentialSource, Exchange, SignatureCheck
from bedrock_authcheck.wire.evidence import read_evidence
from bedrock_authcheck.wire.sigv4 import verify

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
HOST = "bedrock-runtime.us-east-1.amazonaws.com"
REGION = "us-east-1"

SHARED = AwsCredential(CredentialSource.SHARED, "AKIAFAKE9999L4SHARED", "fake/secret+of=shared")
INSTANCE = AwsCredential(
    CredentialSource.INSTANCE, "ASIAFAKE9999INSTANCE", "fake/secret+of=instance", "FAKE/sess+ion=="
)
CONTAINER = AwsCredential(
    CredentialSource.CONTAINER, "ASIAFAKE999CONTAINER", "fake/secret+of=container", "FAKE/other=="
)


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A request before it is signed; the host is not among its headers."""

    method: str = "POST"
    target: str = "/model/anthropic.claude-v2%3A1/converse"
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    body: bytes = b'{"messages": []}'


def signed_by_botocore(
    request: Unsigned,
    credential: AwsCredential,
    *,
    auth: type[SigV4Auth] = SigV4Auth,
    service: str = "bedrock",
    region: str = REGION,
    when: datetime = NOW,
) -> Exchange:
    """Sign as botocore does, in headers or, with a query signer, in the query."""
    query = issubclass(auth, SigV4QueryAuth)
    aws_request = AWSRequest(
        request.method, f"https://{HOST}{request.target}", data=b"" if query else request.body
    )
    for name, value in request.headers:
        aws_request.headers[name] = value
    keys = Credentials(credential.key_id, credential.secret, credential.session_token)
    with clock_of_botocore(when.replace(tzinfo=None)):
        auth(keys, service, region).add_auth(aws_request)
    return Exchange(
        service,
        request.method,
        str(aws_request.url).removeprefix(f"https://{HOST}"),
        (("Host", HOST), *aws_request.headers.items()),
        b"" if query else request.body,
    )


def clock_of_botocore(now: datetime) -> AbstractContextManager[object]:
    """Set the clock that botocore signs by; releases before 1.40 ask `datetime` itself."""
    if hasattr(botocore.auth, "get_current_datetime"):
        return patch("botocore.auth.get_current_datetime", return_value=now)
    clock = SimpleNamespace(utcnow=lambda: now, strptime=datetime.strptime)
    return patch("botocore.auth.datetime", SimpleNamespace(datetime=clock))


def signed_by_crt(
    request: Unsigned,
    credential: AwsCredential,
    *,
    query: bool = False,
    service: str = "bedrock",
    payload_hash_header: bool = False,
    normalise: bool | None = None,
    encode_twice: bool | None = None,
) -> Exchange:
    """Sign as the AWS Common Runtime does; the path as `service` has it unless told."""
    usual = service != "s3"
    http_request = HttpRequest(
        request.method,
        request.target,
        HttpHeaders([("Host", HOST), *request.headers]),
        io.BytesIO(request.body),
    )
    config = AwsSigningConfig(
        signature_type=AwsSignatureType.HTTP_REQUEST_QUERY_PARAMS
        if query
        else AwsSignatureType.HTTP_REQUEST_HEADERS,
        credentials_provider=AwsCredentialsProvider.new_static(
            credential.key_id, credential.secret, credential.session_token
        ),
        region=REGION,
        service=service,
        date=NOW,
        use_double_uri_encode=usual if encode_twice is None else encode_twice,
        should_normalize_uri_path=usual if normalise is None else normalise,
        signed_body_value="UNSIGNED-PAYLOAD" if query and not usual else None,
        signed_body_header_type=AwsSignedBodyHeaderType.X_AMZ_CONTENT_SHA_256
        if payload_hash_header
        else AwsSignedBodyHeaderType.NONE,
        expiration_in_seconds=900 if query else None,
    )
    signed = aws_sign_request(http_request, config).result(timeout=30)
    return Exchange(service, request.method, signed.path, tuple(signed.headers), request.body)


def checked(
    exchange: Exchange,
    credential: AwsCredential,
    *,
    service: str = "bedrock",
    region: str = REGION,
    now: datetime = NOW,
    others: Iterable[AwsCredential] = (SHARED, INSTANCE, CONTAINER),
) -> SignatureCheck:
    """Read and verify an exchange."""
    return verify(
        exchange,
        read_evidence(exchange),
        credential,
        region=region,
        service=service,
        now=now,
        others=others,
    )


def with_header(exchange: Exchange, name: str, value: str | None) -> Exchange:
    """Replace all values of a header, or leave it out."""
    kept = tuple((n, v) for n, v in exchange.headers if n.lower() != name.lower())
    return replace(exchange, headers=kept if value is None else (*kept, (name, value)))
