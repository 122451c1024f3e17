"""Sessions that have expired, and clients that do not get them refreshed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest import mock

import botocore.credentials
from botocore.tokens import SSOTokenProvider

from tests.suite.wrong_clients.registry import wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

# Private parts of botocore, which its stubs leave out.
_TOKENS: Any = SSOTokenProvider
_CREDENTIALS: Any = botocore.credentials


@wrong(
    {"variant::refreshed-sso-converse": "CHAIN-1"},
    spared=("variant::sso-converse", "variant::refreshed-login-converse"),
)
def expired_sso_token_used() -> Iterator[None]:
    """Takes the access token of an SSO session for valid when it has expired."""

    def unrefreshed(_: object, token: dict[str, object]) -> dict[str, object]:
        return {**token, "expiresAt": datetime.now(UTC) + timedelta(hours=1)}

    with mock.patch.object(_TOKENS, "_refresh_access_token", unrefreshed):
        yield


@wrong(
    {"variant::refreshed-sso-converse": "CHAIN-1"},
    spared=("variant::sso-converse",),
)
def sso_refreshed_by_another_client() -> Iterator[None]:
    """Refreshes the token of an SSO session with a client secret that is not its own."""
    honest = _TOKENS._attempt_create_token

    def by_another(provider: object, token: dict[str, object]) -> object:
        return honest(provider, {**token, "clientSecret": "FAKE-of-another"})

    with mock.patch.object(_TOKENS, "_attempt_create_token", by_another):
        yield


@wrong(
    {"variant::refreshed-login-converse": "CHAIN-1"},
    spared=("variant::login-converse", "variant::refreshed-sso-converse"),
)
def login_proved_for_another_address() -> Iterator[None]:
    """Refreshes a login with a proof that is made for the address of AWS."""
    honest = _CREDENTIALS._build_dpop_header

    def elsewhere(key: object, _: str) -> object:
        return honest(key, "https://us-east-1.signin.aws.amazon.com/v1/token")

    with mock.patch.object(_CREDENTIALS, "_build_dpop_header", elsewhere):
        yield


@wrong(
    {"variant::refreshed-login-converse": "CHAIN-3 AUTH-5"},
    spared=("variant::login-converse",),
)
def refreshed_login_with_its_old_session_token() -> Iterator[None]:
    """Signs by a refreshed login with the session token of before."""
    fetcher: Any = _CREDENTIALS.LoginCredentialFetcher
    honest = fetcher.refresh_credentials

    def mixed(fetching: Any) -> object:  # noqa: ANN401 - a part of botocore
        old = fetching.load_cached_credentials()["token"]
        return {**honest(fetching), "token": old}

    with mock.patch.object(fetcher, "refresh_credentials", mixed):
        yield
