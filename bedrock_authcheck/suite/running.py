"""What one pytest process starts once, when it is first needed, and stops at its end."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.services.endpoint import Endpoint, running

if TYPE_CHECKING:
    from bedrock_authcheck.clients.interceptor import Interceptor
    from bedrock_authcheck.clients.known import Found
    from bedrock_authcheck.services.loop import BackgroundLoop
    from bedrock_authcheck.suite.bench import Bench

CLIENT: pytest.StashKey[Found] = pytest.StashKey()
"""The client that a run judges."""
MITMDUMP: pytest.StashKey[str | None] = pytest.StashKey()
"""The program that intercepts, None where a run asks for none."""
_SERVICES: pytest.StashKey[tuple[BackgroundLoop, Endpoint]] = pytest.StashKey()
_BENCH: pytest.StashKey[Bench] = pytest.StashKey()


def services_of(session: pytest.Session) -> tuple[BackgroundLoop, Endpoint]:
    """Start, once in this process, the loop and the loopback endpoint.

    They stop when pytest is unconfigured, Ctrl-C included. Where they cannot start, the test
    fails with one sentence and the session stops: no other test could do better.
    """
    config = session.config
    if _SERVICES not in config.stash:
        stack = ExitStack()
        try:
            services = stack.enter_context(running())
        except (OSError, RuntimeError) as error:
            text = f"bedrock-authcheck cannot start its services on this machine: {error}"
            session.shouldstop = text
            raise pytest.fail.Exception(text, pytrace=False) from None
        config.add_cleanup(stack.close)
        config.stash[_SERVICES] = services
    return config.stash[_SERVICES]


def _interceptor(session: pytest.Session, endpoint: Endpoint) -> Interceptor | None:
    """Start the interceptor that is asked for; where it cannot be, no other test could either."""
    mitmdump = session.config.stash.get(MITMDUMP, None)
    if mitmdump is None:
        return None
    from bedrock_authcheck.clients.interceptor import (  # noqa: PLC0415 - where it is asked for
        Interceptor,
        InterceptorError,
    )

    try:
        return Interceptor(mitmdump, endpoint)
    except (OSError, InterceptorError) as error:
        session.shouldstop = f"the interceptor cannot be started: {error}"
        raise pytest.fail.Exception(session.shouldstop, pytrace=False) from None


def bench_of(session: pytest.Session) -> Bench:
    """Make, once, the suite's bench; ImportError where its client is not installed."""
    config = session.config
    if _BENCH not in config.stash:
        from bedrock_authcheck.suite.bench import Bench  # noqa: PLC0415 - costly, on use

        services = services_of(session)
        client = config.stash[CLIENT].made()
        bench = Bench(*services, client, _interceptor(session, services[1]))
        config.stash[_BENCH] = bench
        config.add_cleanup(bench.close)
    return config.stash[_BENCH]
