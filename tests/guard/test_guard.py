"""Whoever sends in a project's own tests, and however: the test that did it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.guard.runs import KEYS, LONG_TERM, ON, SIGV4, TOKEN, marked

if TYPE_CHECKING:
    from tests.plugin.conftest import Run

pytestmark = pytest.mark.usefixtures("keys")

MANY = """
import asyncio
import threading
import unittest

import pytest
from moto import mock_aws


def client():
    import boto3  # late, as applications do

    return boto3.client("bedrock", region_name="eu-central-1")


def ask():
    with mock_aws():
        client().list_custom_models()


def test_plain():
    ask()


def test_thread():
    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()


@pytest.mark.asyncio
async def test_async():
    await asyncio.to_thread(ask)


@pytest.fixture(scope="session")
def shared():
    with mock_aws():
        yield client()


def test_shared_first(shared):
    pass


def test_shared(shared):
    shared.list_custom_models()


@pytest.fixture
def asking():
    ask()


def test_set_up(asking):
    pass


@pytest.fixture
def asking_last():
    yield
    ask()


def test_torn_down(asking_last):
    pass


class TestCase(unittest.TestCase):
    def test_case(self):
        ask()

    def test_quiet(self):
        self.assertTrue(True)


class TestAsyncCase(unittest.IsolatedAsyncioTestCase):
    async def test_async_case(self):
        await asyncio.to_thread(ask)


def test_skipped_too_late():
    ask()
    pytest.skip("the request is out")


def test_quiet():
    pass
"""
GUILTY = {
    "test_plain",
    "test_thread",
    "test_async",
    "test_shared",
    "TestCase::test_case",
    "TestAsyncCase::test_async_case",
    "test_skipped_too_late",
}
PLUGINS = ("pytest_asyncio.plugin", "xdist.plugin")


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["here", "xdist"])
def test_each_way_to_ask_fails_the_test_that_asked(
    workers: tuple[str, ...], pytester: pytest.Pytester, run: Run, bare: pytest.MonkeyPatch
) -> None:
    bare.setenv(TOKEN, LONG_TERM)
    pytester.makepyfile(test_many=MANY)
    result = run(*ON, *SIGV4, *workers, "-rA", "test_many.py", plugins=PLUGINS)
    assert marked(result, "FAILED") == GUILTY
    assert marked(result, "ERROR") == {"test_set_up", "test_torn_down"}
    passed = marked(result, "PASSED")
    assert passed >= {"test_quiet", "TestCase::test_quiet", "test_shared_first", "test_torn_down"}
    result.stdout.fnmatch_lines(
        [
            "*9 requests to Amazon Bedrock in 9 tests: 9 bearer",
            "     9  not as wanted (CHAIN-1)",
            "*9  bearer by level 1 bearer token (long-term-api-key)",
            "*evidence prepared request, answered before the transport (moto, a handler)",
        ]
    )
    told = result.stdout.str()
    assert LONG_TERM[4:20] not in told
    assert KEYS.secret not in told


def test_the_same_tests_pass_where_the_right_one_signs(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(test_many=MANY)
    result = run(
        *ON, "-o", "bedrock_auth_expect=sigv4: environment", "test_many.py", plugins=PLUGINS
    )
    result.assert_outcomes(passed=12, skipped=1)
    result.stdout.fnmatch_lines(["*9  sigv4 by level 3 environment variables *"])


def test_the_suite_alone_and_tests_without_requests_are_told_nothing(
    pytester: pytest.Pytester, run: Run
) -> None:
    pytester.makepyfile("def test_mine(): pass")
    result = run(*ON, *SIGV4)
    result.assert_outcomes(passed=1)
    assert "guard" not in result.stdout.str()


FAILING = """
import unittest

from moto import mock_aws


def ask():
    import boto3

    with mock_aws():
        boto3.client("bedrock", region_name="eu-central-1").list_custom_models()


def test_failing():
    ask()
    assert "this" == "that"


class TestCase(unittest.TestCase):
    def test_failing_case(self):
        ask()
        self.assertEqual("these", "those")
