"""Fake credentials that name the level they belong to.

Each is made at run time, follows the real format closely enough for every SDK to take it,
and is marked: the key id reads `…0FAKE…`, the secret begins with `FAKE/`, tokens hold the
word. None fits the patterns of common secret scanners (a key id has characters that the
real alphabet lacks, `0`), so that no scanner and no person takes one for a leak.
"""

from __future__ import annotations

import secrets
from typing import Final

from bedrock_authcheck.model import AwsCredential, BearerToken, Credential, CredentialSource
from bedrock_authcheck.wire.tokens import fake_long_term_key

_MARKS: Final = {
    CredentialSource.BEARER: "L1BEARER",
    CredentialSource.SETTINGS: "L2INCODE",
    CredentialSource.ENVIRONMENT: "L3ENVVAR",
    CredentialSource.SHARED: "L4SHARED",
    CredentialSource.CONFIG: "L5CONFIG",
    CredentialSource.INSTANCE: "L6IMDSV2",
    CredentialSource.CONTAINER: "L6CNTNER",
}
TEMPORARY_BY_DEFAULT: Final = frozenset(
    {
        CredentialSource.ENVIRONMENT,
        CredentialSource.CONFIG,
        CredentialSource.INSTANCE,
        CredentialSource.CONTAINER,
    }
)
"""Sources whose canaries carry a session token unless asked otherwise.

Roles always do; of two neighbouring levels one does, so that a session token which strays
from one level to the next is seen in either direction.
"""

_SECRET_LENGTH: Final = 40  # characters, as AWS issues them


def _noise(length: int) -> str:
    return secrets.token_hex(length)[:length]


def canary(source: CredentialSource, *, temporary: bool | None = None) -> Credential:
    """Make a fresh fake credential for a source: a token for `bearer`, keys for the others.

    `temporary` adds or omits the session token; None follows TEMPORARY_BY_DEFAULT.
    """
    mark = _MARKS[source]
    if source is CredentialSource.BEARER:
        return BearerToken(source, fake_long_term_key(f"{mark}-{_noise(12)}"))
    if temporary is None:
        temporary = source in TEMPORARY_BY_DEFAULT
    prefix = "ASIA" if temporary else "AKIA"
    secret = f"FAKE/{mark}+"
    return AwsCredential(
        source,
        key_id=f"{prefix}0FAKE{_noise(3).upper()}{mark}",
        secret=secret + _noise(_SECRET_LENGTH - len(secret)),
        session_token=f"FAKE/{mark}/session+{_noise(120)}==" if temporary else None,
    )
