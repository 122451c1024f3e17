"""Calls boto3 so that it sends a recorded request once more."""

from __future__ import annotations

import base64
import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from packaging.version import Version

from bedrock_authcheck.recording.places import place_of
from bedrock_authcheck.spec.catalogue import Catalogue, shared_loader
from bedrock_authcheck.spec.routing import Router
from tests.releases import BOTOCORE

if TYPE_CHECKING:
    from collections.abc import Collection

    from botocore.model import Shape, StructureShape

    from bedrock_authcheck.recording.cassette import Recording
    from bedrock_authcheck.spec.catalogue import Operation

_ALL_KNOWN = Version("1.44")
_LABEL = re.compile(r"\{([^{}+]+)(\+?)\}")


def repeat(recording: Recording, keys: dict[str, str] | None = None) -> int:
    """Send a recorded request by a plain boto3 client; return the status of the answer."""
    parts = urlsplit(recording.uri)
    place = place_of(parts.netloc)
    assert place is not None
    operation = _router(place.service).route(recording.method, f"{parts.path}?{parts.query}")
    assert operation is not None, recording.uri
    core = botocore.session.Session()
    core.register_component("data_loader", shared_loader())  # a model is read once
    client: Any = boto3.Session(botocore_session=core).client(
        place.service,  # type: ignore[call-overload] # the stubs list services by literal
        region_name=place.region,
        config=Config(retries={"total_max_attempts": 1}),
        **(keys or {}),
    )
    try:
        answer = getattr(client, botocore.xform_name(operation.name))(
            **_parameters(operation, recording)
        )
    except ClientError as error:
        return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
    finally:
        client.close()
    for value in answer.values():
        if hasattr(value, "__iter__") and not isinstance(value, dict | list | str):
            for _ in value:
                pass
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


@cache
def _router(service: str) -> Router:
    return Router(Catalogue.load().of(service))


def _parameters(operation: Operation, recording: Recording) -> dict[str, Any]:
    shape = Catalogue.load().input_shape(operation)
    if shape is None:
        return {}
    parts = urlsplit(recording.uri)
    template = operation.uri.partition("?")[0]
    pattern = _LABEL.sub(lambda m: f"(?P<{m[1]}>{'.+' if m[2] else '[^/]+'})", template)
    found = re.fullmatch(f"{pattern}/?", parts.path)
    assert found is not None
    labels = {name: unquote(value) for name, value in found.groupdict().items()}
    query = dict(parse_qsl(parts.query))
    parameters: dict[str, Any] = {}
    payload = shape.serialization.get("payload")
    body: Any = recording.body if payload else json.loads(recording.body or b"{}")
    if not payload:
        _demand_known(body, {m.serialization.get("name", n) for n, m in shape.members.items()})
    for name, member in shape.members.items():
        wire = member.serialization.get("name", name)
        match member.serialization.get("location"):
            case "uri":
                parameters[name] = labels[wire]
            case "querystring" if wire in query:
                parameters[name] = query[wire]
            case "header" if (value := recording.header(wire)) is not None:
                parameters[name] = value
            case None if name == payload:
                parameters[name] = body
            case None if not payload and wire in body:
                parameters[name] = _value(member, body[wire])
    return parameters


def _value(shape: Shape, value: Any) -> Any:  # noqa: ANN401 - JSON to Python
    if shape.type_name == "blob":
        return base64.b64decode(value)
    if shape.type_name == "list":
        return [_value(shape.member, part) for part in value]  # type: ignore[attr-defined]
    if shape.type_name == "structure" and not getattr(shape, "is_document_type", False):
        return _structure(shape, value)  # type: ignore[arg-type]
    if shape.type_name == "map":
        return {key: _value(shape.value, part) for key, part in value.items()}  # type: ignore[attr-defined]
    return value


def _demand_known(value: dict[str, Any], members: Collection[str]) -> None:
    """Skip a recording that an old botocore cannot send again: it has what came later."""
    strange = sorted(value.keys() - members)
    if strange and BOTOCORE < _ALL_KNOWN:
        pytest.skip(f"botocore {BOTOCORE} has no {strange[0]}, which was recorded with a newer one")
    assert not strange


def _structure(shape: StructureShape, value: dict[str, Any]) -> dict[str, Any]:
    _demand_known(value, shape.members)
    return {key: _value(shape.members[key], part) for key, part in value.items()}
