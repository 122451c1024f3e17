"""A check that cannot fail is a defect: each rule is broken on purpose, and must be seen to be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.checks.judge import CHECKS, judge
from bedrock_authcheck.model import Outcome, RuleLevel
from bedrock_authcheck.report.result import result_of
from bedrock_authcheck.report.text import failure_text
from bedrock_authcheck.services.endpoint import running
from bedrock_authcheck.spec.deviations import load_deviations
from bedrock_authcheck.spec.remedies import remedies_of
from bedrock_authcheck.spec.rules import load_rules
from bedrock_authcheck.suite.bench import Bench
from bedrock_authcheck.suite.catalogue import scenarios_of
from bedrock_authcheck.suite.items import foreseen
from tests.releases import needs_a_right_client
from tests.suite.wrong_clients import WRONG_CLIENTS, WrongClient
from tests.suite.wrong_clients.table import table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bedrock_authcheck.checks.trial import Trial
    from bedrock_authcheck.clients.contract import Client
    from bedrock_authcheck.model import Verdict
    from bedrock_authcheck.services.endpoint import Endpoint
    from bedrock_authcheck.services.loop import BackgroundLoop
    from bedrock_authcheck.suite.scenario import Scenario

    Services = tuple[BackgroundLoop, Endpoint]

pytestmark = needs_a_right_client

RULES = load_rules()
AS_BOTO3_DOES = frozenset({"token-read-anew", "blank-token-sent", "white-space-sent"})
"""Wrong clients whose fault boto3 has today: known deviations, and no others, foresee it."""


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with running() as both:
        yield both


def scenario_of(name: str) -> Scenario:
    group, _, rest = name.partition("::")
    return scenarios_of(group)[rest]


def verdicts_of(scenario: Scenario, trial: Trial) -> dict[str, Verdict]:
    return {rule: judge(RULES[rule], trial) for rule in scenario.rules}


def run(services: Services, client: Client, name: str) -> tuple[Trial, dict[str, Verdict]]:
    """Run one scenario on a bench of its own, so that no client outlives its fault."""
    bench = Bench(*services, client)
    try:
        scenario = scenario_of(name)
        assert bench.not_offered(scenario) is None
        trial = bench.run(scenario)
        return trial, verdicts_of(scenario, trial)
    finally:
        bench.close()


def broken(rule: str) -> Outcome:
    return Outcome.FAILED if RULES[rule].level is RuleLevel.MUST else Outcome.WARNING


@pytest.mark.parametrize("wrong", WRONG_CLIENTS, ids=lambda wrong: wrong.name)
def test_wrong_client_is_caught(services: Services, wrong: WrongClient) -> None:
    red_run = False
    with wrong.made() as client:
        for name, rules in wrong.caught.items():
            trial, verdicts = run(services, client, name)
            seen = {rule: verdicts[rule].outcome for rule in rules}
            assert seen == {rule: broken(rule) for rule in rules}, name
            marked, stale = foreseen([*verdicts.values()], f"bedrock-authcheck::{name}", client)
            result = result_of(f"bedrock-authcheck::{name}", trial, tuple(marked), stale)
            red_run |= result.unforeseen or result.outcome is Outcome.WARNING
            text = failure_text(result, RULES, {})
            for verdict in marked:
                if verdict.rule in rules and verdict.deviation is None:
                    assert verdict.rule in text
            secrets = [secret for c in trial.keyring.credentials for secret in c.secrets().values()]
            assert not [secret for secret in secrets if secret in text], "a report told a secret"
        assert red_run is not (wrong.name in AS_BOTO3_DOES), "a known deviation hides the fault"
        for name in wrong.spared:
            _, verdicts = run(services, client, name)
            assert {v.outcome for v in verdicts.values()} <= {Outcome.PASSED, Outcome.SKIPPED}


def _honest_runs() -> list[tuple[Callable[[], Client], str, tuple[str, ...]]]:
    rules: dict[tuple[Callable[[], Client], str], set[str]] = {}
    for wrong in WRONG_CLIENTS:
        for name, caught in wrong.caught.items():
            rules.setdefault((wrong.honest, name), set()).update(caught)
    return [(honest, name, tuple(sorted(which))) for (honest, name), which in rules.items()]


@pytest.mark.parametrize(
    ("honest", "name", "rules"),
    [pytest.param(*run, id=run[1]) for run in _honest_runs()],
)
def test_honest_client_passes_where_wrong_ones_are_caught(
    services: Services, honest: Callable[[], Client], name: str, rules: tuple[str, ...]
) -> None:
    client = honest()
    _, verdicts = run(services, client, name)
    foreseen = {
        rule
        for rule in rules
        for deviation in load_deviations()
        if deviation.foresees(rule, client.name, client.version, f"bedrock-authcheck::{name}")
    }
    remedies = remedies_of(client.name, client.version)
    foreseen |= {rule for remedy in remedies for rule in remedy.rules if rule in rules}
    assert {rule: verdicts[rule].outcome for rule in rules} == {
        rule: broken(rule) if rule in foreseen else Outcome.PASSED for rule in rules
    }


def test_every_rule_that_is_checked_is_broken_by_a_wrong_client() -> None:
    caught = {rule for wrong in WRONG_CLIENTS for rules in wrong.caught.values() for rule in rules}
    assert caught == set(CHECKS)


def test_the_page_of_wrong_clients_is_current() -> None:
    page = Path(__file__).parents[2] / "docs" / "wrong-clients.md"
    assert page.read_text("utf-8") == table(), "python -m tests.suite.wrong_clients > docs/…"


def test_every_wrong_client_has_a_name_of_its_own_and_says_its_fault() -> None:
    names = [wrong.name for wrong in WRONG_CLIENTS]
    assert len(set(names)) == len(names)
    assert [wrong.name for wrong in WRONG_CLIENTS if not wrong.fault.endswith(".")] == []


@pytest.mark.parametrize(
    ("name", "scenario", "fails", "passes"),
    [
        ("never-signs", "limit::bedrock-agent.ListAgents-bearer+environment+shared", 4, 2),
        ("tries-unsigned-first", "limit::s3.ListBuckets-bearer+environment+shared", 4, 6),
        ("token-in-user-agent", "limit::s3.ListBuckets-bearer+environment+shared", 6, 4),
    ],
)
def test_a_fault_is_laid_at_the_door_of_its_own_rule(
    services: Services, name: str, scenario: str, fails: int, passes: int
) -> None:
    wrong = next(wrong for wrong in WRONG_CLIENTS if wrong.name == name)
    with wrong.made() as client:
        _, verdicts = run(services, client, scenario)
    assert verdicts[f"LIMIT-{fails}"].outcome is Outcome.FAILED
    assert verdicts[f"LIMIT-{passes}"].outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("name", "rule", "observed"),
    [
        ("token-truncated", "AUTH-1", "the token cut to "),
        ("token-quoted", "AUTH-1", "the token with other characters around it"),
        ("lower-case-scheme", "AUTH-1", "not spelled `Bearer `"),
        ("two-equal-headers", "AUTH-1", "2 Authorization headers"),
        ("token-twice-in-headers", "AUTH-1", "also in header X-Api-Key"),
        ("session-token-beside-token", "AUTH-2", "one beside the bearer token"),
        ("secret-beside-token", "AUTH-2", "the secret in header X-Debug"),
        ("presigned-beside-token", "AUTH-2", "x-amz-signedheaders in the query"),
        ("path-encoded-once", "AUTH-3", "if the path is encoded once, not twice"),
        ("key-id-of-shared-secret-of-config", "AUTH-3", "the secret of config file made"),
        ("header-changed-after-signing", "AUTH-3", "canonical request"),
        ("region-hard-coded", "AUTH-4", "bedrock/us-east-1"),
        ("service-is-endpoint", "AUTH-4", "bedrock-runtime/eu-central-1"),
        ("scope-cut-short", "AUTH-4", "no readable credential scope"),
        ("date-stale", "AUTH-4", "before now"),
        ("session-token-of-config-with-shared", "AUTH-5", "the session token of 5 config file"),
        ("user-agent-signed", "AUTH-8", "user-agent among them"),
        ("half-level-signs", "CHAIN-4", "which is half"),
        ("key-id-of-shared-secret-of-config", "CHAIN-3", "the secret of config file made"),
        ("host-of-aws", "CHAIN-1", "reach bedrock-runtime.eu-central-1.amazonaws.com"),
        ("telemetry", "CHAIN-1", "beside it an attempt to reach telemetry.example.com"),
        ("token-to-another-service", "CHAIN-1", "the bearer token at sts as well"),
        ("succeeds-without-a-request", "CHAIN-2", "the call succeeded without any request"),
        ("fails-without-a-word", "CHAIN-2", "Error without a text"),
        ("tells-the-token", "LIMIT-5", "the text holds token of 1 bearer token"),
        ("blank-token-sent", "TOKEN-1", "`Bearer` with nothing behind it"),
        ("white-space-sent", "TOKEN-2", "the token with ' ' before it"),
        ("line-ends-sent", "TOKEN-2", "X-Injected"),
        ("reads-aws-bearer-token-s3", "TOKEN-3", "another service's variable"),
        ("token-to-metadata", "LIMIT-2", "at instance-metadata, in header X-Api-Key"),
        ("token-to-metadata", "LIMIT-6", "at container-credentials, in header X-Api-Key"),
        ("token-in-hex-in-the-query-of-metadata", "AUTH-7", "part of that of instance-metadata"),
    ],
)
def test_what_is_observed_names_the_fault(
    services: Services, name: str, rule: str, observed: str
) -> None:
    wrong = next(wrong for wrong in WRONG_CLIENTS if wrong.name == name)
    scenario = next(scenario for scenario, rules in wrong.caught.items() if rule in rules)
    with wrong.made() as client:
        _, verdicts = run(services, client, scenario)
    assert observed in verdicts[rule].observed
