"""What a trial is given to see of its scenario, and of no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.clients.boto3 import Boto3Client
from bedrock_authcheck.services.endpoint import running
from bedrock_authcheck.suite.bench import Bench
from bedrock_authcheck.suite.catalogue import scenarios_of

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def bench() -> Iterator[Bench]:
    with running() as services:
        made = Bench(*services, Boto3Client())
        yield made
        made.close()


def test_a_shared_machine_shows_what_its_metadata_was_asked_in_this_scenario_alone(
    bench: Bench,
) -> None:
    scenario = scenarios_of("auth")["instance-temporary-converse"]
    assert scenario.shared
    first, second = bench.run(scenario), bench.run(scenario)
    assert [asked.method for asked in first.metadata] == ["PUT", "GET", "GET"]
    assert {asked.service for asked in first.metadata} == {"instance-metadata"}
    assert second.metadata == ()  # the client is shared, and knows the role's keys by now
    assert all(result.ok for result in (*first.results, *second.results))
