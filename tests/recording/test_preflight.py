from __future__ import annotations

import json
import socket
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_authcheck.environments.environment import Environment
from bedrock_authcheck.environments.isolation import isolated
from bedrock_authcheck.model import AwsCredential, BearerToken, CredentialSource
from bedrock_authcheck.recording.plan import Auth, Plan
from bedrock_authcheck.recording.preflight import (
    Found,
    Preflight,
    PreflightError,
    find_iam,
    find_token,
    look,
)
from bedrock_authcheck.wire.tokens import fake_short_term_key
from tests.simulated import aws_canary, running_services, services, token_canary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulated import Services

__all__ = ["running_services", "services"]

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
REGION = "eu-central-1"
VARIABLE = "AWS_BEARER_TOKEN_BEDROCK"


@pytest.fixture
def machine(services: Services) -> Iterator[Environment]:
    with Environment(services.loop, services.endpoint, REGION) as environment:
        yield environment


def short_term(*, region: str = REGION, made_at: datetime = NOW) -> str:
    credential = aws_canary(CredentialSource.ENVIRONMENT)
    return fake_short_term_key(credential, region=region, made_at=made_at, expires=3600)


def test_a_long_term_key_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    token = token_canary(CredentialSource.BEARER)
    monkeypatch.setenv(VARIABLE, f" {token.value}\n")
    found = find_token(REGION)
    assert found.fault == ""
    assert found.what == "a long-term API key in AWS_BEARER_TOKEN_BEDROCK"
    assert found.credential == token


