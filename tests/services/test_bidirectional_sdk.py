"""The stream of both directions with a real client: AWS's SDK for Python v4 over its CRT."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.environments.environment import Environment
from bedrock_authcheck.model import CredentialSource, SignatureCheck
from bedrock_authcheck.services.ledger import Ledger
from tests.services.recorder import PATIENCE

if TYPE_CHECKING:
    from tests.simulated import Services

for _needed in ("aws_sdk_bedrock_runtime", "awscrt"):
    pytest.importorskip(_needed, reason="aws-sdk-bedrock-runtime[awscrt] is not installed")

PROGRAM = Path(__file__).with_name("bidirectional_sdk.py")


@pytest.mark.parametrize(
    "levels",
    [("environment",), ("shared",), ("bearer", "environment"), ("bearer", "shared")],
    ids="+".join,
)
def test_its_events_are_verified_whatever_token_is_there(
    services: Services, levels: tuple[str, ...]
) -> None:
    with Environment(services.loop, services.endpoint) as environment:
        environment.provide(*levels)
        ledger = Ledger(environment.keyring, environment.region)
        services.endpoint.open(ledger)
        done = subprocess.run(
            [sys.executable, str(PROGRAM)],
            env=environment.env(),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(answer) for answer in json.loads(done.stdout)]
    assert [answer.keys() for answer in answers] == [{"bytes"}, {"bytes"}]
    (seen,) = ledger.observations
    assert seen.source is CredentialSource(levels[-1])
    assert seen.signature == SignatureCheck(valid=True)
    assert (seen.exchange.protocol, seen.exchange.tls) == ("HTTP/2", "TLSv1.3")
    assert seen.exchange.complete
