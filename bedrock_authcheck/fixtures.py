"""Fixtures for downstream projects: a machine of your making, and what was sent from it.

Light to import, for every pytest run loads this file: the rooms behind it are imported
when a test first asks for a fixture.
"""

from __future__ import annotations

import os
from inspect import signature
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from bedrock_authcheck.recording_options import cassette_file, missing_cassette, recording_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping
    from pathlib import Path

    from bedrock_authcheck.environments.environment import Environment
    from bedrock_authcheck.model import Credential
    from bedrock_authcheck.recording.places import Place
    from bedrock_authcheck.recording.player import Player
    from bedrock_authcheck.recording.scrub import Filters
    from bedrock_authcheck.recording.session import Settings
    from bedrock_authcheck.services.endpoint import Endpoint
    from bedrock_authcheck.services.ledger import Ledger
    from bedrock_authcheck.services.steps import Step
    from bedrock_authcheck.wire.attribution import Observation

SIX_LEVELS = ("bearer", "settings", "environment", "shared", "config", "instance")
"""The levels of the chain by name, the highest first; `container` is the other form of the last."""


class BedrockCredentials:
    """The machine of one test: nothing on it but the levels that the test provides."""

    def __init__(self, environment: Environment, ledger: Ledger) -> None:
        """Made by the fixture `bedrock_credentials`."""
        self._environment = environment
        self._ledger = ledger

    def provide(self, *levels: str) -> None:
        """Provide levels by name, each with a fake credential of its own.

        `bearer`, `settings`, `environment`, `shared`, `config`, `instance`, `container`.
        The level `settings` becomes boto3's default session, for code that calls
        `boto3.client(…)`; code that makes sessions or clients with keys of its own is given
        them from `settings`. Raises LevelError (a ValueError) for a level that is unknown,
        named twice or provided already.
        """
        before = self._environment.variables.copy()
        self._environment.provide(*levels)
        self._ledger.keyring = self._environment.keyring
        # What is new only: variables that the test has set since are its own.
        os.environ.update(self._environment.variables.items() - before.items())
        if "settings" in levels:
            import boto3  # noqa: PLC0415 - costly, on use

            keys: dict[str, Any] = self._environment.settings  # the stubs name each argument
            boto3.setup_default_session(**keys)

    @property
    def settings(self) -> Mapping[str, str]:
        """The keys of level 2, by boto3's names of arguments; empty until it is provided."""
        return dict(self._environment.settings)

    @property
    def provided(self) -> tuple[Credential, ...]:
        """The fake credentials that were provided so far."""
        return self._environment.keyring.credentials

    @property
    def region(self) -> str:
        """The Region that the environment names."""
        return self._environment.region

    def move_to(self, region: str) -> None:
        """Let the environment name another Region."""
        self._environment.region = region
        names = ("AWS_REGION", "AWS_DEFAULT_REGION")
        self._environment.variables.update(dict.fromkeys(names, region))
        os.environ.update(dict.fromkeys(names, region))

    @property
    def home(self) -> Path:
        """The home of this machine, with its `.aws` folder."""
        return self._environment.home

    def credential(self, level: str) -> Credential:
        """Return the fake credential of a level that was provided; KeyError for another."""
        for credential in self._environment.keyring.credentials:
            if credential.source == level:
                return credential
        msg = f"level {level!r} was not provided in this test"
        raise KeyError(msg)

    def env(self, *inherit: str) -> dict[str, str]:
        """Return a subprocess's whole environment: PATH and the like, `inherit`, the levels."""
        return self._environment.env(os.environ, *inherit)


