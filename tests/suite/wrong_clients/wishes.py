"""What was asked for in code, and is not done."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import botocore
from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError

from tests.suite.wrong_clients.registry import wrong_sending, wrong_signing
from tests.suite.wrong_clients.seams import copied

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

    from tests.suite.wrong_clients.seams import Send, Signing

_VERSION = "preference::sigv4-by-signature-version"
_PREFERENCE = "preference::sigv4-by-auth-scheme-preference"


def _wants(act: Signing) -> tuple[object, object]:
    config = act.request.context["client_config"]
    return config.signature_version, getattr(config, "auth_scheme_preference", None)


@wrong_signing(
    {
        f"{_VERSION}-bearer+environment-converse": "PREF-1",
        f"{_VERSION}-bearer+instance-list-foundation-models": "PREF-1",
        f"{_VERSION}-bearer-converse": "PREF-1",
    },
    spared=(f"{_PREFERENCE}-bearer+environment-converse",),
)
def signature_version_ignored(act: Signing) -> None:
    """Sends the token though code asks for signature version v4."""
    if act.token and not _wants(act)[1] and _wants(act)[0] is not botocore.UNSIGNED:
        act.by_token()
    else:
        act.honestly()


@wrong_signing(
    {
        f"{_PREFERENCE}-bearer+environment-converse": "PREF-1",
        f"{_PREFERENCE}-bearer-list-foundation-models": "PREF-1",
    },
    spared=(f"{_VERSION}-bearer+environment-converse",),
)
def scheme_preference_ignored(act: Signing) -> None:
    """Sends the token though code prefers SigV4."""
    if act.token and _wants(act)[1]:
        act.by_token()
    else:
        act.honestly()


@wrong_signing(
    {
        "preference::anonymous-environment-converse": "PREF-3",
        "preference::anonymous-bearer+environment-list-foundation-models": "PREF-3",
    },
    spared=("preference::anonymous-none-converse",),
)
def anonymous_signed(act: Signing) -> None:
    """Signs though code asks for nobody's signature."""
    keys = (os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY"))
    if keys[0] and keys[1]:
        act.by_sigv4(Credentials(keys[0], keys[1], os.environ.get("AWS_SESSION_TOKEN")))


@wrong_signing(
    {
        "preference::anonymous-bearer-converse": "PREF-3",
        "preference::anonymous-bearer+settings-converse-stream": "PREF-3",
    },
    spared=("preference::anonymous-environment-converse",),
)
def anonymous_by_token(act: Signing) -> None:
    """Sends the token though code asks for nobody."""
    if act.token:
        act.by_token()


@wrong_signing({"preference::anonymous-bearer-converse": "PREF-3"})
def anonymous_with_token_aside(act: Signing) -> None:
    """Sends no Authorization when code asks for nobody, but the token in X-Api-Key."""
    if act.token:
        act.header("X-Api-Key", act.token)


@wrong_sending({"preference::anonymous-environment-converse": "PREF-3"})
def anonymous_signed_elsewhere(request: AWSPreparedRequest, send: Send) -> object:
    """Sends the call unsigned as asked, but signs a call to STS first."""
    url = f"{os.environ['AWS_ENDPOINT_URL_STS']}/?Action=GetCallerIdentity"
    scope = "AKIA0FAKEOTHER/20260101/eu-central-1/sts/aws4_request"
    signature = f"SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
    authorization = f"AWS4-HMAC-SHA256 Credential={scope}, {signature}"
    send(copied(request, url=url, Authorization=authorization))
    return send(request)


@wrong_signing({"preference::anonymous-environment-converse": "PREF-3"})
def anonymous_with_session_token(act: Signing) -> None:
    """Sends no signature when code asks for nobody, but the session token."""
    act.header("X-Amz-Security-Token", os.environ.get("AWS_SESSION_TOKEN", ""))


@wrong_signing(
    {
        "preference::anonymous-environment-converse": "PREF-3",
        "preference::anonymous-none-converse": "PREF-3",
    }
)
def anonymous_refused(_: Signing) -> None:
    """Refuses to be nobody."""
    raise NoCredentialsError


@wrong_signing(
    {
        "preference::token-in-code+bearer-converse": "TOKEN-4",
        "preference::token-in-code+bearer+instance-list-foundation-models": "TOKEN-4",
        "preference::token-in-code+bearer-asked-by-signature-version-converse": "TOKEN-4",
    },
    spared=("preference::token-in-code-asked-by-signature-version-converse",),
)
def environment_beats_code(act: Signing) -> None:
    """Sends the token of the environment though code gives another."""
    act.honestly()
    if act.is_bearer and act.token:
        act.by_token()


@wrong_signing(
    {
        "preference::token-in-code+environment-asked-by-signature-version-converse": "TOKEN-4",
        "preference::token-in-code+container-asked-by-auth-scheme-preference-converse": "TOKEN-4",
    },
    spared=("preference::token-in-code+bearer-converse-stream",),
)
def keys_beat_the_token_in_code(act: Signing) -> None:
    """Signs with the keys that are there though code gives a token and asks for bearer."""
    act.honestly()
    if act.is_bearer and act.credentials is not None:
        act.by_sigv4()
