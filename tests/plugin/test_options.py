"""Each option: its flag, its ini twin, its help, and what is said of a wrong value."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.suite.catalogue import GROUPS, scenarios_of
from tests.plugin.conftest import CHAIN, DEVIANT

if TYPE_CHECKING:
    from tests.plugin.conftest import Run

USAGE = pytest.ExitCode.USAGE_ERROR


def test_help_names_every_option_and_every_ini_key(run: Run) -> None:
    text = " ".join(run("--help").stdout.str().split())
    for name in ("--bedrock-authcheck", "--authcheck-rules=IDS", "--authcheck-report=FILE"):
        assert name in text or name.replace("=", " ") in text
    for words in (
        "run the bundled conformance suite beside what is collected",
        "the argument 'bedrock-authcheck' runs it alone",
        "rules of level SHOULD fail instead of warn",
        "hold these rules only: ids or groups",
        "write the results of the bundled suite to FILE as JSON Lines",
        "bedrock_authcheck (bool): run the bundled suite in every run",
        "authcheck_rules (args): rules that the bundled suite holds",
        "authcheck_strict (bool): rules of level SHOULD fail",
        "authcheck_report (string): file for the results",
    ):
        assert words in text


def test_markers_are_listed_with_their_meaning(run: Run) -> None:
    result = run("--markers")
    result.stdout.fnmatch_lines(
        [
            "@pytest.mark.bedrock_credentials(?levels): provide these levels of the credential *",
            "@pytest.mark.bedrock_authcheck: put on each scenario of the bundled suite, *",
            "@pytest.mark.bedrock_rule(id): put on each scenario for each rule that it checks; *",
        ]
    )


def test_the_header_says_what_is_judged_by_what(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makeini("[pytest]\nauthcheck_strict = true\nauthcheck_rules = CHAIN-1 TOKEN-1\n")
    result = run("--bedrock-authcheck", CHAIN)
    result.assert_outcomes(passed=1)
    boto3, botocore = version("boto3"), version("botocore")
    ours, client = version("bedrock-authcheck"), f"boto3 {boto3} botocore {botocore}"
    asked = "rule set 1+????????????, rules CHAIN-1, TOKEN-1, strict"
    result.stdout.fnmatch_lines([f"bedrock-authcheck: {ours}, client {client}, {asked}"])


def test_ini_twins_do_what_the_flags_do(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makeini(
        """
        [pytest]
        bedrock_authcheck = true
        authcheck_rules = TOKEN-1,PREF-3
        authcheck_report = results.jsonl
        """
    )
    below = pytester.mkdir("below")
    pytester.makepyfile(test_mine="def test_mine(): pass")
    result = run("-k", "blank-empty or anonymous-none or test_mine")
    result.assert_outcomes(passed=5, xfailed=3, skipped=4)  # Mantle is not offered
    first, *_, last = map(json.loads, (pytester.path / "results.jsonl").read_text().splitlines())
    assert (first["type"], last["scenarios"]) == ("header", 11)
    # A setting is relative to the file that it stands in, what is typed to where it is typed.
    pytester.chdir()
    run("--rootdir", str(pytester.path), f"--authcheck-report={below}/typed.jsonl", "-k", "no-such")
    assert (below / "typed.jsonl").exists()


def test_the_flag_beats_the_ini(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makeini("[pytest]\nauthcheck_rules = LIMIT-2\nauthcheck_report = of-ini.jsonl\n")
    result = run(
        "--bedrock-authcheck",
        "bedrock-authcheck::preference",
        "--authcheck-rules=preference",
        "--authcheck-report=of-flag.jsonl",
        "-k",
        "anonymous-none-converse",
    )
    assert result.parseoutcomes()["passed"] == 2
    assert (pytester.path / "of-flag.jsonl").exists()
    assert not (pytester.path / "of-ini.jsonl").exists()


def test_rules_leave_out_the_scenarios_that_hold_none_of_them(run: Run) -> None:
    result = run("--bedrock-authcheck", "--collect-only", "-q", "--authcheck-rules=CHAIN-4,PREF-3")
    ids = {line for line in result.outlines if line.startswith("bedrock-authcheck::")}
    everything = [scenario for group in GROUPS for scenario in scenarios_of(group).values()]
    assert ids == {s.id for s in everything if {"CHAIN-4", "PREF-3"} & {*s.rules}}
    result.stdout.fnmatch_lines(["*tests collected (* deselected)*"])


def test_rules_and_groups_are_named_in_any_case(run: Run) -> None:
    chosen = ("--bedrock-authcheck", "--collect-only", "-q")
    spelled, shouted = (
        run(*chosen, f"--authcheck-rules={names}").outlines
        for names in ("CHAIN-4,preference,LIMIT-7", "chain-4,PREFERENCE,Limit-7")
    )
    assert shouted[:-1] == spelled[:-1]  # the last line holds how long it took
    assert len(shouted) > 100


def test_rules_that_were_not_asked_for_are_not_held(run: Run) -> None:
    result = run("--bedrock-authcheck", CHAIN, "--authcheck-rules=AUTH-1,AUTH-7", "-v")
    assert [line.split()[0] for line in result.outlines if line.startswith("AUTH-")] == [
        "AUTH-1",
        "AUTH-7",
    ]
    result.stdout.fnmatch_lines(["not part of this run: CHAIN-1, *"])


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (
            ("--bedrock-authcheck", "--authcheck-rules=CHAIN-1,zip"),
            "--authcheck-rules: 'zip' is no rule or group that the suite checks; * AUTH-1,*",
        ),
        (
            ("--bedrock-authcheck", "--authcheck-rules=SAFE-9"),
            "--authcheck-rules: 'SAFE-9' is no rule or group that the suite checks; *",
        ),
        (
            ("--bedrock-authcheck", "-o", "authcheck_rules=zip"),
            "authcheck_rules: 'zip' is no rule or group*",
        ),
        (
            ("--bedrock-authcheck", "--authcheck-rules=,"),
            "--authcheck-rules names no rule; write ids such as CHAIN-1,limit",
        ),
        (
            ("--bedrock-authcheck", "--authcheck-report=no/such/folder/r.jsonl"),
            "--authcheck-report: *r.jsonl cannot be written: No such file or directory",
        ),
        (
            ("--bedrock-authcheck", "-o", "authcheck_report=."),
            "authcheck_report: * cannot be written: *",
        ),
        (
            ("--authcheck-rules=CHAIN-1",),
            "--authcheck-rules is for the bundled suite: add --bedrock-authcheck",
        ),
        (
            ("--authcheck-strict",),
            "--authcheck-strict is for the bundled suite: add --bedrock-authcheck",
        ),
        (
            ("--authcheck-report=r.jsonl",),
            "--authcheck-report is for the bundled suite: add --bedrock-authcheck",
        ),
        ((CHAIN,), f"'{CHAIN}' is of the bundled suite: add --bedrock-authcheck"),
        (
            ("bedrock-authcheck",),
            "'bedrock-authcheck' is of the bundled suite: add --bedrock-authcheck",
        ),
        (
            ("--bedrock-authcheck", "bedrock-authcheck::chian"),
            "the bundled suite has no 'bedrock-authcheck::chian'; there is *::chain*",
        ),
        (
            ("--bedrock-authcheck", CHAIN.replace("shared", "shered")),
            f"the bundled suite has no '{CHAIN.replace('shared', 'shered')}'; there is {CHAIN},*",
        ),
    ],
)
def test_a_wrong_value_is_a_usage_error_that_says_what_is_right(
    args: tuple[str, ...], text: str, pytester: pytest.Pytester
) -> None:
    # In this process: it ends before anything of the suite is started.
    result = pytester.runpytest_inprocess("-p", "no:xdist", "-p", "no:asyncio", *args)
    assert result.ret == USAGE
    result.stderr.fnmatch_lines([f"ERROR: {text}"])
    assert not list(pytester.path.glob("*.jsonl"))


def test_strict_makes_a_warning_a_failure(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(
        traces="""
        from bedrock_authcheck.clients.boto3 import Boto3Connection
        build = Boto3Connection._make_client

        def with_a_trace(self, *of):
            client = build(self, *of)
            def add(request, **_):
                request.headers["X-Amz-Content-Sha256"] = "UNSIGNED-PAYLOAD"
            client.meta.events.register("before-send", add)
            return client

        Boto3Connection._make_client = with_a_trace
        """
    )
    chosen = ("--bedrock-authcheck", "bedrock-authcheck::chain::bearer-converse")
    lenient = run(*chosen, plugins=("traces",))
    lenient.assert_outcomes(passed=1)
    lenient.stdout.fnmatch_lines(["AUTH-9 warns: *", "  rule      SHOULD  *", "AUTH-9 *warning  *"])
    assert run(*chosen, "-W", "error", plugins=("traces",)).ret == pytest.ExitCode.OK
    strict = run(*chosen, "--authcheck-strict", plugins=("traces",))
    strict.assert_outcomes(failed=1)
    strict.stdout.fnmatch_lines(["AUTH-9 failed: *"])


def test_a_known_deviation_is_not_a_matter_of_strictness(run: Run) -> None:
    run("--bedrock-authcheck", DEVIANT, "--authcheck-strict").assert_outcomes(xfailed=1)
