"""What lies below a usable token, looked at all the same."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from unittest import mock

import botocore.session
from botocore.credentials import AssumeRoleCredentialFetcher, ProcessProvider
from botocore.exceptions import ClientError, CredentialRetrievalError, NoCredentialsError

from bedrock_authcheck.clients.boto3 import Boto3Client, Boto3Connection
from bedrock_authcheck.environments.network import OtherHostError
from tests.suite.wrong_clients.registry import wrong, wrong_client, wrong_sending, wrong_signing
from tests.suite.wrong_clients.seams import TOKEN_VARIABLE, copied

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.awsrequest import AWSPreparedRequest

    from bedrock_authcheck.clients.contract import Call, CallResult, ClientSettings
    from tests.suite.wrong_clients.seams import Send, Signing


class _TokenAloneConnection(Boto3Connection):
    def call(self, call: Call) -> CallResult:
        if TOKEN_VARIABLE not in os.environ:
            return super().call(call)
        session = botocore.session.Session
        with mock.patch.object(session, "get_credentials", return_value=None):
            return super().call(call)


class TokenAlone(Boto3Client):
    """The right counterpart: boto3 that looks for no IAM credentials where it holds a token."""

    name = "token-alone"

    def connect(self, service: str, settings: ClientSettings) -> Boto3Connection:
        return _TokenAloneConnection(service, settings)


@wrong_client(
    {
        "broken::bearer+process-failing-converse": "CHAIN-5",
        "broken::bearer+process-malformed-converse": "CHAIN-5",
        "broken::bearer+process-without-secret-converse": "CHAIN-5",
        "broken::bearer+environment-without-secret-converse": "CHAIN-5",
        "broken::bearer+container-malformed-converse": "CHAIN-5 CHAIN-6",
        "broken::bearer+container-failing-converse": "CHAIN-5 CHAIN-6",
        "broken::bearer+container-refusing-converse": "CHAIN-5",
        "broken::bearer+instance-without-role-converse": "CHAIN-6",
        "broken::bearer+instance-converse": "CHAIN-6",
        "broken::bearer+container-converse-stream": "CHAIN-6",
        "broken::bearer-converse": "CHAIN-6",
    },
    honest=TokenAlone,
)
class LooksBelowTheToken(Boto3Client):
    """Looks for IAM credentials when it is built, whether it holds a token or not."""

    name = "looks-below-the-token"


@wrong({"broken::bearer+process-hanging-converse": "CHAIN-5"})
def waits_for_what_hangs() -> Iterator[None]:
    """Goes on with the token where a credential process fails, and waits for one that hangs."""
    honest = ProcessProvider.load

    def load(provider: Any) -> object:  # noqa: ANN401 - a part of botocore
        with suppress(CredentialRetrievalError):
            return honest(provider)
        return None

    with mock.patch.object(ProcessProvider, "load", load):
        yield


@wrong_signing(
    {
        "broken::bearer+shared-unreadable-converse": "CHAIN-5",
        "broken::bearer+instance-refusing-converse": "CHAIN-5",
        "broken::bearer+instance-malformed-converse": "CHAIN-5",
    },
    spared=("chain::bearer+shared-converse", "chain::environment-converse"),
)
def insists_on_iam(act: Signing) -> None:
    """Wants IAM credentials to be there before it sends the token."""
    if act.credentials is None:
        raise NoCredentialsError
    act.honestly()


@wrong_sending(
    {
        "broken::bearer+shared-unreadable-converse": "CHAIN-6",
        "broken::bearer+environment-without-key-id-converse": "CHAIN-6",
    }
)
def asks_sts_who_it_is(request: AWSPreparedRequest, send: Send) -> object:
    """Asks the token service who it is, before each call."""
    send(copied(request, url=f"{os.environ['AWS_ENDPOINT_URL_STS']}/?Action=GetCallerIdentity"))
    return send(request)


@wrong_sending({"broken::bearer+config-unreadable-converse": "CHAIN-6"})
def knocks_at_metadata(request: AWSPreparedRequest, send: Send) -> object:
    """Tries the address of instance metadata before each call, and goes on when it fails."""
    with suppress(OtherHostError):  # no connection is made
        HTTPConnection("169.254.169.254", timeout=1).request("GET", "/latest/meta-data/")
    return send(request)


@wrong(
    {"broken::role-failing-converse": "CHAIN-4"},
    spared=("variant::role-converse", "broken::bearer+role-failing-converse"),
)
def source_signs_for_the_role() -> Iterator[None]:
    """Signs with the keys that may assume a role where the role is refused."""
    fetching: Any = AssumeRoleCredentialFetcher
    honest = fetching._get_credentials

    def by_the_source(fetcher: Any) -> object:  # noqa: ANN401 - private parts of botocore
        try:
            return honest(fetcher)
        except ClientError:
            keys = fetcher._source_credentials.get_frozen_credentials()
            given = {
                "AccessKeyId": keys.access_key,
                "SecretAccessKey": keys.secret_key,
                "SessionToken": keys.token,
                "Expiration": datetime.now(UTC) + timedelta(hours=1),
            }
            return {"Credentials": given}

    with mock.patch.object(fetching, "_get_credentials", by_the_source):
        yield