def test_a_short_term_key_tells_until_when_it_is_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, short_term())
    found = find_token(REGION, NOW)
    assert found.what == f"a short-term API key in {VARIABLE}, good until 2026-11-24 13:00 UTC"


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (None, f"{VARIABLE} is not set"),
        ("", f"{VARIABLE} is set, but blank"),
        (" \n", f"{VARIABLE} is set, but blank"),
        ("sk-something", f"{VARIABLE} holds no API key: the key begins neither with *"),
        ("bedrock-api-key-@", f"{VARIABLE} holds no API key: what stands behind the prefix is *"),
        (
            short_term(made_at=NOW - timedelta(hours=2)),
            f"the API key in {VARIABLE} expired at 2026-11-24 11:00 UTC",
        ),
        (
            short_term(region="us-west-2"),
            f"the API key in {VARIABLE} was made for us-west-2, and the recording is of *",
        ),
    ],
    ids=["unset", "empty", "blank", "other", "torn", "expired", "of-another-region"],
)
def test_a_token_that_cannot_be_recorded_with(
    value: str | None, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if value is None:
        monkeypatch.delenv(VARIABLE, raising=False)
    else:
        monkeypatch.setenv(VARIABLE, value)
    found = find_token(REGION, NOW)
    assert found.fault.startswith(fault.partition("*")[0])
    assert found.credential is None
    if value and value.strip():
        assert value not in found.fault


@pytest.mark.parametrize(
    ("level", "words"),
    [
        ("environment", "temporary IAM credentials from environment variables"),
        ("shared", "long-term IAM credentials from the shared credentials file"),
        ("config", "temporary IAM credentials from the config file"),
        ("instance", "temporary IAM credentials of the instance role"),
        ("container", "temporary IAM credentials of the container role"),
    ],
)
def test_iam_credentials_are_found_where_boto3_finds_them(
    level: str, words: str, machine: Environment
) -> None:
    machine.provide(level)
    with isolated(machine):
        found = find_iam()
    assert (found.what, found.fault) == (words, "")
    assert isinstance(found.credential, AwsCredential)
    assert found.credential == machine.keyring.key(found.credential.key_id)


def test_no_iam_credentials(machine: Environment) -> None:
    with isolated(machine):
        assert find_iam() == Found(
            fault="there are no IAM credentials (variables, files, SSO, role)"
        )


def test_expired_variables(machine: Environment) -> None:
    credential = aws_canary(CredentialSource.ENVIRONMENT, temporary=True)
    machine.add(credential)
    past = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    with isolated(machine, {"AWS_CREDENTIAL_EXPIRATION": past}):
        found = find_iam()
    assert found.fault.startswith("the IAM credentials cannot be had (")
    assert "expired" in found.fault
    assert_no_secret(credential, found.fault)


def test_an_expired_sso_session(machine: Environment) -> None:
    (machine.home / ".aws/config").write_text(
        "[default]\nsso_session = x\nsso_account_id = 000000000000\nsso_role_name = r\n"
        "[sso-session x]\nsso_start_url = https://x.invalid/start\nsso_region = eu-central-1\n"
    )
    cache = machine.home / ".aws/sso/cache"
    cache.mkdir(parents=True)
    past = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    token = {"accessToken": "FAKE-sso-token", "expiresAt": past, "startUrl": "x", "region": "x"}
    # botocore names the file after the SHA-1 of the session's name.
    (cache / "11f6ad8ec52a2984abaafd7c3b516503785c2072.json").write_text(json.dumps(token))
    with isolated(machine):
        found = find_iam()
    assert found.fault.startswith("the IAM credentials cannot be had (")
    assert "expired" in found.fault
    assert "FAKE-sso-token" not in found.fault


def test_a_credential_process_that_fails(machine: Environment) -> None:
    (machine.home / ".aws/config").write_text("[default]\ncredential_process = false\n")
    with isolated(machine):
        assert find_iam().fault.startswith("the IAM credentials cannot be had (")


def test_one_credential_is_enough_and_the_rest_is_told(
    machine: Environment, services: Services
) -> None:
    machine.provide("bearer")
    with isolated(machine):
        preflight = look(REGION)
    preflight.demand()
    missing = {step.name: preflight.missing(step) for step in Plan(REGION).steps}
    no_iam = "IAM credentials cannot be used: there are no IAM credentials"
    for step in Plan(REGION).steps:
        told = missing[step.name]
        assert (told or "").startswith(no_iam) == (step.auth.needs is Auth.IAM)
        assert (told is None) == (step.auth.needs is not Auth.IAM)
    token, iam = preflight.lines()
    assert token == "the token: a long-term API key in AWS_BEARER_TOKEN_BEDROCK"
    assert iam.startswith("IAM credentials: not recorded with: there are no IAM credentials (")
    services.settle()


def test_neither_credential_is_an_error(machine: Environment) -> None:
    with isolated(machine):
        preflight = look(REGION)
    with pytest.raises(PreflightError) as error:
        preflight.demand()
    assert str(error.value) == (
        "no credential can be used: AWS_BEARER_TOKEN_BEDROCK is not set; there are no IAM "
        "credentials (variables, files, SSO, role)"
    )


def test_no_network_is_an_error(machine: Environment) -> None:
    machine.provide("bearer", "environment")
    asked = []

    def nowhere(address: tuple[str, int], **_: object) -> Any:  # noqa: ANN401 - never returns
        asked.append(address)
        raise socket.gaierror(-2, "Name or service not known")

    def refused(*_: object, **__: object) -> Any:  # noqa: ANN401 - as above
        raise ConnectionRefusedError(111, "Connection refused")

    def silent(*_: object, **__: object) -> Any:  # noqa: ANN401 - as above
        raise TimeoutError("timed out")

    url = "https://bedrock-runtime.eu-central-1.amazonaws.com"
    for connect, words in (
        (nowhere, "is no host that can be found: is there a network, is the Region right?"),
        (refused, "cannot be reached: Connection refused"),
        (silent, "cannot be reached: timed out"),
    ):
        with isolated(machine, {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url}):
            preflight = look(REGION, connect=connect)
        with pytest.raises(PreflightError) as error:
            preflight.demand()
        assert str(error.value) == f"bedrock-runtime.eu-central-1.amazonaws.com:443 {words}"
    assert asked == [("bedrock-runtime.eu-central-1.amazonaws.com", 443)]


def test_before_a_proxy_the_proxy_is_what_must_be_reached(machine: Environment) -> None:
    machine.provide("bearer")
    extra = {
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "https://bedrock-runtime.eu-central-1.amazonaws.com",
        "HTTPS_PROXY": "http://proxy.invalid:3128",
    }

    def refused(address: tuple[str, int], **_: object) -> Any:  # noqa: ANN401 - never returns
        assert address == ("proxy.invalid", 3128)
        raise ConnectionRefusedError(111, "Connection refused")

    with isolated(machine, extra):
        preflight = look(REGION, connect=refused)
    assert preflight.unreachable == (
        "the proxy proxy.invalid:3128 cannot be reached: Connection refused"
    )


def test_nothing_of_bedrock_is_asked(machine: Environment, services: Services) -> None:
    machine.provide("bearer", "instance")
    with isolated(machine):
        look(REGION)
    services.settle()
    assert not services.endpoint.ledger.observations


def test_no_secret_is_shown(machine: Environment) -> None:
    machine.provide("bearer", "environment")
    with isolated(machine):
        preflight = look(REGION)
    text = repr(preflight) + "".join(preflight.lines())
    for credential in machine.keyring.credentials:
        assert_no_secret(credential, text)


def assert_no_secret(credential: AwsCredential | BearerToken, text: str) -> None:
    for value in credential.secrets().values():
        assert value not in text


def test_a_wrong_preflight_would_be_seen() -> None:
    """With neither credential nothing may go on, whatever is missing alone may."""
    fault = Found(fault="x")
    good = Found(what="y")
    Preflight(fault, good).demand()
    Preflight(good, fault).demand()
    for wrong in (Preflight(fault, fault), Preflight(good, good, "z")):
        with pytest.raises(PreflightError):
            wrong.demand()
