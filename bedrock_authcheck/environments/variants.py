"""The variants of a level: what real SDKs know beside the plain six, each where it is found.

Source: AWS SDKs and Tools reference guide, "Standardized credential providers".
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.environments.levels import CONFIG_FILE, Defect, Provision, ini
from bedrock_authcheck.services.faults import GARBAGE, LONG_AGO

if TYPE_CHECKING:
    from pathlib import Path

    from bedrock_authcheck.model import AwsCredential

LIFETIME: Final = timedelta(hours=6)
_SCRIPT: Final = ".aws/credential_process.py"


def process(credential: AwsCredential, home: Path, defect: Defect | None) -> Provision:
    """Lay out a credential_process: a script that this Python runs, alone and at once.

    The command is quoted as both POSIX shells and Windows read it.
    """
    command = f'"{sys.executable}" -I -S "{home / _SCRIPT}"'
    files = {
        CONFIG_FILE: ini({"credential_process": command}),
        _SCRIPT: _script(credential, defect),
    }
    return Provision(files=files)


def _script(credential: AwsCredential, defect: Defect | None) -> str:
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
        document["Expiration"] = (datetime.now(UTC) + LIFETIME).strftime("%Y-%m-%dT%H:%M:%SZ")
    if defect is Defect.EXPIRED:
        document["Expiration"] = LONG_AGO
    elif defect is Defect.NO_SECRET:
        del document["SecretAccessKey"]
    elif defect is Defect.NO_KEY_ID:
        del document["AccessKeyId"]
    return f"print({json.dumps(document)!r})\n"
