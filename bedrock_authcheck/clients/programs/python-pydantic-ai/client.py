"""pydantic-ai by the client contract: an agent on BedrockConverseModel."""

import asyncio
import json
import sys
from typing import Any

from pydantic_ai import Agent
from pydantic_ai.models.bedrock import BedrockConverseModel
from pydantic_ai.providers.bedrock import BedrockProvider

SETTINGS = {
    "token": "api_key",
    "profile": "profile_name",
    "region": "region_name",
    "endpoint": "base_url",
}


async def call(request: dict[str, Any]) -> None:
    """Make one call and read its answer to the end."""
    settings = request["settings"]
    given = {SETTINGS[name]: value for name, value in settings.items() if name in SETTINGS}
    given |= settings.get("keys", {})
    model = request["parameters"]["modelId"]
    agent = Agent(BedrockConverseModel(model, provider=BedrockProvider(**given)))
    if request["operation"] == "Converse":
        await agent.run("hello")
        return
    async with agent.run_stream("hello") as answer:
        async for _ in answer.stream_text():
            pass


try:
    asyncio.run(call(json.load(sys.stdin)))
    outcome = {"ok": True}
except Exception as error:
    outcome = {"ok": False, "error_type": type(error).__name__, "error": str(error)}
print(json.dumps(outcome))
