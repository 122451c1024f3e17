from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.environments.environment import Environment
from bedrock_authcheck.environments.isolation import isolated
from bedrock_authcheck.model import AuthScheme
from bedrock_authcheck.recording.plan import ATTEMPTS, Auth, Plan, PlanError, Step
from bedrock_authcheck.recording.plan_text import plan_text, policy
from bedrock_authcheck.recording.probes import ProbeError, send_probe, service_url
from bedrock_authcheck.services.ledger import Ledger
from bedrock_authcheck.spec.catalogue import Catalogue
from bedrock_authcheck.spec.rules import load_rules
from bedrock_authcheck.wire.evidence import read_evidence
from tests.simulated import running_services, services

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulated import Services

__all__ = ["running_services", "services"]

PLAN = Plan()
STEPS = {step.name: step for step in PLAN.steps}
READ_ONLY = ("Converse", "ConverseStream", "InvokeModel", "CountTokens", "List", "Retrieve")


def test_the_plan_is_what_the_issue_asks_for() -> None:
    calls = [step for step in PLAN.steps if not step.raw]
    assert {(step.operation, step.auth) for step in calls} == {
        (operation, auth)
        for operation in (
            "Converse",
            "ConverseStream",
            "InvokeModel",
            "CountTokens",
            "ListFoundationModels",
        )
        for auth in (Auth.TOKEN, Auth.IAM)
    }
    probes = [step for step in PLAN.steps if step.raw]
    assert [(step.operation, step.auth) for step in probes] == [
        ("ListAgents", Auth.TOKEN),
        ("Retrieve", Auth.TOKEN),
        ("ListDataAutomationProjects", Auth.TOKEN),
        ("Converse", Auth.INVALID_TOKEN),
        ("Converse", Auth.EMPTY_TOKEN),
        ("Converse", Auth.WRONG_SIGNATURE),
    ]


def test_names_are_cassettes_and_rules_exist() -> None:
    assert len(STEPS) == len(PLAN.steps)
    for step in PLAN.steps:
        assert step.name == step.name.lower().replace("_", "-").strip("./\\")
        assert step.rules
        assert {*step.rules} <= load_rules().keys()
        assert step.operation.startswith(READ_ONLY), "nothing in the plan changes anything"


def test_every_step_is_an_operation_of_botocore() -> None:
    operations = {str(operation) for operation in Catalogue.load()}
    missing = {f"{s.service}.{s.operation}" for s in PLAN.steps} - operations
    assert missing <= {"bedrock-runtime.CountTokens"}, "which the lowest botocore lacks"


def test_whatever_a_model_is_asked_for_is_one_token() -> None:
    for step in PLAN.steps:
        if "inferenceConfig" in step.parameters:
            assert step.parameters["inferenceConfig"] == {"maxTokens": 1}
        if "body" in step.parameters:
            assert json.loads(step.parameters["body"])["max_tokens"] == 1
    nova = next(s for s in Plan(model="amazon.nova-micro-v1:0").steps if s.operation[0] == "I")
    assert json.loads(nova.parameters["body"])["inferenceConfig"] == {"maxTokens": 1}


@pytest.mark.parametrize(
    ("model", "base"),
    [
        ("us.anthropic.claude-x-v1:0", "anthropic.claude-x-v1:0"),
        ("us-gov.anthropic.claude-x-v1:0", "anthropic.claude-x-v1:0"),
        ("global.amazon.nova-x-v1:0", "amazon.nova-x-v1:0"),
        ("anthropic.claude-x-v1:0", "anthropic.claude-x-v1:0"),
        ("arn:aws:bedrock:us-east-1:000000000000:x-profile/eu.amazon.nova-x", "amazon.nova-x"),
    ],
)
def test_tokens_are_counted_by_the_model_itself(model: str, base: str) -> None:
    plan = Plan(model=model)
    assert plan.base_model == base
    counting = next(step for step in plan.steps if step.operation == "CountTokens")
    assert counting.parameters["modelId"] == base
    converse = next(step for step in plan.steps if step.operation == "Converse")
    assert converse.parameters["modelId"] == model


def test_a_model_or_a_region_that_cannot_be_is_refused() -> None:
    with pytest.raises(PlanError, match=r"'meta\.llama' is none of anthropic\.claude-\* and"):
        Plan(model="meta.llama")
    with pytest.raises(PlanError, match="'here' is no Region: expected one such as us-east-1"):
        Plan(region="here")


def test_the_cost_is_a_bound_for_every_step() -> None:
    billed = [step for step in PLAN.steps if step.billed]
    assert {s.operation for s in billed} == {"Converse", "ConverseStream", "InvokeModel"}
    dearest = ATTEMPTS * (100 * 15 + 10 * 75) / 1_000_000
    assert all(math.isclose(step.largest_cost, dearest) for step in billed)
    assert math.isclose(PLAN.largest_cost, 9 * dearest)
    assert PLAN.largest_cost < 0.05, "cheap"


