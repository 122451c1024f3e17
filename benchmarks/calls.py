"""A call at the loopback endpoint, beside other servers; a scenario beside its client alone."""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
import threading
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import boto3
import trustme
from botocore.config import Config

from bedrock_authcheck.clients.boto3 import Boto3Client
from bedrock_authcheck.clients.contract import ClientSettings
from bedrock_authcheck.environments.environment import Environment
from bedrock_authcheck.environments.isolation import isolated
from bedrock_authcheck.services.endpoint import running
from bedrock_authcheck.services.ledger import Ledger
from bedrock_authcheck.suite.bench import Bench
from bedrock_authcheck.suite.catalogue import scenarios_of
from bedrock_authcheck.suite.scenario import CONVERSE
from benchmarks.measuring import Target, in_turns, row, say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bedrock_authcheck.services.endpoint import Endpoint
    from bedrock_authcheck.services.loop import BackgroundLoop

ROUNDS: Final = 300
ANSWER: Final = (
    b'{"output": {"message": {"role": "assistant", "content": [{"text": "hello"}]}}, '
    b'"stopReason": "end_turn", "usage": {"inputTokens": 3, "outputTokens": 7, "totalTokens": 10}, '
    b'"metrics": {"latencyMs": 0}}'
)


def measure() -> Iterator[bool]:
    """Measure calls, then scenarios."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # which tells of each request
    with running() as (loop, endpoint):
        yield from _calls(loop, endpoint)
        yield from _scenarios(loop, endpoint)


def _client(url: str, ca: str | None, service: str = "bedrock-runtime") -> Any:  # noqa: ANN401 - boto3 makes its classes at run time
    return boto3.client(
        service,  # type: ignore[call-overload] # the stubs list services by literal
        region_name="eu-central-1",
        endpoint_url=url,
        verify=ca,
        aws_access_key_id="AKIA0FAKE",
        aws_secret_access_key="FAKE",  # noqa: S106 - signs for loopback alone
        config=Config(retries={"total_max_attempts": 1}),
    )


def _call(client: Any) -> None:  # noqa: ANN401 - as above
    client.converse(**(CONVERSE.parameters or {}))


def _calls(loop: BackgroundLoop, endpoint: Endpoint) -> Iterator[bool]:
    with ExitStack() as stack:
        environment = stack.enter_context(Environment(loop, endpoint))
        environment.provide("environment")
        stack.enter_context(isolated(environment))
        endpoint.open(Ledger(environment.keyring, environment.region, environment.grants))
        judged = boto3.client("bedrock-runtime", config=Config(retries={"total_max_attempts": 1}))
        others: dict[str, Any] = {}
        if find_spec("hypercorn"):
            url, ca = stack.enter_context(_hypercorn(environment.home))
            others["bare hypercorn"] = _client(url, ca)
        if find_spec("pytest_httpserver"):
            others["pytest-httpserver (http)"] = _client(stack.enter_context(_httpserver()), None)
        actions = [partial(_call, client) for client in (judged, *others.values())]
        ours, *taken = in_turns(ROUNDS, *actions)
        for (name, _), times in zip(others.items(), taken, strict=True):
            bound = 1.3 if name == "bare hypercorn" else 1.0
            yield row("a call, judged", ours, name, times, Target(most=bound))
        if find_spec("moto"):
            # It has no Converse: a list of the control plane, at both.
            control = boto3.client("bedrock")
            other = _client(stack.enter_context(_moto()), None, "bedrock")
            ours, times = in_turns(ROUNDS, control.list_custom_models, other.list_custom_models)
            yield row("a list, judged", ours, "moto's server (http)", times, Target(most=1.0))


@contextmanager
def _hypercorn(folder: Path) -> Iterator[tuple[str, str]]:
    """Serve one answer over TLS, as a bare ASGI application."""
    from hypercorn.asyncio import serve  # noqa: PLC0415 - may be absent
    from hypercorn.config import Config as Served  # noqa: PLC0415 - may be absent

    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    ca, cert, key = (str(folder / name) for name in ("ca.pem", "cert.pem", "key.pem"))
    authority.cert_pem.write_to_path(ca)
    issued.cert_chain_pems[0].write_to_path(cert)
    issued.private_key_pem.write_to_path(key)

    async def application(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's
        if scope["type"] != "http":
            return
        while (await receive()).get("more_body"):
            pass
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": ANSWER})

    import socket  # noqa: PLC0415 - for this alone

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = Served.from_mapping(
        bind=[f"127.0.0.1:{port}"],
        certfile=cert,
        keyfile=key,
        loglevel="CRITICAL",
        graceful_timeout=0.1,
    )
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    started = threading.Event()

    async def run() -> None:
        started.set()
        await serve(application, config, shutdown_trigger=stop.wait)

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    started.wait()
    _await_port(port, ca)
    try:
        yield f"https://127.0.0.1:{port}", ca
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def _await_port(port: int, ca: str) -> None:
    import socket  # noqa: PLC0415 - for this alone

    context = ssl.create_default_context(cafile=ca)
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as plain:
                context.wrap_socket(plain, server_hostname="127.0.0.1").close()
        except ConnectionError:
            continue
        return


@contextmanager
def _httpserver() -> Iterator[str]:
    from pytest_httpserver import HTTPServer  # noqa: PLC0415 - may be absent

    with HTTPServer() as server:
        server.expect_request("/model/simulated.model-v1:0/converse").respond_with_data(
            ANSWER, content_type="application/json"
        )
        yield server.url_for("").rstrip("/")


@contextmanager
def _moto() -> Iterator[str]:
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - may be absent

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def _scenarios(loop: BackgroundLoop, endpoint: Endpoint) -> Iterator[bool]:
    """Measure a scenario with a client of its own, beside that client's life alone."""
    client = Boto3Client()
    bench = Bench(loop, endpoint, client)
    scenario = next(s for s in scenarios_of("chain").values() if not s.shared)
    with Environment(loop, endpoint) as environment:
        environment.provide("environment")

        def alone() -> None:
            # Its own ledger: to the bench, a request of somebody else's would be a late one.
            endpoint.open(Ledger(environment.keyring, environment.region, environment.grants))
            with isolated(environment):
                connection = client.connect("bedrock-runtime", ClientSettings())
                connection.call(CONVERSE)
                connection.close()

        ours, beside = in_turns(ROUNDS // 3, lambda: bench.run(scenario), alone)
    say(f"<!-- the scenario is {scenario.id}, in process {os.getpid()} -->")
    yield row("a scenario", ours, "its client's life alone", beside, Target(most=1.3))
    bench.close()
