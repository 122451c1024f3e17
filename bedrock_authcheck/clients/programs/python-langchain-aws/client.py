"""langchain-aws by the client contract: ChatBedrockConverse, and ChatBedrock for InvokeModel."""

import json
import sys
from typing import Any

from botocore import UNSIGNED
from botocore.config import Config
from langchain_aws import ChatBedrock, ChatBedrockConverse

SETTINGS = {
    "token": "api_key",
    "profile": "credentials_profile_name",
    "region": "region_name",
    "endpoint": "endpoint_url",
}
CONFIGS = {
    "sigv4": {"auth_scheme_preference": "sigv4"},
    "bearer": {"auth_scheme_preference": "httpBearerAuth"},
    "anonymous": {"signature_version": UNSIGNED},
}


def call(request: dict[str, Any]) -> None:
    """Make one call and read its answer to the end."""
    settings, operation = request["settings"], request["operation"]
    given = {SETTINGS[name]: value for name, value in settings.items() if name in SETTINGS}
    given |= settings.get("keys", {})
    if "preference" in settings:
        given["config"] = Config(**CONFIGS[settings["preference"]])
    # The form of InvokeModel's body follows the provider, which the simulated id does not name.
    chat_class = ChatBedrockConverse if operation.startswith("Converse") else ChatBedrock
    given |= {"model": request["parameters"]["modelId"], "provider": "anthropic"}
    given["disable_streaming"] = False  # which models stream is known by their names too
    chat = chat_class(**given)
    if operation in ("Converse", "InvokeModel"):
        chat.invoke("hello")
        return
    for _ in chat.stream("hello"):
        pass


try:
    call(json.load(sys.stdin))
    outcome = {"ok": True}
except Exception as error:
    outcome = {"ok": False, "error_type": type(error).__name__, "error": str(error)}
print(json.dumps(outcome))
