"""An application of Amazon Bedrock, as a downstream project has one."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import boto3
from botocore.config import Config

MODEL = "simulated.model-v1:0"
ONE_ATTEMPT = Config(retries={"mode": "standard", "total_max_attempts": 1})


def client(**settings: Any) -> Any:  # noqa: ANN401 - boto3 makes its classes at run time
    return boto3.client("bedrock-runtime", config=ONE_ATTEMPT, **settings)


def ask(text: str = "hello", **settings: Any) -> str:  # noqa: ANN401 - as above
    """Ask once, with a client that lives no longer than the question."""
    with closing(client(**settings)) as bedrock:
        return ask_with(bedrock, text)


def ask_with(bedrock: Any, text: str = "hello") -> str:  # noqa: ANN401 - as above
    messages = [{"role": "user", "content": [{"text": text}]}]
    answer = bedrock.converse(modelId=MODEL, messages=messages)
    return str(answer["output"]["message"]["content"][0]["text"])


def list_models() -> None:
    with closing(boto3.client("bedrock", config=ONE_ATTEMPT)) as bedrock:
        bedrock.list_foundation_models()
