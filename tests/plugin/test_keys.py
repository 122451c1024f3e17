"""The group `keys` in a run: what a project sees, and that its live key is nowhere."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_authcheck.model import CredentialSource
from bedrock_authcheck.wire.fingerprint import fingerprint
from bedrock_authcheck.wire.tokens import fake_short_term_key
from tests.simulated import aws_canary
from tests.wire import lookalikes

if TYPE_CHECKING:
    from tests.plugin.conftest import Run

KEYS = "bedrock-authcheck::keys"
TOKEN = "AWS_BEARER_TOKEN_BEDROCK"
SIGNER = aws_canary(CredentialSource.INSTANCE)
LONG_TERM = lookalikes.long_term_key()
EXPIRED = fake_short_term_key(
    SIGNER, region="eu-central-1", made_at=datetime.now(UTC) - timedelta(days=1)
)
GOOD = fake_short_term_key(SIGNER, region="eu-central-1", made_at=datetime.now(UTC))


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key in the environment but what a test sets."""
    for name in (TOKEN, "AWS_ACCESS_KEY_ID", "AWS_REGION", "AWS_DEFAULT_REGION", "CI"):
        monkeypatch.delenv(name, raising=False)


def tells(text: str, *keys: str) -> list[str]:
    """The parts of keys that a text holds."""
    bodies = [key.removeprefix("bedrock-api-key-").removeprefix("ABSK") for key in keys]
    parts = [body[at : at + 12] for body in bodies for at in range(len(body) - 12)]
    return [part for part in parts if part in text]


def results(pytester: pytest.Pytester) -> dict[str, dict[str, Any]]:
    lines = map(json.loads, (pytester.path / "r.jsonl").read_text(encoding="utf-8").splitlines())
    return {line["id"].rpartition("::")[2]: line for line in lines if line["type"] == "scenario"}


def written(pytester: pytest.Pytester, result: pytest.RunResult) -> str:
    """All that a run wrote: the terminal, and every file."""
    files = [path.read_bytes().decode("latin-1") for path in pytester.path.rglob("*.*l")]
    assert files
    return "\n".join((result.stdout.str(), result.stderr.str(), *files))


LOUD = ("-vv", "-rA", "--showlocals", "--tb=long", "-o", "log_cli_level=DEBUG", "--full-trace")
REPORTS = ("--authcheck-report=r.jsonl", "--junitxml=r.xml")


def test_they_are_part_of_the_suite(run: Run) -> None:
    result = run("--bedrock-authcheck", "--collect-only", "-q", "--authcheck-rules=safe")
    assert [line for line in result.outlines if "::" in line] == [
        f"{KEYS}::short-term",
        f"{KEYS}::long-term",
        f"{KEYS}::environments",
        "bedrock-authcheck::project::files",
    ]


def test_without_a_key_nothing_is_observable_and_the_run_says_what_to_set(
    pytester: pytest.Pytester, run: Run
) -> None:
    result = run("--bedrock-authcheck", KEYS, "--authcheck-strict", "-rs", *REPORTS)
    result.assert_outcomes(skipped=3)
    assert {line["outcome"] for line in results(pytester).values()} == {"not observable"}
    result.stdout.fnmatch_lines(
        [
            "SAFE-2 *SHOULD *not observable *",
            "SAFE-3 *SHOULD *not observable *",
            "SAFE-4 *SHOULD *not observable *",
            f"*not observable: {TOKEN} is not set: set *",
            f"*not observable: neither {TOKEN} nor AWS_ACCESS_KEY_ID is set: *",
            "*not observable: no fingerprint of another environment's key is known: set *",
        ]
    )
    others = result.stdout.str().partition("not part of this run:")[2]
    assert "SAFE-1" in others
    assert not {"SAFE-2", "SAFE-3", "SAFE-4"} & {*others.replace(",", "").split()}


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "workers"])
def test_wrong_keys_warn_and_are_nowhere(
    pytester: pytest.Pytester, run: Run, monkeypatch: pytest.MonkeyPatch, workers: tuple[str, ...]
) -> None:
    pytester.makeini(f"[pytest]\nauthcheck_key_fingerprints =\n  prod = {fingerprint(EXPIRED)}\n")
    monkeypatch.setenv(TOKEN, EXPIRED)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", LONG_TERM)  # by mistake
    monkeypatch.setenv("CI", "true")
    chosen = ("--bedrock-authcheck", KEYS, *LOUD, *REPORTS, *workers)
    lenient = run(*chosen, plugins=("xdist.plugin",))
    lenient.assert_outcomes(passed=3)
    lenient.stdout.fnmatch_lines(
        [
            "SAFE-2 warns: it expired at *",
            "  rule      SHOULD  A short-term key in use has not expired, *",
            "  present   1 bearer token",
            "  observed  a short-term API key for eu-central-1, good until *",
            "            it expired at * UTC",
            "            it was made for eu-central-1, and AWS_REGION is us-east-1",
            "            *and AWS_DEFAULT_REGION is what is no name of a Region",
            f"  again     pytest --bedrock-authcheck {KEYS}::short-term",
            f"SAFE-4 warns: the key here is that of prod ({fingerprint(EXPIRED)})",
        ]
    )
    found = results(pytester)
    assert {name: line["outcome"] for name, line in found.items()} == {
        "short-term": "warning",
        "long-term": "passed",
        "environments": "warning",
    }
    assert not tells(written(pytester, lenient), EXPIRED, LONG_TERM)

    strict = run(*chosen, "--authcheck-strict", plugins=("xdist.plugin",))
    strict.assert_outcomes(passed=1, failed=2)
    assert strict.ret is pytest.ExitCode.TESTS_FAILED
    strict.stdout.fnmatch_lines(["SAFE-2 failed: it expired at *"])
    assert not tells(written(pytester, strict), EXPIRED, LONG_TERM)
    assert not [secret for secret in SIGNER.secrets().values() if secret in strict.stdout.str()]


