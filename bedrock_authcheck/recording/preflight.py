"""Before anything is recorded: which credentials are there, are they good, is there a network.

No service of Bedrock is asked anything. Credentials are found as boto3 finds them, which asks
a metadata or token service where a role or SSO provides them.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from textwrap import shorten
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from bedrock_authcheck.model import AwsCredential, BearerToken, CredentialSource
from bedrock_authcheck.recording.plan import Auth
from bedrock_authcheck.recording.probes import TOKEN_VARIABLE, service_url
from bedrock_authcheck.wire.tokens import ApiKeyKind, read_api_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_authcheck.model import Credential
    from bedrock_authcheck.recording.plan import Step

_PATIENCE: Final = 5.0  # seconds to connect
_METHODS: Final = {
    "env": (CredentialSource.ENVIRONMENT, "from environment variables"),
    "shared-credentials-file": (CredentialSource.SHARED, "from the shared credentials file"),
    "config-file": (CredentialSource.CONFIG, "from the config file"),
    "iam-role": (CredentialSource.INSTANCE, "of the instance role"),
    "container-role": (CredentialSource.CONTAINER, "of the container role"),
    "assume-role": (CredentialSource.CONFIG, "of a role that the profile assumes"),
    "assume-role-with-web-identity": (CredentialSource.CONFIG, "of a role by web identity"),
    "sso": (CredentialSource.CONFIG, "of an SSO session"),
    "login": (CredentialSource.CONFIG, "of a sign-in session"),
    "custom-process": (CredentialSource.CONFIG, "from the profile's credential_process"),
}
"""botocore's names of providers: the level that each is a variant of, and a person's words."""


class PreflightError(RuntimeError):
    """Nothing can be recorded; the text says each reason in a sentence."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of one kind of credential, or, as `fault`, why it cannot be recorded with."""

    what: str = ""
    fault: str = ""
    credential: Credential | None = None


@dataclass(frozen=True, slots=True)
class Preflight:
    """What was found: the token, IAM credentials, and `unreachable`, empty where the host is."""

    token: Found
    iam: Found
    unreachable: str = ""

    def missing(self, step: Step) -> str | None:
        """Say why a step cannot be recorded; None where it can."""
        needed = {Auth.TOKEN: self.token, Auth.IAM: self.iam, None: Found()}[step.auth.needs]
        return f"{step.auth.needs} cannot be used: {needed.fault}" if needed.fault else None

    def demand(self) -> None:
        """Raise PreflightError where neither credential can be used, or nothing is reached."""
        faults = [self.unreachable] if self.unreachable else []
        if self.token.fault and self.iam.fault:
            faults += [f"no credential can be used: {self.token.fault}; {self.iam.fault}"]
        if faults:
            raise PreflightError("; ".join(faults))

    def lines(self) -> list[str]:
        """Say what was found, a line for each kind of credential; no secret is in it."""
        return [
            f"{kind}: {found.what or f'not recorded with: {found.fault}'}"
            for kind, found in ((Auth.TOKEN, self.token), (Auth.IAM, self.iam))
        ]


def look(
    region: str, *, connect: Callable[..., socket.socket] = socket.create_connection
) -> Preflight:
    """Look at this machine, as its environment is, for what a recording in `region` needs.

    `connect` is as `socket.create_connection`, for tests.
    """
    url = service_url("bedrock-runtime", region)
    return Preflight(find_token(region), find_iam(), _unreachable(url, connect))


def find_token(region: str, now: datetime | None = None) -> Found:
    """Read the token of the environment: whether it is one, has expired, is of this Region."""
    value = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not value:
        blank = TOKEN_VARIABLE in os.environ
        return Found(fault=f"{TOKEN_VARIABLE} is {'set, but blank' if blank else 'not set'}")
    key = read_api_key(value)
    if key.kind is not ApiKeyKind.LONG_TERM and key.expires_at is None:
        faults = "; ".join(finding.text for finding in key.findings)
        return Found(fault=f"{TOKEN_VARIABLE} holds no API key: {faults}")
    if key.expires_at is not None and key.expires_at <= (now or datetime.now(UTC)):
        return Found(fault=f"the API key in {TOKEN_VARIABLE} expired at {_time(key.expires_at)}")
    if key.region not in (None, region):
        return Found(
            fault=f"the API key in {TOKEN_VARIABLE} was made for {key.region}, and the recording "
            f"is of {region} (ini key authcheck_record_region)"
        )
    until = f", good until {_time(key.expires_at)}" if key.expires_at else ""
    what = f"a {key.kind} API key in {TOKEN_VARIABLE}{until}"
    return Found(what, credential=BearerToken(CredentialSource.BEARER, value))


def find_iam() -> Found:
    """Resolve IAM credentials as boto3 does, and refresh them where they must be."""
    import botocore.session  # noqa: PLC0415 - costly, on use

    try:
        credentials = botocore.session.Session().get_credentials()
        if credentials is None:
            return Found(fault="there are no IAM credentials (variables, files, SSO, role)")
        frozen = credentials.get_frozen_credentials()
    except Exception as error:  # noqa: BLE001 - whatever botocore or a credential process raises
        told = shorten(f"{type(error).__name__}: {error}", 300, placeholder="…")
        return Found(fault=f"the IAM credentials cannot be had ({told})")
    source, words = _METHODS.get(credentials.method, (CredentialSource.CONFIG, credentials.method))
    if not (frozen.access_key and frozen.secret_key):
        return Found(fault=f"the IAM credentials {words} lack a key id or a secret")
    kind = "temporary" if frozen.token else "long-term"
    return Found(
        f"{kind} IAM credentials {words}",
        credential=AwsCredential(source, frozen.access_key, frozen.secret_key, frozen.token),
    )


def _unreachable(url: str, connect: Callable[..., socket.socket]) -> str:
    """Say why the host of a URL, or the proxy before it, cannot be connected to."""
    from botocore.utils import get_environ_proxies  # noqa: PLC0415 - costly, on use

    parts = urlsplit(url)
    proxy = get_environ_proxies(url).get(parts.scheme)
    if proxy:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    named = f"the proxy {host}:{port}" if proxy else f"{host}:{port}"
    try:
        connect((host, port), timeout=_PATIENCE).close()
    except socket.gaierror:
        return f"{named} is no host that can be found: is there a network, is the Region right?"
    except OSError as error:
        return f"{named} cannot be reached: {error.strerror or str(error) or type(error).__name__}"
    return ""


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
