"""What a downstream test says when it fails, read by somebody who has never seen the plugin."""

from __future__ import annotations

import os
import re
from contextlib import closing
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import HTTPClientError

from tests.plugin.application import ONE_ATTEMPT, ask, ask_with, client

if TYPE_CHECKING:
    from bedrock_authcheck.fixtures import BedrockCredentials, BedrockEndpoint
    from tests.plugin.conftest import Run

NO_REQUEST = """\
no request seen: nothing reached the loopback endpoint
  A client that was built before the fixture ran, or that was given an endpoint of its
  own, does not know this endpoint. Build the client inside the test, or in a fixture that asks
  for bedrock_endpoint, or hand it bedrock_endpoint.url("bedrock-runtime")."""


def test_another_level_than_expected(
    bedrock_credentials: BedrockCredentials, bedrock_endpoint: BedrockEndpoint
) -> None:
    bedrock_credentials.provide("bearer", "shared")
    del os.environ["AWS_BEARER_TOKEN_BEDROCK"]
    ask()
    with pytest.raises(AssertionError) as caught:
        bedrock_endpoint.assert_signed_by("bearer")
    lines = str(caught.value).splitlines()
    assert lines[:3] == [
        "Converse was authenticated by level 4 shared credentials file, expected bearer",
        "  present   1 bearer token · 4 shared credentials file",
        "  expected  bearer  AWS_BEARER_TOKEN_BEDROCK",
    ]
    assert re.fullmatch(
        r"  observed  sigv4  ~/\.aws/credentials \[default\]  AKIA…L4SHARED  bedrock/\S+", lines[3]
    )
    assert re.fullmatch(
        r"  request   bedrock-runtime  POST /model/\S+/converse  \(HTTP/1\.1, TLSv1\.\d\) → 200",
        lines[4],
    )
    assert len(lines) == 5


def test_a_credential_of_no_level(
    bedrock_credentials: BedrockCredentials, bedrock_endpoint: BedrockEndpoint
) -> None:
    bedrock_credentials.provide("shared")
    keys = {"aws_access_key_id": "AKIA0FAKESTRANGER", "aws_secret_access_key": "FAKE/stranger"}
    with pytest.raises(Exception, match="security token included in the request is invalid"):
        ask(**keys)
    with pytest.raises(AssertionError) as caught:
        bedrock_endpoint.assert_signed_by("shared")
    text = str(caught.value)
    assert text.startswith("Converse was sent sigv4, expected shared\n")
    assert "sigv4  a credential of no level here  AKIA…STRANGER" in text
    assert "FAKE/stranger" not in text
    with pytest.raises(AssertionError, match="cannot be verified: its key id is no level's here"):
        bedrock_endpoint.assert_signed_by("sigv4")


def test_no_request_seen_says_what_to_do(bedrock_endpoint: BedrockEndpoint) -> None:
    for request in (None, 0, -1):
        with pytest.raises(AssertionError) as caught:
            bedrock_endpoint.assert_signed_by("bearer", request=request)
        assert str(caught.value) == NO_REQUEST


def test_no_request_to_the_service_that_was_asked_about(
    bedrock_credentials: BedrockCredentials, bedrock_endpoint: BedrockEndpoint
) -> None:
    bedrock_credentials.provide("bearer")
    ask()
    with pytest.raises(AssertionError) as caught:
        bedrock_endpoint.assert_signed_by("bearer", service="bedrock")
    assert str(caught.value) == "no request to bedrock seen, but to bedrock-runtime"


@pytest.fixture
def early_client() -> object:
    """A client that was built before the machine: its endpoint and its keys are its own."""
    keys = {"aws_access_key_id": "AKIA0FAKEEARLY", "aws_secret_access_key": "FAKE/early"}
    return boto3.client("bedrock-runtime", region_name="us-east-1", config=ONE_ATTEMPT, **keys)  # type: ignore[call-overload] # keys by name


