"""AnthropicBedrock of the anthropic package by the client contract: InvokeModel, as messages."""

import base64
import json
import sys
from typing import Any

from anthropic import AnthropicBedrock

KEYS = {
    "aws_access_key_id": "aws_access_key",
    "aws_secret_access_key": "aws_secret_key",
    "aws_session_token": "aws_session_token",
}
SETTINGS = {
    "token": "api_key",
    "profile": "aws_profile",
    "region": "aws_region",
    "endpoint": "base_url",
}
HELLO = {"max_tokens": 16, "messages": [{"role": "user", "content": "hello"}]}


def call(request: dict[str, Any]) -> None:
    """Make one call and read its answer to the end."""
    settings, parameters = request["settings"], request["parameters"]
    given = {SETTINGS[name]: value for name, value in settings.items() if name in SETTINGS}
    given |= {KEYS[name]: value for name, value in settings.get("keys", {}).items()}
    message = HELLO | json.loads(base64.b64decode(parameters.get("body", "")) or "{}")
    message |= {"model": parameters["modelId"]}
    # A custom certificate authority comes from SSL_CERT_FILE, the address from
    # ANTHROPIC_BEDROCK_BASE_URL.
    with AnthropicBedrock(**given) as client:
        if request["operation"] == "InvokeModel":
            client.messages.create(**message)
            return
        with client.messages.create(**message, stream=True) as events:
            for _ in events:
                pass


try:
    call(json.load(sys.stdin))
    outcome = {"ok": True}
except Exception as error:
    outcome = {"ok": False, "error_type": type(error).__name__, "error": str(error)}
print(json.dumps(outcome))
