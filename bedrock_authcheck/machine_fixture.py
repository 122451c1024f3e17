"""The fixture that makes machines, several in one test: each example of hypothesis has its own.

Light to import, for every pytest run loads this file.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import pytest

from bedrock_authcheck.fixtures import BedrockCredentials, BedrockEndpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    Machines = Callable[..., AbstractContextManager[tuple[BedrockCredentials, BedrockEndpoint]]]
    """Takes names of levels; its block has a machine that provides them."""


class _Endpoint(BedrockEndpoint):
    """An endpoint that belongs to no test, and so to no folder of cassettes."""

    def replay(self, name: str) -> NoReturn:
        raise RuntimeError(f"a machine of bedrock_machine replays no cassette, {name!r} neither")


@pytest.fixture(scope="session")
def bedrock_machine(request: pytest.FixtureRequest) -> Machines:
    """Make a machine for each `with` block, where a test needs several.

    `with bedrock_machine("bearer", "shared") as (credentials, endpoint)`: its arguments are the
    levels to provide; its values are what `bedrock_credentials` and `bedrock_endpoint` are for a
    whole test. The fixture lives as long as the session, so that
    `@given` takes it. An exception that leaves a block notes what was provided and sent.
    """

    @contextmanager
    def machine(*levels: str) -> Iterator[tuple[BedrockCredentials, BedrockEndpoint]]:
        from bedrock_authcheck.environments.environment import Environment  # noqa: PLC0415 - on use
        from bedrock_authcheck.environments.isolation import isolated  # noqa: PLC0415 - on use
        from bedrock_authcheck.services.ledger import Ledger  # noqa: PLC0415 - on use
        from bedrock_authcheck.suite.running import services_of  # noqa: PLC0415 - on use

        loop, services = services_of(request.session)
        before = services.ledger
        ledger = services.open(Ledger())  # of any Region: the application's own is right here
        try:
            with Environment(loop, services) as environment, isolated(environment) as refused:
                endpoint = _Endpoint(services, ledger, environment, refused, request)
                credentials = BedrockCredentials(environment, ledger)
                credentials.provide(*levels)
                with _told(endpoint):
                    yield credentials, endpoint
        finally:
            services.open(before)
        services.check()

    return machine


@contextmanager
def _told(endpoint: BedrockEndpoint) -> Iterator[None]:
    """Note beside an exception what happened; raise AssertionError for answers left over."""
    try:
        yield
    except Exception as error:
        story = endpoint.story()
        if story is not None:
            error.add_note(story)
        raise
    fault = endpoint.fault()
    if fault is not None:
        raise AssertionError(fault)
