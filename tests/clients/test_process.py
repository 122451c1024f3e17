"""A program as a client: one process a call, or one that stays; what it is never asked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.checks.judge import judge
from bedrock_authcheck.clients import process
from bedrock_authcheck.clients.contract import Call, CallNotOffered, ClientSettings
from bedrock_authcheck.clients.exchanged import settings_json
from bedrock_authcheck.clients.known import ProgramFound, UnknownClientError, find_client
from bedrock_authcheck.clients.process import ProcessClient
from bedrock_authcheck.clients.program import Bounds
from bedrock_authcheck.model import CredentialSource, Outcome
from bedrock_authcheck.spec.rules import load_rules
from bedrock_authcheck.suite.acts import Ask
from bedrock_authcheck.suite.bench import Bench
from bedrock_authcheck.suite.catalogue import scenarios_of
from bedrock_authcheck.suite.scenario import CONVERSE, Held, Scenario
from tests.clients.reference import manifest, written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.simulated import Services

CHAIN = scenarios_of("chain")["bearer-converse"]
LIFE = scenarios_of("life")


@pytest.fixture
def benches(services: Services) -> Iterator[list[Bench]]:  # noqa: ARG001 - ends after them
    """Benches to be closed, before the services settle."""
    made: list[Bench] = []
    yield made
    for bench in made:
        bench.close()


@pytest.fixture
def bench(tmp_path: Path, services: Services, benches: list[Bench]) -> Bench:
    """The reference client, which makes each call in a process of its own."""
    client = ProcessClient(manifest(tmp_path / "client"))
    benches.append(Bench(services.loop, services.endpoint, client))
    return benches[-1]


@pytest.fixture
def staying(tmp_path: Path, services: Services, benches: list[Bench]) -> Bench:
    """The one whose process stays, and whose log is seen."""
    client = ProcessClient(manifest(tmp_path / "client", "", "calls", "log"))
    benches.append(Bench(services.loop, services.endpoint, client))
    return benches[-1]


def test_the_version_is_what_its_command_prints(bench: Bench) -> None:
    assert (bench.client.name, bench.client.version) == ("reference", "1.2.3")


def test_what_is_not_offered_starts_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "Program", None)
    agent = scenarios_of("limit")["bedrock-agent.ListAgents-bearer"]
    assert bench.not_offered(agent) == "reference does not offer bedrock-agent ListAgents"
    settings = scenarios_of("chain")["settings-converse"]
    assert bench.not_offered(settings) == "reference cannot be given keys in code"
    assert bench.not_offered(CHAIN) is None
    in_session = scenarios_of("chain")["settings-in-session-converse"]
    assert "is boto3's" in str(bench.not_offered(in_session))


def test_the_life_of_a_client_is_not_observable_without_the_part(bench: Bench) -> None:
    seen = bench.not_observable(LIFE["removed-between-calls-alone"])
    assert seen == "reference makes each call in a process of its own: it keeps no part `calls`"
    assert bench.not_observable(LIFE["removed-before-session-alone"]) is None
    assert bench.not_observable(CHAIN) is None


def test_calls_at_once_and_changes_meanwhile_are_not_observable(staying: Bench) -> None:
    assert "two at once" in str(staying.not_observable(LIFE["two-tokens-in-threads"]))
    meanwhile = staying.not_observable(LIFE["changed-between-retries-alone"])
    assert "waits for an answer" in str(meanwhile)
    assert staying.not_observable(LIFE["removed-between-calls-alone"]) is None


def test_a_process_that_stays_is_told_what_changes(staying: Bench) -> None:
    trial = staying.run(LIFE["removed-between-calls-alone"])
    first, *later = trial.turns
    assert [str(seen.origin) for seen in first.observations] == ["bearer"]
    assert later
    for turn in later:
        assert turn.observations == ()
        assert turn.result.error == "no API key was found"
    assert judge(load_rules()["TOKEN-11"], trial).outcome is Outcome.PASSED


def test_two_tokens_in_turn_are_not_swapped(staying: Bench) -> None:
    trial = staying.run(LIFE["two-tokens-in-turn"])
    assert judge(load_rules()["TOKEN-9"], trial).outcome is Outcome.PASSED
    assert judge(load_rules()["TOKEN-10"], trial).outcome is Outcome.NOT_OBSERVABLE


def test_the_log_is_seen_of_one_that_shows_it(staying: Bench, bench: Bench) -> None:
    scenario = Scenario.of(
        *("contract", "log", ("TOKEN-7",), (CredentialSource.BEARER,), CONVERSE),
        log_level="DEBUG",
        acts=(Ask(CONVERSE),),
    )
    trial = staying.run(scenario)
    assert trial.sight is not None
    assert trial.sight.log == "DEBUG:reference:about to call\n"
    assert judge(load_rules()["TOKEN-7"], trial).outcome is Outcome.PASSED
    hidden = bench.run(scenario)
    assert judge(load_rules()["TOKEN-7"], hidden).outcome is Outcome.NOT_OBSERVABLE


def test_a_program_may_say_that_it_lacks_an_operation(bench: Bench) -> None:
    held = (Held(CredentialSource.BEARER),)
    call = Call("bedrock", "ListGuardrails")
    with pytest.raises(CallNotOffered, match=r"^no operation ListGuardrails$"):
        bench.run(Scenario("contract", "lacks", (), held, (call,), CHAIN.expectation))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("js-aws-sdk", "js-aws-sdk is not installed here: run `bedrock-authcheck client install"),
        ("cobol", "'cobol' is no client that the suite knows; choose boto3 or aiobotocore, a pro"),
    ],
)
def test_a_client_that_is_not_there_is_told(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(UnknownClientError) as raised:
        find_client(name, tmp_path, Bounds())
    assert str(raised.value).startswith(text)


def test_a_client_is_found_by_its_path_and_by_its_name_where_it_is_installed(
    tmp_path: Path,
) -> None:
    file = written(tmp_path / ".bedrock-authcheck" / "clients" / "reference")
    for asked in (str(file), "reference", ".bedrock-authcheck/clients/reference"):
        found = find_client(asked, tmp_path, Bounds())
        assert isinstance(found, ProgramFound)
        assert found.versions() == {"reference": "1.2.3"}


def test_settings_are_said_as_the_contract_has_them() -> None:
    settings = ClientSettings(token="t", region="eu-west-1", endpoint="https://127.0.0.1:1")
    assert settings_json(settings) == {
        "token": "t",
        "region": "eu-west-1",
        "endpoint": "https://127.0.0.1:1",
    }
    assert json.dumps(settings_json(ClientSettings())) == "{}"