class BedrockEndpoint:
    """The loopback endpoint of one test and the requests that it received."""

    def __init__(
        self,
        endpoint: Endpoint,
        ledger: Ledger,
        environment: Environment,
        refused: list[str],
        request: pytest.FixtureRequest,
    ) -> None:
        """Made by the fixture `bedrock_endpoint`."""
        self._request = request
        self._player: Player | None = None
        self._endpoint = endpoint
        self._ledger = ledger
        self._environment = environment
        self._refused = refused
        self._told = False

    def url(self, service: str = "bedrock-runtime", *, tls: bool = True) -> str:
        """Return the base URL of a service; ValueError for one that is not simulated."""
        self._check(service)
        return self._endpoint.urls(tls=tls)[service]

    @property
    def provided(self) -> tuple[Credential, ...]:
        """The fake credentials that were provided so far."""
        return self._environment.keyring.credentials

    def addresses(self) -> Mapping[str, str]:
        """Return the service of each loopback address, `127.0.0.1:4711`."""
        return self._endpoint.addresses()

    @property
    def ca_bundle(self) -> Path:
        """The PEM file of the CA that clients must trust."""
        return self._endpoint.ca_bundle

    @property
    def requests(self) -> tuple[Observation, ...]:
        """The requests of this test so far, with their evidence, in order."""
        return self._ledger.observations

    def clear(self) -> None:
        """Forget the requests so far."""
        self._ledger.clear()

    def program(self, service: str, *steps: Step) -> None:
        """Answer the next requests to a service by `steps` (bedrock_authcheck.services.steps)."""
        self._check(service)
        for step in steps:
            try:
                signature(step).bind(None)
            except TypeError:
                name = getattr(step, "__name__", repr(step))
                msg = f"{name} is no step, which takes the usual answer: did you mean {name}()?"
                raise TypeError(msg) from None
        self._ledger.program(service, *steps)

    def replay(self, name: str) -> None:
        """Answer from a cassette, found as `bedrock_cassette` finds it, clients in any language.

        The cassette decides what is answered, in whatever Region; a request that it does not
        hold is answered 501, and fails the test at its end, as a recording not played does.
        Raises CassetteError (a ValueError) or FileNotFoundError where it cannot be read.
        """
        from bedrock_authcheck.recording.player import Player  # noqa: PLC0415 - costly, on use

        path = cassette_file(self._request.node, name)
        try:
            self._player = Player(path, cassette_settings(self._request))
        except FileNotFoundError:
            raise FileNotFoundError(missing_cassette(path)) from None
        self._ledger.player = self._player

    def fault(self) -> str | None:
        """Say what did not come as `program` and `replay` have it; None where all did."""
        from bedrock_authcheck.recording.misses import unplayed_text  # noqa: PLC0415 - on use
        from bedrock_authcheck.recording.player import RECORDED_BY  # noqa: PLC0415 - on use

        if self._told:
            return None
        texts = [
            f"{count} of the answers that were programmed for {service} not asked for"
            for service, count in self._ledger.unused.items()
        ]
        if self._player is not None:
            texts += dict.fromkeys(self._player.misses)
            if not self._player.misses and self._player.index.unplayed:
                texts.append(unplayed_text(self._player.index, str(self._player.path), RECORDED_BY))
        self._told = bool(texts)
        return "\n".join(texts) or None

    def _check(self, service: str) -> None:
        if service not in self._endpoint.urls():
            msg = f"unknown service {service!r}: choose from {', '.join(self._endpoint.urls())}"
            raise ValueError(msg)

    def assert_signed_by(
        self, by: str, *, request: int | None = None, service: str | None = None
    ) -> None:
        """Assert that a level or a scheme authenticated the requests, by what they prove.

        `by` is a level (`bearer`, `environment`, …) or a scheme (`bearer`, `sigv4`,
        `unsigned`). All requests are held to it, or with `request` one of them by its index
        (-1 for the last), of one `service` or of all. A SigV4 signature must verify.
        Raises AssertionError with what was expected and seen, also where nothing was seen;
        ValueError for a `by` or a `service` that does not exist, IndexError for a request that
        is not there.
        """
        __tracebackhide__ = True
        from bedrock_authcheck.checks.signed_by import failure  # noqa: PLC0415 - costly, on use

        if service is not None:
            self._check(service)
        text = failure(
            by,
            self.requests,
            request=request,
            service=service,
            present=[credential.source for credential in self._environment.keyring.credentials],
            refused_hosts=self._refused,
        )
        if text is not None:
            self._told = True
            raise AssertionError(text)

    def story(self) -> str | None:
        """Tell what was provided and sent; None where an assertion has told it already."""
        from bedrock_authcheck.checks.wording import (  # noqa: PLC0415 - costly, on use
            describe,
            describe_origin,
            request_line,
        )
        from bedrock_authcheck.wire.redaction import redact_exchange  # noqa: PLC0415 - as above

        if self._told:
            return None
        held = self._environment.keyring.credentials
        present = " · ".join(describe_origin(credential.source) for credential in held)
        lines = [f"present   {present or 'nothing'}"]
        for seen in self.requests:
            lines.append(f"observed  {describe(seen)}")
            lines.append(f"request   {request_line(redact_exchange(seen.exchange, held))}")
        lines += [f"refused   a connection to {host}" for host in self._refused]
        return "\n".join(lines if len(lines) > 1 else [*lines, "observed  no request"])

    def assert_no_request(self) -> None:
        """Assert that nothing was sent, to no service and no other host."""
        __tracebackhide__ = True
        from bedrock_authcheck.checks.wording import describe  # noqa: PLC0415 - costly, on use

        seen = [f"{o.exchange.service}: {describe(o)}" for o in self.requests]
        seen += [f"an attempt to reach {host}, refused" for host in self._refused]
        if seen:
            raise AssertionError("expected no request, observed\n  " + "\n  ".join(seen))


