from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore import credentials, loaders, tokens, utils

from bedrock_authcheck.environments.environment import Environment
from bedrock_authcheck.environments.isolation import isolated, steers_a_client
from bedrock_authcheck.model import CredentialSource
from bedrock_authcheck.services.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.simulated import Services

POISON = {
    "AWS_ACCESS_KEY_ID": "poison",
    "AWS_SECRET_ACCESS_KEY": "poison",
    "AWS_SESSION_TOKEN": "poison",
    "AWS_BEARER_TOKEN_BEDROCK": "poison",
    "AWS_PROFILE": "poison",
    "AWS_DEFAULT_PROFILE": "poison",
    "AWS_AUTH_SCHEME_PREFERENCE": "poison",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_ENDPOINT_URL": "https://poison.invalid",
    "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "https://poison.invalid",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/poison",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/poison",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/poison",
    "AWS_ROLE_ARN": "arn:aws:iam::000000000000:role/poison",
    "AWS_CONFIG_FILE": "/poison",
    "AWS_SHARED_CREDENTIALS_FILE": "/poison",
    "AWS_CREDENTIAL_FILE": "/poison",
    "AWS_DATA_PATH": "/poison",
    "AWS_LOGIN_CACHE_DIRECTORY": "/poison",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_MAX_ATTEMPTS": "7",
    "AWS_CA_BUNDLE": "/poison.pem",
    "AWS_LAMBDA_FUNCTION_NAME": "poison",
    "_X_AMZN_TRACE_ID": "Root=poison",
    "BOTO_CONFIG": "/poison",
    "BOTO_DISABLE_CRT": "true",
    "BOTOCORE_EXPERIMENTAL__PLUGINS": "poison=poison",
    "ANTHROPIC_API_KEY": "poison",
    "ANTHROPIC_BEDROCK_BASE_URL": "https://poison.invalid",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "ALL_PROXY": "http://127.0.0.1:9",
    "FTP_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "poison.invalid",
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "all_proxy": "http://127.0.0.1:9",
    "no_proxy": "poison.invalid",
    "SSL_CERT_FILE": "/poison.pem",
    "SSL_CERT_DIR": "/poison",
    "REQUESTS_CA_BUNDLE": "/poison.pem",
    "CURL_CA_BUNDLE": "/poison.pem",
    "NODE_EXTRA_CA_CERTS": "/poison.pem",
    "PYTHONHTTPSVERIFY": "0",
    "NETRC": "/poison",
}
"""What a developer's or a CI machine may hold, and none of it may be used."""


@pytest.fixture
def machine(services: Services) -> Iterator[Environment]:
    with Environment(services.loop, services.endpoint) as environment:
        yield environment


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    for name, value in POISON.items():
        monkeypatch.setenv(name, value)
    # This one has its effect at once; the file must not grow.
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    return _variables()


def _variables() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


def _in_process_state() -> tuple[object, ...]:
    init: Any = utils.JSONFileCache.__init__
    sso: Any = credentials.SSOProvider  # whose private names the stubs leave out
    sso_token: Any = tokens.SSOTokenProvider
    return (
        _variables(),
        boto3.DEFAULT_SESSION,
        sso._SSO_TOKEN_CACHE_DIR,
        sso_token._SSO_TOKEN_CACHE_DIR,
        utils.JSONFileCache.CACHE_DIR,
        init.__defaults__,
        loaders.Loader.CUSTOMER_DATA_PATH,
        socket.getaddrinfo,
        socket.socket.connect,
    )


@pytest.mark.usefixtures("poisoned")
def test_nothing_that_steers_a_client_is_inherited(machine: Environment) -> None:
    with isolated(machine):
        inside = {name: value for name, value in os.environ.items() if steers_a_client(name)}
        for name in POISON:
            assert os.environ.get(name) == machine.variables.get(name), name
    home = {"HOME", "USERPROFILE"}
    assert inside == {n: v for n, v in machine.variables.items() if n not in home}
    assert not set(inside.values()) & (set(POISON.values()) - {"true"})


