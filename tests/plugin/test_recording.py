"""Record: what is made, when, and that nothing is lost or leaked by it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.environments.isolation import steers_a_client
from bedrock_authcheck.recording.cassette import Origin
from bedrock_authcheck.recording.reading import read_cassette
from tests.plugin.test_cassettes import HEAD

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugin.conftest import Run

pytestmark = pytest.mark.usefixtures("application")

ONE = """
@cassette("one")
@levels("environment")
def test_one(bedrock_endpoint):
    ask("one")
"""
TWO = ONE.replace('ask("one")', 'ask("one")\n    ask("two")')
OTHER = ONE.replace('ask("one")', 'ask("two")')
SELECT = ("--record", "test_mine.py")


@pytest.fixture
def path(pytester: pytest.Pytester) -> Path:
    """Where the cassette is written."""
    return pytester.path / "cassettes" / "one.yaml"


def _run(
    pytester: pytest.Pytester,
    run: Run,
    body: str,
    *args: str,
    plugins: tuple[str, ...] = (),
    **outcomes: int,
) -> pytest.RunResult:
    pytester.makepyfile(test_mine=HEAD + body)
    result = run(*args, plugins=plugins)
    result.assert_outcomes(**(outcomes or {"passed": 1}))
    return result


def _texts(path: Path) -> list[str]:
    return [
        re.findall(r'"text": "(\w+)"', r.body.decode())[0] for r in read_cassette(path).recordings
    ]


def test_it_says_where_it_is_from(pytester: pytest.Pytester, run: Run, path: Path) -> None:
    result = _run(pytester, run, ONE, *SELECT)
    result.stdout.fnmatch_lines([f"bedrock-authcheck: {path} holds 1 recording"])
    provenance = read_cassette(path).provenance
    assert provenance is not None
    assert provenance.origin is Origin.SIMULATED
    assert provenance.regions == ("eu-central-1",)
    assert {"Boto3", "Botocore"} <= provenance.clients.keys()


@pytest.mark.parametrize(
    ("mode", "kept"), [("once", ["one"]), ("new", ["one", "two"]), ("all", ["two"])]
)
def test_what_exists_is_kept_added_to_or_made_anew(
    pytester: pytest.Pytester, run: Run, path: Path, mode: str, kept: list[str]
) -> None:
    _run(pytester, run, ONE, *SELECT)
    args = ("--record", "--authcheck-record-mode", mode)
    body = TWO if mode == "new" else OTHER
    failed = mode == "once"
    _run(pytester, run, body, *args, passed=not failed, failed=failed)
    assert _texts(path) == kept


def test_the_flag_counts_before_the_marker_and_that_before_the_ini_key(
    pytester: pytest.Pytester, run: Run, path: Path
) -> None:
    marked = OTHER.replace('("one")', '("one", record_mode="all")', 1)
    _run(pytester, run, ONE, *SELECT)
    pytester.makeini("[pytest]\nauthcheck_record_mode = new\n")
    _run(pytester, run, TWO, *SELECT)
    assert _texts(path) == ["one", "two"]
    _run(pytester, run, marked, *SELECT)
    assert _texts(path) == ["two"]
    _run(
        pytester,
        run,
        marked.replace('"two"', '"x"'),
        *SELECT,
        "--authcheck-record-mode",
        "once",
        failed=1,
    )
    assert _texts(path) == ["two"]


def test_an_ini_key_that_names_no_mode_says_so(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makeini("[pytest]\nauthcheck_record_mode = often\n")
    pytester.makepyfile(test_mine=HEAD + ONE)
    result = run(*SELECT)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    said = "authcheck_record_mode: 'often' does not exist: choose from once, new, all"
    assert said in result.stderr.str()


def test_nothing_is_recorded_unless_a_path_or_a_mode_asks_for_it(
    pytester: pytest.Pytester, run: Run, path: Path
) -> None:
    pytester.makepyfile(test_mine=HEAD + ONE)
    pytester.makeini("[pytest]\ntestpaths = .\n")
    result = run("--record")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "--record alone records nothing" in result.stderr.str()
    result = run("--authcheck-record-mode", "all")
    assert "add --record" in result.stderr.str()
    assert not path.exists()
    run("--record", "--authcheck-record-mode", "once").assert_outcomes(passed=1)
    assert path.exists()


def test_a_failed_test_leaves_the_old_cassette(
    pytester: pytest.Pytester, run: Run, path: Path
) -> None:
    _run(pytester, run, ONE, *SELECT)
    before = path.read_bytes()
    failing = f"{OTHER}    assert False\n"
    _run(pytester, run, failing, "--record", "--authcheck-record-mode", "all", failed=1)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["one.yaml"]


def test_two_recordings_of_the_same_thing_are_the_same_file(
    pytester: pytest.Pytester, run: Run, path: Path
) -> None:
    _run(pytester, run, ONE, *SELECT)
    before = path.read_bytes()
    _run(pytester, run, ONE, "--record", "--authcheck-record-mode", "all")
    assert path.read_bytes() == before


def test_each_level_keeps_its_evidence_and_no_secret_is_written(
    pytester: pytest.Pytester, run: Run, temporary: Path
) -> None:
    body = """
