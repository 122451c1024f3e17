"""What tests of several rooms share: the running services, and requests signed by hand."""

from __future__ import annotations

import gc
import hashlib
import http.client
import ssl
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from bedrock_authcheck.environments.canaries import canary
from bedrock_authcheck.model import AwsCredential, BearerToken, CredentialScope, Exchange
from bedrock_authcheck.services.endpoint import running
from bedrock_authcheck.wire.canonical import canonical_request
from bedrock_authcheck.wire.sigv4 import ALGORITHM, scope_text, sign
from bedrock_authcheck.wire.sigv4_fields import TIMESTAMP_FORMAT
from tests.services.recorder import PATIENCE, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bedrock_authcheck.model import CredentialSource
    from bedrock_authcheck.services.endpoint import Endpoint
    from bedrock_authcheck.services.loop import BackgroundLoop

REGION = "eu-central-1"
_LOOKS_WITHOUT_COLLECTING = 50  # it takes as long as that many looks
CONVERSE = "/model/simulated.model-v1%3A0/converse"


@dataclass(frozen=True, slots=True)
class Services:
    """The loop and the endpoint that many tests use in turn."""

    loop: BackgroundLoop
    endpoint: Endpoint

    def settle(self, *, collected: bool = True) -> None:
        """Wait until the endpoint has noticed that its clients have left.

        Unless `collected`, those alone leave that were closed on purpose.
        """
        listeners = [x for started in self.endpoint._listeners.values() for x in started.values()]
        looks = count()

        def settled() -> bool:
            # urllib3 closes a pool when it is collected, and a traceback may hold one.
            if collected and next(looks) == _LOOKS_WITHOUT_COLLECTING:
                gc.collect()
            return not any(listener._conversations for listener in listeners)

        wait_until(settled)

    def host(self, service: str = "bedrock-runtime") -> str:
        """Host and port of a service over TLS."""
        return urlsplit(self.endpoint.urls()[service]).netloc

    def post(
        self,
        headers: Mapping[str, str],
        target: str = CONVERSE,
        *,
        service: str = "bedrock-runtime",
        method: str = "POST",
    ) -> Response:
        """Send one request to a service, by POST unless told otherwise."""
        url, bundle = self.endpoint.urls()[service], self.endpoint.ca_bundle
        return send(url, target, headers, ca=bundle, method=method)


@pytest.fixture(scope="session")
def running_services() -> Iterator[Services]:
    """One endpoint for all tests of the session."""
    with running() as (loop, endpoint):
        yield Services(loop, endpoint)


@pytest.fixture
def services(running_services: Services) -> Iterator[Services]:
    """The endpoint for one test, which opens a ledger of its own and closes its clients."""
    yield running_services
    running_services.settle()


@dataclass(frozen=True, slots=True)
class Response:
    """What came back to a raw request."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def send(
    url: str,
    target: str,
    headers: Mapping[str, str],
    *,
    ca: object = None,
    method: str = "POST",
    body: bytes = b"",
) -> Response:
    """Send one request as it is, over TLS where the URL says so."""
    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port)
    client = (
        http.client.HTTPSConnection(
            *address, timeout=PATIENCE, context=ssl.create_default_context(cafile=str(ca))
        )
        if parts.scheme == "https"
        else http.client.HTTPConnection(*address, timeout=PATIENCE)
    )
    with closing(client):
        client.request(method, target, body or None, dict(headers))
        answer = client.getresponse()
        content = answer.read()
        lowered = {name.lower(): value for name, value in answer.getheaders()}
        return Response(answer.status, lowered, content)


def aws_canary(source: CredentialSource, *, temporary: bool | None = None) -> AwsCredential:
    """Make a fresh fake IAM credential."""
    credential = canary(source, temporary=temporary)
    assert isinstance(credential, AwsCredential)
    return credential


def token_canary(source: CredentialSource) -> BearerToken:
    """Make a fresh fake token."""
    credential = canary(source)
    assert isinstance(credential, BearerToken)
    return credential


def sigv4_headers(
    credential: AwsCredential,
    host: str,
    target: str = CONVERSE,
    *,
    method: str = "POST",
    body: bytes = b"",
    service: str = "bedrock",
    region: str = REGION,
    when: datetime | None = None,
    payload_hash: str | None = None,
) -> dict[str, str]:
    """Sign a request and return its headers, without Host."""
    amz_date = (when or datetime.now(UTC)).strftime(TIMESTAMP_FORMAT)
    scope = CredentialScope(amz_date[:8], region, service)
    payload_hash = payload_hash or hashlib.sha256(body).hexdigest()
    headers = {"X-Amz-Date": amz_date, "X-Amz-Content-Sha256": payload_hash}
    if credential.session_token is not None:
        headers["X-Amz-Security-Token"] = credential.session_token
    names = tuple(sorted({"host", *(name.lower() for name in headers)}))
    exchange = Exchange(service, method, target, (("Host", host), *headers.items()), body)
    canonical = canonical_request(
        exchange, service=service, signed_headers=names, payload_hash=payload_hash
    )
    signature = sign(canonical, credential.secret, scope=scope, amz_date=amz_date)
    headers["Authorization"] = (
        f"{ALGORITHM} Credential={credential.key_id}/{scope_text(scope)}, "
        f"SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    return headers


_HOST = "127.0.0.1:443"


def received(
    headers: Mapping[str, str] | tuple[tuple[str, str], ...] = (),
    *,
    service: str = "bedrock-runtime",
    target: str = CONVERSE,
    number: int = 1,
    body: bytes = b"",
    raw_head: bytes = b"",
) -> Exchange:
    """Build an exchange as the endpoint would have received it, just now."""
    pairs = tuple(headers.items()) if not isinstance(headers, tuple) else headers
    return Exchange(
        service,
        "POST",
        target,
        (("Host", _HOST), *pairs),
        body,
        authority=_HOST,
        tls="TLSv1.3",
        received_at=datetime.now(UTC),
        raw_head=raw_head,
        number=number,
        status=200,
    )


def received_from(credential: AwsCredential | BearerToken, **changes: object) -> Exchange:
    """Build an exchange that a credential authenticates rightly; then change it."""
    if isinstance(credential, BearerToken):
        headers = {"Authorization": f"Bearer {credential.value}"}
    else:
        headers = sigv4_headers(credential, _HOST)
    return replace(received(headers), **changes)  # type: ignore[arg-type] # fields of Exchange
