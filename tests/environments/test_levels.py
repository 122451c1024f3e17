from __future__ import annotations

import pytest

from bedrock_authcheck.environments.canaries import canary
from bedrock_authcheck.environments.levels import (
    CONFIG_FILE,
    CREDENTIALS_FILE,
    Defect,
    LevelError,
    parse_sources,
    provision,
)
from bedrock_authcheck.model import CredentialSource
from tests.simulated import REGION, aws_canary


def test_names_become_sources_in_the_order_given() -> None:
    assert parse_sources(["shared", "bearer"]) == (CredentialSource.SHARED, CredentialSource.BEARER)
    assert parse_sources(list(CredentialSource)) == tuple(CredentialSource)


def test_an_unknown_level_lists_the_right_ones_and_the_nearest() -> None:
    with pytest.raises(LevelError) as caught:
        parse_sources(["bearer", "shard"])
    assert "unknown level 'shard' (did you mean 'shared'?)" in str(caught.value)
    assert all(source.value in str(caught.value) for source in CredentialSource)


def test_nothing_near_is_not_guessed() -> None:
    with pytest.raises(LevelError, match=r"unknown level 'xyzzy': choose from bearer, ") as caught:
        parse_sources(["xyzzy"])
    assert caught.value.__cause__ is None


def test_a_level_named_twice_is_refused() -> None:
    with pytest.raises(LevelError, match="level 'config' is named twice"):
        parse_sources(["config", "bearer", "config"])


@pytest.mark.parametrize("source", CredentialSource)
def test_what_a_level_adds_is_at_its_place_alone(source: CredentialSource) -> None:
    credential = canary(source)
    added = provision(credential, REGION)
    places = {
        CredentialSource.BEARER: (["AWS_BEARER_TOKEN_BEDROCK"], [], False),
        CredentialSource.SETTINGS: ([], [], False),
        CredentialSource.ENVIRONMENT: (
            ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"],
            [],
            False,
        ),
        CredentialSource.SHARED: ([], [CREDENTIALS_FILE], False),
        CredentialSource.CONFIG: ([], [CONFIG_FILE], False),
        CredentialSource.INSTANCE: (["AWS_EC2_METADATA_DISABLED"], [], True),
        CredentialSource.CONTAINER: (["AWS_CONTAINER_AUTHORIZATION_TOKEN"], [], True),
    }
    variables, files, served = places[source]
    assert (list(added.variables), list(added.files)) == (variables, files)
    assert (added.service is not None) is served
    assert bool(added.settings) is (source is CredentialSource.SETTINGS)


@pytest.mark.parametrize("source", CredentialSource)
def test_no_repr_shows_a_secret(source: CredentialSource) -> None:
    credential = canary(source)
    shown = repr(provision(credential, REGION))
    assert not any(value in shown for value in credential.secrets().values())


@pytest.mark.parametrize(
    ("defect", "left", "gone"),
    [
        (Defect.NO_KEY_ID, "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"),
        (Defect.NO_SECRET, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    ],
)
def test_a_half_level_lacks_one_part_and_keeps_the_others(
    defect: Defect, left: str, gone: str
) -> None:
    added = provision(aws_canary(CredentialSource.ENVIRONMENT), REGION, defect=defect)
    assert left in added.variables
    assert "AWS_SESSION_TOKEN" in added.variables
    assert gone not in added.variables


def test_a_file_is_what_an_sdk_reads() -> None:
    credential = aws_canary(CredentialSource.SHARED, temporary=True)
    text = provision(credential, REGION).files[CREDENTIALS_FILE]
    assert text.splitlines()[:4] == [
        "[default]",
        f"aws_access_key_id = {credential.key_id}",
        f"aws_secret_access_key = {credential.secret}",
        f"aws_session_token = {credential.session_token}",
    ]


def test_a_container_role_hands_its_token_over_by_value_or_in_a_file() -> None:
    credential = aws_canary(CredentialSource.CONTAINER)
    by_value = provision(credential, REGION)
    by_file = provision(credential, REGION, token_file=True)
    (path,) = by_file.variables.values()
    assert list(by_file.variables) == ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]
    assert by_file.files[path].startswith("FAKE-")
    assert by_value.files == {}
    assert by_value.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] != by_file.files[path]
