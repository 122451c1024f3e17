"""What each level puts into an environment: variables, files, keys in code, a service."""

from __future__ import annotations

import secrets
from configparser import RawConfigParser
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from io import StringIO
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.model import (
    AwsCredential,
    BearerToken,
    Credential,
    CredentialSource,
    Variant,
)
from bedrock_authcheck.services.grants import Grants
from bedrock_authcheck.services.metadata import ContainerCredentials, InstanceMetadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bedrock_authcheck.services.observing import Observing

CREDENTIALS_FILE: Final = ".aws/credentials"
CONFIG_FILE: Final = ".aws/config"
_TOKEN_VARIABLE: Final = "AWS_BEARER_TOKEN_BEDROCK"  # noqa: S105 - a variable's name
VARIABLES_OF: Final = {
    CredentialSource.BEARER: (_TOKEN_VARIABLE,),
    CredentialSource.ENVIRONMENT: (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    ),
}
"""The variables that hold the credential of a source, for sources that are variables."""

_KEY_FIELDS: Final = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
"""What INI files and boto3's arguments call the parts of an IAM credential."""

_IN_CODE: Final = (Variant.TOKEN_IN_CODE, Variant.OTHER_TOKEN_IN_CODE)


class LevelError(ValueError):
    """A level that does not exist, is named twice, or cannot be provided as asked."""


class Defect(StrEnum):
    """What is wrong with a level that is provided, and no use."""

    NO_KEY_ID = "without-key-id"
    NO_SECRET = "without-secret"  # noqa: S105 - the name of a defect, not a secret
    NO_PROFILE = "without-profile"  # AWS_PROFILE names one that is in no file
    NO_ROLE = "without-role"  # instance metadata lists none
    MALFORMED = "malformed"  # not INI, not JSON
    UNREADABLE = "unreadable"  # a folder in the place of the file
    FAILING = "failing"  # exit status 1, HTTP status 500, a token service that gives nothing
    FORBIDDEN = "forbidden"  # HTTP status 403 from metadata, as where it is switched off
    UNAUTHORISED = "unauthorised"  # HTTP status 401 from metadata, whatever token is shown
    UNAVAILABLE = "unavailable"  # HTTP status 503 from metadata
    OUT_OF_REACH = "out-of-reach"  # no answer to the PUT for a token, as beyond its hop limit
    STALE_TOKEN = "stale-token"  # noqa: S105 - the first token of metadata is taken for expired
    HANGING = "hanging"  # a process that does not end by itself
    REFUSING = "refusing"  # nobody listens where the service should be
    EXPIRED = "expired"


def parse_sources(names: Iterable[str]) -> tuple[CredentialSource, ...]:
    """Turn names of levels into sources; LevelError for one that is unknown or named twice.

    The text lists the levels there are, and the nearest one.
    """
    sources: list[CredentialSource] = []
    for name in names:
        try:
            source = CredentialSource(name)
        except ValueError:
            known = [source.value for source in CredentialSource]
            close = get_close_matches(str(name), known, n=1)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            msg = f"unknown level {name!r}{hint}: choose from {', '.join(known)}"
            raise LevelError(msg) from None
        if source in sources:
            msg = f"level {name!r} is named twice: each level holds one credential"
            raise LevelError(msg)
        sources.append(source)
    return tuple(sources)


@dataclass(frozen=True, slots=True)
class Provision:
    """What one source adds to an environment.

    `files` are texts by their path below the home. `settings` are keyword arguments for a
    client or session of boto3, `token_in_code` is for a client that takes one. `service` is to
    be served, and `url_variable` set to its address followed by `url_path`; nobody listens
    there if it is `refusing`. `folders` are paths below the home. `grants` are what the token
    services give, `beside` credentials that come along: a role's source.
    """

    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    token_in_code: str = field(default="", repr=False)
    service: Observing | None = None
    url_variable: str = ""
    url_path: str = ""
    refusing: bool = False
    folders: tuple[str, ...] = ()
    grants: Grants = field(default_factory=Grants, repr=False)
    beside: tuple[Credential, ...] = ()


