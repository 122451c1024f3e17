"""Nothing of a scenario is left in the next: no credential, endpoint, cached token, log record."""

from __future__ import annotations

import gc
import logging
import os
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.credentials import SSOProvider
from botocore.utils import JSONFileCache

from bedrock_authcheck.clients.boto3 import Boto3Client
from bedrock_authcheck.services.endpoint import running
from bedrock_authcheck.suite.bench import Bench
from bedrock_authcheck.suite.catalogue import scenarios_of
from bedrock_authcheck.suite.late import LateRequestError
from bedrock_authcheck.suite.sight import logged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bedrock_authcheck.checks.trial import Trial
    from bedrock_authcheck.clients.contract import ClientSettings, Connection
    from bedrock_authcheck.model import Exchange

SEQUENCE = (
    "preference::config-file-prefers-bearer-bearer+environment-converse",
    "chain::environment-converse",
    "travel::plain-http-bearer-converse",
    "chain::bearer-converse",  # not over plain http
    "variant::sso-converse",  # a token of SSO is cached in the home
    "variant::shared+sso-converse",
    "chain::none-converse",
    "auth::container-token-in-file-converse",
    "chain::container-converse",
    "auth::instance-temporary-converse",
    "auth::instance-model-arn",
    "limit::bedrock-agent.ListAgents-bearer+settings",
    "limit::bedrock-agent.ListAgents-bearer+instance",
    "limit::bedrock-agent-runtime.ListSessions-bearer+instance",
    "token::aws-bearer-token-s3+none-converse",
    "life::two-tokens-in-turn",
    "travel::bearer-log-debug",
    "travel::instance-log-debug",
    "chain::bearer-converse",
    "chain::none-list-foundation-models",
)
"""One after the other on one bench, shared machines among them."""


def _outside() -> tuple[object, ...]:
    """What of this process a client may be led by, and what may still listen to it."""
    root = logging.getLogger()
    return (
        dict(os.environ),
        (root.level, *root.handlers),
        boto3.DEFAULT_SESSION,
        vars(SSOProvider)["_SSO_TOKEN_CACHE_DIR"],
        JSONFileCache.CACHE_DIR,
    )


def _texts(trial: Trial) -> Iterator[str]:
    exchanges: Iterable[Exchange] = (
        *(seen.exchange for seen in trial.observations),
        *trial.metadata,
        *(trial.proxied or ()),
    )
    for exchange in exchanges:
        yield f"{exchange.target} {exchange.headers} {exchange.body!r}"
    for result in trial.results:
        yield f"{result.said} {result.traceback}"
    if trial.sight is not None:
        yield f"{trial.sight}"


def _secrets(trial: Trial) -> set[str]:
    return {secret for known in trial.in_sight for secret in known.secrets().values()}


def _left_over(bench: Bench) -> list[str]:
    """Run the sequence; name each scenario in which something of an earlier one was seen."""
    found, earlier, numbers = [], set[str](), set[int]()
    outside = _outside()
    for name in SEQUENCE:
        group, _, rest = name.partition("::")
        scenario = scenarios_of(group)[rest]
        with logged("DEBUG") as log:
            trial = bench.run(scenario)
        assert _outside() == outside, name
        text = "\n".join((log.getvalue(), *_texts(trial)))
        asked = [*(seen.exchange for seen in trial.observations), *trial.metadata]
        if any(secret in text for secret in earlier - _secrets(trial)):
            found.append(f"{name}: a secret")
        if any(exchange.number in numbers for exchange in asked):
            found.append(f"{name}: a request")
        if not scenario.plain and any(o.exchange.tls is None for o in trial.observations):
            found.append(f"{name}: an endpoint")
        earlier |= _secrets(trial)
        numbers.update(exchange.number for exchange in asked)
    return found


class _Keeping(Boto3Client):
    """Wrong: one session for all, with the credentials and the endpoint that it first found."""

    def __init__(self) -> None:
        self._kept: Any = None

    def connect(self, service: str, settings: ClientSettings) -> Connection:
        self._kept = self._kept or super().connect(service, settings)
        self._kept.close = lambda: None
        connection: Connection = self._kept
        return connection


class _Telling(Boto3Client):
    """Wrong: it logs the tokens of all clients that it has made so far."""

    def __init__(self) -> None:
        self._tokens: list[str | None] = []

    def connect(self, service: str, settings: ClientSettings) -> Connection:
        self._tokens.append(os.environ.get("AWS_BEARER_TOKEN_BEDROCK"))
        logging.getLogger(__name__).debug("so far %s", self._tokens)
        return super().connect(service, settings)


@pytest.fixture
def bench_of() -> Iterator[Callable[[Boto3Client], Bench]]:
    with running() as services, ExitStack() as stack:

        def make(client: Boto3Client) -> Bench:
            return stack.enter_context(closing(Bench(*services, client)))

        yield make


def test_nothing_of_a_scenario_is_left_in_the_next(bench: Bench) -> None:
    assert _left_over(bench) == []


def test_a_client_that_keeps_its_session_is_seen(
    bench_of: Callable[[Boto3Client], Bench],
) -> None:
    with pytest.raises(LateRequestError, match="config-file-prefers-bearer"):
        _left_over(bench_of(_Keeping()))


def test_a_log_that_tells_of_an_earlier_scenario_is_seen(
    bench_of: Callable[[Boto3Client], Bench],
) -> None:
    found = _left_over(bench_of(_Telling()))
    assert found[0] == "chain::environment-converse: a secret"


def test_the_home_of_a_scenario_goes_with_it_and_the_client_is_let_go(bench: Bench) -> None:
    scenario = scenarios_of("token")["space-before-converse"]
    assert not scenario.shared
    before = _sessions()  # of other tests
    trial = bench.run(scenario)
    (token,) = _secrets(trial)
    del trial
    assert _sessions() <= before
    folder = bench.endpoint.ca_bundle.parent
    assert [path.name for path in folder.iterdir() if path.is_dir()] == []
    assert token not in os.environ.values()


def _sessions() -> set[int]:
    gc.collect()
    return {id(thing) for thing in gc.get_objects() if type(thing) is boto3.Session}
