"""strands-agents by the client contract: an agent on BedrockModel, which streams unless told."""

import json
import sys
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from strands import Agent
from strands.models import BedrockModel

CONFIGS = {
    "sigv4": {"auth_scheme_preference": "sigv4"},
    "bearer": {"auth_scheme_preference": "httpBearerAuth"},
    "anonymous": {"signature_version": UNSIGNED},
}


def call(request: dict[str, Any]) -> None:
    """Make one call and read its answer to the end."""
    settings = request["settings"]
    names = {"profile": "profile_name", "region": "region_name"}
    of_session = {names[name]: value for name, value in settings.items() if name in names}
    names = {"token": "api_key", "endpoint": "endpoint_url"}
    of_model = {names[name]: value for name, value in settings.items() if name in names}
    if "preference" in settings:
        of_model["boto_client_config"] = Config(**CONFIGS[settings["preference"]])
    model = BedrockModel(
        boto_session=boto3.Session(**of_session, **settings.get("keys", {})),
        model_id=request["parameters"]["modelId"],
        streaming=request["operation"] == "ConverseStream",
        **of_model,
    )
    Agent(model=model, callback_handler=None)("hello")


try:
    call(json.load(sys.stdin))
    outcome = {"ok": True}
except Exception as error:
    outcome = {"ok": False, "error_type": type(error).__name__, "error": str(error)}
print(json.dumps(outcome))