from pathlib import Path
@pytest.mark.parametrize("level", ["bearer", "settings", "environment", "shared", "config",
                                   "instance", "container"])
@cassette
def test_level(bedrock_credentials, bedrock_endpoint, level):
    bedrock_credentials.provide(level)
    ask()
    credential = bedrock_credentials.credential(level)
    with open("secrets.txt", "a") as file:
        file.writelines(f"{value}\\n" for value in credential.secrets().values())
"""
    _run(pytester, run, body, *SELECT, passed=7)
    secrets = (pytester.path / "secrets.txt").read_text().split()
    assert len(secrets) >= 7
    folder = pytester.path / "cassettes" / "test_mine"
    for level in ("bearer", "settings", "environment", "shared", "config", "instance", "container"):
        file = folder / f"test_level[{level}].yaml"
        assert not [secret for secret in secrets if secret in file.read_text()]
        (only,) = read_cassette(file).recordings  # and nothing of IMDS or the container endpoint
        authorization = only.header("Authorization")
        assert authorization is not None
        assert level in authorization
        assert authorization.startswith("Bearer" if level == "bearer" else "AWS4-HMAC-SHA256")
    assert temporary.exists()


def test_what_looks_like_a_secret_is_not_written(
    pytester: pytest.Pytester, run: Run, path: Path
) -> None:
    body = """
from hashlib import sha512
from base64 import b64encode
@cassette("one")
@levels("environment")
def test_leak(bedrock_endpoint):
    key = "AB" + "SK" + b64encode(sha512(b"1").digest() + sha512(b"2").digest()).decode()
    ask(b64encode(f"use {key} for it".encode()).decode())
"""
    text = _run(pytester, run, body, *SELECT, passed=1, errors=1).stdout.str()
    assert "was not written, for it would hold what may be a secret" in text
    assert "interaction 1, request body" in text
    assert not path.exists()
    assert not path.parent.exists()


def test_users_filters_add_to_the_defaults(pytester: pytest.Pytester, run: Run, path: Path) -> None:
    body = f"""
from bedrock_authcheck.recording.scrub import Filters
@pytest.fixture
def bedrock_cassette_filters():
    return Filters(json_keys=("text",), headers=("content-type",))
{ONE}"""
    _run(pytester, run, body, *SELECT)
    (only,) = read_cassette(path).recordings
    assert b"one" not in only.body
    assert "json" not in str(only.header("content-type"))
    assert "environment" in str(only.header("Authorization"))
    _run(pytester, run, body)  # and it is replayed, though the request has what was filtered


def test_fakes_are_not_sent_to_aws(pytester: pytest.Pytester, run: Run) -> None:
    body = ONE.replace("bedrock_endpoint", "bedrock_credentials")
    text = _run(pytester, run, body, *SELECT, errors=1).stdout.str()
    assert "bedrock_credentials provides fakes, which AWS refuses" in text


@pytest.mark.parametrize(
    ("levels", "said"),
    [
        ({}, "no credential can be used"),
        ({"AWS_ACCESS_KEY_ID": "AKIA0FAKE", "AWS_SECRET_ACCESS_KEY": "x"}, "cannot be reached"),
    ],
)
def test_what_a_recording_of_aws_lacks_is_said_before_the_first_test(
    pytester: pytest.Pytester,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    levels: dict[str, str],
    said: str,
) -> None:
    for name in [name for name in os.environ if steers_a_client(name)]:
        monkeypatch.delenv(name)
    machine = {
        "HOME": str(pytester.path),
        "USERPROFILE": str(pytester.path),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "https://127.0.0.1:9",  # nobody listens there
        **levels,
    }
    for name, value in machine.items():
        monkeypatch.setenv(name, value)
    body = ONE.replace("bedrock_endpoint", "").replace('@levels("environment")\n', "")
    pytester.makepyfile(test_mine=f"{HEAD}def test_other(): pass\n{body}")
    result = run(*SELECT)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "--record: " in result.stderr.str()
    assert said in result.stderr.str()
    assert "passed" not in result.stdout.str()


def test_pytest_recording_has_its_own_option_beside(
    pytester: pytest.Pytester, run: Run, path: Path
) -> None:
    pytest.importorskip("pytest_recording", reason="pytest-recording is not installed")
    pytester.makepyfile(test_mine=HEAD + ONE)
    result = run(*SELECT, "--record-mode=none", plugins=("pytest_recording.plugin",))
    result.assert_outcomes(passed=1)
    assert path.exists()


def test_workers_record_each_their_own(pytester: pytest.Pytester, run: Run, path: Path) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    body = "".join(
        f"""