def provision(
    credential: Credential, region: str, *, defect: Defect | None = None, token_file: bool = False
) -> Provision:
    """Lay out a credential as its source provides it.

    A `defect` makes it a broken level. `token_file` hands the container
    endpoint's authorization token over in a file instead of a variable; the file's path
    stands relative to the home and is completed by the environment.
    """
    if isinstance(credential, BearerToken):
        in_code = credential.variant in _IN_CODE
        variables = {} if in_code else {_TOKEN_VARIABLE: credential.value}
        return Provision(variables, token_in_code=credential.value if in_code else "")
    match credential.source:
        case CredentialSource.SETTINGS:
            return Provision(settings=_fields(credential, _KEY_FIELDS, defect))
        case CredentialSource.ENVIRONMENT:
            own = VARIABLES_OF[CredentialSource.ENVIRONMENT]
            return Provision(_fields(credential, own, defect))
        case CredentialSource.SHARED | CredentialSource.CONFIG as source:
            path = CREDENTIALS_FILE if source is CredentialSource.SHARED else CONFIG_FILE
            return Provision(files={path: ini(_fields(credential, _KEY_FIELDS, defect))})
        case CredentialSource.INSTANCE:
            return _instance(credential, region, defect)
        case _:
            return _container(credential, defect, token_file=token_file)


def _fields(
    credential: AwsCredential, names: tuple[str, ...], defect: Defect | None
) -> dict[str, str]:
    key_id, secret, session_token = names
    fields = {key_id: credential.key_id, secret: credential.secret}
    if credential.session_token is not None:
        fields[session_token] = credential.session_token
    if defect is Defect.NO_KEY_ID:
        del fields[key_id]
    elif defect is Defect.NO_SECRET:
        del fields[secret]
    return fields


def key_fields(credential: AwsCredential) -> dict[str, str]:
    """Return a credential as the fields of an INI section."""
    return _fields(credential, _KEY_FIELDS, None)


def ini(fields: Mapping[str, str], section: str = "default") -> str:
    """Write one section of an INI file."""
    parser = RawConfigParser()
    parser[section] = fields
    return _written(parser)


def merged(*texts: str) -> str:
    """Merge INI files into one that has the sections of them all."""
    parser = RawConfigParser(strict=False)
    for text in texts:
        parser.read_string(text)
    return _written(parser)


def _written(parser: RawConfigParser) -> str:
    text = StringIO()
    parser.write(text)
    return text.getvalue()


_DOCUMENT: Final = ("AccessKeyId", "SecretAccessKey", "Token")
AUTHORIZATION_FILE: Final = ".aws/container-authorization-token"


def document(credential: AwsCredential, defect: Defect | None = None) -> dict[str, str]:
    """Return a credential as the fields that metadata services give."""
    return _fields(credential, _DOCUMENT, defect)


def fresh_authorization() -> str:
    """Make an authorization token for the container credentials endpoint."""
    return f"FAKE-container-authorization-{secrets.token_hex(8)}"


def _instance(credential: AwsCredential, region: str, defect: Defect | None) -> Provision:
    return Provision(
        variables={"AWS_EC2_METADATA_DISABLED": "false"},
        service=InstanceMetadata(document(credential, defect), region),
        url_variable="AWS_EC2_METADATA_SERVICE_ENDPOINT",
    )


def _container(credential: AwsCredential, defect: Defect | None, *, token_file: bool) -> Provision:
    authorization, path = fresh_authorization(), AUTHORIZATION_FILE
    variable = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
    return Provision(
        variables={f"{variable}_FILE": path} if token_file else {variable: authorization},
        files={path: authorization} if token_file else {},
        service=ContainerCredentials(document(credential, defect), authorization),
        url_variable="AWS_CONTAINER_CREDENTIALS_FULL_URI",
        url_path=ContainerCredentials.path,
    )
