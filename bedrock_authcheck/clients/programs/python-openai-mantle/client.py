"""BedrockOpenAI of the openai package by the client contract: the OpenAI API of Mantle."""

import json
import sys
from typing import Any

from openai import BedrockOpenAI

SETTINGS = {"token": "api_key", "profile": "aws_profile", "region": "aws_region"}
CALLS = {
    "ChatCompletions": lambda client, given: client.chat.completions.create(**given),
    "Responses": lambda client, given: client.responses.create(**given),
    "ListModels": lambda client, given: list(client.models.list(**given)),
}


def call(request: dict[str, Any]) -> None:
    """Make one call and read its answer to the end."""
    settings = request["settings"]
    given = {SETTINGS[name]: value for name, value in settings.items() if name in SETTINGS}
    given |= settings.get("keys", {})
    endpoint = settings.get("endpoint") or request["endpoints"]["bedrock-mantle"]
    # A custom certificate authority comes from SSL_CERT_FILE.
    with BedrockOpenAI(base_url=f"{endpoint}/openai/v1", **given) as client:
        answer = CALLS[request["operation"]](client, request["parameters"])
        if request["parameters"].get("stream"):
            for _ in answer:
                pass


try:
    call(json.load(sys.stdin))
    outcome = {"ok": True}
except Exception as error:
    outcome = {"ok": False, "error_type": type(error).__name__, "error": str(error)}
print(json.dumps(outcome))
