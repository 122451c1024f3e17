"""AnthropicBedrockMantle of the anthropic package by the client contract: Messages on Mantle."""

import json
import sys
from typing import Any

from anthropic import AnthropicBedrockMantle

KEYS = {
    "aws_access_key_id": "aws_access_key",
    "aws_secret_access_key": "aws_secret_key",
    "aws_session_token": "aws_session_token",
}
SETTINGS = {"token": "api_key", "profile": "aws_profile", "region": "aws_region"}


def call(request: dict[str, Any]) -> None:
    """Make one call and read its answer to the end."""
    settings = request["settings"]
    given = {SETTINGS[name]: value for name, value in settings.items() if name in SETTINGS}
    given |= {KEYS[name]: value for name, value in settings.get("keys", {}).items()}
    endpoint = settings.get("endpoint") or request["endpoints"]["bedrock-mantle"]
    # A custom certificate authority comes from SSL_CERT_FILE.
    with AnthropicBedrockMantle(base_url=f"{endpoint}/anthropic", **given) as client:
        answer = client.messages.create(**request["parameters"])
        if request["parameters"].get("stream"):
            for _ in answer:
                pass


try:
    call(json.load(sys.stdin))
    outcome = {"ok": True}
except Exception as error:
    outcome = {"ok": False, "error_type": type(error).__name__, "error": str(error)}
print(json.dumps(outcome))
