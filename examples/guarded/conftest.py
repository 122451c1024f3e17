"""Bedrock's answers without Bedrock: requests are signed for real, and none is sent."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from summary import client

if TYPE_CHECKING:
    from collections.abc import Iterator

ANSWER = {
    "output": {"message": {"role": "assistant", "content": [{"text": "It rains."}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 9, "outputTokens": 3, "totalTokens": 12},
    "metrics": {"latencyMs": 1},
}


class Body(io.BytesIO):
    """What botocore reads an answer from."""

    def stream(self, **_: object) -> Iterator[bytes]:
        """Give all at once."""
        yield self.read()


def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
    """Answer a request where it would be sent."""
    headers = {"content-type": "application/json"}
    return AWSResponse(request.url, 200, headers, Body(json.dumps(ANSWER).encode()))


@pytest.fixture(scope="session", autouse=True)
def offline() -> None:
    """Let no request out."""
    client().meta.events.register("before-send.bedrock-runtime", answer)
