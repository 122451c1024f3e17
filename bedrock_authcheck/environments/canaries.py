"""Fake credentials that name the level they belong to.

Each is made at run time, follows the real format closely enough for every SDK to take it,
and is marked: the key id reads `…0FAKE…`, the secret begins with `FAKE/`, tokens hold the
word. None fits the patterns of common secret scanners (a key id has characters that the
real alphabet lacks, `0`), so that no scanner and no person takes one for a leak.
"""

from __future__ import annotations

import secrets
from typing import Final

from bedrock_authcheck.model import (
    AwsCredential,
    BearerToken,
    Credential,
    CredentialSource,
    Origin,
    Variant,
)
from bedrock_authcheck.wire.tokens import fake_long_term_key

_MARKS: Final[dict[Origin, str]] = {
    CredentialSource.BEARER: "L1BEARER",
    CredentialSource.SETTINGS: "L2INCODE",
    CredentialSource.ENVIRONMENT: "L3ENVVAR",
    CredentialSource.SHARED: "L4SHARED",
    CredentialSource.CONFIG: "L5CONFIG",
    CredentialSource.INSTANCE: "L6IMDSV2",
    CredentialSource.CONTAINER: "L6CNTNER",
    Variant.TOKEN_IN_CODE: "L1INCODE",
    Variant.OTHER_TOKEN_IN_CODE: "L1OTHERC",
    Variant.ROTATED_TOKEN: "L1ROTATE",
    Variant.ROTATED_KEYS: "L3ROTATE",
    Variant.SHARED_PROFILE: "L4PROFIL",
    Variant.CONFIG_PROFILE: "L5PROFIL",
    Variant.PROCESS: "L5PROCES",
    Variant.ROLE: "L5STROLE",
    Variant.ROLE_FROM_ENVIRONMENT: "L5ENROLE",
    Variant.SOURCE_PROFILE: "L5SOURCE",
    Variant.WEB_IDENTITY: "L5WEBIDT",
    Variant.SSO: "L5SSOPRT",
    Variant.REFRESHED_SSO: "L5SSORFR",
    Variant.LOGIN: "L5SIGNIN",
    Variant.REFRESHED_LOGIN: "L5SIGNRF",
    Variant.POD_IDENTITY: "L6EKSPOD",
    Variant.REFRESHED_INSTANCE: "L6IMDSRF",
    Variant.REFRESHED_CONTAINER: "L6CNTNRF",
}
TEMPORARY_BY_DEFAULT: Final[frozenset[Origin]] = frozenset(
    {
        CredentialSource.ENVIRONMENT,
        CredentialSource.CONFIG,
        CredentialSource.INSTANCE,
        CredentialSource.CONTAINER,
        Variant.ROTATED_KEYS,
        Variant.PROCESS,
        Variant.ROLE,
        Variant.ROLE_FROM_ENVIRONMENT,
        Variant.WEB_IDENTITY,
        Variant.SSO,
        Variant.REFRESHED_SSO,
        Variant.LOGIN,
        Variant.REFRESHED_LOGIN,
        Variant.POD_IDENTITY,
        Variant.REFRESHED_INSTANCE,
        Variant.REFRESHED_CONTAINER,
    }
)
"""Sources whose canaries carry a session token unless asked otherwise.

Roles always do; of two neighbouring levels one does, so that a session token which strays
from one level to the next is seen in either direction.
"""

_SECRET_LENGTH: Final = 40  # characters, as AWS issues them


def _noise(length: int) -> str:
    return secrets.token_hex(length)[:length]


def canary(origin: Origin, *, temporary: bool | None = None) -> Credential:
    """Make a fresh fake credential: a token for `bearer` and its variants, else keys.

    `temporary` adds or omits the session token; None follows TEMPORARY_BY_DEFAULT.
    """
    mark = _MARKS[origin]
    source, variant = (origin.source, origin) if isinstance(origin, Variant) else (origin, None)
    if source is CredentialSource.BEARER:
        return BearerToken(source, fake_long_term_key(f"{mark}-{_noise(12)}"), variant)
    if temporary is None:
        temporary = origin in TEMPORARY_BY_DEFAULT
    prefix = "ASIA" if temporary else "AKIA"
    secret = f"FAKE/{mark}+"
    return AwsCredential(
        source,
        key_id=f"{prefix}0FAKE{_noise(3).upper()}{mark}",
        secret=secret + _noise(_SECRET_LENGTH - len(secret)),
        session_token=f"FAKE/{mark}/session+{_noise(120)}==" if temporary else None,
        variant=variant,
    )
