"""Levels that are of no use: each is broken where and as it says."""

from __future__ import annotations

import json
import socket
import subprocess
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from botocore.compat import compat_shell_split

from bedrock_authcheck.environments.canaries import canary
from bedrock_authcheck.environments.environment import Environment
from bedrock_authcheck.environments.levels import (
    CONFIG_FILE,
    CREDENTIALS_FILE,
    Defect,
    LevelError,
    key_fields,
)
from bedrock_authcheck.model import AwsCredential, CredentialSource, Variant
from bedrock_authcheck.services.grants import Grants

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_authcheck.model import Origin
    from tests.simulated import Services

INSTANCE, CONTAINER = CredentialSource.INSTANCE, CredentialSource.CONTAINER
_METADATA = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
_CREDENTIALS = "AWS_CONTAINER_CREDENTIALS_FULL_URI"


@pytest.fixture
def machine(services: Services) -> Iterator[Environment]:
    with Environment(services.loop, None) as environment:
        yield environment


def broken(machine: Environment, origin: Origin, defect: Defect) -> AwsCredential:
    credential = canary(origin)
    assert isinstance(credential, AwsCredential)
    machine.add(credential, defect=defect)
    return credential


def command(machine: Environment) -> subprocess.CompletedProcess[str]:
    """Run the credential process as botocore does, by its reading of the quotes."""
    text = (machine.home / CONFIG_FILE).read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith("credential_process")]
    words = compat_shell_split(line.partition(" = ")[2])
    return subprocess.run(words, capture_output=True, text=True, check=False)


def container_reply(machine: Environment) -> tuple[int, str]:
    token = machine.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
    return _get(machine.variables[_CREDENTIALS], Authorization=token)


def role_reply(machine: Environment, path: str) -> tuple[int, str]:
    base = machine.variables[_METADATA]
    ttl = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
    _, token = _get(f"{base}/latest/api/token", "PUT", **ttl)
    where = f"{base}/latest/meta-data/iam/security-credentials/{path}"
    return _get(where, **{"X-aws-ec2-metadata-token": token})


def _get(url: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    opener = build_opener(ProxyHandler({}))
    try:
        with opener.open(Request(url, method=method, headers=headers)) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def test_a_whole_process_prints_what_an_sdk_reads(machine: Environment) -> None:
    credential = canary(Variant.PROCESS)
    assert isinstance(credential, AwsCredential)
    machine.add(credential)
    printed: dict[str, Any] = json.loads(command(machine).stdout)
    assert printed.pop("Expiration").endswith("Z")
    assert printed == {
        "Version": 1,
        "AccessKeyId": credential.key_id,
        "SecretAccessKey": credential.secret,
        "SessionToken": credential.session_token,
    }


def test_a_failing_process_says_why_and_prints_nothing(machine: Environment) -> None:
    broken(machine, Variant.PROCESS, Defect.FAILING)
    ran = command(machine)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "this credential process is broken"


@pytest.mark.parametrize(
    ("defect", "lacking"),
    [(Defect.NO_SECRET, "SecretAccessKey"), (Defect.NO_KEY_ID, "AccessKeyId")],
)
def test_a_process_prints_half_a_credential(
    machine: Environment, defect: Defect, lacking: str
) -> None:
    broken(machine, Variant.PROCESS, defect)
    assert {"SecretAccessKey", "AccessKeyId"} - json.loads(command(machine).stdout).keys() == {
        lacking
    }


def test_a_process_prints_garbage(machine: Environment) -> None:
    broken(machine, Variant.PROCESS, Defect.MALFORMED)
    ran = command(machine)
    assert ran.returncode == 0
    with pytest.raises(json.JSONDecodeError):
        json.loads(ran.stdout)


@pytest.mark.parametrize("origin", [Variant.PROCESS, INSTANCE, CONTAINER])
def test_an_expired_credential_is_whole_and_of_long_ago(
    machine: Environment, origin: Origin
) -> None:
    credential = broken(machine, origin, Defect.EXPIRED)
    text = {
        Variant.PROCESS: lambda: command(machine).stdout,
        INSTANCE: lambda: role_reply(machine, "bedrock-authcheck-role")[1],
        CONTAINER: lambda: container_reply(machine)[1],
    }[origin]()
    document = json.loads(text)
    assert document["Expiration"] < "2021"
    assert document["SecretAccessKey"] == credential.secret


@pytest.mark.parametrize("role", [INSTANCE, CONTAINER])
@pytest.mark.parametrize(("defect", "status"), [(Defect.FAILING, 500), (Defect.MALFORMED, 200)])
def test_a_role_is_answered_by_an_error_or_a_page(
    machine: Environment, role: CredentialSource, defect: Defect, status: int
) -> None:
    credential = broken(machine, role, defect)
    seen, text = (
        container_reply(machine)
        if role is CONTAINER
        else role_reply(machine, "bedrock-authcheck-role")
    )
    assert seen == status
    assert credential.key_id not in text
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)


