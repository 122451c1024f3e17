"""Levels that are of no use: each is broken where and as it says."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
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
from bedrock_authcheck.services.hanging import GAVE_UP_PATH, WAIT_PATH, HangingHelper
from tests.services.recorder import PATIENCE, wait_until

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


def words(machine: Environment) -> list[str]:
    """The command of the credential process, by botocore's reading of the quotes."""
    text = (machine.home / CONFIG_FILE).read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith("credential_process")]
    return list(compat_shell_split(line.partition(" = ")[2]))


def command(machine: Environment) -> subprocess.CompletedProcess[str]:
    """Run the credential process."""
    env = machine.env()
    return subprocess.run(words(machine), capture_output=True, text=True, check=False, env=env)


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


def held(machine: Environment) -> HangingHelper:
    """A hanging process, held for longer than a test takes."""
    broken(machine, Variant.PROCESS, Defect.HANGING)
    holder = machine.metadata[Variant.PROCESS]
    assert isinstance(holder, HangingHelper)
    holder.bound = 2 * PATIENCE
    return holder


def targets(holder: HangingHelper) -> list[str]:
    return [asked.target for asked in holder.exchanges]


def test_a_hanging_process_is_let_go_in_the_end_and_tells_that_it_was_held(
    machine: Environment,
) -> None:
    holder = held(machine)
    holder.bound = 0.0
    ran = command(machine)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "this credential process does not end"
    assert targets(holder) == [WAIT_PATH, GAVE_UP_PATH]


def test_a_hanging_process_ends_with_its_machine(services: Services) -> None:
    with Environment(services.loop, None) as machine:
        holder = held(machine)
        helper = subprocess.Popen(words(machine), env=machine.env(), stderr=subprocess.DEVNULL)
        wait_until(lambda: bool(holder.exchanges))
    assert helper.wait(PATIENCE) == 1
    assert targets(holder) == [WAIT_PATH]


def test_a_hanging_process_outlives_a_killed_client_and_not_the_machine(
    services: Services,
) -> None:
    with Environment(services.loop, None) as machine:
        holder = held(machine)
        running = "import subprocess, sys; subprocess.run(sys.argv[1:])"
        client = subprocess.Popen(
            [sys.executable, "-c", running, *words(machine)],
            env=machine.env(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: bool(holder.exchanges))
        client.kill()
        client.wait()
    with client:
        assert client.stdout
        assert client.stdout.read() == b""  # the end of what the helper could still print


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
@pytest.mark.parametrize(
    ("defect", "status"),
    [(Defect.FAILING, 500), (Defect.UNAVAILABLE, 503), (Defect.MALFORMED, 200)],
)
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


def test_beyond_the_hop_limit_no_token_comes_and_nothing_is_given_without(
    machine: Environment,
) -> None:
    broken(machine, INSTANCE, Defect.OUT_OF_REACH)
    base = machine.variables[_METADATA]
    ttl = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
    with pytest.raises((ConnectionError, URLError)):
        _get(f"{base}/latest/api/token", "PUT", **ttl)
    assert _get(f"{base}/latest/meta-data/iam/security-credentials/") == (401, "Unauthorized")


def test_a_stale_token_is_refused_and_the_next_is_taken(machine: Environment) -> None:
    broken(machine, INSTANCE, Defect.STALE_TOKEN)
    assert role_reply(machine, "bedrock-authcheck-role")[0] == 401
    assert role_reply(machine, "bedrock-authcheck-role")[0] == 200


@pytest.mark.parametrize("role", [Defect.FORBIDDEN, Defect.UNAUTHORISED])
def test_a_container_is_refused(machine: Environment, role: Defect) -> None:
    broken(machine, CONTAINER, role)
    assert container_reply(machine)[0] in {401, 403}


@pytest.mark.parametrize(
    "variant",
    [
        *(Variant.ROLE, Variant.WEB_IDENTITY, Variant.SSO),
        *(Variant.REFRESHED_SSO, Variant.REFRESHED_LOGIN),
    ],
)
def test_a_token_service_that_fails_grants_nothing(machine: Environment, variant: Variant) -> None:
    broken(machine, variant, Defect.FAILING)
    assert machine.grants == Grants()


@pytest.mark.parametrize("variant", [Variant.SSO, Variant.LOGIN])
def test_an_expired_session_is_of_long_ago(machine: Environment, variant: Variant) -> None:
    broken(machine, variant, Defect.EXPIRED)
    (cached,) = (machine.home / ".aws" / variant / "cache").iterdir()
    session = json.loads(cached.read_text(encoding="utf-8"))
    expiring = session["accessToken"] if variant is Variant.LOGIN else session
    assert expiring["expiresAt"] < "2021"
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
        (CONTAINER, Defect.OUT_OF_REACH),
        (CONTAINER, Defect.STALE_TOKEN),
        (INSTANCE, Defect.HANGING),
        (Variant.ROLE, Defect.EXPIRED),
        (Variant.SHARED_PROFILE, Defect.FAILING),
    ],
)
def test_what_cannot_be_broken_so_is_refused(
    machine: Environment, origin: Origin, defect: Defect
) -> None:
    with pytest.raises(LevelError, match=f"{origin.title} cannot be {defect}"):
        machine.add(canary(origin), defect=defect)
