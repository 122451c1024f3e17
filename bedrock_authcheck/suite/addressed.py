"""CHAIN-1, LIMIT-2, LIMIT-4: who signs, and for which Region, whatever names the endpoint.

An address says neither: a custom endpoint is a host of nobody's Region, and takes the token as
AWS's own does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bedrock_authcheck.clients.contract import Call, ClientSettings
from bedrock_authcheck.model import CredentialSource
from bedrock_authcheck.suite.routes import NamedBy
from bedrock_authcheck.suite.scenario import (
    CONVERSE,
    CONVERSE_STREAM,
    LIST_MODELS,
    Scenario,
    levels_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN: Final = CredentialSource.BEARER
_KEYS: Final = CredentialSource.ENVIRONMENT
_AGENTS: Final = Call("bedrock-agent", "ListAgents")
_ANOTHER_REGION: Final = ClientSettings(region="ap-southeast-2")
_IGNORED: Final = {
    "variable": ({"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, {}),
    "profile": ({}, {"ignore_configured_endpoint_urls": "true"}),
}
"""Variables and settings of the profile by which configured endpoints are ignored."""


def scenarios() -> Iterator[Scenario]:
    """Name the endpoint in each way; then also where all but code's is to be ignored."""
    for way in NamedBy:
        yield _addressed(way, (_TOKEN, _KEYS), CONVERSE)
        yield _addressed(way, (_TOKEN,), LIST_MODELS)
        yield _addressed(way, (_KEYS,), CONVERSE_STREAM)
        yield _addressed(way, (_TOKEN, _KEYS), _AGENTS)
        yield _addressed(way, (_KEYS,), CONVERSE, _ANOTHER_REGION)
    for place, (variables, config) in _IGNORED.items():
        for levels in ((_TOKEN, _KEYS), (_KEYS,)):
            yield Scenario.of(
                "travel",
                f"endpoint-by-code-ignored-by-{place}-{levels_name(levels)}-converse",
                ("CHAIN-1",),
                levels,
                CONVERSE,
                variables=variables,
                config=config,
                named_by=NamedBy.CODE,
            )


def _addressed(
    way: NamedBy,
    levels: tuple[CredentialSource, ...],
    call: Call,
    settings: ClientSettings | None = None,
) -> Scenario:
    region = f"-in-{settings.region}" if settings else ""
    what = f"{call.service}.{call.operation}"
    return Scenario.of(
        "travel",
        f"endpoint-by-{way}-{levels_name(levels)}-{what}{region}",
        ("LIMIT-2", "LIMIT-4") if call is _AGENTS else ("CHAIN-1",),
        levels,
        call,
        settings=settings or ClientSettings(),
        named_by=way,
    )
