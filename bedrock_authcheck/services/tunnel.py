"""What follows a CONNECT that was granted: bytes both ways, until a side ends."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from bedrock_authcheck.services.connection import Connection
from bedrock_authcheck.services.limits import READ_BYTES

if TYPE_CHECKING:
    from bedrock_authcheck.services.http import Tunnel


async def relay(client: Connection, tunnel: Tunnel, early: bytes) -> None:
    """Pass bytes on between a client and the address of its tunnel; `early` came before.

    Raises OSError where nobody listens there.
    """
    reader, writer = await asyncio.open_connection(tunnel.host, tunnel.port, limit=READ_BYTES)
    server = Connection(
        service=client.service, reader=reader, writer=writer, failures=client.failures
    )
    out = asyncio.create_task(_out(client, server, tunnel, early))
    try:
        while data := await server.read():
            await client.write(data)
    finally:
        out.cancel()
        await asyncio.gather(out, return_exceptions=True)
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


async def _out(client: Connection, server: Connection, tunnel: Tunnel, early: bytes) -> None:
    """Pass on what the client says, and that it says no more; the server ends the tunnel."""
    data = early or await client.read()
    while data:
        tunnel.seen(data)  # before it arrives, so that whoever answers it finds it told
        await server.write(data)
        data = await client.read()
    with suppress(OSError):
        server.writer.write_eof()
