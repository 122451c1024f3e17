"""What the runs under guard share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_authcheck.model import CredentialSource
from tests.plugin.conftest import CHAIN
from tests.simulated import aws_canary
from tests.wire import lookalikes

if TYPE_CHECKING:
    import pytest

TOKEN = "AWS_BEARER_TOKEN_BEDROCK"
LONG_TERM = lookalikes.long_term_key()
KEYS = aws_canary(CredentialSource.ENVIRONMENT)
ON = ("--bedrock-authcheck", CHAIN)
"""With one scenario of the suite, which is none of the guard's business."""
SIGV4 = ("-o", "bedrock_auth_expect=sigv4")


def marked(result: pytest.RunResult, word: str) -> set[str]:
    lines = [line.partition(" - ")[0].split() for line in result.outlines]
    found = {line[1] for line in lines if len(line) == 2 and line[0] == word}
    return {name.partition("::")[2] for name in found}
