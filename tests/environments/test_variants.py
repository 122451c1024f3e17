"""Variants of a level: boto3 finds each, by who it says it is; the wire judges in the suite."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import CredentialRetrievalError

from bedrock_authcheck.clients.boto3 import Boto3Client
from bedrock_authcheck.clients.logins import login_not_offered
from bedrock_authcheck.environments.canaries import canary
from bedrock_authcheck.environments.environment import Environment
from bedrock_authcheck.environments.isolation import isolated
from bedrock_authcheck.environments.levels import CONFIG_FILE, CREDENTIALS_FILE, Defect, LevelError
from bedrock_authcheck.environments.variants import PROFILE, VARIANTS
from bedrock_authcheck.model import AwsCredential, CredentialSource, Variant
from bedrock_authcheck.services.ledger import Ledger
from tests.simulated import aws_canary, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_authcheck.model import Origin
    from tests.simulated import Services

_LACKING = login_not_offered(Boto3Client())
needs_login = pytest.mark.skipif(_LACKING is not None, reason=str(_LACKING))


@pytest.fixture
def machine(services: Services) -> Iterator[Environment]:
    with Environment(services.loop, services.endpoint) as environment:
        yield environment


def found(services: Services, machine: Environment, profile: str | None) -> AwsCredential | None:
    """The credential that boto3 finds on the machine, as the keyring knows it."""
    services.endpoint.open(Ledger(machine.keyring, machine.region, machine.grants))
    with isolated(machine):
        credentials = boto3.session.Session(profile_name=profile).get_credentials()
        assert credentials is not None
        frozen = credentials.get_frozen_credentials()
    known = machine.keyring.key(frozen.access_key)
    assert known is not None
    assert (frozen.secret_key, frozen.token) == (known.secret, known.session_token)
    return known


@pytest.mark.parametrize(
    ("variant", "profile"),
    [
        (Variant.PROCESS, None),
        (Variant.ROLE, None),
        (Variant.WEB_IDENTITY, None),
        (Variant.SSO, None),
        (Variant.REFRESHED_SSO, None),
        pytest.param(Variant.LOGIN, None, marks=needs_login),
        pytest.param(Variant.REFRESHED_LOGIN, None, marks=needs_login),
        (Variant.POD_IDENTITY, None),
        (Variant.SHARED_PROFILE, PROFILE),
        (Variant.CONFIG_PROFILE, PROFILE),
    ],
)
def test_each_variant_is_found_where_it_is_laid(
    services: Services, machine: Environment, variant: Variant, profile: str | None
) -> None:
    credential = canary(variant)
    machine.add(credential)
    assert found(services, machine, profile) == credential


def test_a_role_by_credential_source_is_assumed_by_the_variables(
    services: Services, machine: Environment
) -> None:
    machine.provide("environment")
    role = canary(Variant.ROLE_FROM_ENVIRONMENT)
    machine.add(role)
    assert found(services, machine, PROFILE) == role
    sources = [seen.origin for seen in services.endpoint.ledger.observations]
    assert sources == [CredentialSource.ENVIRONMENT]


def test_files_keep_the_sections_of_all_who_write_to_them(machine: Environment) -> None:
    machine.provide("shared", "config")
    for variant in (Variant.SHARED_PROFILE, Variant.CONFIG_PROFILE, Variant.ROLE, Variant.SSO):
        machine.add(canary(variant))
    read = [
        (machine.home / path).read_text(encoding="utf-8")
        for path in (CREDENTIALS_FILE, CONFIG_FILE)
    ]
    heads = [[line for line in text.splitlines() if line.startswith("[")] for text in read]
    assert heads == [
        ["[default]", "[authcheck]"],
        [
            "[default]",
            "[profile authcheck]",
            "[profile authcheck-source]",
            "[sso-session authcheck]",
        ],
    ]
    assert "role_arn" in read[1]
    assert "aws_access_key_id" in read[1].partition("[profile")[0]


@pytest.mark.parametrize("origin", [Variant.PROCESS, *VARIANTS])
def test_no_repr_shows_a_secret(machine: Environment, origin: Origin) -> None:
    credential = canary(origin)
    assert isinstance(credential, AwsCredential)
    machine.add(credential)
    shown = repr(machine.grants)
    assert not any(value in shown for value in credential.secrets().values())


def test_the_source_of_a_role_is_known_by_its_own_name(machine: Environment) -> None:
    machine.add(canary(Variant.ROLE))
    held = {credential.origin for credential in machine.keyring.credentials}
    assert held == {Variant.ROLE, Variant.SOURCE_PROFILE}
    assert aws_canary(CredentialSource.CONFIG).origin not in held


def test_a_renewed_role_gives_another_credential_to_who_shows_the_new_token(
    services: Services, machine: Environment
) -> None:
    machine.add(canary(Variant.POD_IDENTITY), expiring=True)
    renewed = canary(Variant.REFRESHED_CONTAINER)
    machine.hold(renewed)
    file = Path(machine.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"])
    before = file.read_text(encoding="utf-8")
    machine.renew(Variant.POD_IDENTITY, Variant.REFRESHED_CONTAINER)
    assert file.read_text(encoding="utf-8") != before
    assert found(services, machine, None) == renewed
    file.write_text(before, encoding="utf-8")
    with isolated(machine), pytest.raises(CredentialRetrievalError, match="401"):
        boto3.session.Session().get_credentials()


def test_a_renewed_instance_takes_no_token_of_before(machine: Environment) -> None:
    machine.provide("instance")
    machine.hold(canary(Variant.REFRESHED_INSTANCE))
    role = "/latest/meta-data/iam/security-credentials/bedrock-authcheck-role"
    url = machine.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"]
    ttl = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
    token = send(url, "/latest/api/token", ttl, method="PUT").body.decode()
    shown = {"X-aws-ec2-metadata-token": token}
    assert send(url, role, shown, method="GET").status == 200
    machine.renew(CredentialSource.INSTANCE, Variant.REFRESHED_INSTANCE)
    assert send(url, role, shown, method="GET").status == 401


def test_only_a_role_that_is_there_is_renewed_and_only_a_role_is_about_to_expire(
    machine: Environment,
) -> None:
    machine.add(canary(Variant.PROCESS), defect=Defect.HANGING)
    machine.hold(canary(Variant.REFRESHED_INSTANCE))
    for origin in (Variant.PROCESS, CredentialSource.INSTANCE):
        with pytest.raises(KeyError, match=origin):
            machine.renew(origin, Variant.REFRESHED_INSTANCE)
    with pytest.raises(LevelError, match="environment variables cannot be about to expire"):
        machine.add(canary(CredentialSource.ENVIRONMENT), expiring=True)


def asked(services: Services) -> list[str]:
    seen = [observation.exchange for observation in services.endpoint.ledger.observations]
    return [f"{e.service} {e.method} {e.target.partition('?')[0]} {e.status}" for e in seen]


def test_an_expired_sso_token_is_refreshed_and_the_portal_is_asked_with_the_next(
    services: Services, machine: Environment
) -> None:
    machine.add(canary(Variant.REFRESHED_SSO))
    found(services, machine, None)
    assert asked(services) == ["sso-oidc POST /token 200", "sso GET /federation/credentials 200"]
    (cached,) = (machine.home / ".aws" / "sso" / "cache").iterdir()
    (token,) = machine.grants.portal
    assert json.loads(cached.read_text(encoding="utf-8"))["accessToken"] == token


@needs_login
def test_a_login_is_refreshed_only_when_it_has_expired(
    services: Services, machine: Environment
) -> None:
    machine.add(canary(Variant.LOGIN))
    found(services, machine, None)
    assert asked(services) == []


@needs_login
def test_an_expired_login_is_refreshed_by_sign_in(services: Services, machine: Environment) -> None:
    machine.add(canary(Variant.REFRESHED_LOGIN))
    assert [c.origin for c in machine.keyring.credentials] == [
        Variant.LOGIN,
        Variant.REFRESHED_LOGIN,
    ]
    found(services, machine, None)
    assert asked(services) == ["signin POST /v1/token 200"]
