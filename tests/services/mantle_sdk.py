"""A program of the openai and anthropic packages: every operation of Mantle, streams included.

Run by `test_mantle_sdk.py` in a process of its own. Prints what came back as JSON.
"""

from __future__ import annotations

import json
import sys
from typing import Any

ASKED: dict[str, Any] = {"model": "simulated", "messages": [{"role": "user", "content": "hello"}]}


def of_openai() -> list[str]:
    """Ask by the OpenAI API."""
    from openai import BedrockOpenAI  # noqa: PLC0415 - one of the two may be absent

    with BedrockOpenAI() as client:
        chat = client.chat.completions.create(**ASKED)
        chunks = client.chat.completions.create(**ASKED, stream=True)
        streamed = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        response = client.responses.create(model="simulated", input="hello")
        with client.responses.stream(model="simulated", input="hello") as stream:
            last = stream.get_final_response()
        models = [model.id for model in client.models.list()]
    said = (chat.choices[0].message.content, streamed, response.output_text, last.output_text)
    return [*said, *models]


def of_anthropic() -> list[str]:
    """Ask by the Anthropic API."""
    from anthropic import AnthropicBedrockMantle  # noqa: PLC0415 - as above

    with AnthropicBedrockMantle() as client:
        message = client.messages.create(**ASKED, max_tokens=16)
        with client.messages.stream(**ASKED, max_tokens=16) as stream:
            last = stream.get_final_message()
        counted = client.messages.count_tokens(**ASKED)
    return [message.content[0].text, last.content[0].text, str(counted.input_tokens)]


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"openai": of_openai, "anthropic": of_anthropic}[sys.argv[1]]()))
