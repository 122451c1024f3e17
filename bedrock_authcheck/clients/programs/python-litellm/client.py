"""litellm by the client contract: its routes `converse` and `invoke`."""

import json
import sys
from typing import Any

import litellm

SETTINGS = {
    "token": "api_key",
    "profile": "aws_profile_name",
    "region": "aws_region_name",
    "endpoint": "aws_bedrock_runtime_endpoint",
}
HELLO = [{"role": "user", "content": "hello"}]


def call(request: dict[str, Any]) -> None:
    """Make one call and read its answer to the end."""
    settings, operation = request["settings"], request["operation"]
    given = {SETTINGS[name]: value for name, value in settings.items() if name in SETTINGS}
    given |= settings.get("keys", {})
    # A custom certificate authority comes from SSL_CERT_FILE, the address from
    # AWS_BEDROCK_RUNTIME_ENDPOINT. The model tells the form of the body, `model_id` the path.
    route = "converse" if operation.startswith("Converse") else "invoke"
    answer = litellm.completion(
        model=f"bedrock/{route}/anthropic.claude-3-haiku-20240307-v1:0",
        model_id=request["parameters"]["modelId"],
        messages=HELLO,
        stream=operation.endswith("Stream"),
        **given,
    )
    if operation.endswith("Stream"):
        for _ in answer:
            pass


try:
    call(json.load(sys.stdin))
    outcome = {"ok": True}
except Exception as error:
    outcome = {"ok": False, "error_type": type(error).__name__, "error": str(error)}
print(json.dumps(outcome))
