"""What may surprise on a machine: broken levels, Regions that differ, preferences, other orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from bedrock_authcheck.checks.key_in_use import REGION_VARIABLES
from bedrock_authcheck.model import AuthScheme, CredentialSource, Variant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bedrock_authcheck.explain.found import Found
    from bedrock_authcheck.explain.operation import Asked
    from bedrock_authcheck.explain.profiles import Profiles

    Caution = tuple[str, str]
    """The rule that it is about, or nothing, and a sentence."""

_PREFERENCE: Final = "AWS_AUTH_SCHEME_PREFERENCE"
_AHEAD: Final = (Variant.ROLE, Variant.ROLE_FROM_ENVIRONMENT, Variant.WEB_IDENTITY, Variant.SSO)
"""Variants of the config file that boto3 asks for before the shared credentials file."""


class Seen(NamedTuple):
    """What a machine shows: its variables, profiles and levels, and boto3's Region."""

    environ: Mapping[str, str]
    profiles: Profiles
    found: tuple[Found, ...]
    region: str | None


def cautions_of(seen: Seen, asked: Asked, winner: Found | None) -> Iterator[Caution]:
    """Say what may surprise about the winner, and before it."""
    with_token = winner is not None and winner.scheme is AuthScheme.BEARER
    if seen.profiles.missing:
        text = f"{seen.profiles.variable} names a profile that is in neither file"
        yield "CHAIN-5" if with_token else "CHAIN-4", f"{text}: boto3 ends in an error"
    yield from _broken(seen, winner, with_token=with_token)
    if winner is not None and winner.origin in _AHEAD and _has_shared(seen.found):
        title = winner.origin.title
        text = f"boto3 asks for the {title} before the shared credentials file; other SDKs may not"
        yield "CHAIN-7", text
    if winner is not None and winner.region and seen.region != winner.region:
        here = seen.region or "not set"
        yield "SAFE-2", f"the key was made for {winner.region}, and the Region here is {here}"
    regions = {seen.environ[name].strip() for name in REGION_VARIABLES if seen.environ.get(name)}
    if len(regions) > 1:
        yield "", "AWS_REGION and AWS_DEFAULT_REGION differ: boto3 reads the second, most the first"
    if asked.takes_api_key:
        yield from _preference(seen, with_token=with_token)


def _broken(seen: Seen, winner: Found | None, *, with_token: bool) -> Iterator[Caution]:
    """Tell the broken levels that a client comes upon: all below a token, else those before."""
    place = None if with_token or winner is None else seen.found.index(winner)
    for one in seen.found[:place]:
        if not one.state.counts and one.level > 1:
            rule = "CHAIN-5" if with_token else "CHAIN-4"
            right = "that the token signs" if with_token else "to skip it or to say so"
            text = f"level {one.level} ({one.place}) is {one.state}: a client may end in an error"
            yield rule, f"{text} there; right is {right}"


def _has_shared(found: tuple[Found, ...]) -> bool:
    shared = (CredentialSource.SHARED, Variant.SHARED_PROFILE)
    return any(one.origin in shared and one.state.counts for one in found)


def _preference(seen: Seen, *, with_token: bool) -> Iterator[Caution]:
    """Say what an auth scheme preference does in boto3, where it surprises (seen on the wire)."""
    setting = "auth_scheme_preference"
    value = seen.environ.get(_PREFERENCE) or seen.profiles.merged().get(setting, "")
    bearer_first = value.strip().lower().startswith("httpbearerauth")
    if not value.strip() or with_token == bearer_first:
        return
    where = f"{seen.profiles.place_of(setting)} {setting}"
    where = _PREFERENCE if seen.environ.get(_PREFERENCE) else where
    if with_token:
        text = f"{where} asks for another scheme: boto3 uses the token nevertheless"
        yield "PREF-2", f"{text}, other SDKs may not"
    else:
        yield "PREF-2", f"{where} asks for the bearer token first: boto3 ends in an error without"
