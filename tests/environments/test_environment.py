from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from bedrock_authcheck.environments.canaries import canary
from bedrock_authcheck.environments.environment import ALLOWED, Environment
from bedrock_authcheck.environments.isolation import isolated, steers_a_client
from bedrock_authcheck.environments.levels import Defect, LevelError
from bedrock_authcheck.model import AuthScheme, AwsCredential, CredentialSource
from bedrock_authcheck.services.ledger import Ledger
from tests.services.recorder import PATIENCE, belongings
from tests.simulated import Services, aws_canary, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_authcheck.model import Exchange
    from bedrock_authcheck.services.http import Answer
    from bedrock_authcheck.wire.attribution import Observation

CHILD = """
import boto3, json, os, sys
client = boto3.client("bedrock-runtime", **json.loads(sys.argv[1]))
message = {"role": "user", "content": [{"text": "hello"}]}
client.converse(modelId="simulated.model-v1:0", messages=[message])
print(sorted(os.environ))
"""


@pytest.fixture
def machine(services: Services) -> Iterator[Environment]:
    with Environment(services.loop, services.endpoint) as environment:
        yield environment


def _converse(services: Services, environment: Environment) -> tuple[Observation, ...]:
    """Call Converse by boto3 in this process; return what the endpoint received."""
    ledger = services.endpoint.open(Ledger(environment.keyring, environment.region))
    settings: dict[str, Any] = environment.settings
    with isolated(environment):
        client = boto3.session.Session().client("bedrock-runtime", **settings)
        message: Any = {"role": "user", "content": [{"text": "hello"}]}
        client.converse(modelId="simulated.model-v1:0", messages=[message])
        client.close()
    return ledger.observations


