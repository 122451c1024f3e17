"""What explain says of a machine is what boto3 does on it, as the wire shows."""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import botocore.credentials
import pytest

from bedrock_authcheck.clients.contract import Call, ClientSettings
from bedrock_authcheck.environments.canaries import canary
from bedrock_authcheck.environments.environment import Environment
from bedrock_authcheck.environments.isolation import isolated
from bedrock_authcheck.environments.levels import Defect
from bedrock_authcheck.explain import explanation
from bedrock_authcheck.explain.explanation import Explanation
from bedrock_authcheck.explain.operation import asked
from bedrock_authcheck.model import CredentialSource, Variant
from bedrock_authcheck.services.ledger import Ledger
from tests.properties.calling import BOTO3, CONVERSE
from tests.releases import LEAKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bedrock_authcheck.model import Origin
    from tests.simulated import Services

LEVELS = ("bearer", "settings", "environment", "shared", "config", "instance")
SUBSETS = [subset for size in range(len(LEVELS) + 1) for subset in combinations(LEVELS, size)]
LIST_AGENTS = Call("bedrock-agent", "ListAgents")


@contextmanager
def machine(services: Services) -> Iterator[tuple[Environment, Ledger]]:
    ledger = services.endpoint.open(Ledger())
    with Environment(services.loop, services.endpoint) as environment:
        yield environment, ledger


def explained(environment: Environment, call: Call) -> Explanation:
    return Explanation.of(
        os.environ,
        Path.home(),
        asked(call.service, call.operation),
        keys_in_code=bool(environment.settings),
    )


def signer_on_the_wire(environment: Environment, ledger: Ledger, call: Call) -> Origin | None:
    ledger.clear()
    ledger.keyring, ledger.grants = environment.keyring, environment.grants
    settings = ClientSettings(dict(environment.settings))
    with closing(BOTO3.connect(call.service, settings)) as connection:
        connection.call(call)
    seen = [o for o in ledger.observations if o.exchange.service == call.service]
    return seen[-1].origin if seen else None


def agree(
    environment: Environment, ledger: Ledger, call: Call, extra: Mapping[str, str] | None = None
) -> Explanation:
    with isolated(environment, extra):
        said = explained(environment, call)
        assert environment.exchanges == ()  # metadata is not asked
        assert ledger.observations == ()
        won = said.winner.origin if said.winner else None
        assert won == signer_on_the_wire(environment, ledger, call)
        if call is CONVERSE:
            os.environ.pop("AWS_BEARER_TOKEN_BEDROCK", None)
            left = said.without_token.origin if said.without_token else None
            assert left == signer_on_the_wire(environment, ledger, call)
    return said


@pytest.mark.parametrize("levels", SUBSETS, ids=lambda levels: "+".join(levels) or "none")
def test_all_subsets_of_the_levels(levels: tuple[str, ...], services: Services) -> None:
    for call in (CONVERSE,) if LEAKS else (CONVERSE, LIST_AGENTS):
        with machine(services) as (environment, ledger):
            environment.provide(*levels)
            said = agree(environment, ledger, call)
            assert {str(one.origin) for one in said.found} == set(levels)
            takes = "bearer" in levels and call is LIST_AGENTS
            none = "LIMIT-5" if takes else "CHAIN-2"
            assert (none in said.rules) is (not set(levels) - ({"bearer"} if takes else set()))


@pytest.mark.parametrize("levels", [("shared", "config"), ("bearer", "environment", "shared")])
def test_an_explanation_in_another_order_is_caught(
    levels: tuple[str, ...], services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = explanation._found
    monkeypatch.setattr(explanation, "_found", lambda *a, **k: found(*a, **k)[::-1])
    with machine(services) as (environment, ledger):
        environment.provide(*levels)
        with pytest.raises(AssertionError):
            agree(environment, ledger, CONVERSE)


@pytest.mark.parametrize("levels", [(), ("bearer",), ("environment",), ("shared",), ("config",)])
@pytest.mark.parametrize(
    "variant",
    [
        Variant.PROCESS,
        Variant.ROLE,
        Variant.WEB_IDENTITY,
        Variant.SSO,
        pytest.param(
            Variant.LOGIN,
            marks=pytest.mark.skipif(
                not hasattr(botocore.credentials, "LoginProvider"),
                reason="this botocore knows no `aws login`",
            ),
        ),
        Variant.POD_IDENTITY,
        Variant.SHARED_PROFILE,
        Variant.CONFIG_PROFILE,
    ],
)
def test_variants(variant: Variant, levels: tuple[str, ...], services: Services) -> None:
    profile = {"AWS_PROFILE": "authcheck"} if str(variant).endswith("-profile") else {}
    with machine(services) as (environment, ledger):
        environment.provide(*levels)
        environment.add(canary(variant))
        said = agree(environment, ledger, CONVERSE, profile)
        assert variant in {one.origin for one in said.found}


def test_a_role_by_the_variables(services: Services) -> None:
    with machine(services) as (environment, ledger):
        environment.add(canary(Variant.ROLE_FROM_ENVIRONMENT))
        environment.provide("environment")
        said = agree(environment, ledger, CONVERSE, {"AWS_PROFILE": "authcheck"})
        assert [one.origin for one in said.found][:2] == ["environment", "role-from-environment"]


@pytest.mark.parametrize(
    ("source", "defect"),
    [
        (CredentialSource.ENVIRONMENT, Defect.NO_SECRET),
        (CredentialSource.SHARED, Defect.NO_SECRET),
        (CredentialSource.SHARED, Defect.MALFORMED),
        (CredentialSource.CONFIG, Defect.MALFORMED),
        (Variant.SSO, Defect.EXPIRED),
    ],
)
def test_where_a_level_is_broken_explain_says_so_and_boto3_sends_nothing(
    source: Origin, defect: Defect, services: Services
) -> None:
    with machine(services) as (environment, ledger):
        environment.add(canary(source), defect=defect)
        said = agree(environment, ledger, CONVERSE)
    (broken,) = said.found
    assert not broken.state.counts
    assert broken.note
    assert [rule for rule, _ in said.cautions] == ["CHAIN-4"]


@pytest.mark.parametrize(
    ("value", "levels", "told"),
    [
        ("sigv4", ("bearer", "shared"), True),
        ("httpBearerAuth", ("bearer", "shared"), False),
        ("sigv4,httpBearerAuth", ("shared",), False),
        ("", ("bearer",), False),
    ],
)
@pytest.mark.parametrize("where", ["variable", "file"])
def test_a_preference(
    value: str, levels: tuple[str, ...], told: bool, where: str, services: Services
) -> None:
    with machine(services) as (environment, ledger):
        environment.provide(*levels)
        extra = {"AWS_AUTH_SCHEME_PREFERENCE": value} if where == "variable" else {}
        if where == "file":
            environment.configure({"auth_scheme_preference": value})
        with isolated(environment, extra):
            said = explained(environment, CONVERSE)
            assert said.winner is not None
            assert said.winner.origin == signer_on_the_wire(environment, ledger, CONVERSE)
    assert ("PREF-2" in dict(said.cautions)) is told


def test_a_preference_for_a_token_that_is_not_there_ends_boto3(services: Services) -> None:
    with machine(services) as (environment, ledger):
        environment.provide("shared")
        with isolated(environment, {"AWS_AUTH_SCHEME_PREFERENCE": "httpBearerAuth"}):
            said = explained(environment, CONVERSE)
            assert signer_on_the_wire(environment, ledger, CONVERSE) is None
    assert "boto3 ends in an error" in dict(said.cautions)["PREF-2"]