ENDPOINT: pytest.StashKey[BedrockEndpoint] = pytest.StashKey()


class Machine(NamedTuple):
    """What the fixtures of one test share; `endpoint` is None where a cassette answers instead."""

    credentials: BedrockCredentials
    endpoint: BedrockEndpoint | None
    refused: list[str]


@pytest.fixture
def _bedrock_machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    """Isolate this process, send Bedrock's clients to the loopback endpoint, clean up."""
    from bedrock_authcheck.environments.environment import Environment  # noqa: PLC0415 - on use
    from bedrock_authcheck.environments.isolation import isolated  # noqa: PLC0415 - on use
    from bedrock_authcheck.services.ledger import Ledger  # noqa: PLC0415 - on use
    from bedrock_authcheck.services.loop import BackgroundLoop  # noqa: PLC0415 - on use
    from bedrock_authcheck.suite.running import services_of  # noqa: PLC0415 - on use

    ledger = Ledger()  # of any Region: the application's own is right here
    names = request.fixturenames
    if "bedrock_cassette" in names and "bedrock_endpoint" not in names:
        # Clients ask for AWS's own hosts, which the cassette answers for.
        with (
            BackgroundLoop() as metadata_loop,
            Environment(metadata_loop, None) as environment,
            isolated(environment) as refused,
        ):
            yield Machine(BedrockCredentials(environment, ledger), None, refused)
        return
    loop, endpoint = services_of(request.session)
    endpoint.open(ledger)
    with Environment(loop, endpoint) as environment, isolated(environment) as refused:
        seen = BedrockEndpoint(endpoint, ledger, environment, refused, request)
        request.node.stash[ENDPOINT] = seen
        yield Machine(BedrockCredentials(environment, ledger), seen, refused)
    endpoint.check()


@pytest.fixture
def bedrock_cassette_filters() -> Filters:
    """Return what is scrubbed beside the defaults; override it to add, nothing is replaced."""
    from bedrock_authcheck.recording.scrub import Filters  # noqa: PLC0415 - on use

    return Filters()


def cassette_settings(
    request: pytest.FixtureRequest, loopback: Mapping[str, Place] | None = None
) -> Settings:
    """Gather how the cassettes of a test are used; `loopback` are addresses of its endpoint."""
    from bedrock_authcheck.recording.identity import VOLATILE_KEYS  # noqa: PLC0415 - on use
    from bedrock_authcheck.recording.session import Settings  # noqa: PLC0415 - on use

    volatile = {*VOLATILE_KEYS, *request.config.getini("authcheck_volatile_keys")}
    filters = request.getfixturevalue("bedrock_cassette_filters")
    record = recording_of(request.node)
    return Settings(loopback or {}, dict(os.environ), volatile, filters, record)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell beside a failed test which levels it had and who authenticated its requests."""
    report = yield
    endpoint = item.stash.get(ENDPOINT, None)
    if endpoint is not None and call.when == "call" and report.failed:
        story = endpoint.story()
        if story is not None:
            report.sections.append(("bedrock-authcheck", story))
    return report


@pytest.fixture
def bedrock_credentials(
    request: pytest.FixtureRequest, _bedrock_machine: Machine
) -> BedrockCredentials:
    """Make a machine with nothing on it; `provide("bearer", "shared")` puts fakes there."""
    credentials = _bedrock_machine.credentials
    marker = request.node.get_closest_marker("bedrock_credentials")
    if marker is not None:
        credentials.provide(*marker.args)
    return credentials


@pytest.fixture
def bedrock_endpoint(_bedrock_machine: Machine) -> BedrockEndpoint:
    """Serve a loopback Bedrock that clients find; `assert_signed_by("bearer")` judges them."""
    if _bedrock_machine.endpoint is None:
        pytest.fail(
            "bedrock_endpoint was asked for after bedrock_cassette had begun: name both among the "
            "arguments of the test",
            pytrace=False,
        )
    return _bedrock_machine.endpoint


@pytest.fixture(params=SIX_LEVELS)
def bedrock_level(request: pytest.FixtureRequest, bedrock_credentials: BedrockCredentials) -> str:
    """Each of the six levels in turn, provided; the value is its name."""
    level: str = request.param
    bedrock_credentials.provide(level)
    return level
