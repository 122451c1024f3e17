"""A program of aws-sdk-bedrock-runtime: two events, each answered while the request is open.

Run by `test_bidirectional_sdk.py` in a process of its own. Prints what came back as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys

from aws_sdk_bedrock_runtime import models
from aws_sdk_bedrock_runtime.client import AsyncBedrockRuntimeClient
from aws_sdk_bedrock_runtime.config import AsyncBedrockRuntimeConfig
from smithy_http.aio.crt import AWSCRTHTTPClient


async def main() -> None:
    """Talk to the endpoint that the environment names."""
    config = await AsyncBedrockRuntimeConfig.resolve(transport=AWSCRTHTTPClient())
    client = AsyncBedrockRuntimeClient(config)
    stream = await client.invoke_model_with_bidirectional_stream(
        models.InvokeModelWithBidirectionalStreamOperationInput(model_id="simulated.model-v1:0")
    )
    answers: list[str] = []
    for content in (b"hello", b"again"):
        part = models.BidirectionalInputPayloadPart(bytes_=content)
        await stream.input_stream.send(models.InvokeModelWithBidirectionalStreamInputChunk(part))
        _, received = await stream.await_output()
        answer = await received.receive()
        answers.append(answer.value.bytes_.decode())
    await stream.input_stream.close()
    while (answer := await received.receive()) is not None:
        answers.append(answer.value.bytes_.decode())
    await stream.close()
    sys.stdout.write(json.dumps(answers))


if __name__ == "__main__":
    asyncio.run(main())
