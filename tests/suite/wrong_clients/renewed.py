"""Credentials of a role that are renewed, and clients that miss it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest import mock

from botocore.credentials import ContainerProvider, RefreshableCredentials
from botocore.utils import IMDSFetcher

from tests.suite.wrong_clients.registry import wrong

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Private parts of botocore, which its stubs leave out.
_REFRESHABLE: Any = RefreshableCredentials
_CONTAINER: Any = ContainerProvider
_METADATA: Any = IMDSFetcher


@wrong(
    {
        "variant::container-expiring-renewed-converse": "CHAIN-1",
        "variant::container-expired-renewed-converse": "CHAIN-1",
        "variant::pod-identity-expired-renewed-converse": "CHAIN-1",
        "variant::refreshed-login-converse": "CHAIN-1",
    },
    spared=("variant::instance-expired-renewed-converse", "chain::container-converse"),
)
def never_renews() -> Iterator[None]:
    """Goes on with a role's credentials when they have expired."""
    with mock.patch.object(RefreshableCredentials, "_refresh", return_value=None):
        yield


@wrong(
    {
        "variant::container-expiring-renewed-converse": "CHAIN-3 AUTH-5",
        "variant::pod-identity-expiring-renewed-converse": "CHAIN-3 AUTH-5",
    },
    spared=("chain::container-converse",),
)
def old_session_token_with_renewed_keys() -> Iterator[None]:
    """Renews a role's keys and keeps their old session token."""
    honest = _REFRESHABLE._set_from_data

    def keeping(credentials: Any, data: Mapping[str, object]) -> None:  # noqa: ANN401 - botocore's
        honest(credentials, {**data, "token": credentials._token})

    with mock.patch.object(RefreshableCredentials, "_set_from_data", keeping):
        yield


@wrong(
    {
        "variant::pod-identity-expiring-renewed-converse": "CHAIN-1",
        "variant::pod-identity-expired-renewed-converse": "CHAIN-1",
    },
    spared=("variant::container-expiring-renewed-converse", "variant::pod-identity-converse"),
)
def token_file_read_once() -> Iterator[None]:
    """Reads the file with the container's authorization token once, and never its next one."""
    honest = _CONTAINER._build_headers
    read: dict[int, object] = {}

    def once(provider: ContainerProvider) -> object:
        return read.setdefault(id(provider), honest(provider))

    with mock.patch.object(ContainerProvider, "_build_headers", once):
        yield


@wrong(
    {
        "variant::instance-stale-token-converse": "CHAIN-1",
        "variant::instance-expiring-renewed-converse": "CHAIN-1",
    },
    spared=("chain::instance-converse",),
)
def metadata_token_kept() -> Iterator[None]:
    """Keeps the token of instance metadata after it was refused, for the next client too."""
    honest = _METADATA._fetch_metadata_token
    kept: dict[object, object] = {}

    def once(fetcher: Any) -> object:  # noqa: ANN401 - a part of botocore
        where = fetcher.get_base_url()
        if where not in kept:
            kept[where] = honest(fetcher)
        return kept[where]

    with mock.patch.object(IMDSFetcher, "_fetch_metadata_token", once):
        yield
