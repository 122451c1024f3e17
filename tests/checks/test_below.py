"""CHAIN-5: a process that hangs below a usable token, told by the order of what was asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bedrock_authcheck.checks import below
from bedrock_authcheck.model import Exchange
from bedrock_authcheck.services.hanging import GAVE_UP_PATH, WAIT_PATH
from tests.checks.trials import TOKEN, failed, told, trial_of
from tests.simulated import received_from

REQUEST = received_from(TOKEN)  # number 1, and 2 where it is sent again


def helper(*asked: tuple[str, int]) -> tuple[Exchange, ...]:
    return tuple(
        Exchange("credential-process", "GET", target, (), number=number) for target, number in asked
    )


@pytest.mark.parametrize(
    "asked", [(), ((WAIT_PATH, 0),), ((WAIT_PATH, 2),), ((WAIT_PATH, 0), (GAVE_UP_PATH, 2))]
)
def test_a_request_before_the_process_was_let_go_has_not_waited(
    asked: tuple[tuple[str, int], ...],
) -> None:
    assert told(below.unbroken, trial_of(REQUEST, metadata=helper(*asked))) == []


def test_a_request_after_it_has_waited_though_it_is_right() -> None:
    trial = trial_of(REQUEST, metadata=helper((WAIT_PATH, -1), (GAVE_UP_PATH, 0)))
    (problem,) = below.unbroken(trial)
    assert problem.observed == "a request after a wait for a credential process that hangs"
    assert problem.observation is trial.requests[0]


def test_of_two_requests_the_one_after_it_is_named_once() -> None:
    trial = trial_of(REQUEST, REQUEST, metadata=helper((WAIT_PATH, 0), (GAVE_UP_PATH, 1)))
    (problem,) = below.unbroken(trial)
    assert problem.observation is trial.requests[1]


def test_a_call_that_ended_without_a_request_is_broken_as_any() -> None:
    trial = trial_of(result=failed(), metadata=helper((WAIT_PATH, 0), (GAVE_UP_PATH, 1)))
    (problem,) = below.unbroken(replace(trial, observations=()))
    assert problem.observed.startswith("no request seen")