def test_a_client_built_before_the_fixture_never_leaves_this_machine(
    early_client: object, request: pytest.FixtureRequest
) -> None:
    bedrock_endpoint: BedrockEndpoint = request.getfixturevalue("bedrock_endpoint")
    with (
        closing(early_client),  # type: ignore[type-var] # a client has a close
        pytest.raises(HTTPClientError) as refused,
    ):
        ask_with(early_client)
    assert "was it built before the fixture ran" in str(refused.value)
    with pytest.raises(AssertionError) as caught:
        bedrock_endpoint.assert_signed_by("bearer")
    text = str(caught.value)
    assert "A connection to bedrock-runtime.us-east-1.amazonaws.com was attempted and" in text
    assert "Build the client inside the test" in text


def test_a_name_that_is_neither_level_nor_scheme(bedrock_endpoint: BedrockEndpoint) -> None:
    with pytest.raises(
        ValueError, match="'bearr' is no level and no auth scheme: choose from bear"
    ):
        bedrock_endpoint.assert_signed_by("bearr")


def test_what_was_sent_where_nothing_should_be(
    bedrock_credentials: BedrockCredentials, bedrock_endpoint: BedrockEndpoint
) -> None:
    bedrock_credentials.provide("bearer")
    ask()
    with pytest.raises(AssertionError) as caught:
        bedrock_endpoint.assert_no_request()
    assert str(caught.value) == (
        "expected no request, observed\n  bedrock-runtime: bearer  AWS_BEARER_TOKEN_BEDROCK"
    )


def test_no_text_shows_a_secret(
    bedrock_credentials: BedrockCredentials, bedrock_endpoint: BedrockEndpoint
) -> None:
    bedrock_credentials.provide("bearer", "environment", "instance")
    with closing(client()) as bedrock:
        shown = [repr(bedrock), repr(bedrock_credentials), repr(bedrock_endpoint)]
    ask()
    with pytest.raises(AssertionError) as caught:
        bedrock_endpoint.assert_signed_by("instance")
    shown += [str(caught.value), repr(bedrock_endpoint.requests)]
    for level in ("bearer", "environment", "instance"):
        credential = bedrock_credentials.credential(level)
        for secret in credential.secrets().values():
            assert not [text for text in shown if secret in text]


def test_a_failing_test_shows_the_text_and_not_our_code(
    pytester: pytest.Pytester, run: Run
) -> None:
    pytester.makepyfile(
        """
        def test_app(bedrock_endpoint):
            bedrock_endpoint.assert_signed_by("bearer")
        """
    )
    result = run("-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E * no request seen: nothing reached the loopback endpoint"])
    result.stdout.no_fnmatch_line("*fixtures.py*")


def test_a_failed_test_tells_who_authenticated_its_requests(
    pytester: pytest.Pytester, run: Run
) -> None:
    pytester.makepyfile(
        """
        import boto3

        def test_hard_coded(bedrock_credentials):
            bedrock_credentials.provide("shared")
            keys = {"aws_access_key_id": "AKIA0FAKE000INCODE00", "aws_secret_access_key": "FAKE"}
            boto3.client("bedrock", **keys).list_foundation_models()

        def test_nothing_sent(bedrock_endpoint):
            assert len(bedrock_endpoint.requests) == 1

        def test_told_already(bedrock_credentials, bedrock_endpoint):
            bedrock_endpoint.assert_signed_by("bearer")
        """
    )
    result = run()
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(
        [
            "*- bedrock-authcheck -*",
            "present   4 shared credentials file",
            "observed  sigv4  a credential of no level here  AKIA…INCODE00  bedrock/eu-central-1",
            "request   bedrock  GET /foundation-models  (HTTP/1.1, TLS*) → 403",
            "*- bedrock-authcheck -*",
            "present   nothing",
            "observed  no request",
        ]
    )
    assert result.stdout.str().count("- bedrock-authcheck -") == 2


def test_a_step_that_was_not_made_is_refused(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(
        """
        import pytest
        from bedrock_authcheck.services.steps import throttle

        def test_forgotten(bedrock_endpoint):
            with pytest.raises(TypeError, match=r"did you mean throttle\\(\\)"):
                bedrock_endpoint.program("bedrock-runtime", throttle)
        """
    )
    run().assert_outcomes(passed=1)
