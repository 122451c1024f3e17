"""Machines for each example of hypothesis, in a downstream project."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck import strategies
from bedrock_authcheck.environments.levels import LevelError
from tests.plugin.application import ask

if TYPE_CHECKING:
    from bedrock_authcheck.fixtures import BedrockCredentials, BedrockEndpoint
    from bedrock_authcheck.machine_fixture import Machines
    from tests.plugin.conftest import Run

GUIDE = Path(__file__).parents[2] / "docs" / "strategies.md"
HYPOTHESIS = ("_hypothesis_pytestplugin",)
PROJECT = """
from hypothesis import given, settings
from tests.plugin.application import ask
from bedrock_authcheck.strategies import levels

@settings(max_examples=20, deadline=None)
@given(present=levels("bearer", "environment", "shared", min_size=1))
def test_the_highest_level_signs(bedrock_machine, present):
    with bedrock_machine(*present) as (credentials, endpoint):
        ask()
        endpoint.assert_signed_by(present[0])
"""

pytestmark = pytest.mark.usefixtures("application")


def test_each_block_has_a_machine_of_its_own(bedrock_machine: Machines) -> None:
    before = dict(os.environ)
    with bedrock_machine("bearer", "shared") as (credentials, endpoint):
        ask()
        endpoint.assert_signed_by("bearer")
        first = credentials.credential("shared")
    assert dict(os.environ) == before
    with bedrock_machine("shared") as (credentials, endpoint):
        endpoint.assert_no_request()
        ask()
        endpoint.assert_signed_by("shared")
        assert credentials.credential("shared") != first
    assert dict(os.environ) == before


def test_a_machine_stands_inside_another(
    bedrock_machine: Machines,
    bedrock_credentials: BedrockCredentials,
    bedrock_endpoint: BedrockEndpoint,
) -> None:
    bedrock_credentials.provide("environment")
    with bedrock_machine("instance") as (_, inner):
        ask()
        inner.assert_signed_by("instance")
    bedrock_endpoint.assert_no_request()
    ask()
    bedrock_endpoint.assert_signed_by("environment")


def test_a_level_that_does_not_exist_leaves_nothing_behind(bedrock_machine: Machines) -> None:
    before = dict(os.environ)
    with pytest.raises(LevelError, match="did you mean 'shared'"), bedrock_machine("shard"):
        pass
    assert dict(os.environ) == before


def test_an_error_notes_what_was_provided_and_sent(bedrock_machine: Machines) -> None:
    machine = bedrock_machine("bearer", "config")
    machine.__enter__()
    ask()
    error = RuntimeError()
    assert not machine.__exit__(RuntimeError, error, None)
    (note,) = error.__notes__
    assert "present   1 bearer token · 5 config file" in note
    assert "observed  bearer  AWS_BEARER_TOKEN_BEDROCK" in note


def test_answers_that_are_left_over_are_an_error(bedrock_machine: Machines) -> None:
    machine = bedrock_machine("bearer")
    _, endpoint = machine.__enter__()
    endpoint.program("bedrock-runtime", lambda usual: usual)
    with pytest.raises(AssertionError, match="1 of the answers that were programmed"):
        machine.__exit__(None, None, None)


def test_a_cassette_is_refused(bedrock_machine: Machines) -> None:
    with (
        bedrock_machine() as (_, endpoint),
        pytest.raises(RuntimeError, match="'hello' neither"),
    ):
        endpoint.replay("hello")


def test_what_the_guide_shows_is_what_works(pytester: pytest.Pytester, run: Run) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    pytester.makepyfile(block)
    run(plugins=HYPOTHESIS).assert_outcomes(passed=2)


def test_the_guide_names_every_strategy() -> None:
    text = GUIDE.read_text("utf-8")
    assert [name for name in strategies.__all__ if f"`{name}(" not in text] == []


def test_an_application_that_prefers_its_keys_is_found(pytester: pytest.Pytester, run: Run) -> None:
    """The smallest example is told: of all levels the two that show it."""
    wrong = """
import os

import pytest

@pytest.fixture(autouse=True, scope="session")
def wrong():
    from unittest import mock
    from tests.plugin import application

    def client(honest=application.client, **settings):
        if "AWS_ACCESS_KEY_ID" in os.environ:
            os.environ.pop("AWS_BEARER_TOKEN_BEDROCK", None)
        return honest(**settings)

    with mock.patch.object(application, "client", client):
        yield
"""
    pytester.makeconftest(wrong)
    pytester.makepyfile(PROJECT)
    result = run(plugins=HYPOTHESIS)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*Converse was authenticated by level 3 environment variables, expected bearer",
            "*present   1 bearer token · 3 environment variables",
            "*present=('bearer', 'environment')*",
        ]
    )


def test_the_fixtures_of_one_test_are_refused_by_hypothesis(
    pytester: pytest.Pytester, run: Run
) -> None:
    """All examples would share one machine; that is why there is `bedrock_machine`."""
    pytester.makepyfile(
        """
        from hypothesis import given
        from bedrock_authcheck.strategies import levels

        @given(present=levels())
        def test_it(bedrock_credentials, present):
            bedrock_credentials.provide(*present)
        """
    )
    result = run(plugins=HYPOTHESIS)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*unction-scoped fixture 'bedrock_credentials'*"])
