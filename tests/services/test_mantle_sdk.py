"""Mantle with real clients: BedrockOpenAI and AnthropicBedrockMantle read what is simulated."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from bedrock_authcheck.environments.environment import Environment
from bedrock_authcheck.model import CredentialSource, SignatureCheck
from bedrock_authcheck.services.ledger import Ledger
from bedrock_authcheck.services.messages import TEXT
from tests.services.recorder import PATIENCE

if TYPE_CHECKING:
    from tests.simulated import Services

PROGRAM = Path(__file__).with_name("mantle_sdk.py")
SAID: Final = {
    "openai": [TEXT, TEXT, TEXT, TEXT, "simulated.model"],
    "anthropic": [TEXT, TEXT, "3"],
}
CALLED: Final = {
    "openai": ["ChatCompletions", "ChatCompletions", "Responses", "Responses", "ListModels"],
    "anthropic": ["Messages", "Messages", "CountTokens"],
}


@pytest.mark.parametrize("levels", [("bearer",), ("shared",), ("bearer", "shared")], ids="+".join)
@pytest.mark.parametrize("package", SAID)
def test_it_reads_every_answer_and_is_seen_for_who_it_is(
    services: Services, package: str, levels: tuple[str, ...]
) -> None:
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    with Environment(services.loop, services.endpoint) as environment:
        environment.provide(*levels)
        ledger = Ledger(environment.keyring, environment.region)
        services.endpoint.open(ledger)
        done = subprocess.run(
            [sys.executable, str(PROGRAM), package],
            env=environment.env(),
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE,  # two packages that take seconds to be imported
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == SAID[package]
    seen = ledger.observations
    assert [observation.operation for observation in seen] == CALLED[package]
    assert {observation.source for observation in seen} == {CredentialSource(levels[0])}
    right = None if levels[0] == "bearer" else SignatureCheck(valid=True)
    assert [observation.signature for observation in seen] == [right] * len(seen)
    assert not [finding for observation in seen for finding in observation.evidence.findings]
