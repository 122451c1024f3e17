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
from bedrock_authcheck.environments.signed_in import expired_login, expired_sso
from bedrock_authcheck.environments.variants import VARIANTS, process
from bedrock_authcheck.model import AwsCredential, CredentialSource, Variant
from bedrock_authcheck.services import faults
from bedrock_authcheck.services.grants import Grants
from bedrock_authcheck.services.metadata import NEARLY_OVER, Role

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
    expiring: bool = False,
) -> Provision:
    """Say what a credential adds to a machine with this home; see `levels.provision`.

    An `expiring` one is a role's, and nearly over. LevelError for what its origin cannot be.
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
    if expiring and isinstance(usual.service, Role):
        usual.service.lifetime = NEARLY_OVER
    elif expiring:
        raise _impossible(credential, "about to expire")
    if defect in _PLAIN:
        return usual
    if usual.service is None or defect is None:
        raise _impossible(credential, defect)
    if defect is Defect.REFUSING:
        return replace(usual, service=None, refusing=True)
    instance = credential.source is CredentialSource.INSTANCE
    if defect is Defect.STALE_TOKEN and instance:
        usual.service.alter = faults.StaleToken()
    elif defect in _ALTERATIONS and (instance or defect not in _OF_INSTANCES):
        usual.service.alter = _ALTERATIONS[defect]
    else:
        raise _impossible(credential, defect)
    return usual


_OF_INSTANCES: Final = (Defect.NO_ROLE, Defect.OUT_OF_REACH)
_ALTERATIONS: Final = {
    Defect.UNAVAILABLE: faults.unavailable,
    Defect.OUT_OF_REACH: faults.out_of_reach,
    Defect.FAILING: faults.failing,
    Defect.FORBIDDEN: faults.forbidden,
    Defect.UNAUTHORISED: faults.unauthorised,
    Defect.MALFORMED: faults.malformed,
    Defect.NO_ROLE: faults.without_role,
    Defect.EXPIRED: faults.expired,
}


def _impossible(credential: Credential, what: str | None) -> LevelError:
    return LevelError(f"{credential.origin.title} cannot be {what}")


def _broken_variant(
    credential: AwsCredential, whole: Provision, defect: Defect | None
) -> Provision:
    if defect is None:
        return whole
    if defect is Defect.FAILING and whole.grants != Grants():
        return replace(whole, grants=Grants())
    if defect is Defect.EXPIRED and credential.variant is Variant.SSO:
        return expired_sso(credential)
    if defect is Defect.EXPIRED and credential.variant is Variant.LOGIN:
        return expired_login(credential)
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