def test_the_policy_allows_what_the_plan_asks_for_and_no_more() -> None:
    first, *others = policy(PLAN)["Statement"]
    assert first["Action"] == [
        "bedrock:CountTokens",
        "bedrock:InvokeModel",
        "bedrock:InvokeModelWithResponseStream",
    ]
    assert first["Resource"] == [
        f"arn:aws:bedrock:us-east-1:*:inference-profile/{PLAN.model}",
        f"arn:aws:bedrock:*::foundation-model/{PLAN.base_model}",
    ]
    assert [statement["Action"] for statement in others] == [
        ["bedrock:CallWithBearerToken", "bedrock:ListFoundationModels"],
        ["bedrock:ListAgents", "bedrock:ListDataAutomationProjects", "bedrock:Retrieve"],
    ]
    government = policy(Plan("us-gov-west-1", "amazon.nova-x"))["Statement"][0]["Resource"]
    assert government == ["arn:aws-us-gov:bedrock:*::foundation-model/amazon.nova-x"]


def test_the_text_has_each_step_the_cost_and_the_policy() -> None:
    text = plan_text(PLAN)
    lines = text.splitlines()
    for step in PLAN.steps:
        (row,) = [line for line in lines if line.split()[:1] == [step.name]]
        assert step.service in row
        assert str(step.auth) in row
        assert row.endswith("USD 0.0045" if step.billed else "free")
    assert "It costs USD 0.05 at most, if" in lines
    assert json.loads(text[text.index("\n{") :]) == policy(PLAN)
    assert max(map(len, lines)) < 150


@pytest.fixture
def machine(services: Services) -> Iterator[Environment]:
    """A machine with a token and IAM credentials, in the Region of the plan."""
    with Environment(services.loop, services.endpoint, PLAN.region) as environment:
        environment.provide("bearer", "environment")
        yield environment


ANSWERS = {
    "bearer-on-list-agents": (403, "This operation does not support API Keys"),
    "bearer-on-retrieve": (403, "This operation does not support API Keys"),
    "bearer-on-list-projects": (403, "This operation does not support API Keys"),
    "invalid-token": (403, "Authentication failed"),
    "empty-token": (403, "Must start with pre-defined prefix"),
    "wrong-signature": (403, "does not match"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_probe_arrives_as_it_is_meant(
    name: str, machine: Environment, services: Services
) -> None:
    step = STEPS[name]
    ledger = services.endpoint.open(Ledger(machine.keyring, PLAN.region))
    with isolated(machine) as refused:
        status = send_probe(step, PLAN.region)
    assert not refused
    assert status == ANSWERS[name][0]
    (seen,) = ledger.observations
    assert (seen.exchange.service, seen.operation) == (step.service, step.operation)
    assert read_evidence(seen.exchange).scheme is step.auth.scheme
    if step.auth is Auth.TOKEN:
        assert str(seen.source) == "bearer"
    if step.auth is Auth.WRONG_SIGNATURE:
        assert str(seen.source) == "environment"
        assert seen.signature
        assert seen.signature.differs == "canonical request"
    if step.auth is Auth.EMPTY_TOKEN:
        assert [token.strip() for token in seen.evidence.tokens] == [""]


def test_a_probe_that_is_signed_rightly_is_let_in(machine: Environment, services: Services) -> None:
    """Nothing but the signature is wrong with the wrong one."""
    wrong = STEPS["wrong-signature"]
    right = Step(
        "right", wrong.service, wrong.operation, wrong.parameters, Auth.IAM, wrong.rules, raw=True
    )
    services.endpoint.open(Ledger(machine.keyring, PLAN.region))
    with isolated(machine):
        assert send_probe(right, PLAN.region) == 200


def test_a_probe_without_its_credential_is_not_sent(services: Services) -> None:
    ledger = services.endpoint.open(Ledger())
    with (
        Environment(services.loop, services.endpoint, PLAN.region) as nobody,
        isolated(nobody),
        pytest.raises(ProbeError, match="AWS_BEARER_TOKEN_BEDROCK is not set"),
    ):
        send_probe(STEPS["bearer-on-retrieve"], PLAN.region)
    with (
        Environment(services.loop, services.endpoint, PLAN.region) as nobody,
        isolated(nobody),
        pytest.raises(ProbeError, match="there are no IAM credentials"),
    ):
        send_probe(STEPS["wrong-signature"], PLAN.region)
    assert not ledger.observations


def test_services_are_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_BEDROCK_AGENT"):
        monkeypatch.delenv(name, raising=False)
    assert service_url("bedrock-agent", "eu-west-1") == (
        "https://bedrock-agent.eu-west-1.amazonaws.com"
    )
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://all.invalid/")
    assert service_url("bedrock-agent", "eu-west-1") == "https://all.invalid"
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENT", "https://one.invalid")
    assert service_url("bedrock-agent", "eu-west-1") == "https://one.invalid"


def test_schemes_and_needs() -> None:
    assert {auth for auth in Auth if auth.scheme is AuthScheme.SIGV4} == {
        Auth.IAM,
        Auth.WRONG_SIGNATURE,
    }
    assert [Auth(auth).needs for auth in Auth] == [Auth.TOKEN, Auth.IAM, None, None, Auth.IAM]
