"""`--record` and `--authcheck-record-plan`, at a simulated account: nothing leaves this machine."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.environments.environment import Environment
from bedrock_authcheck.environments.isolation import steers_a_client
from bedrock_authcheck.recording.cassette import Origin
from bedrock_authcheck.recording.plan import Auth, Plan
from bedrock_authcheck.recording.plan_text import plan_text
from bedrock_authcheck.recording.reading import read_cassette
from bedrock_authcheck.recording.writing import write_cassette
from bedrock_authcheck.services.authorization import EXPIRED_KEY
from bedrock_authcheck.services.ledger import Ledger
from bedrock_authcheck.services.steps import deny, server_error, throttle
from tests.simulated import running_services, services
from tests.suite.live import OFFERED, of_aws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.plugin.conftest import Run
    from tests.simulated import Services

    Account = Callable[..., Ledger]

__all__ = ["running_services", "services"]

PLAN = Plan()
STEPS = [step for step in PLAN.steps if step.name in OFFERED]
ONE = "bedrock-authcheck::record::converse-bearer"


@pytest.fixture
def account(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """A machine whose clients find the simulated account; the processes it starts are on it."""
    environments: list[Environment] = []

    def provide(*levels: str, region: str = PLAN.region) -> Ledger:
        environment = Environment(services.loop, services.endpoint, region)
        environments.append(environment)
        environment.provide(*levels)
        for name in os.environ:
            if steers_a_client(name):
                monkeypatch.delenv(name)
        for name, value in environment.variables.items():
            monkeypatch.setenv(name, value)
        return services.endpoint.open(Ledger(environment.keyring, region))

    yield provide
    for environment in environments:
        environment.close()


def cassettes(root: Path, folder: str = "cassettes") -> dict[str, Path]:
    return {path.stem: path for path in (root / folder / "bedrock-authcheck").glob("*.yaml")}


def assert_no_secret(ledger: Ledger, *texts: str) -> None:
    for credential in ledger.keyring.credentials:
        for value in credential.secrets().values():
            for text in texts:
                assert value not in text


def test_the_plan_is_recorded_and_nothing_else_of_the_suite(
    pytester: pytest.Pytester, run: Run, account: Account
) -> None:
    ledger = account("bearer", "instance")
    pytester.makepyfile(test_mine="def test_mine(): pass")
    result = run("--bedrock-authcheck", "--record", "-v")
    ids = re.findall(r"^(bedrock-authcheck::\S+) PASSED", result.stdout.str(), re.MULTILINE)
    assert ids == [f"bedrock-authcheck::record::{step.name}" for step in STEPS]
    result.assert_outcomes(passed=len(STEPS) + 1, skipped=len(PLAN.steps) - len(STEPS))
    result.stdout.fnmatch_lines(
        [
            f"recording: us-east-1, {PLAN.model}, into *cassettes*bedrock-authcheck",
            "the token: a long-term API key in AWS_BEARER_TOKEN_BEDROCK",
            "IAM credentials: temporary IAM credentials of the instance role",
            "converse-bearer * 200 * from simulated  cassettes/*/converse-bearer.yaml",
            "bearer-on-retrieve * 403 AccessDeniedException * from simulated  cassettes/*",
        ]
    )
    found = cassettes(pytester.path)
    assert found.keys() == {step.name for step in STEPS}
    for path in found.values():
        cassette = read_cassette(path)
        assert cassette.provenance
        assert cassette.provenance.origin is Origin.SIMULATED, "whatever was asked for"
        assert_no_secret(ledger, path.read_text(encoding="utf-8"))
    assert_no_secret(ledger, result.stdout.str(), result.stderr.str())
    observed = [(seen.exchange.service, seen.operation) for seen in ledger.observations]
    assert observed == [(step.service, step.operation) for step in STEPS]


def test_what_was_recorded_is_judged_by_the_suite(
    pytester: pytest.Pytester, run: Run, account: Account
) -> None:
    account("bearer", "environment")
    elsewhere = pytester.mkdir("elsewhere")  # written as a path from the top, which is right too
    run("--bedrock-authcheck", "--record", ONE, "-o", f"authcheck_cassettes={elsewhere}")
    assert cassettes(pytester.path, "elsewhere").keys() == {"converse-bearer"}
    scenario = ONE.replace("::record::", "::recording::")
    result = run("--bedrock-authcheck", scenario, "-o", "authcheck_cassettes=elsewhere", "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*recorded from the simulated service, which proves *"])


ABSENT = {
    Auth.IAM: "there are no IAM credentials (variables, files, SSO, role)",
    Auth.TOKEN: "AWS_BEARER_TOKEN_BEDROCK is not set",
}


@pytest.mark.parametrize(("level", "needs"), [("bearer", Auth.IAM), ("shared", Auth.TOKEN)])
def test_with_one_credential_the_rest_is_reported_as_not_recorded(
    level: str, needs: Auth, pytester: pytest.Pytester, run: Run, account: Account
) -> None:
    account(level)
    result = run("--bedrock-authcheck", "--record", "-rs", "-p", "xdist", "-n", "2")
    left_out = [step for step in PLAN.steps if step.auth.needs is needs]
    made = {step.name for step in STEPS} - {step.name for step in left_out}
    result.assert_outcomes(passed=len(made), skipped=len(PLAN.steps) - len(made))
    assert cassettes(pytester.path).keys() == made
    text = result.stdout.str()
    assert f"not recorded, {len(left_out)}: {needs} cannot be used: {ABSENT[needs]}" in text


def test_with_neither_nothing_is_asked_and_it_is_an_error(
    pytester: pytest.Pytester, run: Run, account: Account
) -> None:
    ledger = account()
    for args in ((), ("-p", "xdist", "-n", "2")):
        result = run("--bedrock-authcheck", "--record", *args)
        assert result.ret is pytest.ExitCode.USAGE_ERROR
        assert (
            "--record: no credential can be used: AWS_BEARER_TOKEN_BEDROCK is not set; there are "
            "no IAM credentials"
        ) in result.stderr.str()
    assert not ledger.observations
    assert not cassettes(pytester.path)


def test_what_is_wrong_with_plan_or_token_is_told_before_anything_is_asked(
    run: Run, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = account("bearer")
    result = run("--bedrock-authcheck", "--record", "-o", "authcheck_record_region=here")
    assert result.ret is pytest.ExitCode.USAGE_ERROR
    assert "'here' is no Region: expected one such as us-east-1" in result.stderr.str()
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "sk-x")
    result = run("--bedrock-authcheck", "--record")
    assert result.ret is pytest.ExitCode.USAGE_ERROR
    assert "AWS_BEARER_TOKEN_BEDROCK holds no API key" in result.stderr.str()
    assert not ledger.observations


def test_without_network_it_is_an_error(
    run: Run, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account("bearer", "environment")
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "https://127.0.0.1:9")
    result = run("--bedrock-authcheck", "--record")
    assert result.ret is pytest.ExitCode.USAGE_ERROR
    assert "--record: 127.0.0.1:9 cannot be reached: Connection refused" in result.stderr.str()


def test_another_model_and_region_are_asked_for_by_ini_keys(
    pytester: pytest.Pytester, run: Run, account: Account
) -> None:
    pytester.makeini(
        "[pytest]\nauthcheck_record_model = amazon.nova-micro-v1:0\n"
        "authcheck_record_region = eu-west-1\n"
    )
    account("bearer", region="eu-west-1")
    run("--bedrock-authcheck", "--record", ONE).assert_outcomes(passed=1)
    (recording,) = read_cassette(cassettes(pytester.path)["converse-bearer"]).recordings
    assert recording.uri == (
        "https://bedrock-runtime.eu-west-1.amazonaws.com/model/amazon.nova-micro-v1%3A0/converse"
    )


def test_an_answer_that_tells_nothing_of_credentials_leaves_what_was_there(
    pytester: pytest.Pytester, run: Run, account: Account
) -> None:
    ledger = account("bearer", "environment")
    run("--bedrock-authcheck", "--record", ONE).assert_outcomes(passed=1)
    path = cassettes(pytester.path)["converse-bearer"]
    before = path.read_bytes()
    ledger.program("bedrock-runtime", throttle(), throttle())
    result = run("--bedrock-authcheck", "--record", ONE)
    result.assert_outcomes(failed=1)
    assert "converse-bearer: the answer was 429 ThrottlingException" in result.stdout.str()
    assert path.read_bytes() == before
    # What failed once is sent once more, and the last answer is recorded alone.
    path.unlink()
    ledger.program("bedrock-runtime", server_error(503))
    run("--bedrock-authcheck", "--record", ONE).assert_outcomes(passed=1)
    assert [r.status for r in read_cassette(path).recordings] == [200]


def test_a_refusal_is_recorded_whatever_the_step_expects(run: Run, account: Account) -> None:
    account("bearer").program("bedrock-runtime", deny(EXPIRED_KEY))
    result = run("--bedrock-authcheck", "--record", ONE)
    result.assert_outcomes(passed=1)
    told = "not as expected: Bearer Token has expired  from simulated *"
    result.stdout.fnmatch_lines([f"converse-bearer  403 AccessDeniedException * {told}"])


def test_a_live_recording_is_not_lost_to_a_simulated_one(
    pytester: pytest.Pytester, run: Run, account: Account
) -> None:
    account("bearer")
    folder = pytester.path / "cassettes/bedrock-authcheck"
    folder.mkdir(parents=True)
    path = folder / "converse-bearer.yaml"
    path.write_text(write_cassette(of_aws("converse-bearer")), encoding="utf-8")
    before = path.read_bytes()
    result = run("--bedrock-authcheck", "--record", ONE)
    result.assert_outcomes(failed=1)
    assert "is recorded from AWS: delete it" in result.stdout.str()
    assert path.read_bytes() == before


def test_a_file_that_is_no_cassette_is_not_overwritten(
    pytester: pytest.Pytester, run: Run, account: Account
) -> None:
    account("bearer")
    folder = pytester.path / "cassettes/bedrock-authcheck"
    folder.mkdir(parents=True)
    (folder / "converse-bearer.yaml").write_bytes(b"\xff\xfe")
    run("--bedrock-authcheck", "--record", ONE).assert_outcomes(failed=1)
    assert (folder / "converse-bearer.yaml").read_bytes() == b"\xff\xfe"


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (
            ("--record", "bedrock-authcheck::chain"),
            "the bundled suite has no '*::chain'; there is bedrock-authcheck::record",
        ),
        (
            ("bedrock-authcheck::record",),
            "the bundled suite has no 'bedrock-authcheck::record'; there is *::recording*",
        ),
        (
            ("--record", "bedrock-authcheck::record::convers-bearer"),
            "the bundled suite has no *; there is bedrock-authcheck::record::converse-bearer, *",
        ),
    ],
)
def test_what_is_asked_for_and_not_there(args: tuple[str, ...], text: str, run: Run) -> None:
    result = run("--bedrock-authcheck", *args)
    assert result.ret is pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {text}"])


def test_collecting_asks_for_nothing(run: Run, account: Account) -> None:
    ledger = account()
    result = run("--bedrock-authcheck", "--record", "--collect-only", "-q")
    assert result.ret is pytest.ExitCode.OK
    lines = [line for line in result.outlines if line.startswith("bedrock-authcheck::")]
    assert lines == [f"bedrock-authcheck::record::{step.name}" for step in PLAN.steps]
    assert not ledger.observations


def test_no_report_is_written_over_one_of_the_suite(
    pytester: pytest.Pytester, run: Run, account: Account
) -> None:
    account("bearer")
    pytester.makeini("[pytest]\nauthcheck_report = r.jsonl\n")
    (pytester.path / "r.jsonl").write_text("mine")
    run("--bedrock-authcheck", "--record", ONE).assert_outcomes(passed=1)
    assert (pytester.path / "r.jsonl").read_text() == "mine"


@pytest.mark.parametrize(
    "more", [(), ("--bedrock-authcheck",), ("--bedrock-authcheck", "--record")]
)
def test_the_plan_is_printed_and_nothing_is_called(
    more: tuple[str, ...], pytester: pytest.Pytester, run: Run, account: Account
) -> None:
    ledger = account()  # nobody: without credentials it would be an error to record
    pytester.makepyfile(test_mine="def test_mine(): pass")
    result = run("--authcheck-record-plan", *more)
    assert result.ret is pytest.ExitCode.OK
    assert result.stdout.str().strip() == plan_text(PLAN)
    assert not ledger.observations
    assert not cassettes(pytester.path)
    named = run("--authcheck-record-plan", *more, "-o", "authcheck_record_region=eu-west-3")
    assert "asks AWS for this, in eu-west-3 with" in named.stdout.str()
    wrong = run("--authcheck-record-plan", *more, "-o", "authcheck_record_model=x")
    assert wrong.ret is pytest.ExitCode.USAGE_ERROR
    assert "the model 'x' is none of anthropic.claude-* and amazon.nova-*" in wrong.stderr.str()
