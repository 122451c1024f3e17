"""Levels that somebody has to be asked for: roles, SSO, processes, metadata. Nobody is asked.

What is read are the settings that name them, and the caches that say when a session ends.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from bedrock_authcheck.checks.key_in_use import told_time
from bedrock_authcheck.explain.found import Found, State
from bedrock_authcheck.explain.keys import moment, told_account
from bedrock_authcheck.explain.profiles import path_of
from bedrock_authcheck.model import CredentialSource, Variant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from bedrock_authcheck.explain.profiles import Profiles, Section

_TEMPORARY: Final = "temporary credentials"
_LARGEST: Final = 1024**2  # bytes of a cache file
_ROLE: Final = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}):role/.+")
_SOURCES: Final = ("Environment", "EcsContainer", "Ec2InstanceMetadata")
_POD_IDENTITY_HOSTS: Final = frozenset({"169.254.170.23", "fd00:ec2::23"})
_CONTAINER_VARIABLES: Final = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


def assumed_role(profiles: Profiles) -> Iterator[Found]:
    """Find a role of the profile, which STS would be asked for with another's credentials."""
    profile = profiles.merged()
    if "role_arn" not in profile or "web_identity_token_file" in profile:
        return
    source = profile.get("credential_source")
    origin = Variant.ROLE_FROM_ENVIRONMENT if source is not None else Variant.ROLE
    fault = _fault_of_source(profile, profiles)
    yield _asked(
        origin,
        f"{profiles.place_of('role_arn')} role_arn",
        "STS was not asked for the role",
        fault,
        account=_account_of_role(profile["role_arn"]),
    )


def _fault_of_source(profile: Section, profiles: Profiles) -> str:
    name, source = profile.get("source_profile"), profile.get("credential_source")
    if (name is None) == (source is None):
        return "it needs either source_profile or credential_source"
    if source is not None:
        right = ", ".join(_SOURCES)
        return "" if source in _SOURCES else f"its credential_source is none of {right}"
    if name not in profiles.shared.profiles and name not in profiles.config.profiles:
        return "its source_profile is in neither file"
    return ""


def web_identity(profiles: Profiles, environ: Mapping[str, str], home: Path) -> Iterator[Found]:
    """Find a web identity, by variables (EKS sets them) or in the profile."""
    profile, variable = profiles.merged(), "AWS_WEB_IDENTITY_TOKEN_FILE"
    named = environ.get(variable) or profile.get("web_identity_token_file")
    if not named:
        return
    role = environ.get("AWS_ROLE_ARN") or profile.get("role_arn", "")
    fault = "" if role else "it names no role: set AWS_ROLE_ARN or role_arn"
    try:
        there = path_of(named, environ, home).is_file()
    except (OSError, ValueError):
        there = False
    if not there:
        fault = fault or "its token file is not there"
    place = variable if environ.get(variable) else profiles.place_of("web_identity_token_file")
    account = _account_of_role(role)
    yield _asked(
        Variant.WEB_IDENTITY, place, "STS was not asked for the role", fault, account=account
    )


def single_sign_on(profiles: Profiles, home: Path, now: datetime) -> Iterator[Found]:
    """Find an SSO session of the profile; its cache says whether somebody has signed in."""
    profile = profiles.merged()
    if not {"sso_role_name", "sso_account_id"} & profile.keys():
        return
    session = profile.get("sso_session")
    settings = {**profiles.config.sessions.get(session or "", {}), **profile}
    missing = [
        name
        for name in ("sso_role_name", "sso_account_id", "sso_start_url", "sso_region")
        if name not in settings
    ]
    fault, expires = "", None
    if missing:
        fault = f"it lacks {', '.join(missing)}"
    else:
        # The cache's name is a SHA-1 of the session's, by the reference guide: no security in it.
        text = session or settings["sso_start_url"]
        name = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        cached = _cached(home / ".aws" / "sso" / "cache" / f"{name}.json")
        expires = moment(cached.get("expiresAt"))
        fault = _fault_of_session(cached, expires, now, "aws sso login")
    yield _asked(
        Variant.SSO,
        f"{profiles.place_of('sso_role_name')} sso_role_name",
        "the SSO portal was not asked",
        fault,
        account=told_account(settings.get("sso_account_id", "")),
        expires=expires,
    )


def login(
    profiles: Profiles, environ: Mapping[str, str], home: Path, now: datetime
) -> Iterator[Found]:
    """Find a session of `aws login`, whose cache holds credentials and when they end."""
    profile = profiles.merged()
    if "login_session" not in profile:
        return
    folder = environ.get("AWS_LOGIN_CACHE_DIRECTORY") or "~/.aws/login/cache"
    name = hashlib.sha256(profile["login_session"].encode()).hexdigest()
    cached = _cached(path_of(folder, environ, home) / f"{name}.json")
    token = cached.get("accessToken")
    expires = moment(token.get("expiresAt")) if isinstance(token, dict) else None
    account = told_account(str(token.get("accountId"))) if isinstance(token, dict) else None
    fault = _fault_of_session(cached, None, now, "aws login")  # it renews itself
    yield _asked(
        Variant.LOGIN,
        f"{profiles.place_of('login_session')} login_session",
        "sign-in was not asked",
        fault,
        account=account,
        expires=expires,
    )


def process(profiles: Profiles) -> Iterator[Found]:
    """Find a credential process of the profile; it is not run."""
    profile = profiles.merged()
    if "credential_process" in profile:
        place = f"{profiles.place_of('credential_process')} credential_process"
        fault = "" if profile["credential_process"].strip() else "it names no program"
        account = told_account(profile.get("aws_account_id", ""))
        yield _asked(Variant.PROCESS, place, "the program was not run", fault, account=account)


def container(environ: Mapping[str, str]) -> Iterator[Found]:
    """Find a container role by its variables; the endpoint is not asked."""
    for variable in _CONTAINER_VARIABLES:
        if variable in environ:
            in_file = bool(environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"))
            pod = in_file or _host(environ[variable]) in _POD_IDENTITY_HOSTS
            origin = Variant.POD_IDENTITY if pod else CredentialSource.CONTAINER
            note = "the endpoint was not asked"
            yield Found(origin, State.NOT_ASKED, variable, kind=_TEMPORARY, note=note)
            return


def instance(environ: Mapping[str, str]) -> Iterator[Found]:
    """Find instance metadata, which is there for every machine that has not switched it off."""
    if environ.get("AWS_EC2_METADATA_DISABLED", "").strip().lower() == "true":
        return
    source = CredentialSource.INSTANCE
    note = "not asked: on a machine that is no EC2 instance nobody answers"
    yield Found(source, State.NOT_ASKED, source.place, kind=_TEMPORARY, note=note)


def _asked(
    origin: Variant,
    place: str,
    note: str,
    fault: str,
    *,
    account: str | None = None,
    expires: datetime | None = None,
) -> Found:
    state = State.BROKEN if fault else State.PRESENT
    return Found(
        *(origin, state, place),
        kind=_TEMPORARY,
        account=account,
        expires=expires,
        note=fault or note,
    )


def _fault_of_session(
    cached: Mapping[str, Any], expires: datetime | None, now: datetime, command: str
) -> str:
    if not cached:
        return f"nobody is signed in: {command}"
    if expires is not None and expires <= now and not cached.get("refreshToken"):
        return f"its session ended at {told_time(expires)}: {command}"
    return ""


def _cached(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            read = json.loads(file.read(_LARGEST))
    except (OSError, ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _account_of_role(arn: str) -> str | None:
    found = _ROLE.fullmatch(arn.strip())
    return found[1] if found else None


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
