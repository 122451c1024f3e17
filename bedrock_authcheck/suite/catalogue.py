"""All scenarios by group, built when a group is first asked for."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from bedrock_authcheck.suite.scenario import Scenario

GROUPS: Final = {
    "chain": "bedrock_authcheck.suite.chain",
    "broken": "bedrock_authcheck.suite.broken",
    "variant": "bedrock_authcheck.suite.variant",
    "auth": "bedrock_authcheck.suite.auth",
    "limit": "bedrock_authcheck.suite.limit",
    "bidirectional": "bedrock_authcheck.suite.bidirectional",
    "token": "bedrock_authcheck.suite.api_key",
    "mantle": "bedrock_authcheck.suite.mantle",
    "travel": "bedrock_authcheck.suite.travel",
    "life": "bedrock_authcheck.suite.life",
    "preference": "bedrock_authcheck.suite.preference",
    "keys": "bedrock_authcheck.suite.keys",
    "project": "bedrock_authcheck.suite.project",
    "recording": "bedrock_authcheck.suite.recordings",
}
"""The groups in the order in which they run, and the module of each."""
RECORD: Final = {"record": "bedrock_authcheck.suite.record"}
"""The one group of a run with `--record`, which runs no other."""
COMMAND: Final = {"command": "bedrock_authcheck.suite.command"}
"""The one group of a run that judges a command line, which runs no other."""


def module_of(group: str) -> ModuleType:
    """Import the module of a group; KeyError for a group that does not exist."""
    return import_module({**GROUPS, **RECORD, **COMMAND}[group])


@cache
def scenarios_of(group: str) -> Mapping[str, Scenario]:
    """Build the scenarios of a group, by name; KeyError for a group that does not exist."""
    module = module_of(group)
    scenarios: dict[str, Scenario] = {}
    for scenario in module.scenarios():
        if scenario.name in scenarios:
            msg = f"two scenarios are called {scenario.id}"
            raise ValueError(msg)
        scenarios[scenario.name] = scenario
    return scenarios
