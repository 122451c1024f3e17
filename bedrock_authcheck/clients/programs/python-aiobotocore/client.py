"""aiobotocore by the client contract: any operation, and many calls in one process."""

import asyncio
import base64
import json
import logging
import os
import sys
from contextlib import AsyncExitStack
from typing import Any

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore import UNSIGNED, xform_name
from botocore.tokens import FrozenAuthToken

CONFIGS = {
    None: {},
    "sigv4": {"auth_scheme_preference": "sigv4"},
    "bearer": {"auth_scheme_preference": "httpBearerAuth"},
    "anonymous": {"signature_version": UNSIGNED},
}


class TokenInCode:
    """A token provider of botocore; aiobotocore's own arguments take no token."""

    def __init__(self, token: str) -> None:
        """Take the token."""
        self._token = FrozenAuthToken(token)

    def load_token(self, signing_name: str = "", **_: object) -> FrozenAuthToken | None:
        """Provide it for Bedrock alone, as botocore's own provider does."""
        return self._token if signing_name == "bedrock" else None


class Connection:
    """A session and its clients, each made when it is first asked for."""

    def __init__(self, settings: dict[str, Any], stack: AsyncExitStack) -> None:
        """Make the session; its clients are closed with the stack."""
        self._settings = settings
        self._stack = stack
        self._clients: dict[str, Any] = {}
        self._session = AioSession(profile=settings.get("profile"))
        if "token" in settings:
            self._session.register_component("token_provider", TokenInCode(settings["token"]))

    async def client(self, service: str) -> Any:  # noqa: ANN401 - botocore makes its classes of the moment
        """Return the client of a service."""
        if service not in self._clients:
            made = self._session.create_client(
                service,
                region_name=self._settings.get("region"),
                endpoint_url=self._settings.get("endpoint"),
                config=AioConfig(**CONFIGS[self._settings.get("preference")]),
                **self._settings.get("keys", {}),
            )
            self._clients[service] = await self._stack.enter_async_context(made)
        return self._clients[service]


def decoded(value: Any, shape: Any) -> Any:  # noqa: ANN401 - as the shape says
    """Turn blobs, which are base64 in the contract, into bytes."""
    match shape.type_name:
        case "blob":
            return base64.b64decode(value)
        case "structure" if not shape.is_document_type:
            return {name: decoded(part, shape.members[name]) for name, part in value.items()}
        case "list":
            return [decoded(part, shape.member) for part in value]
        case "map":
            return {name: decoded(part, shape.value) for name, part in value.items()}
    return value


async def invoke(client: Any, request: dict[str, Any]) -> None:  # noqa: ANN401 - as above
    """Call the operation and read its answer to the end."""
    model = client.meta.service_model.operation_model(request["operation"])
    parameters = decoded(request["parameters"], model.input_shape) if model.input_shape else {}
    method = xform_name(request["operation"])
    if request.get("paginate"):
        async for _ in client.get_paginator(method).paginate(**parameters):
            pass
        return
    answer = await getattr(client, method)(**parameters)
    for value in answer.values():
        if hasattr(value, "__aiter__"):  # a stream of events, or a body
            async for _ in value:
                pass


async def outcome(
    request: dict[str, Any], connections: dict[int, Connection], stack: AsyncExitStack
) -> dict[str, Any]:
    """Do what one line asks for, and report it."""
    for name, value in request.get("environment", {}).items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    before = dict(os.environ)
    if "log_level" in request:
        logging.basicConfig(level=request["log_level"], force=True)  # on standard error
    try:
        number = request.get("client")
        connection = connections.get(number) or Connection(request["settings"], stack)
        if number is not None:
            connections[number] = connection
        if request.get("prepare") != "session":
            client = await connection.client(request["service"])
            if "prepare" not in request:
                if not hasattr(client, xform_name(request["operation"])):
                    return {"not_offered": f"aiobotocore has no operation {request['operation']}"}
                await invoke(client, request)
    except Exception as error:
        answer = {"ok": False, "error_type": type(error).__name__, "error": str(error)}
    else:
        answer = {"ok": True}
    changed = [name for name in before | os.environ if before.get(name) != os.environ.get(name)]
    return answer | {"changed": changed}


async def main() -> None:
    """Answer each line of standard input by one of standard output."""
    connections: dict[int, Connection] = {}
    async with AsyncExitStack() as stack:
        for line in sys.stdin:
            print(json.dumps(await outcome(json.loads(line), connections, stack)), flush=True)


asyncio.run(main())
