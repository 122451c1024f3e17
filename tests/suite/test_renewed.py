"""A role that is renewed: what boto3 asks its service, and with what it signs before and after."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from unittest import mock

import pytest
from botocore.credentials import RefreshableCredentials

from bedrock_authcheck.model import CredentialSource, Variant
from bedrock_authcheck.suite.catalogue import scenarios_of

if TYPE_CHECKING:
    from bedrock_authcheck.checks.trial import Trial
    from bedrock_authcheck.model import Origin
    from bedrock_authcheck.suite.bench import Bench

INSTANCE, CONTAINER = CredentialSource.INSTANCE, CredentialSource.CONTAINER


def run(bench: Bench, name: str) -> Trial:
    return bench.run(scenarios_of("variant")[f"{name}-converse"])


@pytest.mark.parametrize("role", [CONTAINER, Variant.POD_IDENTITY])
def test_a_container_role_signs_with_the_old_credentials_and_then_with_the_new(
    bench: Bench, role: Origin
) -> None:
    trial = run(bench, f"{role}-expiring-renewed")
    new = Variant.REFRESHED_CONTAINER
    assert [seen.origin for seen in trial.requests] == [role, new, new]
    assert [seen.signature.differs for seen in trial.requests if seen.signature] == [None] * 3


def test_a_rotated_token_file_is_read_again_for_the_second_fetch(bench: Bench) -> None:
    trial = run(bench, "pod-identity-expiring-renewed")
    shown = [asked.header_values("Authorization")[0] for asked in trial.metadata]
    assert [asked.status for asked in trial.metadata] == [200] * len(shown)
    first, *_, last = shown
    changes = [one != other for one, other in pairwise(shown)]
    assert first != last
    assert sum(changes) == 1, "more than one token, or the old one after the new"


def test_an_expired_container_role_signs_nothing_until_it_is_renewed(bench: Bench) -> None:
    trial = run(bench, "container-expired-renewed")
    assert [result.ok for result in trial.results] == [False, True, True]
    assert [seen.origin for seen in trial.requests] == [Variant.REFRESHED_CONTAINER] * 2


@pytest.mark.parametrize("state", ["expiring", "expired"])
def test_an_instance_role_goes_on_and_the_next_client_has_the_new_credentials(
    bench: Bench, state: str
) -> None:
    trial = run(bench, f"instance-{state}-renewed")
    signed = [seen.origin for seen in trial.requests]
    assert (signed[0], signed[-1]) == (INSTANCE, Variant.REFRESHED_INSTANCE)


@pytest.mark.parametrize("state", ["expiring", "expired"])
def test_a_client_that_does_not_go_on_renews_an_instance_role_with_a_token_of_its_own(
    bench: Bench, state: str
) -> None:
    eager = timedelta(days=1).total_seconds()
    with (
        mock.patch.object(RefreshableCredentials, "_advisory_refresh_timeout", eager),
        mock.patch.object(RefreshableCredentials, "_mandatory_refresh_timeout", eager),
    ):
        trial = run(bench, f"instance-{state}-renewed")
    new = Variant.REFRESHED_INSTANCE
    assert [seen.origin for seen in trial.requests] == [INSTANCE, new, new]
    assert [seen.signature.differs for seen in trial.requests if seen.signature] == [None] * 3
    shown = [asked.header_values("X-aws-ec2-metadata-token") for asked in trial.metadata]
    assert shown[-1] != shown[2]  # after the renewal with another one than before
    assert {asked.status for asked in trial.metadata} == {200}


def test_after_a_stale_token_the_next_client_fetches_another(bench: Bench) -> None:
    trial = run(bench, "instance-stale-token")
    told = [(asked.method, asked.status) for asked in trial.metadata]
    assert told[:2] == [("PUT", 200), ("GET", 401)]
    assert told[-3:] == [("PUT", 200), ("GET", 200), ("GET", 200)]
    assert [result.ok for result in trial.results] == [False, True]
