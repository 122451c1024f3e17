"""Clients that are right once and wrong in time: they keep what they found too long, or not."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.clients.boto3 import Boto3Client, Boto3Connection
from bedrock_authcheck.environments.levels import VARIABLES_OF
from bedrock_authcheck.model import CredentialSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_authcheck.clients.contract import Call, CallResult, ClientSettings, Connection

(TOKEN,) = VARIABLES_OF[CredentialSource.BEARER]


@contextmanager
def _token(value: str | None) -> Iterator[None]:
    """Let the variable of the token hold something else for a block."""
    before = os.environ.get(TOKEN)
    try:
        _set(value)
        yield
    finally:
        _set(before)


def _set(value: str | None) -> None:
    os.environ.pop(TOKEN, None)
    if value is not None:
        os.environ[TOKEN] = value


class _KeepingConnection(Boto3Connection):
    """Sends the token that it was built with, removed or not."""

    def __init__(self, service: str, settings: ClientSettings) -> None:
        super().__init__(service, settings)
        self._token = os.environ.get(TOKEN)

    def call(self, call: Call) -> CallResult:
        with _token(self._token):
            return super().call(call)


class KeepsItsToken(Boto3Client):
    """Its clients keep their token for ever, whatever becomes of the variable."""

    def connect(self, service: str, settings: ClientSettings) -> Boto3Connection:
        return _KeepingConnection(service, settings)


class KeepsTheFirstToken(Boto3Client):
    """All its clients are built with the first token that one of them saw."""

    def __init__(self) -> None:
        self._first: str | None = None

    def connect(self, service: str, settings: ClientSettings) -> Boto3Connection:
        self._first = self._first or os.environ.get(TOKEN)
        return _BuiltWithConnection(service, settings, self._first)


class _BuiltWithConnection(Boto3Connection):
    def __init__(self, service: str, settings: ClientSettings, token: str | None) -> None:
        super().__init__(service, settings)
        with _token(token or os.environ.get(TOKEN)):
            self._made_client()


class _LateConnection(Boto3Connection):
    """Builds itself anew for each call, and so takes what is there then."""

    def call(self, call: Call) -> CallResult:
        self.close()
        return super().call(call)


class LooksAgain(Boto3Client):
    """Its clients take for each call what the chain holds then."""

    def connect(self, service: str, settings: ClientSettings) -> Boto3Connection:
        return _LateConnection(service, settings)


class OneForAll(Boto3Client):
    """Builds one client, and hands it out for ever, in whatever environment."""

    def __init__(self) -> None:
        self._one: Connection | None = None

    def connect(self, service: str, settings: ClientSettings) -> Connection:
        if self._one is None:
            self._one = super().connect(service, settings)
        return self._one


class PrefersTheEnvironment(Boto3Client):
    """Forgets the keys given in code where the environment has some."""

    def connect(self, service: str, settings: ClientSettings) -> Connection:
        if "AWS_ACCESS_KEY_ID" in os.environ:
            settings = replace(settings, keys={})
        return super().connect(service, settings)


WRONG_CHAINS: Final = (
    KeepsItsToken,
    KeepsTheFirstToken,
    LooksAgain,
    OneForAll,
    PrefersTheEnvironment,
)
