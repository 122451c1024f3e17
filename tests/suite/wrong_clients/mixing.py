"""Parts of two levels in one request, and levels that hold half a credential."""

from __future__ import annotations

import os
from configparser import ConfigParser
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import botocore.auth
import botocore.session
from botocore.auth import SigV4Auth
from botocore.credentials import Credentials

from tests.suite.wrong_clients.registry import register, wrong, wrong_signing
from tests.suite.wrong_clients.seams import signing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.suite.wrong_clients.seams import Signing

_FIELDS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")


def held(level: str) -> tuple[str | None, str | None, str | None]:
    """Key id, secret and session token as a level holds them, each by itself."""
    if level == "environment":
        key_id, secret, token = (os.environ.get(name.upper()) for name in _FIELDS)
        return key_id, secret, token
    variable = {"shared": "AWS_SHARED_CREDENTIALS_FILE", "config": "AWS_CONFIG_FILE"}[level]
    parser = ConfigParser(interpolation=None)
    parser.read_string(Path(os.environ[variable]).read_text(encoding="utf-8"))
    if "default" not in parser:
        return None, None, None
    section = parser["default"]
    key_id, secret, token = (section.get(name) for name in _FIELDS)
    return key_id, secret, token


@contextmanager
def _mixed(key_id_of: str, secret_of: str, token_of: str) -> Iterator[None]:
    def sign(act: Signing) -> None:
        key_id, secret = held(key_id_of)[0], held(secret_of)[1]
        if key_id and secret:
            act.by_sigv4(Credentials(key_id, secret, held(token_of)[2]))
        else:
            act.honestly()

    with signing(sign):
        yield


for _upper, _lower in (("environment", "shared"), ("shared", "config"), ("environment", "config")):
    register(
        f"key-id-of-{_upper}-secret-of-{_lower}",
        f"Signs with the key id of {_upper} and the secret of {_lower}.",
        {
            f"chain::{_upper}-long-term+{_lower}-long-term-converse": "CHAIN-3 AUTH-3",
            f"chain::{_upper}-temporary+{_lower}-long-term-converse": "CHAIN-3 AUTH-3",
        },
        partial(_mixed, _upper, _lower, _upper),
    )
    register(
        f"key-id-of-{_lower}-secret-of-{_upper}",
        f"Signs with the key id of {_lower} and the secret of {_upper}.",
        {
            f"chain::{_upper}-long-term+{_lower}-long-term-converse": "CHAIN-1 CHAIN-3 AUTH-3",
            f"chain::{_upper}+{_lower}-converse-stream": "CHAIN-1 CHAIN-3 AUTH-3",
        },
        partial(_mixed, _lower, _upper, _lower),
    )
    register(
        f"session-token-of-{_lower}-with-{_upper}",
        f"Signs with {_upper}, but takes the session token of {_lower}.",
        {
            f"chain::{_upper}-long-term+{_lower}-temporary-converse": "CHAIN-3 AUTH-5",
            f"chain::{_upper}-temporary+{_lower}-temporary-converse": "CHAIN-3 AUTH-5",
            f"chain::{_upper}-temporary+{_lower}-long-term-converse": "AUTH-5",
        },
        partial(_mixed, _upper, _upper, _lower),
        spared=(f"chain::{_upper}-long-term+{_lower}-long-term-converse",),
    )


@wrong_signing(
    {
        "chain::settings-long-term+environment-temporary-converse": "CHAIN-3 AUTH-5",
        "chain::settings-temporary+environment-temporary-converse": "CHAIN-3 AUTH-5",
        "chain::settings+environment-converse": "CHAIN-3 AUTH-5",
    },
    spared=("chain::settings-long-term+environment-long-term-converse",),
)
def session_token_of_environment_with_settings(act: Signing) -> None:
    """Signs with the keys in code, but adds AWS_SESSION_TOKEN of the environment."""
    token = os.environ.get("AWS_SESSION_TOKEN")
    if act.method != "explicit" or act.credentials is None or not token:
        act.honestly()
        return
    keys = act.credentials
    act.by_sigv4(Credentials(keys.access_key, keys.secret_key, token))


@contextmanager
def _chain_of(credentials: Callable[[], Credentials | None]) -> Iterator[None]:
    """Let a function be the chain; what it does not find botocore's own looks for.

    Signs in Python: awscrt, where it is installed, refuses half a credential by itself.
    """
    honest: Any = botocore.session.Session.get_credentials

    def get_credentials(session: object) -> object:
        return credentials() or honest(session)

    with (
        mock.patch.object(botocore.session.Session, "get_credentials", get_credentials),
        mock.patch.dict(botocore.auth.AUTH_TYPE_MAPS, v4=SigV4Auth),
    ):
        yield


@wrong(
    {
        "chain::environment-without-secret+shared-converse": "CHAIN-4",
        "chain::environment-without-key-id+shared-converse": "CHAIN-3 AUTH-3",
    },
    spared=("chain::environment+shared-converse", "chain::shared-converse"),
)
def half_levels_completed() -> Iterator[None]:
    """Completes a half level of the environment with the other half of the file below it."""

    def completed() -> Credentials | None:
        upper, lower = held("environment"), held("shared")
        key_id, secret = upper[0] or lower[0], upper[1] or lower[1]
        return Credentials(key_id, secret, upper[2] or lower[2]) if key_id and secret else None

    with _chain_of(completed):
        yield


@wrong(
    {
        "chain::environment-without-secret-converse": "CHAIN-4",
        "chain::environment-without-secret+shared-converse": "CHAIN-4",
        "chain::environment-without-key-id-converse": "CHAIN-4",
        "chain::environment-without-key-id+shared-converse": "CHAIN-4",
        "chain::environment-with-empty-secret-converse": "CHAIN-4",
        "chain::environment-with-empty-secret+shared-converse": "CHAIN-4",
        "chain::environment-with-empty-key-id+shared-converse": "CHAIN-4",
    }
)
def half_level_signs() -> Iterator[None]:
    """Signs with a half level of the environment: what is missing is taken as empty."""

    def padded() -> Credentials | None:
        key_id, secret, token = held("environment")
        return Credentials(key_id or "", secret or "", token) if key_id or secret else None

    with _chain_of(padded):
        yield


@wrong(
    {
        "chain::environment-empty-converse": "CHAIN-4",
        "chain::environment-empty+shared-converse": "CHAIN-4",
    },
    spared=("chain::environment-without-key-id+shared-converse", "chain::shared-converse"),
)
def empty_variables_sign() -> Iterator[None]:
    """Takes variables that are set and empty for a credential, and signs with nothing."""

    def empty() -> Credentials | None:
        key_id, secret, _ = held("environment")
        return Credentials("", "") if (key_id, secret) == ("", "") else None

    with _chain_of(empty):
        yield


@wrong_signing({"chain::environment-without-key-id+bearer-converse": "CHAIN-4"})
def half_level_beats_token(act: Signing) -> None:
    """Signs with a half level of the environment rather than by the token."""
    key_id, secret, token = held("environment")
    if key_id or secret:
        act.by_sigv4(Credentials(key_id or "", secret or "", token))
    else:
        act.honestly()
