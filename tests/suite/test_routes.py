"""How a scenario's client comes to its endpoint, and that it comes nowhere else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.checks.judge import judge
from bedrock_authcheck.checks.transport import not_over_plain_http
from bedrock_authcheck.checks.trial import NothingToJudge
from bedrock_authcheck.environments.environment import Environment
from bedrock_authcheck.model import CredentialSource, Outcome
from bedrock_authcheck.spec.rules import load_rules
from bedrock_authcheck.suite.catalogue import scenarios_of
from bedrock_authcheck.suite.routes import NamedBy, Proxied, route_of
from bedrock_authcheck.suite.scenario import CONVERSE, Scenario
from tests.releases import needs_a_right_client

if TYPE_CHECKING:
    from bedrock_authcheck.suite.bench import Bench

pytestmark = needs_a_right_client

AWS = "bedrock-runtime.eu-central-1.amazonaws.com"


def by_token(named_by: NamedBy, **variables: str) -> Scenario:
    return Scenario.of(
        *("travel", "named", ("CHAIN-1",), (CredentialSource.BEARER,), CONVERSE),
        named_by=named_by,
        variables=variables,
    )


@pytest.mark.parametrize("named_by", NamedBy)
def test_each_name_of_an_endpoint_leads_there(bench: Bench, named_by: NamedBy) -> None:
    trial = bench.run(by_token(named_by))
    assert [seen.origin for seen in trial.requests] == [CredentialSource.BEARER]
    assert trial.refused_hosts == ()


@pytest.mark.parametrize("named_by", [way for way in NamedBy if way is not NamedBy.CODE])
def test_an_endpoint_that_is_to_be_ignored_leads_to_aws_and_is_not_reached(
    bench: Bench, named_by: NamedBy
) -> None:
    trial = bench.run(by_token(named_by, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS="true"))
    assert trial.observations == ()
    assert set(trial.refused_hosts) == {AWS}
    verdict = judge(load_rules()["CHAIN-1"], trial)
    assert (verdict.outcome, AWS in verdict.observed) == (Outcome.FAILED, True)


def test_over_plain_http_no_variable_names_an_endpoint_of_tls(bench: Bench) -> None:
    scenario = replace(by_token(NamedBy.SERVICE_VARIABLE), plain=True)
    with (
        Environment(bench._loop, bench.endpoint) as machine,
        route_of(scenario, machine, bench.endpoint, bench._loop) as route,
    ):
        secure = {name for name, value in machine.variables.items() if value.startswith("https:")}
        plain = {name for name, value in route.variables.items() if value.startswith("http:")}
    assert plain == secure
    assert {"AWS_ENDPOINT_URL_BEDROCK", "ANTHROPIC_BEDROCK_BASE_URL"} <= plain


@pytest.mark.parametrize("in_code", [False, True])
def test_a_proxied_client_asks_for_a_tunnel_and_speaks_tls_through_it(
    bench: Bench, *, in_code: bool
) -> None:
    way = "code" if in_code else "variables"
    trial = bench.run(scenarios_of("travel")[f"proxy-tunnel-by-{way}-bearer-converse"])
    assert trial.proxied is not None
    assert [(asked.method, asked.status) for asked in trial.proxied] == [("CONNECT", 200)]
    assert trial.proxied[0].body.startswith(b"\x16\x03")
    assert [seen.exchange.tls is not None for seen in trial.requests] == [True]


def test_a_client_that_goes_past_its_proxy_has_shown_nothing(bench: Bench) -> None:
    scenario = replace(by_token(NamedBy.SERVICE_VARIABLE, NO_PROXY="127.0.0.1"), proxy=Proxied())
    trial = bench.run(scenario)
    assert trial.proxied == ()
    with pytest.raises(NothingToJudge, match="the client knows none"):
        list(not_over_plain_http(trial))
    gone = replace(trial, observations=())
    assert [problem.observed for problem in not_over_plain_http(gone)] == ["no request seen"]
