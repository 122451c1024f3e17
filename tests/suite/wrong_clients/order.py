"""Levels in the wrong order."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from unittest import mock

import botocore.session
from botocore.exceptions import NoCredentialsError

from tests.suite.wrong_clients.registry import register, wrong, wrong_signing
from tests.suite.wrong_clients.seams import provider_first, signing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from tests.suite.wrong_clients.seams import Signing

_METHODS = {
    "environment": "env",
    "shared": "shared-credentials-file",
    "config": "config-file",
    "container": "container-role",
    "instance": "iam-role",
}
"""Levels and what botocore calls their providers."""

_NEIGHBOURS = (
    ("environment", "shared"),
    ("shared", "config"),
    ("config", "instance"),
    ("config", "container"),
)
_LIMITED = {
    pair: {f"limit::{operation}-bearer+{'+'.join(pair)}": "LIMIT-4"}
    for pair, operation in (
        (_NEIGHBOURS[0], "bedrock-agent-runtime.ListSessions"),
        (_NEIGHBOURS[1], "bedrock-data-automation.ListDataAutomationProjects"),
        (_NEIGHBOURS[2], "bedrock-agentcore-control.ListAgentRuntimes"),
    )
}
"""The same pairs with the token on top, where it does not count."""


@wrong_signing(
    {
        "chain::bearer+settings-converse": "CHAIN-1",
        "chain::bearer+settings-list-foundation-models": "CHAIN-1",
        "chain::bearer+settings+environment+shared+config+instance-converse-stream": "CHAIN-1",
    },
    spared=("chain::bearer+environment-converse", "chain::settings-converse"),
)
def settings_before_token(act: Signing) -> None:
    """Levels 1 and 2 are swapped: keys in code beat the token."""
    if act.method == "explicit":
        act.by_sigv4()
    else:
        act.honestly()


@wrong(
    {
        "chain::settings+environment-converse": "CHAIN-1",
        "chain::settings+environment+shared+config+container-invoke-model": "CHAIN-1",
        "limit::bedrock-agent.ListAgents-bearer+settings+environment": "LIMIT-4",
        "limit::bedrock-data-automation.ListDataAutomationProjects-bearer+settings+environment": (
            "LIMIT-4"
        ),
    },
    spared=("chain::settings+shared-converse",),
)
def environment_before_settings() -> Iterator[None]:
    """Levels 2 and 3 are swapped: the environment's keys beat those given to the client."""
    honest: Any = botocore.session.Session.create_client

    def create_client(session: object, service: str, **options: object) -> object:
        if "AWS_ACCESS_KEY_ID" in os.environ:
            options = {name: v for name, v in options.items() if not name.startswith("aws_")}
        return honest(session, service, **options)

    with mock.patch.object(botocore.session.Session, "create_client", create_client):
        yield


@wrong(
    {"chain::settings-in-session+environment-converse": "CHAIN-1"},
    spared=("chain::settings+environment-converse", "chain::settings-in-session+shared-converse"),
)
def environment_before_session() -> Iterator[None]:
    """Keys given to the session, not the client, lose against the environment's."""
    honest: Any = botocore.session.Session.set_credentials

    def set_credentials(session: object, *keys: object, **options: object) -> None:
        if "AWS_ACCESS_KEY_ID" not in os.environ:
            honest(session, *keys, **options)

    with mock.patch.object(botocore.session.Session, "set_credentials", set_credentials):
        yield


def _swap(upper: str, lower: str) -> AbstractContextManager[None]:
    return provider_first(_METHODS[lower], _METHODS[upper])


for _upper, _lower in _NEIGHBOURS:
    register(
        f"{_lower}-before-{_upper}",
        f"Two neighbouring levels are swapped: {_lower} beats {_upper}.",
        {
            f"chain::{_upper}+{_lower}-converse": "CHAIN-1",
            f"chain::{_upper}+{_lower}-list-foundation-models": "CHAIN-1",
            f"chain::{_upper}-temporary+{_lower}-temporary-converse": "CHAIN-1",
            **_LIMITED.get((_upper, _lower), {}),
        },
        partial(_swap, _upper, _lower),
        spared=(f"chain::{_upper}-converse", f"chain::bearer+{_upper}+{_lower}-converse"),
    )


@contextmanager
def _token_after(level: str) -> Iterator[None]:
    def sign(act: Signing) -> None:
        if act.method == _METHODS[level]:
            act.by_sigv4()
        else:
            act.honestly()

    with signing(sign):
        yield


for _level in _METHODS:
    register(
        f"{_level}-before-token",
        f"The token is passed over where level {_level} holds a credential.",
        {
            f"chain::bearer+{_level}-converse": "CHAIN-1",
            f"chain::bearer+{_level}-list-foundation-models": "CHAIN-1",
        },
        partial(_token_after, _level),
        spared=("chain::bearer-converse", f"chain::{_level}-converse"),
    )


@wrong_signing(
    {
        "chain::none-converse": "CHAIN-2",
        "chain::none-list-foundation-models": "CHAIN-2",
        "limit::bedrock-agent-runtime.ListSessions-bearer": "LIMIT-5",
        "limit::s3.ListBuckets-bearer": "CHAIN-2",
    },
    spared=("chain::environment-converse", "chain::bearer-converse"),
)
def unsigned_when_nothing_is_there(act: Signing) -> None:
    """Sends the request unsigned where there is no credential, instead of an error."""
    try:
        act.honestly()
    except NoCredentialsError:
        act.unsigned()


@wrong_signing(
    {
        "chain::bearer+settings+environment+shared+config+container-converse": "CHAIN-1",
        "chain::instance-converse": "CHAIN-1",
        "limit::bedrock.ListFoundationModels-bearer": "LIMIT-8",
        "limit::bedrock-agent.ListAgents-bearer+environment+shared": "LIMIT-4",
        "preference::sigv4-by-signature-version-bearer+environment-converse": "PREF-1",
        "token::aws-bearer-token-s3+environment-converse": "TOKEN-3",
    }
)
def never_signs(act: Signing) -> None:
    """Sends every request unsigned, whatever is there."""
    act.unsigned()
