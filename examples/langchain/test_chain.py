"""Which credential signs for a framework that makes its own client, and what it leaves behind."""

import os

import pytest
from chain import translate


@pytest.mark.bedrock_credentials("bearer", "shared")
def test_the_token_signs(bedrock_endpoint):
    """The framework finds the token by itself."""
    assert translate("Guten Tag", "English")
    bedrock_endpoint.assert_signed_by("bearer")


@pytest.mark.bedrock_credentials("environment", "instance")
def test_keys_in_variables_come_before_the_role(bedrock_endpoint):
    """As boto3 has it, which is below."""
    translate("Guten Tag", "English")
    bedrock_endpoint.assert_signed_by("environment")


@pytest.mark.bedrock_credentials("bearer")
def test_the_environment_is_left_as_it_was(bedrock_endpoint):
    """No key is copied into a variable for others to find."""
    before = dict(os.environ)
    translate("Guten Tag", "English")
    assert dict(os.environ) == before
