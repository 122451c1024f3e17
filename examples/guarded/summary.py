"""An application as it is: it knows nothing of tests, nor of who signs its requests."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

MODEL = "anthropic.claude-3-haiku-20240307-v1:0"


@cache
def client() -> BedrockRuntimeClient:
    """Make the client that all requests share."""
    return boto3.client("bedrock-runtime", region_name="eu-central-1")


def summarise(text: str) -> str:
    """Summarise a text in one sentence."""
    question = {"role": "user", "content": [{"text": f"Summarise in one sentence: {text}"}]}
    answer = client().converse(modelId=MODEL, messages=[question])
    return answer["output"]["message"]["content"][0]["text"]
