"""Replay: what a test with a cassette sees, offline, and how it is told what differs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugin.conftest import Run

pytestmark = pytest.mark.usefixtures("application")

HEAD = """
import pytest
from tests.plugin.application import ask, list_models
cassette = pytest.mark.bedrock_cassette
levels = pytest.mark.bedrock_credentials
"""
RECORDED = f"""{HEAD}
@cassette("hello")
@levels("environment")
def test_recorded(bedrock_endpoint):
    assert ask() == "Hello from a simulated Bedrock."
"""


@pytest.fixture
def recorded(pytester: pytest.Pytester, run: Run) -> Path:
    """The cassette of one Converse, signed by SigV4, recorded from the simulated service."""
    pytester.makepyfile(test_recorded=RECORDED)
    run("--record", "test_recorded.py").assert_outcomes(passed=1)
    path = pytester.path / "cassettes" / "hello.yaml"
    assert path.exists()
    return path


def _text(pytester: pytest.Pytester, run: Run, body: str, *args: str, **outcomes: int) -> str:
    pytester.makepyfile(test_mine=HEAD + body)
    result = run("test_mine.py", *args)
    result.assert_outcomes(**(outcomes or {"failed": 1}))
    return result.stdout.str()


def test_it_is_replayed_without_credentials_and_without_a_host(
    pytester: pytest.Pytester, run: Run, recorded: Path
) -> None:
    before = recorded.read_bytes()
    body = """
    @cassette("hello")
    def test_by_marker():
        assert ask() == "Hello from a simulated Bedrock."

    @cassette("hello.yaml")
    def test_by_fixture(bedrock_cassette):
        assert bedrock_cassette.played == 0
        ask()
        assert bedrock_cassette.played == len(bedrock_cassette.recordings) == 1
        assert bedrock_cassette.mode == "replay"

    @cassette("hello")
    def test_with_keys_in_code():
        ask(aws_access_key_id="mine", aws_secret_access_key="mine")

    @cassette("hello")
    @levels("shared")
    def test_with_a_level_of_its_own():
        ask()
    """
    _text(pytester, run, body.replace("\n    ", "\n"), passed=4)
    assert recorded.read_bytes() == before


def test_another_scheme_is_a_miss_that_says_so(
    pytester: pytest.Pytester, run: Run, recorded: Path
) -> None:
    body = '@cassette("hello")\n@levels("bearer")\ndef test_mine():\n    ask()\n'
    text = _text(pytester, run, body)
    assert recorded.exists()
    assert "differs   auth scheme: recorded sigv4, sent bearer" in text
    assert "nearest   1. POST /model/simulated.model-v1%3A0/converse" in text
    assert "test_mine.py:8:     ask()" in text
    assert "HTTPClientError" not in text
    assert "botocore" not in text.partition("FAILURES")[2].partition("short test summary")[0]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            'ask("bye")',
            'differs   body at messages[0].content[0].text: recorded "hello", sent "bye"',
        ),
        ("ask(), ask()", "played    once already: each recording answers one request"),
        ('ask(region_name="us-east-1")', "recorded bedrock-runtime in eu-central-1, sent"),
        ("list_models()", "differs   service or Region: recorded bedrock-runtime in eu-central-1"),
        ("None", "1 recording of"),
    ],
)
def test_whatever_else_differs_is_named(
    pytester: pytest.Pytester, run: Run, recorded: Path, call: str, said: str
) -> None:
    assert recorded.exists()
    text = _text(pytester, run, f'@cassette("hello")\ndef test_mine():\n    {call}\n')
    assert said in text
    assert "pytest --record test_mine.py::test_mine --authcheck-record-mode " in text


def test_a_miss_that_the_test_swallowed_fails_it(
    pytester: pytest.Pytester, run: Run, recorded: Path
) -> None:
    body = """
import threading
@cassette("hello")
def test_thread():
    def lost():
        try:
            ask("bye")
        except BaseException:
            pass
    thread = threading.Thread(target=lost)
    thread.start()
    thread.join()
    ask()
"""
    assert recorded.exists()
    assert 'sent "bye"' in _text(pytester, run, body)


def test_a_request_that_goes_round_the_recorder_fails(
    pytester: pytest.Pytester, run: Run, recorded: Path
) -> None:
    body = """
import socket
@cassette("hello")
def test_round():
    ask()
    try:
        socket.create_connection(("bedrock-runtime.eu-central-1.amazonaws.com", 443), 1)
    except Exception:
        pass
"""
    assert recorded.exists()
    text = _text(pytester, run, body)
    assert "a request went round the recorder" in text
    assert "bedrock-runtime.eu-central-1.amazonaws.com" in text


def test_sts_is_never_in_a_cassette_and_the_miss_says_so(
    pytester: pytest.Pytester, run: Run, recorded: Path
) -> None:
    body = """
import boto3
@cassette("hello")
def test_sts():
    boto3.client("sts").get_caller_identity()
