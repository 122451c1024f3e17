"""Mantle, which boto3 does not offer: a small client of its own, and what it may do wrong."""

from __future__ import annotations

import json
import os
import ssl
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from bedrock_authcheck.clients.contract import Call, CallResult, ClientSettings, Stage
from bedrock_authcheck.model import AwsCredential, CredentialSource
from tests.simulated import sigv4_headers
from tests.suite.wrong_clients.registry import wrong_client
from tests.suite.wrong_clients.seams import TOKEN_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

_CHAT = "/openai/v1/chat/completions"
_PATHS = {"ChatCompletions": _CHAT, "Messages": "/anthropic/v1/messages"}


class MantleClient:
    """Asks Mantle by the token of the environment, else by its keys."""

    name = "mantle"
    version = "1"
    in_process = False
    service = "bedrock-mantle"  # what its signatures name

    def not_offered(self, call: Call, _: ClientSettings) -> str | None:
        """It offers what it has paths for."""
        return None if call.operation in _PATHS else f"no {call.operation}"

    def connect(self, *_: object) -> MantleClient:
        """It keeps nothing between calls."""
        return self

    def prepare(self, _: Stage) -> None:
        """Nothing is made before a call."""

    def shown(self) -> Mapping[str, str]:
        """Nothing was made that could present itself."""
        return {}

    def close(self) -> None:
        """Nothing to close."""

    def call(self, call: Call) -> CallResult:
        """Post the parameters as they are, and read the answer to its end."""
        url = os.environ["AWS_ENDPOINT_URL_BEDROCK_MANTLE"] + _PATHS[call.operation]
        body = json.dumps(call.parameters).encode()
        headers = self.headers(url, body)
        if headers is None:
            return CallResult(ok=False, error_type="NoCredentials", error="no credentials")
        return self.sent(url, body, headers)

    def sent(self, url: str, body: bytes, headers: Mapping[str, str]) -> CallResult:
        """Send; an answer of any status is an answer."""
        context = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])
        try:
            with urlopen(Request(url, body, dict(headers)), context=context) as answer:
                answer.read()
        except HTTPError as error:
            with error:
                return CallResult(ok=False, error_type=str(error.code), error=error.reason)
        return CallResult(ok=True)

    def headers(self, url: str, body: bytes) -> Mapping[str, str] | None:
        """The headers that authenticate; None where there is nothing to do it with."""
        if token := os.environ.get(TOKEN_VARIABLE, "").strip():
            return {"Authorization": f"Bearer {token}"}
        return self.signed(url, body) if "AWS_ACCESS_KEY_ID" in os.environ else None

    def signed(self, url: str, body: bytes) -> Mapping[str, str]:
        """The headers of a signature by the environment's keys."""
        credential = AwsCredential(
            CredentialSource.ENVIRONMENT,
            os.environ["AWS_ACCESS_KEY_ID"],
            os.environ["AWS_SECRET_ACCESS_KEY"],
            os.environ.get("AWS_SESSION_TOKEN"),
        )
        parts = urlsplit(url)
        region = os.environ["AWS_REGION"]
        return sigv4_headers(
            credential, parts.netloc, parts.path, body=body, service=self.service, region=region
        )


@wrong_client({"mantle::environment-chat": "AUTH-4"}, honest=MantleClient)
class MantleScopedToRuntime(MantleClient):
    """Signs a request to Mantle for a service that is called `bedrock-runtime`."""

    service = "bedrock-runtime"


@wrong_client({"mantle::bearer-messages": "AUTH-1"}, honest=MantleClient)
class MantleKeyInTwoHeaders(MantleClient):
    """Sends the token in Authorization and in X-Api-Key at once."""

    def headers(self, url: str, body: bytes) -> Mapping[str, str] | None:
        """Both ways that the Messages API is documented with."""
        headers = super().headers(url, body)
        return headers and {**headers, "X-Api-Key": os.environ[TOKEN_VARIABLE]}


@wrong_client({"mantle::bearer+environment-chat": "CHAIN-1"}, honest=MantleClient)
class MantleByKeysFirst(MantleClient):
    """Signs by the environment's keys where the token is there too."""

    def headers(self, url: str, body: bytes) -> Mapping[str, str] | None:
        """The keys, whatever else there is."""
        return self.signed(url, body)


@wrong_client({"mantle::none-chat": "CHAIN-2"}, honest=MantleClient)
class MantleUnsigned(MantleClient):
    """Asks without any credential where there is none."""

    def headers(self, *_: object) -> Mapping[str, str]:
        """Nothing that authenticates."""
        return {"Content-Type": "application/json"}


@wrong_client({"mantle::key-expired-bearer+environment-chat": "TOKEN-13"}, honest=MantleClient)
class MantleFallsBack(MantleClient):
    """Signs by the environment's keys once Mantle has rejected the token with its 401."""

    def sent(self, url: str, body: bytes, headers: Mapping[str, str]) -> CallResult:
        """Once more, by the keys."""
        result = super().sent(url, body, headers)
        return result if result.ok else super().sent(url, body, self.signed(url, body))


@wrong_client({"mantle::blank-spaces-messages": "TOKEN-1"}, honest=MantleClient)
class MantleBlankToken(MantleClient):
    """Sends a blank token to Mantle."""

    def headers(self, *_: object) -> Mapping[str, str]:
        """Whatever the variable holds."""
        return {"Authorization": f"Bearer {os.environ[TOKEN_VARIABLE]}"}
