"""Run by mitmdump: sends each request to the loopback endpoint of the service whose name it has.

The first line of standard input is what to do, as JSON; its end ends the program. Where nothing
stands for a host, it is refused by 403. Nothing of the package is imported: mitmproxy has a
Python of its own.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import threading
from typing import Any

from mitmproxy import ctx, http


class Interception:
    """`routes` are lists: a pattern of host names, and the ports for https and http."""

    def __init__(self) -> None:
        """Read what to do."""
        told = json.loads(sys.stdin.readline())
        self._routes = [(re.compile(host), https, http) for host, https, http in told["routes"]]
        self._ports = {port for _, *ports in self._routes for port in ports}
        self._path = told["path"]
        self._refused: list[str] = []

    def running(self) -> None:
        """Tell the port, and wait for the end of standard input beside all else."""
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._until_the_end, args=(loop,), daemon=True).start()
        (address, *_) = ctx.master.addons.get("proxyserver").listen_addrs()
        print(address[1], flush=True)

    def _until_the_end(self, loop: asyncio.AbstractEventLoop) -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(ctx.master.shutdown)

    def _port(self, request: http.Request) -> int | None:
        host = request.host.lower().removesuffix(".")
        for pattern, https, plain in self._routes:
            if pattern.fullmatch(host):
                return https if request.scheme == "https" else plain
        return None

    def http_connect(self, flow: http.HTTPFlow) -> None:
        """Refuse a tunnel to elsewhere."""
        if self._port(flow.request) is None:
            self._refuse(flow)

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Choose where a request goes; Host and :authority stay, since SigV4 signs them."""
        request = flow.request
        if request.path == self._path:
            flow.response = http.Response.make(200, json.dumps(self._refused))
            return
        port = self._port(request)
        if port is None:
            self._refuse(flow)
            return
        host, authority = request.headers.get_all("Host"), request.authority
        request.host, request.port = "127.0.0.1", port
        request.headers.set_all("Host", host)
        request.authority = authority
        request.stream = True

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Pass parts on as they come."""
        if flow.response is not None:
            flow.response.stream = True

    def server_connect(self, data: Any) -> None:  # noqa: ANN401 - mitmproxy's hook data
        """Hold back, whatever happened before, each connection that leaves this machine."""
        host, port = data.server.address
        if host != "127.0.0.1" or port not in self._ports:
            data.server.error = "not on this machine"

    def _refuse(self, flow: http.HTTPFlow) -> None:
        self._refused.append(flow.request.host)
        text = "bedrock-authcheck passes nothing on to this host (SIMULATED)."
        flow.response = http.Response.make(403, text, {"Content-Type": "text/plain"})


addons = [Interception()]
