"""LIMIT-6 in one session: the token for Bedrock, then another service, then Bedrock again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bedrock_authcheck.checks.trial import Expectation
from bedrock_authcheck.clients.contract import Call
from bedrock_authcheck.model import CredentialSource
from bedrock_authcheck.suite.acts import Ask
from bedrock_authcheck.suite.limit import NEIGHBOURS
from bedrock_authcheck.suite.scenario import (
    CONVERSE,
    Held,
    Scenario,
    expect,
    levels_name,
    request_rules,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_SERVICES: Final = (
    *NEIGHBOURS,
    Call("bedrock-agentcore", "ListSessions"),
    Call("bedrock-agentcore-control", "ListAgentRuntimes"),
)
_TOKEN: Final = CredentialSource.BEARER


def scenarios() -> Iterator[Scenario]:
    """Call each service between two calls of Bedrock, with keys that it may be signed by or not."""
    for call in _SERVICES:
        for sources in ((_TOKEN,), (_TOKEN, CredentialSource.ENVIRONMENT)):
            held = tuple(map(Held, sources))
            bearer = Expectation((_TOKEN,))
            yield Scenario(
                "travel",
                f"session-{levels_name(sources)}-with-{call.service}",
                ("LIMIT-6", *request_rules(bearer, held)),
                held,
                (CONVERSE, call),
                bearer,
                acts=(
                    Ask(CONVERSE),
                    Ask(call, expectation=expect(sources, call.service)),
                    Ask(CONVERSE),
                ),
                shared=True,
            )