def test_a_real_call_is_made_in_spite_of_all(
    services: Services, machine: Environment, poisoned: dict[str, str]
) -> None:
    machine.provide("environment")
    ledger = services.endpoint.open(Ledger(machine.keyring, machine.region))
    with isolated(machine) as refused:
        client = boto3.client("bedrock-runtime")
        client.invoke_model(modelId="simulated.model-v1:0", body=b"{}")["body"].read()
        client.close()
        attempts = client.meta.config.retries
    (seen,) = ledger.observations
    assert seen.source is CredentialSource.ENVIRONMENT
    assert not seen.exchange.header_values("X-Amzn-Trace-Id")
    assert refused == []
    assert attempts != {"total_max_attempts": 7, "mode": "legacy"}
    assert not os.path.exists(poisoned["SSLKEYLOGFILE"])  # noqa: PTH110 - a plain text is at hand


def test_all_is_back_after_the_block(machine: Environment, poisoned: dict[str, str]) -> None:
    before = _in_process_state()
    with isolated(machine, {"AWS_BEARER_TOKEN_S3": "FAKE", "PLAIN": "x"}):
        inside = _in_process_state()
        assert os.environ["AWS_BEARER_TOKEN_S3"] == "FAKE"
        assert os.environ["PLAIN"] == "x"
    assert _in_process_state() == before
    assert _variables() == poisoned
    for was, then in zip(before[2:], inside[2:], strict=True):
        assert was != then


def test_all_is_back_after_an_exception(machine: Environment, poisoned: dict[str, str]) -> None:
    before = _in_process_state()
    with pytest.raises(LookupError), isolated(machine):
        raise LookupError
    assert _in_process_state() == before
    assert _variables() == poisoned


def test_what_the_block_changed_is_back_and_its_own_variables_stay(
    machine: Environment, monkeypatch: pytest.MonkeyPatch, poisoned: dict[str, str]
) -> None:
    monkeypatch.setenv("UNRELATED", "before")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with isolated(machine):
        os.environ["AWS_BEARER_TOKEN_BEDROCK"] = "FAKE-set-inside"
        os.environ["AWS_SECRET_ACCESS_KEY"] = "set-inside"
        os.environ["AWS_REGION"] = "changed-inside"
        os.environ["https_proxy"] = "http://set.inside"
        os.environ["UNRELATED"] = "inside"
        del os.environ["HOME"]
        del os.environ["AWS_EC2_METADATA_DISABLED"]
        boto3.setup_default_session()
    del poisoned["AWS_SECRET_ACCESS_KEY"]
    assert _variables() == poisoned | {"UNRELATED": "inside"}
    assert boto3.DEFAULT_SESSION is None


def test_a_default_session_is_set_aside_and_handed_back(
    machine: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = boto3.session.Session(region_name="us-west-2")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
    with isolated(machine):
        assert boto3.client("bedrock-runtime").meta.region_name == machine.region
    assert boto3.DEFAULT_SESSION is session


def test_blocks_stand_inside_one_another(services: Services, machine: Environment) -> None:
    machine.provide("bearer")
    before = _in_process_state()
    with Environment(services.loop, services.endpoint) as other, isolated(machine):
        outer = _in_process_state()
        with isolated(other):
            assert "AWS_BEARER_TOKEN_BEDROCK" not in os.environ
            assert os.environ["HOME"] == str(other.home)
        assert _in_process_state() == outer
    assert _in_process_state() == before


def test_the_network_is_guarded_inside(machine: Environment) -> None:
    with isolated(machine) as refused, pytest.raises(RuntimeError, match="bedrock-authcheck"):
        socket.create_connection(("192.0.2.1", 443))
    assert refused == ["192.0.2.1"]
