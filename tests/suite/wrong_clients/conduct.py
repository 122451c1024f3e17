"""What a client does beside its request: other requests, other hosts, its error's text."""

from __future__ import annotations

import base64
import os
import socket
from contextlib import suppress
from threading import Timer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bedrock_authcheck.clients.contract import Call, CallResult, Stage
from tests.suite.wrong_clients.registry import wrong_client, wrong_sending
from tests.suite.wrong_clients.seams import TOKEN_VARIABLE, copied, is_bearer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.awsrequest import AWSPreparedRequest

    from tests.suite.wrong_clients.seams import Send


@wrong_sending(
    {
        "chain::bearer-converse": "CHAIN-1",
        "chain::environment-list-foundation-models": "CHAIN-1",
        "limit::bedrock-runtime.CountTokens-bearer": "LIMIT-8",
        "limit::bedrock-agent.ListAgents-bearer+environment+shared": "LIMIT-4",
    }
)
def tries_unsigned_first(request: AWSPreparedRequest, send: Send) -> object:
    """Sends the request unsigned before it sends the right one."""
    send(copied(request, Content_Type="application/json"))
    return send(request)


@wrong_sending({"chain::bearer-converse": "CHAIN-1", "chain::shared-converse-stream": "CHAIN-1"})
def sends_unsigned_after(request: AWSPreparedRequest, send: Send) -> object:
    """Sends the request once more, unsigned, beside the right one."""
    answer = send(request)
    send(copied(request, Content_Type="application/json"))
    return answer


@wrong_sending(
    {
        "chain::bearer-converse": "CHAIN-1",
        "auth::shared-plain-then-streams": "CHAIN-1",
        "limit::bedrock-agent.ListAgents-bearer+environment+shared": "LIMIT-4",
    }
)
def sends_unsigned_in_the_background(request: AWSPreparedRequest, send: Send) -> object:
    """Sends the request once more, unsigned, when the call has returned."""
    again = copied(request, Content_Type="application/json")
    Timer(0.05, send, [again]).start()
    return send(request)


@wrong_sending(
    {
        "limit::bedrock-agent.ListAgents-bearer+environment+shared": "LIMIT-2",
        "limit::s3.ListBuckets-bearer+environment+shared": "LIMIT-6",
    }
)
def token_in_the_background(request: AWSPreparedRequest, send: Send) -> object:
    """Sends the right request, and the token to SageMaker when the call has returned."""
    url = f"{os.environ['AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME']}/ping"
    other = copied(request, url=url, X_Api_Key=os.environ[TOKEN_VARIABLE])
    Timer(0.05, send, [other]).start()
    return send(request)


@wrong_sending(
    {
        "chain::bearer-converse": "CHAIN-1",
        "limit::bedrock-runtime.CountTokens-bearer+environment+shared": "LIMIT-8",
    }
)
def token_to_another_service(request: AWSPreparedRequest, send: Send) -> object:
    """Sends the right request, and asks STS who it is with the same token."""
    answer = send(request)
    if is_bearer(request):
        sts = copied(
            request,
            url=f"{os.environ['AWS_ENDPOINT_URL_STS']}/?Action=GetCallerIdentity",
            Authorization=f"Bearer {os.environ[TOKEN_VARIABLE]}",
        )
        send(sts)
    return answer


@wrong_sending(
    {
        "limit::bedrock-agent.ListAgents-bearer+environment+shared": "LIMIT-2",
        "limit::s3.ListBuckets-bearer+environment+shared": "LIMIT-6",
        "preference::sigv4-by-signature-version-bearer+environment-converse": "PREF-1",
    }
)
def token_to_sagemaker(request: AWSPreparedRequest, send: Send) -> object:
    """Sends the right request, and the token to SageMaker in X-Api-Key."""
    answer = send(request)
    other = copied(
        request,
        url=f"{os.environ['AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME']}/ping",
        X_Api_Key=os.environ[TOKEN_VARIABLE],
    )
    send(other)
    return answer


@wrong_sending(
    {
        "chain::bearer-converse": "CHAIN-1",
        "chain::environment-converse": "CHAIN-1",
        "limit::bedrock.ListFoundationModels-bearer": "LIMIT-8",
    }
)
def host_of_aws(request: AWSPreparedRequest, send: Send) -> object:
    """Goes to the host of AWS, whatever endpoint is set."""
    parts = urlsplit(request.url)
    request.url = parts._replace(netloc="bedrock-runtime.eu-central-1.amazonaws.com").geturl()
    return send(request)


