"""aiobotocore as the suite judges it, where it is installed; and what is said where it is not."""

from __future__ import annotations

import threading
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.checks.judge import judge
from bedrock_authcheck.clients.known import KNOWN
from bedrock_authcheck.model import Outcome
from bedrock_authcheck.services.endpoint import running
from bedrock_authcheck.spec.rules import load_rules
from bedrock_authcheck.suite.bench import Bench
from bedrock_authcheck.suite.catalogue import scenarios_of

if TYPE_CHECKING:
    from collections.abc import Iterator

installed = find_spec("aiobotocore") is not None
needs_it = pytest.mark.skipif(
    not installed,
    reason="aiobotocore holds botocore back: the tox environment aiobotocore has it",
)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with running() as services:
        made = Bench(*services, KNOWN["aiobotocore"].made())
        yield made
        made.close()


@needs_it
@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("chain::bearer+shared-converse", [200]),
        ("chain::settings+environment-list-foundation-models", [200]),
        ("chain::config+instance-converse", [200]),
        ("chain::container-converse-stream", [200]),
        ("auth::bearer-over-environment-throttled-converse", [429, 200]),
        ("auth::shared-pages-awkward", [200, 200]),
        ("limit::bedrock-agent.ListAgents-bearer+environment+shared", [200]),
    ],
)
def test_it_is_judged_by_what_it_sent(bench: Bench, name: str, status: list[int]) -> None:
    group, _, rest = name.partition("::")
    scenario = scenarios_of(group)[rest]
    trial = bench.run(scenario)
    assert [seen.exchange.status for seen in trial.requests] == status
    verdicts = [judge(load_rules()[rule], trial) for rule in scenario.rules]
    assert {verdict.outcome for verdict in verdicts} == {Outcome.PASSED}


@needs_it
def test_its_deviations_are_found(bench: Bench) -> None:
    trial = bench.run(scenarios_of("token")["blank-empty+environment-converse"])
    assert judge(load_rules()["TOKEN-1"], trial).observed == "`Bearer` with nothing behind it"


@needs_it
def test_no_thread_of_a_call_is_left_to_be_waited_for(bench: Bench) -> None:
    before = set(threading.enumerate())
    scenario = scenarios_of("auth")["bearer-region-in-code"]
    assert scenario.shared  # its client is kept, with the loop that ran the call
    assert all(result.ok for result in bench.run(scenario).results)
    assert set(threading.enumerate()) <= before


@pytest.mark.skipif(installed, reason="aiobotocore is installed here")
def test_where_it_is_absent_it_is_not_installed_and_never_passed(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess(
        "--bedrock-authcheck",
        "-rs",
        "--authcheck-client=aiobotocore",
        "bedrock-authcheck::chain::bearer-converse",
    )
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(
        [
            "CHAIN-1 * not offered *",
            "1 scenario, client aiobotocore (not installed)",
            "SKIPPED *not offered: aiobotocore is not installed: No module named*",
        ]
    )


def test_an_unknown_client_is_refused_with_those_there_are(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess("--bedrock-authcheck", "--authcheck-client=boto4")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*--authcheck-client: 'boto4' is no client that the suite knows; choose boto3 or *"]
    )