"""
    assert recorded.exists()
    assert "is never recorded" in _text(pytester, run, body)


def test_a_missing_cassette_says_how_to_make_it(pytester: pytest.Pytester, run: Run) -> None:
    text = _text(pytester, run, '@cassette("none")\ndef test_mine():\n    ask()\n', errors=1)
    assert "there is no cassette" in text
    assert "record it: pytest --record test_mine.py::test_mine\n" in text
    assert "During handling" not in text


def test_what_is_to_be_typed_is_right_where_pytest_was_typed(
    pytester: pytest.Pytester, run: Run
) -> None:
    below = pytester.mkdir("below")
    (pytester.path / "pytest.ini").write_text("[pytest]\n")
    body = HEAD + '@cassette("none")\ndef test_mine():\n    ask()\n'
    (below / "test_mine.py").write_text(body)
    os.chdir(below)
    result = run("test_mine.py")
    assert "record it: pytest --record test_mine.py::test_mine\n" in result.stdout.str()


def test_a_broken_cassette_is_one_sentence_and_stays(
    pytester: pytest.Pytester, run: Run, recorded: Path
) -> None:
    torn = recorded.read_bytes()[:-30]
    recorded.write_bytes(torn)
    body = '@cassette("hello")\ndef test_mine():\n    ask()\n'
    assert "is torn" in _text(pytester, run, body, errors=1)
    body = body.replace("()", "(bedrock_endpoint)", 1)  # recorded from the simulated service
    for mode in ("once", "new", "all"):
        args = ("--record", "--authcheck-record-mode", mode)
        assert "is torn" in _text(pytester, run, body, *args, errors=1)
    assert recorded.read_bytes() == torn


def test_without_a_name_it_is_called_after_the_test(pytester: pytest.Pytester, run: Run) -> None:
    body = """
@cassette
@levels("shared")
@pytest.mark.parametrize("word", ["a/b"])
def test_named(bedrock_endpoint, word):
    ask()
"""
    _text(pytester, run, body, "--record", passed=1)
    (file,) = (pytester.path / "cassettes" / "test_mine").iterdir()
    assert file.name.startswith("test_named[a-b]-")  # a digest tells it from a-b
    _text(pytester, run, body, passed=1)


def test_the_folder_is_an_ini_key(pytester: pytest.Pytester, run: Run, recorded: Path) -> None:
    recorded.rename(pytester.mkdir("tapes") / "hello.yaml")
    pytester.makeini("[pytest]\nauthcheck_cassettes = tapes\n")
    _text(pytester, run, '@cassette("hello")\ndef test_mine():\n    ask()\n', passed=1)


def test_keys_that_change_are_ignored_where_asked(
    pytester: pytest.Pytester, run: Run, recorded: Path
) -> None:
    assert recorded.exists()
    pytester.makeini("[pytest]\nauthcheck_volatile_keys = text\n")
    _text(pytester, run, '@cassette("hello")\ndef test_mine():\n    ask("bye")\n', passed=1)


def test_async_tests_and_test_cases_have_it(
    pytester: pytest.Pytester, run: Run, recorded: Path
) -> None:
    body = """
import unittest
@cassette("hello")
class TestCase(unittest.TestCase):
    def test_case(self):
        ask()

@cassette("hello")
@pytest.mark.asyncio
async def test_async():
    ask()
"""
    assert recorded.exists()
    pytester.makepyfile(test_mine=HEAD + body)
    run("test_mine.py", plugins=("pytest_asyncio.plugin",)).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ('"a", "b"', "it takes the name of one cassette"),
        ("1", "1 is no name of a cassette"),
        ('"../a"', "'../a' climbs out of the folder of cassettes"),
        ('"a", mode="all"', "it has no mode; there is record_mode"),
        ('"a", record_mode="often"', "choose from once, new, all"),
    ],
)
def test_a_marker_that_says_nonsense_ends_the_session(
    pytester: pytest.Pytester, run: Run, marker: str, said: str
) -> None:
    pytester.makepyfile(test_mine=f"{HEAD}@cassette({marker})\ndef test_mine():\n    pass\n")
    result = run("test_mine.py")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in result.stderr.str()


def test_the_endpoint_replays_for_a_client_in_another_process(
    pytester: pytest.Pytester, run: Run, recorded: Path
) -> None:
    program = (
        "import boto3, sys\n"
        "c = boto3.client('bedrock-runtime', region_name='ap-southeast-2')\n"
        "for text in sys.argv[1:]:\n"
        "    c.converse(modelId='simulated.model-v1:0',"
        " messages=[{'role': 'user', 'content': [{'text': text}]}])\n"
    )
    pytester.makepyfile(program=program)
    body = """
import subprocess, sys
def call(bedrock_credentials, *texts):
    subprocess.run([sys.executable, "program.py", *texts], env=bedrock_credentials.env())

@levels("environment")
def test_right(bedrock_credentials, bedrock_endpoint):
    bedrock_endpoint.replay("hello")
    call(bedrock_credentials, "hello")
    bedrock_endpoint.assert_signed_by("environment")

@levels("environment")
def test_missed(bedrock_credentials, bedrock_endpoint):
    bedrock_endpoint.replay("hello")
    call(bedrock_credentials, "bye")

@levels("bearer")
def test_scheme(bedrock_credentials, bedrock_endpoint):
    bedrock_endpoint.replay("hello")
    call(bedrock_credentials, "hello")

@levels("environment")
def test_unplayed(bedrock_endpoint):
    bedrock_endpoint.replay("hello")

@levels("environment")
def test_unknown(bedrock_endpoint):
    bedrock_endpoint.replay("helo")
"""
    assert recorded.exists()
    text = _text(pytester, run, body, passed=1, failed=4)
    assert 'sent "bye"' in text
    assert "auth scheme: recorded sigv4, sent bearer" in text
    assert "1 recording of" in text
    assert "--record TEST (one with bedrock_cassette: replay records nothing)" in text
    assert "helo.yaml; beside it there is hello.yaml" in text