def _converse_in_a_child(services: Services, environment: Environment) -> tuple[Observation, ...]:
    ledger = services.endpoint.open(Ledger(environment.keyring, environment.region))
    done = subprocess.run(
        [sys.executable, "-c", CHILD, json.dumps(environment.settings)],
        env=environment.env(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return ledger.observations


def _assert_by(source: CredentialSource, seen: tuple[Observation, ...]) -> None:
    (observation,) = seen
    assert observation.source is source
    assert observation.exchange.status == 200
    assert observation.exchange.tls is not None
    assert observation.operation == "Converse"
    if source.scheme is AuthScheme.SIGV4:
        assert observation.signature is not None
        assert observation.signature.valid
        assert observation.signature.differs is None


@pytest.mark.parametrize("source", CredentialSource)
def test_a_level_authenticates_boto3_in_this_process(
    services: Services, machine: Environment, source: CredentialSource
) -> None:
    machine.provide(source)
    _assert_by(source, _converse(services, machine))


@pytest.mark.parametrize("source", CredentialSource)
def test_a_level_authenticates_boto3_in_a_subprocess(
    services: Services, machine: Environment, source: CredentialSource
) -> None:
    machine.provide(source)
    _assert_by(source, _converse_in_a_child(services, machine))


def test_levels_combine_and_the_highest_wins(services: Services, machine: Environment) -> None:
    for source in reversed(CredentialSource):
        if source is not CredentialSource.INSTANCE:  # boto3 takes the container's role first
            machine.provide(source)
            _assert_by(source, _converse(services, machine))


def test_a_container_token_in_a_file_is_found(services: Services, machine: Environment) -> None:
    machine.add(canary(CredentialSource.CONTAINER), token_file=True)
    path = Path(machine.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"])
    assert path.is_relative_to(machine.home)
    _assert_by(CredentialSource.CONTAINER, _converse(services, machine))


def test_nothing_provided_is_nothing_found(machine: Environment) -> None:
    with isolated(machine):
        assert boto3.session.Session().get_credentials() is None
    assert machine.exchanges == ()


@pytest.mark.parametrize("defect", [Defect.NO_KEY_ID, Defect.NO_SECRET])
@pytest.mark.parametrize(
    "source", [CredentialSource.ENVIRONMENT, CredentialSource.SHARED, CredentialSource.CONTAINER]
)
def test_a_half_level_is_known_to_the_keyring_and_lacks_its_part(
    machine: Environment, source: CredentialSource, defect: Defect
) -> None:
    credential = aws_canary(source)
    machine.add(credential, defect=defect)
    lacking = credential.key_id if defect is Defect.NO_KEY_ID else credential.secret
    shown = "\n".join([*machine.variables.values(), *_texts(machine)])
    if source is CredentialSource.CONTAINER:
        shown = _container_reply(machine)
    assert lacking not in shown
    assert (credential.secret if defect is Defect.NO_KEY_ID else credential.key_id) in shown
    assert machine.keyring.key(credential.key_id) == credential


def _texts(machine: Environment) -> list[str]:
    return [p.read_text("utf-8") for p in machine.home.rglob("*") if p.is_file()]


def _container_reply(machine: Environment) -> str:
    url = machine.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
    authorization = machine.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
    path = "/" + url.split("/", 3)[3]
    return send(url, path, {"Authorization": authorization}, method="GET").body.decode()


def test_role_requests_are_seen_and_are_no_requests_to_bedrock(
    services: Services, machine: Environment
) -> None:
    machine.provide("instance")
    seen = _converse(services, machine)
    assert len(seen) == 1
    assert [e.method for e in machine.exchanges] == ["PUT", "GET", "GET"]
    assert {e.status for e in machine.exchanges} == {200}


@pytest.mark.parametrize(
    ("levels", "text"),
    [
        (("config", "config"), "named twice"),
        (("config", "shared"), "provided already"),
        (("config", "shraed"), "unknown level"),
    ],
)
def test_a_wrong_level_adds_none_of_its_company(
    machine: Environment, levels: tuple[str, ...], text: str
) -> None:
    machine.provide("shared")
    before = (machine.keyring, dict(machine.variables), _texts(machine))
    with pytest.raises(LevelError, match=text):
        machine.provide(*levels)
    assert (machine.keyring, machine.variables, _texts(machine)) == before


def test_add_refuses_a_second_credential_of_a_level(machine: Environment) -> None:
    machine.add(canary(CredentialSource.BEARER))
    with pytest.raises(LevelError, match="level 'bearer' is provided already"):
        machine.add(canary(CredentialSource.BEARER))


def test_close_leaves_nothing(services: Services) -> None:
    before = belongings()
    environment = Environment(services.loop, services.endpoint)
    environment.provide(*CredentialSource)
    home, urls = environment.home, environment.variables
    environment.close()
    assert not home.exists()
    assert belongings() == before
    for name in ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        with pytest.raises(ConnectionError):
            send(urls[name], "/", {}, method="GET")
    environment.close()  # once more changes nothing


def test_a_role_that_cannot_be_served_leaves_nothing(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = belongings()
    with Environment(services.loop, services.endpoint) as environment:
        environment.provide("container")

        def no_port(*_: object, **__: object) -> None:
            raise OSError(24, "Too many open files")

        monkeypatch.setattr("socket.create_server", no_port)
        with pytest.raises(OSError, match=r"instance-metadata cannot listen on 127\.0\.0\.1"):
            environment.provide("instance")
        assert CredentialSource.INSTANCE not in environment.metadata
        assert environment.variables["AWS_EC2_METADATA_DISABLED"] == "true"
        home = environment.home
    assert not home.exists()
    assert belongings() == before


def test_a_home_that_cannot_be_filled_is_removed(
    services: Services, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        Environment(services.loop, services.endpoint)
    assert list(tmp_path.iterdir()) == []


def test_a_metadata_service_that_failed_says_so_and_the_home_is_gone(services: Services) -> None:
    environment = Environment(services.loop, services.endpoint)
    environment.add(canary(CredentialSource.CONTAINER))

    def failing(_: Exchange, __: Answer) -> Answer:
        raise ArithmeticError

    environment.metadata[CredentialSource.CONTAINER].alter = failing
    assert '"message"' in _container_reply(environment)
    with pytest.raises(ArithmeticError):
        environment.close()
    assert not environment.home.exists()


def test_a_subprocess_inherits_the_allow_list_alone(machine: Environment) -> None:
    parent = {
        "PATH": "/bin",
        "Tmp": "/tmp",
        "JAVA_TOOL_OPTIONS": "-Daws.accessKeyId=FAKE",
        "NODE_OPTIONS": "--require ./x",
        "PYTHONPATH": "/elsewhere",
        "AWS_PROFILE": "real",
        "AWS_SECRET_ACCESS_KEY": "real",
        "https_proxy": "http://proxy",
        "HOME": "/home/real",
        "XDG_CONFIG_HOME": "/home/real/.config",
        "GOPATH": "/go",
    }
    child = machine.env(parent, "gopath")
    assert child.keys() - machine.variables.keys() == {"PATH", "Tmp", "GOPATH"}
    assert {name: child[name] for name in machine.variables} == machine.variables
    assert child["HOME"] == str(machine.home)
    assert "real" not in child.values()


def test_nothing_the_allow_list_lets_through_steers_a_client() -> None:
    assert not [name for name in ALLOWED if steers_a_client(name)]


def test_a_child_sees_the_environment_it_was_given(
    services: Services, machine: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "HTTPS_PROXY", "https_proxy", "BOTOCORE_EXPERIMENTAL__PLUGINS"):
        monkeypatch.setenv(name, "poison")
    machine.provide("bearer")
    services.endpoint.open(Ledger(machine.keyring))
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=machine.env(), capture_output=True, check=True, timeout=60
    )
    seen = json.loads(done.stdout)
    assert {name for name, value in seen.items() if "poison" in value} == set()
    assert seen.items() >= machine.variables.items()


def test_the_home_holds_empty_files_to_begin_with(machine: Environment) -> None:
    files = {p.relative_to(machine.home).as_posix() for p in machine.home.rglob("*") if p.is_file()}
    assert files == {".aws/credentials", ".aws/config"}
    assert "".join(_texts(machine)) == ""


def test_level_zero_names_every_service_and_no_other_host(
    services: Services, machine: Environment
) -> None:
    urls = {v for n, v in machine.variables.items() if n.startswith("AWS_ENDPOINT_URL_")}
    assert urls == set(services.endpoint.urls().values())
    assert all(url.startswith("https://127.0.0.1:") for url in urls)
    assert machine.variables["AWS_EC2_METADATA_DISABLED"] == "true"
    assert machine.variables["BOTO_CONFIG"] == os.devnull
    assert machine.variables["HOME"] == machine.variables["USERPROFILE"] == str(machine.home)
    assert (
        machine.variables["AWS_REGION"] == machine.variables["AWS_DEFAULT_REGION"] == "eu-central-1"
    )
    assert machine.variables["NO_PROXY"].split(",") == ["localhost", "127.0.0.1", "::1"]


def test_environments_of_two_threads_do_not_meet(services: Services) -> None:
    together = threading.Barrier(2)

    def build(_: int) -> tuple[str, set[str], str]:
        with Environment(services.loop, services.endpoint) as environment:
            together.wait(PATIENCE)
            environment.provide(*CredentialSource)
            together.wait(PATIENCE)
            keys = {
                c.key_id for c in environment.keyring.credentials if isinstance(c, AwsCredential)
            }
            text = (environment.home / ".aws" / "credentials").read_text("utf-8")
            return str(environment.home), keys, text

    with ThreadPoolExecutor(2) as pool:
        (home, keys, text), (other_home, other_keys, other_text) = pool.map(build, range(2))
    assert home != other_home
    assert len(keys) == len(other_keys) == 6
    assert keys.isdisjoint(other_keys)
    assert sum(key in text for key in keys) == sum(key in other_text for key in other_keys) == 1
    assert not any(key in text for key in other_keys)
