"""Where botocore can be made wrong: the order of its chain, its signing, its sending."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock

import botocore.credentials
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, HeadersDict
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.httpsession import URLLib3Session
from botocore.signers import RequestSigner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.awsrequest import AWSRequest

    Send = Callable[[AWSPreparedRequest], Any]
    """Sends a request and returns botocore's response."""

TOKEN_VARIABLE = "AWS_BEARER_TOKEN_BEDROCK"  # the name of a variable
_TRACES = ("Authorization", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-SHA256")


class Signing:
    """One request in the act of being signed."""

    def __init__(
        self, signer: RequestSigner, operation: str, request: AWSRequest, sign: Callable[[], None]
    ) -> None:
        self._signer: Any = signer
        self.operation = operation
        self.request = request
        self.honestly = sign

    @property
    def service(self) -> str:
        """The service's id, `bedrock-runtime`."""
        return str(self._signer._service_id.hyphenize())

    @property
    def token(self) -> str:
        """The token of the environment, blank where there is none."""
        return os.environ.get(TOKEN_VARIABLE, "")

    @property
    def credentials(self) -> Credentials | None:
        """The IAM credential that botocore's chain found."""
        found: Credentials | None = self._signer._credentials
        return found

    @property
    def method(self) -> str | None:
        """How botocore's chain found it: `env`, `shared-credentials-file`, `explicit` …"""
        return getattr(self.credentials, "method", None)

    @property
    def is_bearer(self) -> bool:
        """Whether the request carries a token by now."""
        return str(self.request.headers.get("Authorization", "")).startswith("Bearer ")

    @property
    def attempt(self) -> int:
        """1 for a first request, 2 for its first retry."""
        return int(self.request.context["retries"]["attempt"])

    def header(self, name: str, value: str) -> None:
        """Set a header, in the place of one that is there."""
        del self.request.headers[name]
        self.request.headers[name] = value

    def unsigned(self) -> None:
        """Take off whatever authenticates the request."""
        for name in _TRACES:
            del self.request.headers[name]

    def by_token(self) -> None:
        """Authenticate by the token, whatever was there before."""
        self.unsigned()
        self.header("Authorization", f"Bearer {self.token}")

    def by_sigv4(self, credentials: Credentials | None = None) -> None:
        """Sign with SigV4, by the chain's credential unless another is given."""
        self.unsigned()
        keys = credentials or self.credentials
        assert keys is not None, "there is nothing to sign with"
        signer = SigV4Auth(keys, self._signer.signing_name, self._signer.region_name)
        signer.add_auth(self.request)


class Signer(SigV4Auth):
    """SigV4 with a seam for what it is made of: credential, service and Region."""

    def __init__(
        self, credentials: ReadOnlyCredentials | None, service_name: str, region_name: str
    ) -> None:
        keys = None
        if credentials is not None:
            assert credentials.access_key, "the chain gives whole credentials"
            assert credentials.secret_key, "the chain gives whole credentials"
            held = Credentials(credentials.access_key, credentials.secret_key, credentials.token)
            keys = self.keys(held)
        super().__init__(
            keys,  # type: ignore[arg-type] # botocore raises when it signs with None, not before
            self.service(service_name),
            self.region(region_name),
        )

    def keys(self, held: Credentials) -> Credentials:
        """The credential that signs."""
        return held

    def service(self, name: str) -> str:
        """The service of the scope."""
        return name

    def region(self, name: str) -> str:
        """The Region of the scope."""
        return name


@contextmanager
def signing(sign: Callable[[Signing], None]) -> Iterator[None]:
    """Let a function sign each request instead of botocore."""
    honest: Any = RequestSigner.sign

    def replaced(
        signer: RequestSigner, operation: str, request: AWSRequest, **options: object
    ) -> None:
        sign(
            Signing(
                signer,
                operation,
                request,
                lambda: honest(signer, operation, request, **options),
            )
        )

    with mock.patch.object(RequestSigner, "sign", replaced):
        yield


@contextmanager
def sending(send: Callable[[AWSPreparedRequest, Send], Any]) -> Iterator[None]:
    """Let a function send each signed request instead of botocore; metadata is left alone."""
    honest = URLLib3Session.send

    def replaced(session: URLLib3Session, request: AWSPreparedRequest) -> object:
        if not request.url.startswith("https:"):
            return honest(session, request)
        return send(request, lambda other: honest(session, other))

    with mock.patch.object(URLLib3Session, "send", replaced):
        yield


def copied(
    request: AWSPreparedRequest, *, url: str | None = None, **headers: str
) -> AWSPreparedRequest:
    """Copy a request with these headers alone; to another URL without its body."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return AWSPreparedRequest(
        request.method,
        url or request.url,
        HeadersDict(names),  # type: ignore[arg-type] # what botocore itself puts there
        None if url else request.body,
        stream_output=False,
    )


def is_bearer(request: AWSPreparedRequest) -> bool:
    """Whether a request carries a token, in whatever type botocore keeps its headers."""
    return "Bearer " in str(request.headers.get("Authorization"))


def body_of(request: AWSPreparedRequest) -> bytes:
    """The body of a request that is no stream."""
    assert isinstance(request.body, bytes | bytearray)
    return bytes(request.body)


def replace_body(request: AWSPreparedRequest, body: bytes) -> None:
    """Put another body into a request, with its length."""
    request.body = body
    del request.headers["Content-Length"]
    request.headers["Content-Length"] = str(len(body))


@contextmanager
def provider_first(lower: str, upper: str) -> Iterator[None]:
    """Put one provider of botocore's chain before another, by the names that botocore has."""
    honest: Any = botocore.credentials.create_credential_resolver

    def replaced(session: object, **options: object) -> object:
        resolver = honest(session, **options)
        providers = resolver.providers
        names = [provider.METHOD for provider in providers]
        moved = providers.pop(names.index(lower))
        providers.insert(names.index(upper), moved)
        return resolver

    with mock.patch.object(botocore.credentials, "create_credential_resolver", replaced):
        yield
