"""Beside the plugins that a project of Amazon Bedrock has, nobody is in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plugin.conftest import CHAIN, DEVIANT

if TYPE_CHECKING:
    from tests.plugin.conftest import Run

pytestmark = pytest.mark.usefixtures("application")

ON = "--bedrock-authcheck"
ERRORS = ("-W", "error", "-W", "ignore::pytest.PytestDeprecationWarning")
"""pytest-asyncio warns where its loop scope is unset, and older ones do not know it."""
ASKING = """
from tests.plugin.application import ask

def test_mine(bedrock_credentials, bedrock_endpoint):
    bedrock_credentials.provide("bearer", "shared")
    ask()
    bedrock_endpoint.assert_signed_by("bearer")
"""


def test_all_that_is_installed_at_once(
    pytester: pytest.Pytester, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(ASKING)
    found = {"xdist", "asyncio", "recording", "socket", "bedrock-authcheck"}
    result = run(
        *(ON, CHAIN, DEVIANT, "test_all_that_is_installed_at_once.py", *ERRORS),
        *("-p", "no:randomly"),
        plugins=(
            "xdist.plugin",
            "pytest_asyncio.plugin",
            "pytest_recording.plugin",
            "pytest_socket",
        ),
    )
    result.assert_outcomes(passed=2, xfailed=1)
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    listed = pytester.runpytest_subprocess(*ERRORS, ON, CHAIN, timeout=60)
    listed.assert_outcomes(passed=1)
    (line,) = [line for line in listed.outlines if line.startswith("plugins: ")]
    assert found <= {name.rsplit("-", 1)[0].strip() for name in line[9:].split(",")}


@pytest.mark.parametrize("distribution", ["load", "loadfile"])
def test_xdist(distribution: str, pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(test_mine=ASKING)
    group = "bedrock-authcheck::preference"
    result = run(
        *(ON, group, DEVIANT, "test_mine.py", "-k", "anonymous-none or blank or mine"),
        *("-n", "2", "--dist", distribution),
        plugins=("xdist.plugin",),
    )
    result.assert_outcomes(passed=5, xfailed=1)
    result.stdout.fnmatch_lines(
        [
            "TOKEN-1 *known deviation *1 *",
            "PREF-3 *passed *4 *",
            "  TOKEN-1  boto3-blank-token, 1 scenario",
            "5 scenarios, client *",
        ]
    )


def test_asyncio_in_auto_mode(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makeini(
        "[pytest]\nasyncio_mode = auto\n"
        "filterwarnings =\n  error\n  ignore::pytest.PytestDeprecationWarning\n"
    )
    pytester.makepyfile(
        """
        import asyncio

        import pytest

        from bedrock_authcheck.environments.network import OtherHostError
        from tests.plugin.application import ask

        @pytest.fixture
        async def answered(bedrock_credentials):
            bedrock_credentials.provide("bearer", "container")
            await asyncio.to_thread(ask)

        async def test_fixture_and_test(answered, bedrock_endpoint):
            await asyncio.gather(*(asyncio.to_thread(ask) for _ in range(3)))
            bedrock_endpoint.assert_signed_by("bearer")
            assert len(bedrock_endpoint.requests) == 4

        @pytest.mark.bedrock_credentials("environment")
        async def test_marker(bedrock_endpoint):
            await asyncio.to_thread(ask)
            bedrock_endpoint.assert_signed_by("environment")

        @pytest.mark.bedrock_credentials("bearer")
        async def test_another_host():
            with pytest.raises(OtherHostError, match="connection to example.invalid"):
                await asyncio.open_connection("example.invalid", 443)
        """
    )
    result = run(ON, CHAIN, "test_asyncio_in_auto_mode.py", plugins=("pytest_asyncio.plugin",))
    result.assert_outcomes(passed=4)


def test_recording_blocks_the_network_and_lets_loopback_be(
    pytester: pytest.Pytester, run: Run
) -> None:
    pytester.makepyfile(test_mine=ASKING)
    blocked = (ON, CHAIN, DEVIANT, "--block-network", "--record-mode=none")
    plugins = ("pytest_recording.plugin",)
    run(*blocked, plugins=plugins).assert_outcomes(passed=1, xfailed=1)
    allowed = run(*blocked, "test_mine.py", "--allowed-hosts=127.0.0.1", plugins=plugins)
    allowed.assert_outcomes(passed=2, xfailed=1)


@pytest.mark.parametrize(
    "arguments", [(), ("--allow-hosts=127.0.0.1",), ("--disable-socket", "--allow-hosts=127.0.0.1")]
)
def test_socket_with_loopback_allowed(
    arguments: tuple[str, ...], pytester: pytest.Pytester, run: Run
) -> None:
    pytester.makepyfile(test_mine=ASKING)
    result = run(ON, CHAIN, "test_mine.py", *arguments, plugins=("pytest_socket",))
    result.assert_outcomes(passed=2)


def test_socket_that_disables_all_sockets(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(test_mine=ASKING)
    # It is about test functions: scenarios are none.
    run(ON, CHAIN, "--disable-socket", plugins=("pytest_socket",)).assert_outcomes(passed=1)
    result = run("--disable-socket", plugins=("pytest_socket",))
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(
        ["!* bedrock-authcheck cannot start its services *: A test tried to use socket.* !*"]
    )


def test_moto_in_force_brings_keys_of_its_own_and_leaves_none(
    pytester: pytest.Pytester, run: Run
) -> None:
    pytester.makepyfile(
        """
        import os

        import boto3
        import pytest
        from botocore.exceptions import ClientError
        from moto import mock_aws

        from tests.plugin.application import ask

        BEFORE = dict(os.environ)

        def list_buckets():
            return boto3.client("s3", region_name="us-east-1").list_buckets()["Buckets"]

        @mock_aws
        def test_mocked_before():
            boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="mine")
            assert len(list_buckets()) == 1

        def test_bearer_beside_moto(bedrock_credentials, bedrock_endpoint):
            bedrock_credentials.provide("bearer")
            with mock_aws():
                ask()
            bedrock_endpoint.assert_signed_by("bearer")

        def test_moto_puts_its_own_keys_into_the_environment(bedrock_credentials, bedrock_endpoint):
            bedrock_credentials.provide("environment")
            with mock_aws(), pytest.raises(ClientError):
                ask()
            with pytest.raises(AssertionError, match="a credential of no level here  FOOBARKEY"):
                bedrock_endpoint.assert_signed_by("environment")
            bedrock_endpoint.clear()
            ask()
            bedrock_endpoint.assert_signed_by("environment")

        def test_neither_leaves_a_key():
            assert {name for name in os.environ if "AWS" in name} == {
                name for name in BEFORE if "AWS" in name
            }

        @mock_aws
        def test_mocked_after():
            assert list_buckets() == []
        """
    )
    name = "test_moto_in_force_brings_keys_of_its_own_and_leaves_none.py"
    run(ON, CHAIN, name).assert_outcomes(passed=6)
