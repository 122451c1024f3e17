"""Acts of a scenario, what is seen of the process meanwhile, and what a turn is told."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

import botocore.endpoint
import pytest

from bedrock_authcheck.checks.judge import judge
from bedrock_authcheck.checks.trial import Expectation
from bedrock_authcheck.clients.boto3 import Boto3Client, Boto3Connection
from bedrock_authcheck.clients.contract import ClientSettings, Stage
from bedrock_authcheck.model import CredentialSource, Outcome, Variant
from bedrock_authcheck.services.endpoint import running
from bedrock_authcheck.services.steps import throttle
from bedrock_authcheck.spec.rules import load_rules
from bedrock_authcheck.suite.acts import Ask, Change, Changing, Prepare, Together
from bedrock_authcheck.suite.bench import Bench
from bedrock_authcheck.suite.catalogue import scenarios_of
from bedrock_authcheck.suite.scenario import CONVERSE, Held, Scenario
from bedrock_authcheck.suite.sight import Watch, logged
from tests.releases import needs_a_right_client
from tests.suite.wrong_clients.seams import signing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_authcheck.checks.trial import Trial
    from bedrock_authcheck.clients.contract import Call
    from bedrock_authcheck.model import Origin
    from bedrock_authcheck.services.steps import Step
    from bedrock_authcheck.suite.acts import Act
    from tests.suite.wrong_clients.seams import Signing

pytestmark = needs_a_right_client

TOKEN, KEYS, NEW = CredentialSource.BEARER, CredentialSource.ENVIRONMENT, Variant.ROTATED_TOKEN
VARIABLE = "AWS_BEARER_TOKEN_BEDROCK"
SPARE = Held(NEW, spare=True)
EITHER = Expectation((TOKEN, NEW))


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with running() as services:
        made = Bench(*services, Boto3Client())
        yield made
        made.close()


def perform(
    bench: Bench,
    *acts: Act,
    levels: tuple[Origin | Held, ...] = (TOKEN, SPARE),
    steps: tuple[Step | Changing, ...] = (),
    log_level: str = "",
) -> Trial:
    scenario = Scenario.of(
        *("life", "acts", (), levels, CONVERSE),
        expectation=EITHER,
        acts=acts,
        steps=steps,
        log_level=log_level,
    )
    return bench.run(scenario)


def origins(trial: Trial) -> list[list[Origin | None]]:
    return [[seen.origin for seen in turn.observations] for turn in trial.turns]


def model(name: str) -> Call:
    return replace(CONVERSE, parameters={**(CONVERSE.parameters or {}), "modelId": name})


def test_a_change_counts_from_its_act_on_and_is_undone_in_the_end(bench: Bench) -> None:
    before = dict(os.environ)
    again = Ask(CONVERSE, client=1, expectation=Expectation((NEW,)))
    trial = perform(bench, Ask(CONVERSE), Change(TOKEN, NEW), Ask(CONVERSE), again)
    assert origins(trial) == [[TOKEN], [TOKEN], [NEW]]
    assert [turn.client for turn in trial.turns] == [0, 0, 1]
    assert [turn.expectation for turn in trial.turns] == [EITHER, EITHER, Expectation((NEW,))]
    assert dict(os.environ) == before


def test_a_source_that_is_removed_leaves_none_of_its_variables(bench: Bench) -> None:
    trial = perform(bench, Change(KEYS), Ask(CONVERSE), levels=(KEYS,))
    assert origins(trial) == [[]]
    assert trial.results[0].error_type == "NoCredentialsError"


@pytest.mark.parametrize("stage", Stage)
def test_a_client_is_made_as_far_as_it_was_prepared(bench: Bench, stage: Stage) -> None:
    trial = perform(bench, Prepare(stage), Change(TOKEN, NEW), Ask(CONVERSE))
    assert origins(trial) == [[TOKEN if stage is Stage.CLIENT else NEW]]


def test_a_change_that_comes_with_an_answer_is_there_for_the_retry(bench: Bench) -> None:
    steps = (Changing(Change(TOKEN), throttle()),)
    trial = perform(bench, Ask(CONVERSE), levels=(TOKEN, KEYS), steps=steps, log_level="WARNING")
    assert origins(trial) == [[TOKEN, KEYS]]
    assert trial.sight is not None
    assert trial.sight.changed == ()  # by the client, that is


def test_calls_at_once_are_told_apart_by_their_models(bench: Bench) -> None:
    asks = tuple(Ask(model(f"m{number}"), client=number % 2) for number in range(6))
    trial = perform(bench, Together(asks))
    assert [turn.client for turn in trial.turns] == [0, 1, 0, 1, 0, 1]
    for number, turn in enumerate(trial.turns):
        assert [f"/m{number}/" in seen.exchange.target for seen in turn.observations] == [True]


def test_calls_at_once_share_one_client_and_leave_botocore_as_it_was(bench: Bench) -> None:
    made: list[int] = []
    clock: Any = botocore.endpoint

    def sign(act: Signing) -> None:
        made.append(id(act._signer))
        act.honestly()

    before = clock.time
    with signing(sign):
        perform(bench, Together(tuple(Ask(model(f"m{number}")) for number in range(4))))
    assert len(made) == 4
    assert len(set(made)) == 1
    assert clock.time is before


def test_what_failed_while_it_was_made_is_told_by_the_first_call_alone() -> None:
    class Failing(Boto3Connection):
        asked = 0

        def _made_session(self) -> NoReturn:
            self.asked += 1
            msg = f"asked {self.asked} times"
            raise LookupError(msg)

    connection = Failing("bedrock-runtime", ClientSettings())
    connection.prepare(Stage.SESSION)
    connection.prepare(Stage.CLIENT)  # takes nothing back
    said = [connection.call(CONVERSE).error for _ in range(2)]
    connection.close()
    assert said == ["asked 1 times", "asked 2 times"]


def test_a_watch_tells_what_was_set_changed_and_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTHCHECK_B", "1")
    monkeypatch.setenv("AUTHCHECK_C", "1")
    monkeypatch.setenv("AUTHCHECK_E", "1")
    watch = Watch()
    with watch.over():
        os.environ["AUTHCHECK_A"] = "1"
        os.environ["AUTHCHECK_B"] = "2"
    with watch.over():
        del os.environ["AUTHCHECK_C"]
        with watch.aside(["AUTHCHECK_D", "AUTHCHECK_E"]):
            os.environ["AUTHCHECK_D"] = "1"
            del os.environ["AUTHCHECK_E"]
    assert [*watch.changed] == ["AUTHCHECK_A", "AUTHCHECK_B", "AUTHCHECK_C"]
    assert watch.restored == {}
    for name in "AD":
        del os.environ[f"AUTHCHECK_{name}"]


def test_a_watch_sees_what_was_set_and_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTHCHECK_B", "1")
    monkeypatch.setenv("AUTHCHECK_C", "1")
    watch, before = Watch(), (os.putenv, os.unsetenv)
    with watch.over():
        with monkeypatch.context() as patch:
            patch.setenv("AUTHCHECK_A", "1")
            patch.delenv("AUTHCHECK_B")
            patch.setenv("AUTHCHECK_C", "1")  # what it holds already
            os.environ.pop("AUTHCHECK_D", None)  # and is not there
        with watch.aside([]), monkeypatch.context() as ours:
            ours.setenv("AUTHCHECK_E", "1")
        with ThreadPoolExecutor(1) as pool, watch.aside([]):
            pool.submit(os.environ.__setitem__, "AUTHCHECK_F", "1").result()
            pool.submit(os.environ.__delitem__, "AUTHCHECK_F").result()
    assert sorted(watch.restored) == ["AUTHCHECK_A", "AUTHCHECK_B", "AUTHCHECK_F"]
    assert watch.changed == {}
    assert (os.putenv, os.unsetenv) == before


def test_a_watch_ends_with_its_block_whatever_is_raised() -> None:
    before = os.putenv, os.unsetenv
    raising = ExitStack()
    raising.enter_context(Watch().over())
    assert os.putenv is not before[0]
    with pytest.raises(LookupError), raising:
        raise LookupError
    assert (os.putenv, os.unsetenv) == before


@pytest.mark.filterwarnings("error")
def test_warnings_are_gathered_whatever_filters_are_set(
    recwarn: pytest.WarningsRecorder,
) -> None:
    shown, filters = warnings.showwarning, list(warnings.filters)
    with logged("WARNING") as text:
        for _ in range(2):
            warnings.warn("said in passing", PendingDeprecationWarning, stacklevel=1)
    lines = [line for line in text.getvalue().splitlines() if line.startswith("WARNING:")]
    assert [line.split(":")[1] for line in lines] == ["py.warnings"] * 2
    assert [line.rpartition(": ")[2] for line in lines] == ["said in passing"] * 2
    assert (warnings.showwarning, list(warnings.filters)) == (shown, filters)
    assert [*recwarn] == []


def test_a_log_holds_what_is_logged_and_printed_and_the_root_is_as_it_was(
    capsys: pytest.CaptureFixture[str],
) -> None:
    root, log = logging.getLogger(), logging.getLogger("authcheck.tests")
    before = root.level, list(root.handlers)
    with logged("INFO") as text:
        log.info("said")
        log.debug("whispered")
        sys.stdout.write("printed")
        log.warning("a warning")
    assert (root.level, list(root.handlers)) == before
    assert [line for line in ("said", "printed", "a warning") if line not in text.getvalue()] == []
    assert "whispered" not in text.getvalue()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("changed-between-session-and-client-alone", "with the first request after it"),
        (
            "changed-between-calls-alone",
            "with the next client; the one made before: bearer  AWS_BEARER_TOKEN_BEDROCK",
        ),
        (
            "set-between-client-and-call-alone",
            "with the next client; the one made before: fails (NoAuthTokenError)",
        ),
    ],
)
def test_it_is_said_when_a_changed_token_takes_effect(bench: Bench, name: str, seen: str) -> None:
    assert _takes_effect(bench, name) == seen


def _takes_effect(bench: Bench, name: str) -> str:
    verdict = judge(load_rules()["TOKEN-12"], bench.run(scenarios_of("life")[name]))
    assert verdict.outcome is Outcome.OBSERVED
    return verdict.observed


def test_another_client_reads_the_token_for_each_request(bench: Bench) -> None:
    def sign(act: Signing) -> None:
        act.by_token()

    with signing(sign):
        assert _takes_effect(bench, "changed-between-calls-alone") == (
            "with the first request after it"
        )
        assert _takes_effect(bench, "changed-between-retries-alone") == (
            "with the first request after it, within one call"
        )


def test_another_client_keeps_the_first_token_for_ever(bench: Bench) -> None:
    first: list[str] = []

    def sign(act: Signing) -> None:
        first.append(act.token)
        act.by_token()
        act.header("Authorization", f"Bearer {first[0]}")

    with signing(sign):
        seen = _takes_effect(bench, "changed-between-calls-alone")
    assert seen == "never: bearer  AWS_BEARER_TOKEN_BEDROCK"
