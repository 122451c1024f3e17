"""aiobotocore in this process: botocore's choice of credentials, over asyncio and aiohttp.

It pins a botocore that is older than the newest; deviations are ranged by the one it uses.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import botocore
from aiobotocore.config import AioConfig
from aiobotocore.endpoint import AioEndpoint
from aiobotocore.session import AioSession
from botocore.utils import ContainerMetadataFetcher

from bedrock_authcheck.clients.boto3 import (
    AT_ONCE,
    Boto3Client,
    TokenInCode,
    options_of,
)
from bedrock_authcheck.clients.contract import Call, CallResult, ClientSettings, Stage
from bedrock_authcheck.clients.parameters import minimal_of
from bedrock_authcheck.clients.printed import PRINTED, printed_with
from bedrock_authcheck.environments.patching import replaced
from bedrock_authcheck.spec.catalogue import shared_loader

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

_TURN: Final = Lock()  # a loop runs in one thread at a time, and what is replaced is everyone's


class AiobotocoreClient(Boto3Client):
    """aiobotocore as it is installed; it offers what its botocore does."""

    name = "aiobotocore"

    def connect(self, service: str, settings: ClientSettings) -> AiobotocoreConnection:
        """Prepare a client; it is built, in the environment of the moment, at its first call."""
        return AiobotocoreConnection(service, settings)


class AiobotocoreConnection:
    """A session of its own with its clients, on an event loop of its own."""

    def __init__(self, service: str, settings: ClientSettings) -> None:
        """Note what to build."""
        self._service = service
        self._settings = settings
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._session: AioSession | None = None
        self._clients: dict[str, Any] = {}
        self._failure: Exception | None = None

    def prepare(self, stage: Stage) -> None:
        """Make the session or, on it, the client; what fails is told by the first call."""
        try:
            if stage is Stage.SESSION:
                self._made_session()
            else:
                self._run(self._made_client())
        except Exception as error:  # noqa: BLE001 - whatever a client raises is its answer
            self._failure = error

    def call(self, call: Call) -> CallResult:
        """Call the operation and read its answer, streams and pages included, to the end."""
        try:
            with _TURN, replaced(_AT_ONCE):
                self._run(self._call(call))
        except Exception as error:  # noqa: BLE001 - whatever a client raises is its answer
            return CallResult.of(error)
        return CallResult(ok=True)

    def _run(self, coroutine: Coroutine[Any, Any, object]) -> None:
        """Run a coroutine, and end the threads that it started: none is left to send anything.

        The loop would keep them for its next call, and the bench wait for them.
        """
        with ThreadPoolExecutor() as threads:
            self._runner.get_loop().set_default_executor(threads)
            self._runner.run(coroutine)

    async def _call(self, call: Call) -> None:
        failed, self._failure = self._failure, None
        if failed is not None:
            raise failed
        client = await self._made_client(call.service)
        parameters = minimal_of(call)
        method = botocore.xform_name(call.operation)
        if call.waiter:
            waiter = client.get_waiter(botocore.xform_name(call.waiter))
            await waiter.wait(**parameters, WaiterConfig=AT_ONCE)
            return
        if call.paginate:
            async for _ in client.get_paginator(method).paginate(**parameters):
                pass
            return
        response = await getattr(client, method)(**parameters)
        for value in response.values():
            if hasattr(value, "__aiter__"):  # a stream of events, or a body
                try:
                    async for _ in value:
                        pass
                finally:
                    value.close()

    def shown(self) -> Mapping[str, str]:
        """Show session and client as a program, a debugger or a log would."""
        client = self._clients.get(self._service)
        texts = {
            f"{show.__name__} of the {name}": show(value)
            for name, value in {"session": self._session, "client": client}.items()
            if value is not None
            for show in (repr, str)
        }
        if self._session is not None:
            config = client.meta.config if client else None
            credentials = self._runner.run(_credentials(self._session))
            texts[PRINTED] = printed_with(self._session, client, config, credentials)
        return texts

    def _made_session(self) -> AioSession:
        if self._session is None:
            session = AioSession(profile=self._settings.profile)
            session.register_component("data_loader", shared_loader())
            if self._settings.token:
                session.register_component("token_provider", TokenInCode(self._settings.token))
            if self._settings.keys_in_session and self._settings.keys:
                names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
                session.set_credentials(*map(self._settings.keys.get, names))
            self._session = session
        return self._session

    async def _made_client(self, service: str = "") -> Any:  # noqa: ANN401 - aiobotocore makes its class of the moment
        service = service or self._service
        if service not in self._clients:
            keys = {} if self._settings.keys_in_session else self._settings.keys
            self._clients[service] = await self._stack.enter_async_context(
                self._made_session().create_client(
                    service,
                    region_name=self._settings.region,
                    endpoint_url=self._settings.endpoint,
                    config=AioConfig(**options_of(self._settings)),
                    **keys,
                )
            )
        return self._clients[service]

    def close(self) -> None:
        """Close the client's connections and the loop."""
        self._run(self._stack.aclose())
        self._runner.close()
        self._clients.clear()
        self._session = None


async def _credentials(session: AioSession) -> object:
    try:
        return await session.get_credentials()
    except Exception:  # noqa: BLE001 - there is none to look at, and a call has told why
        return None


async def _no_back_off(_self: AioEndpoint, _seconds: float) -> None:
    """Retry at once, in place of AioEndpoint._sleep."""


_AT_ONCE: Final[tuple[tuple[Any, str, object], ...]] = (
    (AioEndpoint, "_sleep", _no_back_off),
    (ContainerMetadataFetcher, "SLEEP_TIME", 0),  # seconds before a container is asked again
)
"""What is replaced so that nothing waits before it is tried again."""