@wrong_sending(
    {
        "chain::bearer-converse": "CHAIN-1",
        "limit::bedrock-agent.ListAgents-bearer+environment+shared": "LIMIT-4",
        "preference::anonymous-none-converse": "PREF-3",
    }
)
def telemetry(request: AWSPreparedRequest, send: Send) -> object:
    """Sends the right request, and reports it to a host of its maker."""
    answer = send(request)
    with suppress(Exception):
        socket.create_connection(("telemetry.example.com", 443), timeout=1).close()
    return answer


class _Quiet:
    """A client that sends nothing; what it says is its subclasses'."""

    name = "quiet"
    in_process = False
    version = "1"

    def not_offered(self, *_: object) -> None:
        """It offers everything."""

    def connect(self, *_: object) -> _Quiet:
        return self

    def call(self, _: Call) -> CallResult:
        return self.says()

    def says(self) -> CallResult:
        raise NotImplementedError

    def prepare(self, _: Stage) -> None:
        """Nothing is made before a call."""

    def shown(self) -> Mapping[str, str]:
        """Nothing was made that could present itself."""
        return {}

    def close(self) -> None:
        """Nothing to close."""


_REFUSED = {
    "chain::none-converse": "CHAIN-2",
    "limit::bedrock-agent.ListAgents-bearer": "LIMIT-5",
    "limit::sts.GetCallerIdentity-bearer": "CHAIN-2",
}


@wrong_client(
    {
        **_REFUSED,
        "chain::bearer-converse": "CHAIN-1",
        "limit::bedrock.ListFoundationModels-bearer": "LIMIT-8",
        "preference::anonymous-bearer-converse": "PREF-3",
        "auth::bearer-pages": "CHAIN-1",
        "token::space-before-converse": "TOKEN-2",
        "token::blank-empty+none-converse": "TOKEN-1",
        "chain::environment-without-secret-converse": "CHAIN-4",
    }
)
class SucceedsWithoutARequest(_Quiet):
    """Sends nothing and reports success."""

    def says(self) -> CallResult:
        return CallResult(ok=True)


@wrong_client(_REFUSED)
class FailsWithoutAWord(_Quiet):
    """Fails with an error that says nothing."""

    def says(self) -> CallResult:
        return CallResult(ok=False, error_type="Error", error=" \n")


_TOLD = {"limit::bedrock-agent.ListAgents-bearer": "LIMIT-5"}


@wrong_client(_TOLD)
class TellsTheToken(_Quiet):
    """Fails with an error that holds the token."""

    def says(self) -> CallResult:
        text = f"cannot use {os.environ[TOKEN_VARIABLE]} here"
        return CallResult(ok=False, error_type="Error", error=text)


@wrong_client(_TOLD)
class TellsTheTokenInBase64(_Quiet):
    """Fails with an error that holds the token in base64."""

    def says(self) -> CallResult:
        token = base64.b64encode(f"key {os.environ[TOKEN_VARIABLE]}".encode()).decode()
        return CallResult(ok=False, error_type="Error", error=f"cannot use {token} here")


@wrong_client(_TOLD)
class TellsTheTokenInItsType(_Quiet):
    """Fails with an error whose type is named after the token."""

    def says(self) -> CallResult:
        return CallResult(ok=False, error_type=os.environ[TOKEN_VARIABLE], error="no")


@wrong_client({"chain::environment-without-key-id-converse": "CHAIN-4"})
class TellsTheSecret(_Quiet):
    """Fails with an error that holds the secret of a half level."""

    def says(self) -> CallResult:
        text = f"no key id for {os.environ['AWS_SECRET_ACCESS_KEY']}"
        return CallResult(ok=False, error_type="Error", error=text)


@wrong_client({**_REFUSED, "chain::bearer-converse": "CHAIN-1"})
class GivesUp(_Quiet):
    """Tries to reach AWS without the endpoint, then fails with a clear error."""

    def says(self) -> CallResult:
        try:
            socket.create_connection(("bedrock.eu-central-1.amazonaws.com", 443), timeout=1)
        except (OSError, RuntimeError) as error:
            return CallResult(ok=False, error_type="Error", error=str(error))
        return CallResult(ok=True)
