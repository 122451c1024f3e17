"""What tests of scenarios run them on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.clients.boto3 import Boto3Client
from bedrock_authcheck.services.endpoint import running
from bedrock_authcheck.suite.bench import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A bench that no other test has used."""
    with running() as services:
        made = Bench(*services, Boto3Client())
        yield made
        made.close()
