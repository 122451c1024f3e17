"""Which credential signs when somebody asks the service, and what they see when none does."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from service import app, bedrock

from bedrock_authcheck.services.authorization import UNKNOWN_KEY
from bedrock_authcheck.services.steps import deny


@pytest.fixture
def service(bedrock_endpoint: object) -> Iterator[TestClient]:
    """Make the service a client of its own: that of another test knows other keys."""
    bedrock.cache_clear()
    yield TestClient(app)
    bedrock.cache_clear()


def ask(service: TestClient) -> tuple[int, str]:
    """Ask a question; return the status and what was said."""
    answer = service.post("/ask", json={"text": "hello"})
    return answer.status_code, str(next(iter(answer.json().values())))


@pytest.mark.bedrock_credentials("container")
def test_the_role_of_the_container_signs(service, bedrock_endpoint):
    """In production there is a role, and nothing else."""
    assert ask(service)[0] == 200
    bedrock_endpoint.assert_signed_by("container")


@pytest.mark.bedrock_credentials("bearer", "container")
def test_a_token_would_override_it(service, bedrock_endpoint):
    """Known, and why production sets no token."""
    assert ask(service)[0] == 200
    bedrock_endpoint.assert_signed_by("bearer")


def test_without_credentials_it_says_so(service, bedrock_endpoint):
    """No request leaves without a signature."""
    assert ask(service) == (503, "NoCredentialsError")
    bedrock_endpoint.assert_no_request()


@pytest.mark.bedrock_credentials("bearer")
def test_a_refused_key_is_a_bad_gateway(service, bedrock_endpoint):
    """A revoked key reaches the user as 502, with no word of the key."""
    bedrock_endpoint.program("bedrock-runtime", deny(UNKNOWN_KEY))
    assert ask(service) == (502, "AccessDeniedException")
