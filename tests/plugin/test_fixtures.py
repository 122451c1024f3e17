"""What the fixtures do for a downstream project's tests."""

from __future__ import annotations

import asyncio
import os
import ssl
import subprocess
import sys
import unittest
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from bedrock_authcheck.environments.levels import LevelError
from bedrock_authcheck.environments.network import OtherHostError
from bedrock_authcheck.model import AwsCredential, BearerToken, CredentialSource
from bedrock_authcheck.services import steps
from tests.plugin.application import ask, ask_with, client, list_models

if TYPE_CHECKING:
    from bedrock_authcheck.fixtures import BedrockCredentials, BedrockEndpoint

ALL_SEVEN = [*CredentialSource]


def test_reads_as_the_issue_says(
    bedrock_credentials: BedrockCredentials, bedrock_endpoint: BedrockEndpoint
) -> None:
    bedrock_credentials.provide("bearer", "shared")
    ask("hello")
    bedrock_endpoint.assert_signed_by("bearer")


def test_bedrock_level_is_each_level_in_turn(
    bedrock_level: str, bedrock_endpoint: BedrockEndpoint
) -> None:
    ask()
    bedrock_endpoint.assert_signed_by(bedrock_level)
    assert [o.source for o in bedrock_endpoint.requests] == [bedrock_level]


@pytest.mark.parametrize("source", ALL_SEVEN)
def test_every_source_signs_and_no_other_is_taken_for_it(
    source: str, bedrock_credentials: BedrockCredentials, bedrock_endpoint: BedrockEndpoint
) -> None:
    bedrock_credentials.provide(source)
    ask()
    for other in CredentialSource:
        if other == source:
            bedrock_endpoint.assert_signed_by(other)
        else:
            with pytest.raises(AssertionError):
                bedrock_endpoint.assert_signed_by(other)


def test_levels_may_be_provided_one_after_the_other(
    bedrock_credentials: BedrockCredentials, bedrock_endpoint: BedrockEndpoint
) -> None:
    bedrock_credentials.provide("shared")
    bedrock_credentials.provide("environment")
    ask()
    bedrock_endpoint.assert_signed_by("environment")


def test_nothing_is_on_the_machine_until_it_is_provided(
    bedrock_credentials: BedrockCredentials, bedrock_endpoint: BedrockEndpoint
) -> None:
    assert bedrock_credentials.settings == {}
    assert {p.name for p in (bedrock_credentials.home / ".aws").iterdir()} == {
        "config",
        "credentials",
    }
    with pytest.raises(NoCredentialsError):
        ask()
    bedrock_endpoint.assert_no_request()


def test_settings_are_for_code_that_passes_keys(
    bedrock_credentials: BedrockCredentials, bedrock_endpoint: BedrockEndpoint
) -> None:
    bedrock_credentials.provide("settings", "environment")
    keys = bedrock_credentials.settings
    assert keys.keys() == {"aws_access_key_id", "aws_secret_access_key"}
    with closing(boto3.Session().client("bedrock-runtime", **keys)) as bedrock:  # type: ignore[call-overload] # keys by name
        ask_with(bedrock)
    bedrock_endpoint.assert_signed_by("settings")


def test_provide_leaves_what_the_test_has_set(
    bedrock_credentials: BedrockCredentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "sa-east-1")
    bedrock_credentials.provide("bearer")
    assert os.environ["AWS_REGION"] == "sa-east-1"


@pytest.mark.parametrize(
    ("levels", "text"),
    [
        (
            ("bearr",),
            "unknown level 'bearr' (did you mean 'bearer'?): choose from bearer, settings",
        ),
        (("bearer", "bearer"), "level 'bearer' is named twice"),
    ],
)
def test_wrong_levels_are_refused(
    levels: tuple[str, ...], text: str, bedrock_credentials: BedrockCredentials
) -> None:
    with pytest.raises(LevelError) as caught:
        bedrock_credentials.provide(*levels)
    assert text in str(caught.value)


def test_a_level_is_provided_once(bedrock_credentials: BedrockCredentials) -> None:
    bedrock_credentials.provide("shared")
    with pytest.raises(LevelError, match="'shared' is provided already"):
        bedrock_credentials.provide("shared")


