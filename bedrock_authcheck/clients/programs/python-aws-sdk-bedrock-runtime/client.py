"""aws-sdk-bedrock-runtime by the client contract: the new SDK, generated from Smithy models."""

import asyncio
import json
import re
import sys
from typing import Any

from aws_sdk_bedrock_runtime import models
from aws_sdk_bedrock_runtime.client import AsyncBedrockRuntimeClient
from aws_sdk_bedrock_runtime.config import AsyncBedrockRuntimeConfig
from awscrt.io import ClientTlsContext, TlsContextOptions
from smithy_http.aio.crt import AWSCRTHTTPClient
from smithy_json import JSONCodec


def over_http2(ca: str) -> AWSCRTHTTPClient:
    """Make the transport for streams in both directions: the usual one, aiohttp, lacks HTTP/2."""
    transport = AWSCRTHTTPClient()
    options = TlsContextOptions()
    options.override_default_trust_store_from_path(ca_filepath=ca)
    # It takes no trust store, by an argument or by a variable of the environment.
    transport._tls_ctx = ClientTlsContext(options)  # noqa: SLF001 - there is no public way
    return transport


async def call(request: dict[str, Any]) -> None:
    """Make one call and read its answer to the end."""
    settings = request["settings"]
    given = {"region": settings.get("region"), "endpoint_uri": settings.get("endpoint")}
    given |= settings.get("keys", {})
    method = re.sub(r"(?<!^)(?=[A-Z])", "_", request["operation"]).lower()
    duplex = method == "invoke_model_with_bidirectional_stream"
    if duplex:
        request["parameters"].pop("body", None)  # its events are sent, not given
        given["transport"] = over_http2(request["ca"])
    config = await AsyncBedrockRuntimeConfig.resolve(
        profile=settings.get("profile"),
        **{name: value for name, value in given.items() if value is not None},
    )
    parameters = JSONCodec().create_deserializer(json.dumps(request["parameters"]).encode())
    shape = getattr(models, method.upper()).input.deserialize(parameters)
    # Without credentials a stream in both directions would wait for ever for its request (0.12.0).
    async with AsyncBedrockRuntimeClient(config) as client, asyncio.timeout(10):
        answer = await getattr(client, method)(shape)
        if duplex:
            await say_hello(answer.input_stream)
            await answer.await_output()
        if getattr(answer, "output_stream", None) is not None:
            async for _ in answer.output_stream:
                pass


async def say_hello(stream: Any) -> None:  # noqa: ANN401 - a publisher of the SDK's own
    """Send one event and end the request."""
    part = models.BidirectionalInputPayloadPart(bytes_=b'{"event": {"sessionStart": {}}}')
    await stream.send(models.InvokeModelWithBidirectionalStreamInputChunk(part))
    await stream.close()


try:
    asyncio.run(call(json.load(sys.stdin)))
    outcome = {"ok": True}
except Exception as error:
    outcome = {"ok": False, "error_type": type(error).__name__, "error": str(error)}
print(json.dumps(outcome))
