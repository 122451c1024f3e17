"""Levels that are keys at rest: the token, the variables, the profiles of both files."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.checks.key_in_use import KeyInUse, told_key_id, told_region
from bedrock_authcheck.explain.found import Found, State
from bedrock_authcheck.model import CredentialSource, Variant
from bedrock_authcheck.wire.tokens import ApiKeyKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bedrock_authcheck.explain.profiles import Profiles

_TOKEN: Final = CredentialSource.BEARER
_KEYS: Final = CredentialSource.ENVIRONMENT
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_KINDS: Final = {
    ApiKeyKind.SHORT_TERM: "short-term API key",
    ApiKeyKind.LONG_TERM: "long-term API key",
    ApiKeyKind.UNKNOWN: "a token of no known format",
}


def bearer_token(environ: Mapping[str, str], now: datetime) -> Iterator[Found]:
    """Find level 1: the variable. A token that code passes to a client is not seen from here."""
    if _TOKEN.place not in environ:
        return
    seen = KeyInUse.of(environ)
    key = seen.read
    if key is None:
        note = "it is empty: no token, or a clear error (TOKEN-1)"
        yield Found(_TOKEN, State.BROKEN, _TOKEN.place, note=note)
        return
    expired = key.expires_at is not None and key.expires_at <= now
    yield Found(
        _TOKEN,
        State.PRESENT,
        _TOKEN.place,
        kind=_KINDS[key.kind],
        key=f"made by {told_key_id(key.key_id)}" if key.key_id else "",
        fingerprint=seen.fingerprint,
        account=key.account,
        region=told_region(key.region) if key.region else None,
        expires=key.expires_at,
        note="it has expired: the call ends in an error, no other level signs (TOKEN-13)"
        if expired
        else "",
    )


def environment_keys(environ: Mapping[str, str], now: datetime) -> Iterator[Found]:
    """Find level 3: the variables."""
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    key_id, secret, session = (environ.get(name, "") for name in names)
    session = session or environ.get("AWS_SECURITY_TOKEN", "")  # its old name
    expires = moment(environ.get("AWS_CREDENTIAL_EXPIRATION", ""))
    account = told_account(environ.get("AWS_ACCOUNT_ID", ""))
    found = _static(_KEYS, _KEYS.place, (key_id, secret, session), account)
    if found is not None:
        yield _timed(found, expires, now)


def profile_keys(profiles: Profiles, source: CredentialSource) -> Iterator[Found]:
    """Find level 4 or 5: keys in the profile that is asked for, of one file."""
    shared = source is CredentialSource.SHARED
    file = profiles.shared if shared else profiles.config
    named = Variant.SHARED_PROFILE if shared else Variant.CONFIG_PROFILE
    origin = named if profiles.variable else source
    if file.fault:
        yield Found(source, State.BROKEN, file.place, note=f"{file.fault}: it provides nothing")
        return
    section = file.profiles.get(profiles.name, {})
    session = section.get("aws_session_token") or section.get("aws_security_token", "")
    parts = (section.get("aws_access_key_id"), section.get("aws_secret_access_key"), session)
    prefix = "profile " if not shared and profiles.name != "default" else ""
    place = f"{file.place} [{prefix}{profiles.title}]"
    found = _static(origin, place, parts, told_account(section.get("aws_account_id", "")))
    if found is not None:
        yield found


def _static(
    origin: CredentialSource | Variant,
    place: str,
    parts: tuple[str | None, str | None, str],
    account: str | None,
) -> Found | None:
    key_id, secret, session = ((part or "").strip() for part in parts)
    if not key_id and not secret:
        return None
    if not (key_id and secret):
        what = "no secret stands beside the key id" if key_id else "a secret without its key id"
        note = f"{what}: skipped or a clear error, it never signs (CHAIN-4)"
        return Found(
            origin, State.HALF, place, key=told_key_id(key_id) if key_id else "", note=note
        )
    kind = "temporary credentials" if session else "long-term IAM key"
    note = ""
    if key_id.startswith("ASIA") and not session:
        kind, note = "temporary credentials", "its session token is missing: AWS refuses it"
    return Found(
        origin, State.PRESENT, place, kind=kind, key=told_key_id(key_id), account=account, note=note
    )


def _timed(found: Found, expires: datetime | None, now: datetime) -> Found:
    note = "they have expired" if expires and expires <= now else found.note
    return replace(found, expires=expires, note=note)


def told_account(text: str) -> str | None:
    """Tell an account id, where it is one."""
    return text.strip() if _ACCOUNT.fullmatch(text.strip()) else None


def moment(text: object) -> datetime | None:
    """Read a time of ISO 8601 as UTC, which it is where it names no zone; None for all else."""
    try:
        read = datetime.fromisoformat(str(text).strip().replace("UTC", "Z"))
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