def test_credential_is_the_fake_of_its_level(bedrock_credentials: BedrockCredentials) -> None:
    bedrock_credentials.provide("bearer", "instance")
    token = bedrock_credentials.credential("bearer")
    role = bedrock_credentials.credential("instance")
    assert isinstance(token, BearerToken)
    assert os.environ["AWS_BEARER_TOKEN_BEDROCK"] == token.value
    assert isinstance(role, AwsCredential)
    assert role.session_token is not None
    assert role.secret not in repr(role)
    with pytest.raises(KeyError, match="'shared' was not provided"):
        bedrock_credentials.credential("shared")


def test_env_is_the_whole_environment_of_a_child(
    bedrock_credentials: BedrockCredentials,
    bedrock_endpoint: BedrockEndpoint,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bedrock_credentials.provide("bearer", "container")
    monkeypatch.setenv("AWS_PROFILE", "of-this-process")
    monkeypatch.setenv("WANTED_BY_THE_CHILD", "yes")
    assert "WANTED_BY_THE_CHILD" not in bedrock_credentials.env()
    env = bedrock_credentials.env("WANTED_BY_THE_CHILD")
    assert "AWS_PROFILE" not in env
    assert env["HOME"] == str(bedrock_credentials.home)
    program = (
        "import os; from application import ask; ask(); print(os.environ['WANTED_BY_THE_CHILD'])"
    )
    child = subprocess.run(
        [sys.executable, "-c", program],
        env=env,
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (child.returncode, child.stdout) == (0, "yes\n"), child.stderr
    bedrock_endpoint.assert_signed_by("bearer")


def test_the_region_is_no_default_and_any_region_is_right(
    bedrock_credentials: BedrockCredentials, bedrock_endpoint: BedrockEndpoint
) -> None:
    bedrock_credentials.provide("environment")
    assert os.environ["AWS_REGION"] == bedrock_credentials.region != "us-east-1"
    ask(region_name="us-west-2")
    bedrock_endpoint.assert_signed_by("environment")


def test_one_request_or_the_last_or_one_service(
    bedrock_credentials: BedrockCredentials, bedrock_endpoint: BedrockEndpoint
) -> None:
    bedrock_credentials.provide("bearer", "shared")
    list_models()
    ask()
    del os.environ["AWS_BEARER_TOKEN_BEDROCK"]
    ask()
    bedrock_endpoint.assert_signed_by("bearer", request=0)
    bedrock_endpoint.assert_signed_by("shared", request=-1)
    bedrock_endpoint.assert_signed_by("bearer", service="bedrock")
    bedrock_endpoint.assert_signed_by("shared", service="bedrock-runtime", request=1)
    with pytest.raises(AssertionError, match="which     request 3 of 3"):
        bedrock_endpoint.assert_signed_by("bearer")
    with pytest.raises(IndexError, match="no request 3: 3 seen"):
        bedrock_endpoint.assert_signed_by("bearer", request=3)


def test_a_scheme_instead_of_a_level(
    bedrock_credentials: BedrockCredentials, bedrock_endpoint: BedrockEndpoint
) -> None:
    bedrock_credentials.provide("config")
    ask()
    bedrock_endpoint.assert_signed_by("sigv4")
    with pytest.raises(AssertionError, match="expected unsigned"):
        bedrock_endpoint.assert_signed_by("unsigned")


def test_a_scheme_is_held_to_its_signature(
    bedrock_credentials: BedrockCredentials, bedrock_endpoint: BedrockEndpoint
) -> None:
    bedrock_credentials.provide("environment")
    os.environ["AWS_SECRET_ACCESS_KEY"] = "FAKE/another"
    with pytest.raises(ClientError, match="InvalidSignatureException"):
        ask()
    for by in ("sigv4", "environment"):
        with pytest.raises(AssertionError, match="wrong "):
            bedrock_endpoint.assert_signed_by(by)


def test_requests_are_there_with_their_evidence_until_they_are_cleared(
    bedrock_credentials: BedrockCredentials, bedrock_endpoint: BedrockEndpoint
) -> None:
    bedrock_credentials.provide("environment")
    ask()
    (seen,) = bedrock_endpoint.requests
    credential = bedrock_credentials.credential("environment")
    assert isinstance(credential, AwsCredential)
    assert (seen.operation, seen.evidence.key_id) == ("Converse", credential.key_id)
    assert seen.signature is not None
    assert seen.signature.valid
    bedrock_endpoint.clear()
    assert bedrock_endpoint.requests == ()


def test_answers_can_be_programmed(
    bedrock_credentials: BedrockCredentials, bedrock_endpoint: BedrockEndpoint
) -> None:
    bedrock_credentials.provide("bearer")
    bedrock_endpoint.program("bedrock-runtime", steps.throttle(), steps.server_error(503))
    with pytest.raises(ClientError, match="ThrottlingException"):
        ask()
    with pytest.raises(ClientError, match="ServiceUnavailable"):
        ask()
    ask()
    assert [o.exchange.status for o in bedrock_endpoint.requests] == [429, 503, 200]


def test_an_unknown_service_is_refused_with_the_right_ones(
    bedrock_endpoint: BedrockEndpoint,
) -> None:
    text = "unknown service 'bedrok': choose from bedrock, "
    with pytest.raises(ValueError, match=text):
        bedrock_endpoint.program("bedrok", steps.throttle())
    with pytest.raises(ValueError, match=text):
        bedrock_endpoint.url("bedrok")
    with pytest.raises(ValueError, match=text):
        bedrock_endpoint.assert_signed_by("bearer", service="bedrok")


def test_url_and_ca_bundle_are_for_clients_that_find_nothing_by_themselves(
    bedrock_endpoint: BedrockEndpoint,
) -> None:
    context = ssl.create_default_context(cafile=bedrock_endpoint.ca_bundle)
    secure, plain = bedrock_endpoint.url("bedrock"), bedrock_endpoint.url("bedrock", tls=False)
    assert secure.startswith("https://127.0.0.1:")
    assert plain.startswith("http://127.0.0.1:")
    for url in (secure, plain):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{url}/foundation-models", context=context)
        with caught.value as answer:
            assert answer.status == 403
    bedrock_endpoint.assert_signed_by("unsigned")


@pytest.mark.bedrock_credentials("bearer", "config")
def test_the_marker_provides(bedrock_endpoint: BedrockEndpoint) -> None:
    ask()
    bedrock_endpoint.assert_signed_by("bearer")


@pytest.fixture
def built_early() -> str:
    """As an application's fixture does that builds its client from what it finds."""
    return os.environ.get("AWS_ACCESS_KEY_ID", "nothing found")


@pytest.mark.bedrock_credentials("environment")
def test_the_marker_provides_before_the_fixtures_of_the_test(built_early: str) -> None:
    assert "FAKE" in built_early


class TestAsMethod(unittest.TestCase):
    """unittest's cases take fixtures by marks and by fixtures of their own."""

    endpoint: BedrockEndpoint

    @pytest.fixture(autouse=True)
    def _take(self, bedrock_endpoint: BedrockEndpoint) -> None:
        self.endpoint = bedrock_endpoint

    @pytest.mark.bedrock_credentials("shared")
    def test_with_the_marker(self) -> None:
        ask()
        self.endpoint.assert_signed_by("shared")


@pytest.mark.usefixtures("bedrock_credentials")
class TestOnNothing(unittest.TestCase):
    def test_with_usefixtures(self) -> None:
        with self.assertRaises(NoCredentialsError):  # noqa: PT027 - a case of unittest
            ask()


@pytest.mark.asyncio
async def test_async_tests_take_the_fixtures(
    bedrock_credentials: BedrockCredentials, bedrock_endpoint: BedrockEndpoint
) -> None:
    bedrock_credentials.provide("bearer", "instance")
    await asyncio.gather(asyncio.to_thread(ask), asyncio.to_thread(ask))
    bedrock_endpoint.assert_signed_by("bearer")
    assert len(bedrock_endpoint.requests) == 2


def test_threads_of_the_test_are_seen(
    bedrock_credentials: BedrockCredentials, bedrock_endpoint: BedrockEndpoint
) -> None:
    bedrock_credentials.provide("environment")
    with closing(client()) as bedrock:
        threads = [Thread(target=ask_with, args=(bedrock,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(bedrock_endpoint.requests) == 4
    bedrock_endpoint.assert_signed_by("environment")


def test_other_hosts_are_refused(
    bedrock_credentials: BedrockCredentials, bedrock_endpoint: BedrockEndpoint
) -> None:
    bedrock_credentials.provide("bearer")
    with pytest.raises(OtherHostError, match=r"192\.0\.2\.1"):
        urllib.request.urlopen("http://192.0.2.1/")
    with pytest.raises(AssertionError) as caught:
        bedrock_endpoint.assert_no_request()
    assert "an attempt to reach 192.0.2.1, refused" in str(caught.value)
