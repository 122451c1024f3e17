from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest
from botocore.session import Session

from bedrock_authcheck.spec.catalogue import documented
from bedrock_authcheck.spec.services import BEDROCK, MANTLE, OTHERS, SERVICES, TOKEN_SERVICES

if TYPE_CHECKING:
    from bedrock_authcheck.spec.services import ServiceFacts


@pytest.mark.parametrize("facts", SERVICES.values(), ids=SERVICES)
def test_the_facts_are_those_of_the_service_model(facts: ServiceFacts) -> None:
    session = Session()
    if facts.name not in session.get_available_services():
        pytest.skip(f"botocore {version('botocore')} has no service {facts.name}")
    model = session.get_service_model(facts.name)
    assert str(model.service_id) == facts.service_id
    assert model.signing_name == facts.signing_name


def test_the_variables_are_named_as_the_sdks_guide_says() -> None:
    variables = {name: facts.endpoint_variable for name, facts in SERVICES.items()}
    assert variables["bedrock"] == "AWS_ENDPOINT_URL_BEDROCK"
    assert variables["bedrock-runtime"] == "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"
    assert variables["bedrock-agentcore-control"] == "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL"
    assert variables["sagemaker-runtime"] == "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"
    assert len(set(variables.values())) == len(variables)


def test_the_family_is_the_catalogues_and_its_neighbours_take_no_token() -> None:
    assert [facts.name for facts in BEDROCK] == list(documented())
    assert [facts.name for facts in OTHERS] == ["sts", "s3", "sagemaker-runtime"]
    assert [facts.name for facts in TOKEN_SERVICES] == ["sso", "sso-oidc", "signin"]
    assert tuple(SERVICES.values()) == (*BEDROCK, MANTLE, *OTHERS, *TOKEN_SERVICES)
