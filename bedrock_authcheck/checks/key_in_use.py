"""The key that an environment holds, and what may be told of it.

The values of a real environment may be live keys, and any variable may hold one by mistake:
what is told here is of a known form, or is not told.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final, Self

from bedrock_authcheck.environments.levels import VARIABLES_OF
from bedrock_authcheck.model import CredentialSource
from bedrock_authcheck.wire.fingerprint import fingerprint
from bedrock_authcheck.wire.redaction import shorten_key_id
from bedrock_authcheck.wire.tokens import ApiKeyCode, ApiKeyKind, read_api_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from bedrock_authcheck.wire.tokens import ApiKey

(TOKEN_VARIABLE,) = VARIABLES_OF[CredentialSource.BEARER]
KEY_ID_VARIABLE, *_ = VARIABLES_OF[CredentialSource.ENVIRONMENT]
REGION_VARIABLES: Final = ("AWS_REGION", "AWS_DEFAULT_REGION")
CI_VARIABLE: Final = "CI"

_NO_CI: Final = frozenset({"", "0", "false", "no", "off"})
_REGION: Final = re.compile(r"[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-[0-9]{1,2}")
_KEY_ID: Final = re.compile(r"A[KS]IA[A-Z0-9]{16}")


@dataclass(frozen=True, slots=True)
class KeyInUse:
    """What an environment says of the key that signs in it.

    `token` is the API key, `key_id` that of an IAM key in variables; both are empty where there
    is none. `regions` are the variables that name a Region, with their values. `ci` is whether
    this is a continuous integration.
    """

    token: str = field(default="", repr=False)
    key_id: str = field(default="", repr=False)
    regions: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    ci: bool = False

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """Read an environment; what is blank counts as not set."""
        values = {name: value.strip() for name, value in environ.items()}
        return cls(
            values.get(TOKEN_VARIABLE, ""),
            values.get(KEY_ID_VARIABLE, ""),
            tuple((name, values[name]) for name in REGION_VARIABLES if values.get(name)),
            values.get(CI_VARIABLE, "").lower() not in _NO_CI,
        )

    @property
    def read(self) -> ApiKey | None:
        """What the API key tells of itself; None where there is none."""
        return read_api_key(self.token) if self.token else None

    @property
    def fingerprint(self) -> str | None:
        """The fingerprint of the API key; None where there is none that has one."""
        return fingerprint(self.token)

    def __str__(self) -> str:
        """One line for people: `a short-term key for eu-central-1, good until …`."""
        key = self.read
        if key is None or key.kind is ApiKeyKind.UNKNOWN:
            return "no API key"
        if key.kind is ApiKeyKind.LONG_TERM:
            return "a long-term API key"
        until = f", good until {told_time(key.expires_at)}" if key.expires_at else ""
        return f"a short-term API key for {told_region(key.region)}{until}"


def format_faults(key: ApiKey) -> Iterator[str]:
    """Say what is wrong with a key's format, in words that hold nothing of the key."""
    texts = (
        "its presigned request is not signed as those of AWS are"  # a finding quotes what it is
        if finding.code == ApiKeyCode.SIGNATURE
        else finding.text
        for finding in key.findings
    )
    yield from dict.fromkeys(texts)


def facts(seen: KeyInUse) -> dict[str, Any]:
    """Tell all that may be told of the API key, as JSON has it; None for what it does not say.

    Times are ISO 8601 in UTC, `lifetime` is in seconds. The key id is cut short.
    """
    key = seen.read
    if key is None:
        return {}
    made, expires = key.made_at, key.expires_at
    return {
        "kind": str(key.kind),
        "account": key.account,
        "region": told_region(key.region) if key.region else None,
        "key_id": told_key_id(key.key_id) if key.key_id else None,
        "temporary": key.temporary,
        "made": made.isoformat() if made else None,
        "expires": expires.isoformat() if expires else None,
        "lifetime": int(key.lifetime.total_seconds()) if key.lifetime else None,
        "fingerprint": seen.fingerprint,
    }


def told_region(name: str | None) -> str:
    """Name a Region, where it has the form of one."""
    return name if name and _REGION.fullmatch(name) else "what is no name of a Region"


def told_key_id(key_id: str) -> str:
    """Cut a key id of IAM short: AKIA…L3ENVVAR. What has another form is not told."""
    return shorten_key_id(key_id) if _KEY_ID.fullmatch(key_id) else "of another form than IAM's"


def told_time(moment: datetime) -> str:
    """Tell a moment to the second, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
