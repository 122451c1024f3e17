"""Clients that change the environment of their process, for good or for a while."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock

from botocore.session import Session

from bedrock_authcheck.clients.boto3 import TokenInCode
from tests.suite.wrong_clients.registry import wrong, wrong_sending
from tests.suite.wrong_clients.seams import TOKEN_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.awsrequest import AWSPreparedRequest

    from tests.suite.wrong_clients.seams import Send


@contextmanager
def _whenever_made(act: Callable[[Session, dict[str, object]], None]) -> Iterator[None]:
    """Let a function act on the session and the arguments whenever a client was made."""
    honest: Any = Session.create_client

    def made(session: Session, *args: object, **options: object) -> object:
        client = honest(session, *args, **options)
        act(session, options)
        return client

    with mock.patch.object(Session, "create_client", made):
        yield


@wrong(
    {
        "life::environment-unchanged-token-in-code": "TOKEN-10",
        "life::environment-unchanged-token-in-code-over-token": "TOKEN-10",
        "life::two-tokens-in-turn": "TOKEN-10",
    },
    spared=("life::environment-unchanged-token",),
)
def token_put_into_the_environment() -> Iterator[None]:
    """Puts the token that it was given in code into the environment."""

    def put(session: Session, _: object) -> None:
        provider = session.get_component("token_provider")
        if isinstance(provider, TokenInCode):
            found = provider.load_token(signing_name="bedrock")
            assert found is not None, "it provides a token for Bedrock"
            os.environ[TOKEN_VARIABLE] = found.token

    with _whenever_made(put):
        yield


@wrong(
    {
        "life::environment-unchanged-settings": "TOKEN-10",
        "life::environment-unchanged-settings-over-environment": "TOKEN-10",
    },
    spared=("life::environment-unchanged-shared",),
)
def keys_put_into_the_environment() -> Iterator[None]:
    """Puts the keys that it was given in code into the environment."""

    def put(_: object, options: dict[str, object]) -> None:
        if options.get("aws_access_key_id"):
            os.environ["AWS_ACCESS_KEY_ID"] = str(options["aws_access_key_id"])
            os.environ["AWS_SECRET_ACCESS_KEY"] = str(options["aws_secret_access_key"])

    with _whenever_made(put):
        yield


@wrong(
    {
        "life::environment-unchanged-token-in-code": "TOKEN-10",
        "life::two-tokens-in-threads": "TOKEN-10",
    },
    spared=("life::environment-unchanged-token",),
)
def token_put_into_the_environment_for_a_while() -> Iterator[None]:
    """Puts the token of its code into the environment and restores it, while it makes a client."""

    def put(session: Session, _: object) -> None:
        provider = session.get_component("token_provider")
        if isinstance(provider, TokenInCode):
            with mock.patch.dict(os.environ, {TOKEN_VARIABLE: "FAKE-for-a-while"}):
                session.get_config_variable("region")

    with _whenever_made(put):
        yield


@wrong_sending({"life::environment-unchanged-environment": "TOKEN-10"})
def key_hidden_while_it_sends(request: AWSPreparedRequest, send: Send) -> object:
    """Takes the key id out of the environment while a request is under way, and puts it back."""
    key_id = os.environ.pop("AWS_ACCESS_KEY_ID", None)
    try:
        return send(request)
    finally:
        if key_id is not None:
            os.environ["AWS_ACCESS_KEY_ID"] = key_id


@wrong({"life::environment-unchanged-environment": "TOKEN-10"})
def keys_taken_out_of_the_environment() -> Iterator[None]:
    """Takes the keys out of the environment once it has read them."""

    def take(session: Session, _: object) -> None:
        session.get_credentials()
        os.environ.pop("AWS_SECRET_ACCESS_KEY", None)

    with _whenever_made(take):
        yield
