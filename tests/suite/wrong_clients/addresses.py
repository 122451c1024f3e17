"""What a client makes of an endpoint that something else than its service's variable names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from unittest import mock

from botocore.args import ClientArgsCreator
from botocore.auth import SigV4Auth
from botocore.configprovider import ConfiguredEndpointProvider

from tests.suite.wrong_clients.registry import wrong, wrong_signing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.suite.wrong_clients.seams import Signing


def _named_by_variable() -> bool:
    return any(name.startswith("AWS_ENDPOINT_URL") for name in os.environ)


@wrong_signing(
    {
        "travel::endpoint-by-code-bearer+environment-bedrock-runtime.Converse": "CHAIN-1",
        "travel::endpoint-by-profile-bearer+environment-bedrock-runtime.Converse": "CHAIN-1",
        "travel::endpoint-by-code-ignored-by-profile-bearer+environment-converse": "CHAIN-1",
    },
    spared=("travel::endpoint-by-variable-bearer+environment-bedrock-runtime.Converse",),
)
def no_token_for_an_address(act: Signing) -> None:
    """Keeps the token from an endpoint that no variable names, and signs with SigV4."""
    act.honestly()
    if not _named_by_variable() and act.credentials:
        act.by_sigv4()


@wrong_signing(
    {
        "travel::endpoint-by-services-section-environment-bedrock-runtime.ConverseStream": "AUTH-4",
        "travel::endpoint-by-code-environment-bedrock-runtime.Converse-in-ap-southeast-2": "AUTH-4",
    },
    spared=("travel::endpoint-by-variable-environment-bedrock-runtime.ConverseStream",),
)
def region_of_an_address(act: Signing) -> None:
    """Signs for us-east-1 where the endpoint's host names no Region, unless a variable names it."""
    act.honestly()
    if not act.is_bearer and act.credentials and not _named_by_variable():
        act.unsigned()
        SigV4Auth(act.credentials, "bedrock", "us-east-1").add_auth(act.request)


@wrong_signing(
    {
        f"travel::endpoint-by-{way}-bearer+environment-bedrock-agent.ListAgents": "LIMIT-2 LIMIT-4"
        for way in ("code", "profile", "services-section")
    }
)
def token_for_every_address(act: Signing) -> None:
    """Sends the token to whatever endpoint its configuration names."""
    act.honestly()
    if act.token and not _named_by_variable():
        act.by_token()


@wrong(
    {
        f"travel::endpoint-by-{way}-bearer-bedrock.ListFoundationModels": "CHAIN-1"
        for way in ("variable", "profile", "services-section")
    },
    spared=("travel::endpoint-by-service-variable-bearer-bedrock.ListFoundationModels",),
)
def service_variable_alone() -> Iterator[None]:
    """Knows the variable of its service alone, and goes to AWS where something else is set."""
    known = ["environment_service"]
    with mock.patch.object(ConfiguredEndpointProvider, "_ENDPOINT_URL_LOOKUP_ORDER", known):
        yield


@wrong(
    {
        "travel::endpoint-by-code-ignored-by-variable-bearer+environment-converse": "CHAIN-1",
        "travel::endpoint-by-code-ignored-by-variable-environment-converse": "CHAIN-1",
    },
    spared=("travel::endpoint-by-code-bearer-bedrock.ListFoundationModels",),
)
def endpoint_in_code_ignored_too() -> Iterator[None]:
    """Ignores the endpoint of its code as well, where configured ones are to be ignored."""
    honest: Any = ClientArgsCreator.get_client_args

    def made(creator: ClientArgsCreator, *args: Any, **options: Any) -> object:  # noqa: ANN401 - botocore's
        ignored = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS" in os.environ
        given = [None if ignored and _is_address(value) else value for value in args]
        return honest(creator, *given, **options)

    with mock.patch.object(ClientArgsCreator, "get_client_args", made):
        yield


def _is_address(value: object) -> bool:
    return isinstance(value, str) and value.startswith("https://")