def test_long_term_keys_are_refused_where_the_project_says(
    pytester: pytest.Pytester, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN, LONG_TERM)
    one = ("--bedrock-authcheck", f"{KEYS}::long-term", *REPORTS)
    seen = {}
    for ci in ("", "true"):
        monkeypatch.setenv("CI", ci)
        for policy in ("refuse-in-ci", "refuse", "allow"):
            run(*one, "-o", f"authcheck_long_term_keys={policy}")
            seen[policy, ci] = results(pytester)["long-term"]["outcome"]
    assert seen == {
        ("refuse-in-ci", ""): "not observable",
        ("refuse-in-ci", "true"): "warning",
        ("refuse", ""): "warning",
        ("refuse", "true"): "warning",
        ("allow", ""): "skipped",
        ("allow", "true"): "skipped",
    }


def test_what_is_judged_is_the_environment_that_pytest_was_started_in(
    pytester: pytest.Pytester, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A conftest.py that sets a dummy does not hide the key, nor does what the suite sets."""
    pytester.makeconftest(f"import os\nos.environ['{TOKEN}'] = 'testing'\n")
    monkeypatch.setenv(TOKEN, GOOD)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    chain = "bedrock-authcheck::chain::bearer-converse"
    run("--bedrock-authcheck", chain, f"{KEYS}::short-term", *REPORTS).assert_outcomes(passed=2)
    (verdict,) = results(pytester)["short-term"]["verdicts"]
    assert verdict["outcome"] == "passed"
    assert verdict["observed"].startswith("a short-term API key for eu-central-1, good until ")
    # A plugin that is loaded from a conftest.py is late.
    pytester.makeconftest(
        f"import os\npytest_plugins = 'bedrock_authcheck.plugin'\nos.environ['{TOKEN}'] = 'late'\n"
    )
    plugin = "import bedrock_authcheck.plugin as p\ndel p.pytest_load_initial_conftests\n"
    pytester.makepyfile(unloaded=plugin)
    late = pytester.runpytest_subprocess(
        *("-p", "unloaded", "-p", "bedrock_authcheck.plugin"),
        *("--bedrock-authcheck", f"{KEYS}::short-term", *REPORTS),
    )
    late.assert_outcomes(skipped=1)
    assert "holds no API key" in results(pytester)["short-term"]["verdicts"][0]["reason"]


@pytest.mark.parametrize("where", ["judge_key", "load_rules"])
def test_an_error_of_ours_does_not_show_the_key(
    pytester: pytest.Pytester, run: Run, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    pytester.makepyfile(
        faulty=f"""
        import os
        from bedrock_authcheck.suite import keys

        def fail(*arguments, **named):
            key = os.environ["{TOKEN}"]
            raise ValueError(f"{{key}} is wrong: {{arguments}}") from KeyError(key)

        keys.{where} = fail
        """
    )
    monkeypatch.setenv(TOKEN, LONG_TERM)
    chosen = ("--bedrock-authcheck", f"{KEYS}::long-term", *LOUD, *REPORTS)
    result = run(*chosen, plugins=("faulty",))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["ValueError: not shown, for the environment may hold a live key"])
    assert results(pytester)["long-term"]["outcome"] == "error"
    assert not tells(written(pytester, result), LONG_TERM)


OF_KEYS = (
    "authcheck_long_term_keys: what is set does not exist: choose from refuse-in-ci, refuse, allow"
)
OF_FINGERPRINTS = (
    "authcheck_key_fingerprints, line 1: expected the name of an environment, = and the "
    "fingerprint of its key, such as production = k1:0123456789abcdef01234567 (`bedrock-authcheck "
    "key` prints it)"
)
TWICE = "authcheck_key_fingerprints, line 2: a is there twice"


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (f"authcheck_long_term_keys={LONG_TERM}", OF_KEYS),
        (f"authcheck_key_fingerprints=production = {LONG_TERM}", OF_FINGERPRINTS),
        (f"authcheck_key_fingerprints={LONG_TERM}", OF_FINGERPRINTS),
        ("authcheck_key_fingerprints=production", OF_FINGERPRINTS),
        (f"authcheck_key_fingerprints== {fingerprint(GOOD)}", OF_FINGERPRINTS),
        (f"authcheck_key_fingerprints=a={fingerprint(GOOD)}\na={fingerprint(GOOD)}", TWICE),
    ],
    ids=["policy", "key for a fingerprint", "key alone", "name alone", "no name", "twice"],
)
def test_a_wrong_setting_is_a_usage_error_that_does_not_repeat_it(
    pytester: pytest.Pytester, setting: str, said: str
) -> None:
    name, _, value = setting.partition("=")
    lines = "".join(f"\n  {line}" for line in value.splitlines())
    pytester.makeini(f"[pytest]\n{name} ={lines}\n")
    result = pytester.runpytest_subprocess(
        "-p", "no:xdist", "-p", "no:asyncio", "--bedrock-authcheck", KEYS
    )
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"ERROR: {said}" in result.stderr.str()
    assert not tells(result.stdout.str() + result.stderr.str(), LONG_TERM)