@cassette("own-{n}")
@levels("environment")
def test_own_{n}(bedrock_endpoint):
    ask("own")
"""
        for n in range(4)
    )
    _run(pytester, run, body, *SELECT, "-n", "2", passed=4, plugins=("xdist.plugin",))
    files = sorted(p.name for p in path.parent.iterdir())
    assert files == [f"own-{n}.yaml" for n in range(4)]
    assert all(len(read_cassette(path.parent / name).recordings) == 1 for name in files)


def test_two_tests_do_not_write_one_cassette(
    pytester: pytest.Pytester, run: Run, path: Path
) -> None:
    pytester.makepyfile(test_mine=HEAD + ONE + ONE.replace("test_one", "test_two"))
    result = run(*SELECT)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "test_one and test_mine.py::test_two would both write" in result.stderr.str()
    assert not path.exists()


def test_the_plan_is_recorded_only_where_it_was_typed(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makeini("[pytest]\nbedrock_authcheck = true\naddopts = test_mine.py\n")
    pytester.makepyfile(test_mine=HEAD + ONE)
    assert "--record alone records nothing" in run("--record").stderr.str()
    result = run(*SELECT, "--collect-only", "-q")
    assert "bedrock-authcheck::record::" not in result.stdout.str()


def test_keys_given_in_code_do_not_reach_a_cassette(
    pytester: pytest.Pytester, run: Run, path: Path
) -> None:
    body = """
import boto3, secrets
@cassette("one")
@levels("environment")
def test_in_code(bedrock_endpoint, monkeypatch):
    made = [secrets.token_hex(20) for _ in range(5)]
    open("secrets.txt", "w").write(" ".join(made))
    secret, token, bearer, late, _ = made
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", bearer)
    try:
        ask(f"{secret} {token} {bearer} {late}")
    except Exception:
        pass
    monkeypatch.delenv("AWS_BEARER_TOKEN_BEDROCK")
    try:
        ask(f"{secret} {token}", aws_access_key_id="AKIA0FAKEX",
            aws_secret_access_key=secret, aws_session_token=token)
    except Exception:
        pass
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", late)
"""
    _run(pytester, run, body, *SELECT)
    text = path.read_text()
    made = (pytester.path / "secrets.txt").read_text().split()
    assert [secret for secret in made if secret in text] == []


def test_what_fails_at_its_end_leaves_the_old_cassette(
    pytester: pytest.Pytester, run: Run, path: Path
) -> None:
    _run(pytester, run, ONE, *SELECT)
    before = path.read_bytes()
    body = """
@pytest.fixture
def ending(bedrock_cassette):
    yield
    assert False
""" + OTHER.replace("(bedrock_endpoint)", "(bedrock_endpoint, ending)")
    args = ("--record", "--authcheck-record-mode", "all")
    _run(pytester, run, body, *args, passed=1, errors=1)
    assert path.read_bytes() == before


def test_what_a_fixture_sends_at_its_end_is_recorded_and_replayed(
    pytester: pytest.Pytester, run: Run
) -> None:
    body = """
@pytest.fixture
def ending(bedrock_cassette):
    yield
    ask("end")
""" + ONE.replace("(bedrock_endpoint)", "(bedrock_endpoint, ending)")
    _run(pytester, run, body, *SELECT)
    _run(pytester, run, body)
    _run(pytester, run, body.replace('    ask("end")', "    pass"), passed=1, errors=1)


def test_it_replays_in_the_region_that_was_recorded(
    pytester: pytest.Pytester, run: Run, path: Path
) -> None:
    body = ONE.replace('ask("one")', 'ask("one", region_name="us-west-2")')
    _run(pytester, run, body, *SELECT)
    provenance = read_cassette(path).provenance
    assert provenance is not None
    assert provenance.regions == ("us-west-2",)
    _run(pytester, run, ONE.replace("bedrock_endpoint", "bedrock_cassette"))


def test_a_filter_that_makes_another_scheme_is_refused(
    pytester: pytest.Pytester, run: Run, path: Path
) -> None:
    body = f"""
from dataclasses import replace
from bedrock_authcheck.recording.scrub import Filters
@pytest.fixture
def bedrock_cassette_filters():
    return Filters(before_record=lambda r: replace(r, headers=(("Authorization", "Bearer x"),)))
{ONE}"""
    text = _run(pytester, run, body, *SELECT, passed=1, errors=1).stdout.str()
    assert "the filter before_record made a request bearer that was sigv4" in text
    assert not path.exists()
