"""The AWS CLI, version 1 as PyPI has it, by the client contract: `aws SERVICE OPERATION`."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import awscli.botocore.session
from awscli.botocore import xform_name

AWS = shutil.which("aws", path=str(Path(sys.executable).parent)) or "aws"
COMMANDS = {"s3": "s3api"}  # what the CLI calls services that are not called as their model

OPTIONS = {"profile": "--profile", "region": "--region", "endpoint": "--endpoint-url"}


def text_of(value: Any, shape: Any) -> Any:  # noqa: ANN401 - as the shape says
    """Turn blobs, which are base64 in the contract, into text: version 1 takes them as they are."""
    match shape.type_name:
        case "blob":
            return base64.b64decode(value).decode()
        case "structure" if not shape.is_document_type:
            return {name: text_of(part, shape.members[name]) for name, part in value.items()}
        case "list":
            return [text_of(part, shape.member) for part in value]
        case "map":
            return {name: text_of(part, shape.value) for name, part in value.items()}
    return value


def call(request: dict[str, Any]) -> dict[str, Any]:
    """Run the CLI once, and report how it ended."""
    service, settings = request["service"], request["settings"]
    model = (
        awscli.botocore.session.Session()
        .get_service_model(service)
        .operation_model(request["operation"])
    )
    command = [AWS, COMMANDS.get(service, service), xform_name(request["operation"], "-")]
    if model.input_shape is not None:
        parameters = text_of(request["parameters"], model.input_shape)
        if model.has_streaming_output:  # it is put into a file, and excludes --cli-input-json
            for name, value in parameters.items():
                text = value if isinstance(value, str) else json.dumps(value)
                command += [f"--{xform_name(name, '-')}", text]
            command.append(os.devnull)
        else:
            command += ["--cli-input-json", json.dumps(parameters)]
    if not request.get("paginate"):
        command.append("--no-paginate")
    for name, option in OPTIONS.items():
        if name in settings:
            command += [option, settings[name]]
    run = subprocess.run(  # noqa: S603 - the call in the words of the CLI
        command, capture_output=True, text=True, check=False
    )
    if run.returncode == 0:
        return {"ok": True}
    if "argument operation: " in run.stderr:
        return {"not_offered": f"the AWS CLI has no command for {request['operation']}"}
    code = re.search(r"An error occurred \((\w+)\)", run.stderr)
    kind = code[1] if code else f"exit status {run.returncode}"
    return {"ok": False, "error_type": kind, "error": run.stderr.strip()}


print(json.dumps(call(json.load(sys.stdin))))
