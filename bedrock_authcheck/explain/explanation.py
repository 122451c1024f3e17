"""What would sign on a machine, why, and what else is there: the rules over what was found.

The levels are in the order of the chain; where the config file knows several ways, they are in
the order in which boto3 asks for them, which puts roles and SSO before the credentials file.
Other SDKs rank those in their own ways (CHAIN-7).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from bedrock_authcheck.checks.key_in_use import REGION_VARIABLES, told_region
from bedrock_authcheck.explain.cautions import Seen, cautions_of
from bedrock_authcheck.explain.found import Found, State
from bedrock_authcheck.explain.keys import bearer_token, environment_keys, profile_keys
from bedrock_authcheck.explain.profiles import read_profiles
from bedrock_authcheck.explain.providers import (
    assumed_role,
    container,
    instance,
    login,
    process,
    single_sign_on,
    web_identity,
)
from bedrock_authcheck.model import CredentialSource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_authcheck.explain.operation import Asked
    from bedrock_authcheck.explain.profiles import Profiles

_IN_CODE: Final = Found(
    CredentialSource.SETTINGS, State.PRESENT, CredentialSource.SETTINGS.place, note="as you say"
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a machine's credentials would do for one operation.

    `found` is all that is there, in the order in which it is asked for. `winner` is what would
    sign; None where nothing would, and the call fails. `without_token` is the winner where the
    token is gone. `rules` are the ids of the rules that make it so. `region` and `region_from`
    are boto3's; the latter is empty where none is set. `cautions` are sentences, each with the
    rule that it is about, or nothing.
    """

    asked: Asked
    found: tuple[Found, ...]
    winner: Found | None
    without_token: Found | None
    rules: tuple[str, ...]
    region: str | None
    region_from: str
    cautions: tuple[tuple[str, str], ...]

    @classmethod
    def of(
        cls,
        environ: Mapping[str, str],
        home: Path,
        asked: Asked,
        *,
        now: datetime | None = None,
        keys_in_code: bool = False,
    ) -> Self:
        """Read a machine: its variables, its files and its caches; nothing is sent or run.

        `keys_in_code` supposes level 2, which only the code that makes a client knows of. `now`
        is aware. Never raises for what stands in variables or files.
        """
        now = now or datetime.now(UTC)
        profiles = read_profiles(environ, home)
        found = _found(environ, home, profiles, now, keys_in_code=keys_in_code)
        usable = [one for one in found if one.state.counts]
        below = next((one for one in usable if one.level > 1), None)
        token = next((one for one in usable if one.level == 1), None)
        winner = (token if asked.takes_api_key else None) or below
        region, region_from = _region(environ, profiles)
        return cls(
            asked,
            found,
            winner,
            below,
            _rules(asked, token, winner),
            region,
            region_from,
            tuple(cautions_of(Seen(environ, profiles, found, region), asked, winner)),
        )

    @property
    def shadowed(self) -> tuple[Found, ...]:
        """What could sign as well, and does not."""
        return tuple(one for one in self.found if one.state.counts and one is not self.winner)

    @property
    def certain(self) -> bool:
        """Whether nobody has to be asked to know that the winner is there."""
        return self.winner is None or self.winner.state is State.PRESENT


def home_of(environ: Mapping[str, str]) -> Path:
    """Find the home folder as Python does; where there is none, a folder that holds nothing."""
    try:
        return Path.home()
    except RuntimeError:
        return Path(environ.get("HOME") or Path(__file__).parent)


def _found(
    environ: Mapping[str, str],
    home: Path,
    profiles: Profiles,
    now: datetime,
    *,
    keys_in_code: bool,
) -> tuple[Found, ...]:
    return (
        *bearer_token(environ, now),
        *((_IN_CODE,) if keys_in_code else ()),
        *environment_keys(environ, now),
        *assumed_role(profiles),
        *web_identity(profiles, environ, home),
        *single_sign_on(profiles, home, now),
        *profile_keys(profiles, CredentialSource.SHARED),
        *login(profiles, environ, home, now),
        *process(profiles),
        *profile_keys(profiles, CredentialSource.CONFIG),
        *container(environ),
        *instance(environ),
    )


def _rules(asked: Asked, token: Found | None, winner: Found | None) -> tuple[str, ...]:
    """Name the rules that decide: the chain's, and the limit that leaves the token out."""
    if token is not None and not asked.takes_api_key:
        return (asked.rule, "LIMIT-5" if winner is None else "LIMIT-4")
    return ("CHAIN-2",) if winner is None else ("CHAIN-1",)


def _region(environ: Mapping[str, str], profiles: Profiles) -> tuple[str | None, str]:
    """Find the Region as boto3 does: its variable, then the profile."""
    variable = REGION_VARIABLES[1]
    if environ.get(variable):
        return told_region(environ[variable].strip()), variable
    if profiles.merged().get("region"):
        return told_region(profiles.merged()["region"].strip()), profiles.place_of("region")
    return None, ""
