"""Each way in which a program can be bad comes to an outcome and a text of its own."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.checks.judge import judge
from bedrock_authcheck.clients import process
from bedrock_authcheck.clients.contract import ClientFault
from bedrock_authcheck.clients.process import ProcessClient
from bedrock_authcheck.clients.program import Bounds
from bedrock_authcheck.model import CredentialSource, Outcome
from bedrock_authcheck.spec.rules import load_rules
from bedrock_authcheck.suite.bench import Bench
from bedrock_authcheck.suite.catalogue import scenarios_of
from tests.clients.reference import manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bedrock_authcheck.checks.trial import Trial
    from tests.simulated import Services

    Running = Callable[..., Trial]

_USUAL = Bounds()
SCENARIO = scenarios_of("chain")["bearer-converse"]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and groups are those of POSIX")


@pytest.fixture
def run(tmp_path: Path, services: Services) -> Iterator[Running]:
    """Run a scenario with a client that is wrong in a way; nothing of it is left behind."""
    made: list[Bench] = []

    def start(wrong: str, *parts: str, bounds: Bounds = _USUAL, **environment: str) -> Trial:
        client = ProcessClient(manifest(tmp_path / "client", wrong, *parts, **environment), bounds)
        made.append(Bench(services.loop, services.endpoint, client))
        return made[-1].run(SCENARIO)

    yield start
    for bench in made:
        bench.close()


def gone(pid: int) -> bool:
    """Whether a process is no more, or dead and unburied."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as stat:  # noqa: PTH123 - as it stands
            return stat.read().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def ended(pid: int) -> bool:
    """Wait for the end of a process that was killed, for ten seconds at most."""
    last = time.monotonic() + 10
    while not gone(pid) and time.monotonic() < last:
        os.sched_yield() if hasattr(os, "sched_yield") else None
    return gone(pid)


def test_the_right_one_is_judged_by_its_request(run: Running) -> None:
    trial = run("")
    assert [str(seen.origin) for seen in trial.observations] == ["bearer"]
    assert judge(load_rules()["CHAIN-1"], trial).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ("dies", "the client's program was ended by the signal SIGKILL"),
        ("crashes", "the client's program ended with status 1, which is 0 for a failed call too"),
        ("exits-1", "the client's program ended with status 1, which is 0 for a failed call too"),
        ("garbles", "the client's program gave no answer: what it printed is not JSON"),
        ("says-nothing", "the client's program gave no answer: what it printed is not JSON"),
        (
            "judges",
            (
                "the client's program gave no answer: its answer has the keys ok, verdict; "
                'right is {"ok": true}, {"ok": false, "error_type": …, "error": …} '
                'or {"not_offered": …}'
            ),
        ),
        (
            "leaves-out-error",
            (
                "the client's program gave no answer: ok is true beside an error, or false without "
                "error_type and error"
            ),
        ),
        (
            "floods",
            (
                "the client's program printed more than 1,000,000 bytes on standard output, "
                "and was ended"
            ),
        ),
        (
            "floods-stderr",
            (
                "the client's program printed more than 1,000,000 bytes on standard error, "
                "and was ended"
            ),
        ),
    ],
)
def test_what_breaks_the_contract_is_an_error_that_says_how(
    run: Running, wrong: str, text: str
) -> None:
    with pytest.raises(ClientFault) as raised:
        run(wrong)
    assert str(raised.value).splitlines()[0] == text


def test_one_that_hangs_is_ended_and_said_to(run: Running) -> None:
    with pytest.raises(ClientFault) as raised:
        run("hangs", bounds=Bounds(seconds=2))
    first = str(raised.value).splitlines()[0]
    assert first == (
        "the client's program did not end within 2 s, and was ended with its process group"
    )


@pytest.mark.parametrize("wrong", ["forks", "daemonises"])
def test_a_child_that_stays_is_told_and_ended(run: Running, tmp_path: Path, wrong: str) -> None:
    if wrong == "daemonises" and not os.path.isdir("/proc"):  # noqa: PTH112 - as it stands
        pytest.skip("who leaves the group is found in /proc alone")
    file = tmp_path / "pid"
    with pytest.raises(ClientFault, match="left a process behind, which was ended"):
        run(wrong, CHILD_PID_FILE=str(file))
    assert ended(int(file.read_text()))


def test_a_text_that_quotes_the_program_holds_no_secret(run: Running) -> None:
    with pytest.raises(ClientFault) as raised:
        run("crashes")
    text = str(raised.value)
    assert "RuntimeError: no idea what to do with <token of bearer>" in text
    assert raised.value.__cause__ is None


def test_one_that_says_ok_and_sends_nothing_breaks_the_rule(run: Running) -> None:
    verdict = judge(load_rules()["CHAIN-1"], run("sends-nothing"))
    assert (verdict.outcome, verdict.observed) == (Outcome.FAILED, "no request seen")


def test_one_that_goes_elsewhere_breaks_the_rule_which_names_the_host(run: Running) -> None:
    trial = run("goes-elsewhere")
    verdict = judge(load_rules()["CHAIN-1"], trial)
    assert verdict.outcome is Outcome.FAILED
    assert "tried to reach bedrock-runtime.eu-central-1.amazonaws.com" in verdict.observed


def test_one_that_writes_into_the_real_home_is_an_error(
    run: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = tmp_path / "real"
    real.mkdir()
    monkeypatch.setattr(process, "real_home", lambda: real)
    with pytest.raises(ClientFault, match="wrote into the real home"):
        run("writes-home", REAL_HOME=str(real))


def test_nothing_of_this_environment_reaches_a_program_but_what_is_allowed(
    run: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "someone's")
    monkeypatch.setenv("SOMETHING_ELSE", "here")
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    told = json.loads(run("tells-environment").results[0].error)
    assert not {"AWS_PROFILE", "SOMETHING_ELSE", "PYTHONPATH"} & told.keys()
    assert told["TMPDIR"] == told["HOME"] != os.environ.get("HOME")
    assert {"AWS_BEARER_TOKEN_BEDROCK", "AWS_ENDPOINT_URL_BEDROCK", "AWS_CA_BUNDLE"} <= told.keys()


def test_what_is_expected_never_reaches_the_program(run: Running) -> None:
    request = json.loads(run("tells-request").results[0].error)
    assert request.keys() == {
        *("contract", "service", "operation", "parameters", "paginate"),
        *("settings", "endpoints", "ca"),
    }
    assert request["settings"] == {}
    assert str(CredentialSource.BEARER) not in json.dumps({**request, "ca": "", "endpoints": {}})
