"""The variants of a level: what real SDKs know beside the plain six, each where it is found.

Source: AWS SDKs and Tools reference guide, "Standardized credential providers".
"""

from __future__ import annotations

import json
import secrets
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, cast

from bedrock_authcheck.environments.canaries import canary
from bedrock_authcheck.environments.levels import (
    CONFIG_FILE,
    CREDENTIALS_FILE,
    Defect,
    Provision,
    ini,
    key_fields,
    merged,
)
from bedrock_authcheck.environments.signed_in import login, refreshed_login, refreshed_sso, sso
from bedrock_authcheck.model import CredentialSource, Variant
from bedrock_authcheck.services.faults import GARBAGE, LONG_AGO
from bedrock_authcheck.services.grants import Grants
from bedrock_authcheck.services.hanging import GAVE_UP_PATH, WAIT_PATH, HangingHelper
from bedrock_authcheck.services.metadata import CREDENTIAL_LIFETIME, ROLE_ARN, timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from bedrock_authcheck.model import AwsCredential, Origin

PROFILE: Final = "authcheck"
"""The profile of the variants that are one, which AWS_PROFILE or code must name."""

_SCRIPT: Final = ".aws/credential_process.py"
_HELD_BY: Final = "BEDROCK_AUTHCHECK_HELD_BY"
_HANGING: Final = f"""\
import os, socket, sys

host, port = os.environ["{_HELD_BY}"].rpartition("/")[2].split(":")


def ask(path):
    with socket.create_connection((host, int(port)), timeout=60) as asking:
        head = f"GET {{path}} HTTP/1.1\\r\\nHost: {{host}}\\r\\nConnection: close\\r\\n\\r\\n"
        asking.sendall(head.encode())
        return asking.makefile("rb").read()


try:
    if ask("{WAIT_PATH}"):
        ask("{GAVE_UP_PATH}")
except OSError:
    pass  # whoever holds it is gone
sys.stderr.write("this credential process does not end")
sys.exit(1)
"""
"""Hangs on loopback, so that nobody sleeps and it ends with whoever started the machine."""

_SOURCE: Final = "authcheck-source"
_WEB_IDENTITY: Final = ".aws/web-identity-token"


def process(credential: AwsCredential, home: Path, defect: Defect | None) -> Provision:
    """Lay out a credential_process: a script that this Python runs, alone and at once.

    The command is quoted as both POSIX shells and Windows read it.
    """
    command = f'"{sys.executable}" -I -S "{home / _SCRIPT}"'
    files = {
        CONFIG_FILE: ini({"credential_process": command}),
        _SCRIPT: _script(credential, defect),
    }
    if defect is Defect.HANGING:
        return Provision(files=files, service=HangingHelper(), url_variable=_HELD_BY)
    return Provision(files=files)


def _script(credential: AwsCredential, defect: Defect | None) -> str:
    if defect is Defect.HANGING:
        return _HANGING
    if defect is Defect.FAILING:
        return "import sys\n\nsys.stderr.write('this credential process is broken')\nsys.exit(1)\n"
    if defect is Defect.MALFORMED:
        return f"print({GARBAGE!r})\n"
    document = {
        "Version": 1,
        "AccessKeyId": credential.key_id,
        "SecretAccessKey": credential.secret,
    }
    if credential.session_token is not None:
        document["SessionToken"] = credential.session_token
        document["Expiration"] = timestamp(datetime.now(UTC) + CREDENTIAL_LIFETIME)
    if defect is Defect.EXPIRED:
        document["Expiration"] = LONG_AGO
    elif defect is Defect.NO_SECRET:
        del document["SecretAccessKey"]
    elif defect is Defect.NO_KEY_ID:
        del document["AccessKeyId"]
    return f"print({json.dumps(document)!r})\n"


def _shared_profile(credential: AwsCredential, _: Path) -> Provision:
    return Provision(files={CREDENTIALS_FILE: ini(key_fields(credential), PROFILE)})


def _config_profile(credential: AwsCredential, _: Path) -> Provision:
    return Provision(files={CONFIG_FILE: ini(key_fields(credential), f"profile {PROFILE}")})


def _role(credential: AwsCredential, _: Path) -> Provision:
    """Lay out a role of the default profile, whose source is a profile with keys of its own."""
    source = cast("AwsCredential", canary(Variant.SOURCE_PROFILE))
    role = {"role_arn": ROLE_ARN, "source_profile": _SOURCE}
    keys = ini(key_fields(source), f"profile {_SOURCE}")
    return Provision(
        files={CONFIG_FILE: merged(ini(role), keys)},
        grants=Grants(roles={Variant.SOURCE_PROFILE: credential}),
        beside=(source,),
    )


def _role_from_environment(credential: AwsCredential, _: Path) -> Provision:
    """Lay out a role of a profile, whose source are the variables of level 3, if they are set."""
    role = {"role_arn": ROLE_ARN, "credential_source": "Environment"}
    return Provision(
        files={CONFIG_FILE: ini(role, f"profile {PROFILE}")},
        grants=Grants(roles={CredentialSource.ENVIRONMENT: credential}),
    )


def _web_identity(credential: AwsCredential, home: Path) -> Provision:
    token = f"FAKE-web-identity-{secrets.token_hex(16)}"
    role = {
        "role_arn": ROLE_ARN,
        "web_identity_token_file": str(home / _WEB_IDENTITY),
        "role_session_name": "authcheck",
    }
    return Provision(
        files={CONFIG_FILE: ini(role), _WEB_IDENTITY: token},
        grants=Grants(web_identities={token: credential}),
    )


VARIANTS: Final[Mapping[Origin, Callable[[AwsCredential, Path], Provision]]] = {
    Variant.SHARED_PROFILE: _shared_profile,
    Variant.CONFIG_PROFILE: _config_profile,
    Variant.ROLE: _role,
    Variant.ROLE_FROM_ENVIRONMENT: _role_from_environment,
    Variant.WEB_IDENTITY: _web_identity,
    Variant.SSO: sso,
    Variant.REFRESHED_SSO: refreshed_sso,
    Variant.LOGIN: login,
    Variant.REFRESHED_LOGIN: refreshed_login,
}
"""How each is laid out; the process, which may be broken, and the roles of level 6 aside."""
