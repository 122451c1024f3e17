"""The token where it may not go, and single operations that differ from the rest."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from tests.suite.wrong_clients.registry import register, wrong_sending, wrong_signing
from tests.suite.wrong_clients.seams import TOKEN_VARIABLE, signing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.awsrequest import AWSPreparedRequest

    from tests.suite.wrong_clients.seams import Send, Signing


@contextmanager
def _token_for(service: str, operation: str) -> Iterator[None]:
    def sign(act: Signing) -> None:
        if (act.service, act.operation) == (service, operation):
            act.by_token()
        else:
            act.honestly()

    with signing(sign):
        yield


for _service, _operation, _rule, _alone, _spared in (
    ("bedrock-agent", "GetAgentAlias", "LIMIT-2", "LIMIT-5", "GetAgent"),
    ("bedrock-agent-runtime", "Retrieve", "LIMIT-2", "LIMIT-5", "InvokeFlow"),
    ("bedrock-data-automation", "GetBlueprint", "LIMIT-3", "LIMIT-5", "ListBlueprints"),
    (
        "bedrock-data-automation-runtime",
        "GetDataAutomationStatus",
        "LIMIT-3",
        "LIMIT-5",
        "ListTagsForResource",
    ),
    ("bedrock-agentcore", "GetEvent", "LIMIT-6", "CHAIN-2", "ListEvents"),
    ("bedrock-agentcore-control", "GetGateway", "LIMIT-6", "CHAIN-2", "ListGateways"),
    ("sts", "GetCallerIdentity", "LIMIT-6", "CHAIN-2", ""),
    ("s3", "ListBuckets", "LIMIT-6", "CHAIN-2", ""),
    ("sagemaker-runtime", "InvokeEndpoint", "LIMIT-6", "CHAIN-2", ""),
):
    register(
        f"token-for-{_service}-{_operation}",
        f"Sends the token for one operation too many: {_operation} of {_service}.",
        {
            f"limit::{_service}.{_operation}-bearer": f"{_rule} {_alone}",
            f"limit::{_service}.{_operation}-bearer+environment+shared": f"{_rule} LIMIT-4",
        },
        partial(_token_for, _service, _operation),
        spared=(
            (
                f"limit::{_service}.{_spared}-bearer",
                f"limit::{_service}.{_spared}-bearer+environment+shared",
            )
            if _spared
            else ()
        ),
    )


@wrong_signing(
    {"limit::bedrock.GetGuardrail-bearer+environment+shared": "LIMIT-8"},
    spared=(
        "limit::bedrock.ListGuardrails-bearer+environment+shared",
        "limit::bedrock.GetGuardrail-bearer",
    ),
)
def signature_for_one_operation(act: Signing) -> None:
    """Signs one operation of Amazon Bedrock with SigV4 though there is a token."""
    if act.operation == "GetGuardrail" and act.credentials is not None:
        act.by_sigv4()
    else:
        act.honestly()


@wrong_signing(
    {
        "limit::bedrock-runtime.CountTokens-bearer+environment+shared": "LIMIT-8",
        "limit::bedrock-runtime.CountTokens-bearer": "LIMIT-8",
    },
    spared=("limit::bedrock-runtime.Converse-bearer",),
)
def one_operation_unsigned(act: Signing) -> None:
    """Sends one operation of Amazon Bedrock Runtime unsigned."""
    act.honestly()
    if act.operation == "CountTokens":
        act.unsigned()


@wrong_signing(
    {
        "limit::bedrock-agent.ListAgents-bearer+environment+shared": "LIMIT-2",
        "limit::bedrock-data-automation.ListBlueprints-bearer+environment+shared": "LIMIT-3",
        "limit::bedrock-agentcore.ListEvents-bearer+environment+shared": "LIMIT-6",
        "limit::s3.ListBuckets-bearer+environment+shared": "LIMIT-6",
        "preference::sigv4-by-signature-version-bearer+environment-converse": "PREF-1",
    }
)
def token_in_another_header(act: Signing) -> None:
    """Signs with SigV4, and sends the token beside it in X-Api-Key."""
    act.honestly()
    if act.token and not act.is_bearer:
        act.header("X-Api-Key", act.token)


@wrong_sending(
    {
        "limit::bedrock-agent.ListAgents-bearer+environment+shared": "LIMIT-2",
        "limit::sts.GetCallerIdentity-bearer+environment+shared": "LIMIT-6",
    }
)
def token_in_user_agent(request: AWSPreparedRequest, send: Send) -> object:
    """Signs with SigV4, and writes the token into its User-Agent."""
    request.headers["User-Agent"] = f"wrong/1 key/{os.environ[TOKEN_VARIABLE]}"
    return send(request)


@wrong_signing(
    {
        "limit::s3.ListBuckets-bearer-asks-bearer-by-signature-version": "LIMIT-7",
        "limit::s3.ListBuckets-bearer+environment-asks-bearer-by-auth-scheme-preference": "LIMIT-7",
        "limit::sagemaker-runtime.InvokeEndpoint-bearer-asks-bearer-by-auth-scheme-preference": (
            "LIMIT-7"
        ),
    },
    spared=(
        "limit::s3.ListBuckets-bearer",
        "limit::s3.ListBuckets-bearer+environment+shared",
    ),
)
def bearer_asked_for_leaks(act: Signing) -> None:
    """Sends the token to any service when bearer is asked for in code."""
    config = act.request.context["client_config"]
    if "bearer" in f"{config.signature_version} {config.auth_scheme_preference}".lower():
        act.by_token()
    else:
        act.honestly()


@wrong_signing(
    {
        "limit::bedrock-agent.ListAgents-bearer+instance": "LIMIT-2 LIMIT-4",
        "limit::bedrock-data-automation.ListDataAutomationProjects-bearer+container": (
            "LIMIT-3 LIMIT-4"
        ),
    },
    spared=("limit::bedrock-agent.ListAgents-bearer+environment+shared",),
)
def token_rather_than_a_role(act: Signing) -> None:
    """Prefers the token to a role, even for operations that take none."""
    if act.token and act.method in ("iam-role", "container-role"):
        act.by_token()
    else:
        act.honestly()


@wrong_signing(
    {
        "limit::bedrock-agent.ListAgents-bearer-environment-asks-bearer": "LIMIT-2",
        "limit::bedrock-data-automation-runtime.GetDataAutomationStatus-bearer+environment"
        "-environment-asks-bearer": "LIMIT-3",
        "limit::s3.ListBuckets-bearer+environment-environment-asks-bearer": "LIMIT-6",
    },
    spared=("limit::bedrock-agent.ListAgents-bearer+environment+shared",),
)
def bearer_of_environment_leaks(act: Signing) -> None:
    """Sends the token to any service when AWS_AUTH_SCHEME_PREFERENCE prefers bearer."""
    if os.environ.get("AWS_AUTH_SCHEME_PREFERENCE") == "httpBearerAuth":
        act.by_token()
    else:
        act.honestly()
