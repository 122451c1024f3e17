"""CHAIN-7 is observed: a client that prefers otherwise is told of as it is."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.checks.judge import judge
from bedrock_authcheck.model import Outcome
from bedrock_authcheck.report.result import result_of
from bedrock_authcheck.report.variants import wins
from bedrock_authcheck.spec.rules import load_rules
from bedrock_authcheck.suite.catalogue import scenarios_of
from tests.suite.wrong_clients.seams import Signing, provider_first, signing

if TYPE_CHECKING:
    from bedrock_authcheck.report.result import ScenarioResult
    from bedrock_authcheck.suite.bench import Bench

RULES = load_rules()


def observed(bench: Bench, name: str) -> ScenarioResult:
    scenario = scenarios_of("variant")[name]
    trial = bench.run(scenario)
    verdict = judge(RULES["CHAIN-7"], trial)
    assert verdict.outcome is Outcome.OBSERVED
    return result_of(scenario.id, trial, (verdict,), ())


@pytest.mark.parametrize(
    ("otherwise", "winner", "loser"),
    [(False, "container", "instance"), (True, "instance", "container")],
)
def test_the_table_tells_which_role_won(
    bench: Bench, winner: str, loser: str, *, otherwise: bool
) -> None:
    order = provider_first("iam-role", "container-role") if otherwise else nullcontext()
    with order:
        result = observed(bench, "container+instance-converse")
    assert wins([result]) == {winner: (loser,)}
    (verdict,) = result.verdicts
    assert verdict.observed == f"{winner} role, of container role or instance role"


def test_an_unsigned_request_is_told_as_one(bench: Bench) -> None:
    with signing(Signing.unsigned):
        result = observed(bench, "process+sso-converse")
    assert wins([result]) == {"nobody": ("process or sso",)}
    assert result.verdicts[0].observed == "unsigned, of credential process or SSO"


def test_a_refusal_is_told_by_its_type(bench: Bench) -> None:
    def refuse(_: Signing) -> None:
        raise PermissionError

    with signing(refuse):
        result = observed(bench, "config+process-converse")
    assert wins([result]) == {"nobody": ("config or process",)}
    assert (
        result.verdicts[0].observed == "none of config file or credential process: PermissionError"
    )
