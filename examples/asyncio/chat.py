"""Several questions at once, by aiobotocore."""

import asyncio
from typing import Any

from aiobotocore.session import get_session


async def ask(client: Any, text: str) -> str:
    """Ask one question."""
    message = {"role": "user", "content": [{"text": text}]}
    answer = await client.converse(modelId="my.model-v1:0", messages=[message])
    return answer["output"]["message"]["content"][0]["text"]


async def ask_all(*texts: str) -> list[str]:
    """Ask all questions at once, with one client."""
    async with get_session().create_client("bedrock-runtime") as client:
        return await asyncio.gather(*(ask(client, text) for text in texts))
