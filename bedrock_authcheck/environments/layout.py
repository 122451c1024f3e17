"""How a credential comes onto a machine: its level or its variant of one, whole or broken."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.environments.levels import (
    CONFIG_FILE,
    CREDENTIALS_FILE,
    Defect,
    LevelError,
    Provision,
    ini,
    key_fields,
    provision,
)
from bedrock_authcheck.environments.variants import VARIANTS, expired_sso, process
from bedrock_authcheck.model import AwsCredential, CredentialSource, Variant
from bedrock_authcheck.services import faults
from bedrock_authcheck.services.grants import Grants

if TYPE_CHECKING:
    from pathlib import Path

    from bedrock_authcheck.model import Credential

_FILES: Final = {
    CredentialSource.SHARED: CREDENTIALS_FILE,
    CredentialSource.CONFIG: CONFIG_FILE,
}
_PLAIN: Final = (None, Defect.NO_KEY_ID, Defect.NO_SECRET)
"""What each level can be: whole, or half."""


def lay_out(
    credential: Credential,
    region: str,
    home: Path,
    *,
    defect: Defect | None = None,
    token_file: bool = False,
) -> Provision:
    """Say what a credential adds to a machine with this home; see `levels.provision`.

    LevelError for a defect that its origin cannot have.
    """
    if isinstance(credential, AwsCredential):
        if credential.variant is Variant.PROCESS:
            return process(credential, home, defect)
        lay = VARIANTS.get(credential.origin)
        if lay is not None:
            return _broken_variant(credential, lay(credential, home), defect)
        if defect not in _PLAIN and credential.origin in _FILES:
            return _broken_file(credential, defect)
    token_file = token_file or credential.origin is Variant.POD_IDENTITY
    usual = provision(credential, region, defect=defect, token_file=token_file)
    if defect in _PLAIN:
        return usual
    if usual.service is None or defect is None:
        raise _impossible(credential, defect)
    if defect is Defect.REFUSING:
        return replace(usual, service=None, refusing=True)
    if defect not in _ALTERATIONS:
        raise _impossible(credential, defect)
    usual.service.alter = _ALTERATIONS[defect]
    return usual


_ALTERATIONS: Final = {
    Defect.FAILING: faults.failing,
    Defect.FORBIDDEN: faults.forbidden,
    Defect.UNAUTHORISED: faults.unauthorised,
    Defect.MALFORMED: faults.malformed,
    Defect.NO_ROLE: faults.without_role,
    Defect.EXPIRED: faults.expired,
}


def _impossible(credential: Credential, defect: Defect | None) -> LevelError:
    return LevelError(f"{credential.origin.title} cannot be {defect}")


def _broken_variant(
    credential: AwsCredential, whole: Provision, defect: Defect | None
) -> Provision:
    if defect is None:
        return whole
    if defect is Defect.FAILING and whole.grants != Grants():
        return replace(whole, grants=Grants())
    if defect is Defect.EXPIRED and credential.variant is Variant.SSO:
        return expired_sso(credential)
    raise _impossible(credential, defect)


def _broken_file(credential: AwsCredential, defect: Defect | None) -> Provision:
    path = _FILES[credential.source]
    if defect is Defect.UNREADABLE:
        return Provision(folders=(path,))
    fields = key_fields(credential)
    if defect is Defect.NO_PROFILE:  # its keys are in the file, and nobody asked for them
        return Provision({"AWS_PROFILE": "authcheck-missing"}, {path: ini(fields, "other")})
    if defect is Defect.MALFORMED:
        return Provision(files={path: ini(fields).replace("[default]", "[default", 1)})
    raise _impossible(credential, defect)