@pytest.mark.parametrize(
    ("defect", "token", "credentials"),
    [(Defect.FORBIDDEN, "Forbidden", 403), (Defect.UNAUTHORISED, "", 401)],
)
def test_metadata_refuses(
    machine: Environment, defect: Defect, token: str, credentials: int
) -> None:
    broken(machine, INSTANCE, defect)
    base = machine.variables[_METADATA]
    ttl = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
    _, put = _get(f"{base}/latest/api/token", "PUT", **ttl)
    assert (put == token) is bool(token)
    assert role_reply(machine, "bedrock-authcheck-role")[0] == credentials


@pytest.mark.parametrize("role", [Defect.FORBIDDEN, Defect.UNAUTHORISED])
def test_a_container_is_refused(machine: Environment, role: Defect) -> None:
    broken(machine, CONTAINER, role)
    assert container_reply(machine)[0] in {401, 403}


@pytest.mark.parametrize("variant", [Variant.ROLE, Variant.WEB_IDENTITY, Variant.SSO])
def test_a_token_service_that_fails_grants_nothing(machine: Environment, variant: Variant) -> None:
    broken(machine, variant, Defect.FAILING)
    assert machine.grants == Grants()


def test_an_expired_session_is_of_long_ago(machine: Environment) -> None:
    broken(machine, Variant.SSO, Defect.EXPIRED)
    (cached,) = (machine.home / ".aws" / "sso" / "cache").iterdir()
    assert json.loads(cached.read_text(encoding="utf-8"))["expiresAt"] < "2021"
    assert machine.grants == Grants()


def test_an_instance_without_a_role_lists_none(machine: Environment) -> None:
    broken(machine, INSTANCE, Defect.NO_ROLE)
    assert role_reply(machine, "") == (200, "")


@pytest.mark.parametrize(("role", "variable"), [(INSTANCE, _METADATA), (CONTAINER, _CREDENTIALS)])
def test_nobody_listens_where_a_role_refuses(
    machine: Environment, role: CredentialSource, variable: str
) -> None:
    broken(machine, role, Defect.REFUSING)
    port = urlsplit(machine.variables[variable]).port
    assert port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


@pytest.mark.parametrize(
    ("source", "path"),
    [(CredentialSource.SHARED, CREDENTIALS_FILE), (CredentialSource.CONFIG, CONFIG_FILE)],
)
def test_a_file_is_broken_in_three_ways(
    services: Services, source: CredentialSource, path: str
) -> None:
    with Environment(services.loop, None) as machine:
        broken(machine, source, Defect.UNREADABLE)
        assert (machine.home / path).is_dir()
    with Environment(services.loop, None) as machine:
        broken(machine, source, Defect.MALFORMED)
        assert (machine.home / path).read_text(encoding="utf-8").startswith("[default\n")
    with Environment(services.loop, None) as machine:
        credential = broken(machine, source, Defect.NO_PROFILE)
        text = (machine.home / path).read_text(encoding="utf-8")
        assert f"[{machine.variables['AWS_PROFILE']}]" not in text
        assert {value for value in key_fields(credential).values() if value not in text} == set()


@pytest.mark.parametrize(
    ("origin", "defect"),
    [
        (CredentialSource.BEARER, Defect.EXPIRED),
        (CredentialSource.ENVIRONMENT, Defect.FAILING),
        (CredentialSource.SHARED, Defect.EXPIRED),
        (CONTAINER, Defect.UNREADABLE),
        (Variant.ROLE, Defect.EXPIRED),
        (Variant.SHARED_PROFILE, Defect.FAILING),
    ],
)
def test_what_cannot_be_broken_so_is_refused(
    machine: Environment, origin: Origin, defect: Defect
) -> None:
    with pytest.raises(LevelError, match=f"{origin.title} cannot be {defect}"):
        machine.add(canary(origin), defect=defect)
