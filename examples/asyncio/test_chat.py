"""Every request of a batch is signed by the same credential."""

import asyncio

from chat import ask_all


def test_every_level_signs_every_request(bedrock_level, bedrock_endpoint):
    """Run once for each level that asyncio's client can find by itself."""
    asyncio.run(ask_all("one", "two", "three"))
    assert len(bedrock_endpoint.requests) == 3
    bedrock_endpoint.assert_signed_by(bedrock_level)


def test_the_token_is_taken_before_the_profile(bedrock_credentials, bedrock_endpoint):
    """The order that production relies on."""
    bedrock_credentials.provide("bearer", "shared")
    asyncio.run(ask_all("hello"))
    bedrock_endpoint.assert_signed_by("bearer")