"""


def test_a_test_that_fails_by_itself_keeps_its_failure_and_is_told_the_other(
    pytester: pytest.Pytester, run: Run
) -> None:
    pytester.makepyfile(test_failing=FAILING)
    result = run(*ON, "-o", "bedrock_auth_expect=bearer", "test_failing.py")
    result.assert_outcomes(passed=1, failed=2)
    told = result.stdout.str()
    assert "assert 'this' == 'that'" in told
    assert "AssertionError: 'these' != 'those'" in told
    assert told.count("bedrock_auth call ---") == 2
    assert told.count("CHAIN-1 failed: ListCustomModels was signed with sigv4 by level 3 ") == 2


def test_without_the_flag_nothing_is_held(
    pytester: pytest.Pytester, run: Run, bare: pytest.MonkeyPatch
) -> None:
    bare.setenv(TOKEN, LONG_TERM)
    pytester.makepyfile(test_many=MANY)
    result = run(*SIGV4, "-k", "plain", "test_many.py", plugins=PLUGINS)
    result.assert_outcomes(passed=1, deselected=11)


OWN = """
import subprocess
import sys

import boto3
import pytest


def ask():
    boto3.client("bedrock").list_foundation_models()


def test_on_purpose(bedrock_credentials, bedrock_endpoint):
    bedrock_credentials.provide("bearer", "shared")
    ask()
    bedrock_endpoint.assert_signed_by("bearer")


def test_machine(bedrock_machine):
    with bedrock_machine("bearer") as (credentials, endpoint):
        ask()
        endpoint.assert_signed_by("bearer")


def test_received_one_by_one(bedrock_credentials, bedrock_endpoint):
    bedrock_credentials.provide("bearer")
    ask()
    ask()
    program = "import boto3; boto3.client('bedrock').list_foundation_models()"
    for _ in range(2):
        subprocess.run([sys.executable, "-c", program], env=bedrock_credentials.env(), check=True)


@pytest.mark.bedrock_auth("sigv4", level="shared")
@pytest.mark.bedrock_credentials("bearer", "shared")
def test_marked(bedrock_endpoint):
    ask()


@pytest.mark.bedrock_auth("bearer", kind="long-term-key")
@pytest.mark.bedrock_credentials("bearer", "shared")
def test_marked_right(bedrock_endpoint):
    ask()
"""


def test_tests_that_choose_their_fakes_are_left_alone_but_for_a_marker(
    pytester: pytest.Pytester, run: Run
) -> None:
    pytester.makepyfile(test_own=OWN)
    forbid = ("-o", "bedrock_auth_forbid=bearer, long-term-key")
    result = run(*ON, *SIGV4, *forbid, "-rA", "test_own.py")
    assert marked(result, "FAILED") == {"test_marked"}
    result.stdout.fnmatch_lines(
        [
            "CHAIN-1 failed: ListFoundationModels was signed with *, expected sigv4 by shared",
            "  expected  sigv4 by shared (@pytest.mark.bedrock_auth)",
            "  evidence  received by the loopback endpoint, by botocore",
            "8 requests to Amazon Bedrock in 5 tests: 8 bearer",
        ]
    )


KEPT = """
import boto3
import botocore.client
import botocore.endpoint
import pytest

BEFORE = vars(botocore.endpoint.Endpoint)["_do_get_response"]


def test_watched():
    assert vars(botocore.endpoint.Endpoint)["_do_get_response"] is not BEFORE
    assert vars(botocore.endpoint.Endpoint)["_do_get_response"].__wrapped__ is BEFORE


@pytest.fixture(scope="module", autouse=True)
def patched_by_the_project():
    theirs = lambda *a, **k: None
    patch = pytest.MonkeyPatch()
    patch.setattr(botocore.client.BaseClient, "_make_api_call", theirs)
    yield
    patch.undo()
"""
ENDING = """
import botocore.client, botocore.endpoint, sys

def pytest_unconfigure():
    left = [
        name
        for owner in (botocore.endpoint.Endpoint, botocore.client.BaseClient)
        for name, value in vars(owner).items()
        if "guard" in getattr(getattr(value, "__code__", None), "co_filename", "")
    ]
    finders = [f for f in sys.meta_path if "guard" in type(f).__module__]
    print(f"left: {left} {finders}")
"""


def test_nothing_is_left_behind(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(test_kept=KEPT, ending=ENDING)
    result = run(*ON, "-s", "test_kept.py", plugins=("ending",))
    result.assert_outcomes(passed=2)
    assert "left: [] []" in result.stdout.str()
