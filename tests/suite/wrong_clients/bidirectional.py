"""InvokeModelWithBidirectionalStream, which boto3 does not offer: a small client of its own."""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bedrock_authcheck.clients.contract import Call, CallResult, ClientSettings, Stage
from tests.suite.wrong_clients.registry import wrong_client
from tests.suite.wrong_clients.seams import TOKEN_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATH = "/model/simulated.model-v1:0/invoke-with-bidirectional-stream"
_LIMIT_1 = "limit::bedrock-runtime.InvokeModelWithBidirectionalStream"


class BidirectionalClient:
    """Posts to the operation's path: signed by the environment's keys, or not at all."""

    name = "bidirectional"
    version = "1"
    in_process = False

    def not_offered(self, call: Call, _: ClientSettings) -> str | None:
        """It offers this one operation."""
        offered = call.operation == "InvokeModelWithBidirectionalStream"
        return None if offered else f"no {call.operation}"

    def connect(self, *_: object) -> BidirectionalClient:
        """It keeps nothing between calls."""
        return self

    def prepare(self, _: Stage) -> None:
        """Nothing is made before a call."""

    def shown(self) -> Mapping[str, str]:
        """Nothing was made that could present itself."""
        return {}

    def close(self) -> None:
        """Nothing to close."""

    def call(self, _: Call) -> CallResult:
        """Post; an answer of any status is an answer."""
        url = os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] + _PATH
        headers = self.headers(url)
        if headers is None:
            return CallResult(ok=False, error_type="NoCredentials", error="no credentials")
        context = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])
        request = Request(url, b"", dict(headers))
        try:
            with urlopen(request, context=context) as answer:
                answer.read()
        except HTTPError as error:
            with error:
                return CallResult(ok=False, error_type=str(error.code), error=error.reason)
        return CallResult(ok=True)

    def headers(self, url: str) -> Mapping[str, str] | None:
        """The headers that authenticate; None where there is nothing to do it with."""
        if "AWS_ACCESS_KEY_ID" not in os.environ:
            return None
        credentials = Credentials(
            os.environ["AWS_ACCESS_KEY_ID"],
            os.environ["AWS_SECRET_ACCESS_KEY"],
            os.environ.get("AWS_SESSION_TOKEN"),
        )
        request = AWSRequest("POST", url, data=b"")
        SigV4Auth(credentials, "bedrock", os.environ["AWS_REGION"]).add_auth(request)
        return dict(request.headers.items())


@wrong_client(
    {
        f"{_LIMIT_1}-bearer": "LIMIT-1 LIMIT-5",
        f"{_LIMIT_1}-bearer+environment+shared": "LIMIT-1 LIMIT-4",
    },
    honest=BidirectionalClient,
)
class BidirectionalByToken(BidirectionalClient):
    """Opens a bidirectional stream with the token."""

    def headers(self, _: str) -> Mapping[str, str]:
        """The token, which the operation does not take."""
        return {"Authorization": f"Bearer {os.environ[TOKEN_VARIABLE]}"}


@wrong_client({f"{_LIMIT_1}-bearer+environment+shared": "LIMIT-1"}, honest=BidirectionalClient)
class BidirectionalWithTokenBeside(BidirectionalClient):
    """Signs a bidirectional stream, and sends the token beside the signature."""

    def headers(self, url: str) -> Mapping[str, str]:
        """The signature and the token."""
        return {**(super().headers(url) or {}), "X-Api-Key": os.environ[TOKEN_VARIABLE]}
