"""A client that sends Mantle's key as the guide's example does is as right as any other."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.model import Outcome
from bedrock_authcheck.services.endpoint import running
from tests.suite.test_wrong_clients import run
from tests.suite.wrong_clients.mantle import MantleClient
from tests.suite.wrong_clients.seams import TOKEN_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.suite.test_wrong_clients import Services


class KeyInItsOwnHeader(MantleClient):
    """As curl in the guide's example of the Messages API."""

    def headers(self, *_: object) -> Mapping[str, str]:
        """The token, bare."""
        return {"X-Api-Key": os.environ[TOKEN_VARIABLE]}


class KeyTwiceInItsOwnHeader(KeyInItsOwnHeader):
    """The token in a header that nobody reads as well."""

    def headers(self, *_: object) -> Mapping[str, str]:
        """The token, and the token."""
        return {**super().headers(), "X-Copy": os.environ[TOKEN_VARIABLE]}


class WrongKeyInItsOwnHeader(MantleClient):
    """A key that nobody provided."""

    def headers(self, *_: object) -> Mapping[str, str]:
        """Cut to a part of it."""
        return {"X-Api-Key": os.environ[TOKEN_VARIABLE][:40]}


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with running() as both:
        yield both


def test_the_key_in_its_own_header_is_right(services: Services) -> None:
    _, verdicts = run(services, KeyInItsOwnHeader(), "mantle::bearer-messages")
    assert {verdict.outcome for verdict in verdicts.values()} == {Outcome.PASSED}
    assert {"CHAIN-1", "AUTH-1", "AUTH-2", "AUTH-7"} <= verdicts.keys()


@pytest.mark.parametrize("client", [KeyTwiceInItsOwnHeader, WrongKeyInItsOwnHeader])
def test_a_copy_or_a_part_of_it_is_not(services: Services, client: type[MantleClient]) -> None:
    _, verdicts = run(services, client(), "mantle::bearer-messages")
    assert verdicts["AUTH-1"].outcome is Outcome.FAILED


def test_the_openai_api_does_not_take_it_there(services: Services) -> None:
    _, verdicts = run(services, KeyInItsOwnHeader(), "mantle::bearer-chat")
    assert verdicts["CHAIN-1"].outcome is Outcome.FAILED
