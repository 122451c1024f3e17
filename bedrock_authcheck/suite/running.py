"""What one pytest process starts once, when it is first needed, and stops at its end."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.services.endpoint import Endpoint, running

if TYPE_CHECKING:
    from bedrock_authcheck.services.loop import BackgroundLoop
    from bedrock_authcheck.suite.bench import Bench

_SERVICES: pytest.StashKey[tuple[BackgroundLoop, Endpoint]] = pytest.StashKey()
_BENCH: pytest.StashKey[Bench] = pytest.StashKey()


def services_of(config: pytest.Config) -> tuple[BackgroundLoop, Endpoint]:
    """The loop and the loopback endpoint of this process.

    They stop when pytest is unconfigured, Ctrl-C included. OSError where they cannot start.
    """
    if _SERVICES not in config.stash:
        stack = ExitStack()
        config.stash[_SERVICES] = stack.enter_context(running())
        config.add_cleanup(stack.close)
    return config.stash[_SERVICES]


def bench_of(config: pytest.Config) -> Bench:
    """The bench that the bundled suite runs on; ImportError where its client is not installed."""
    if _BENCH not in config.stash:
        from bedrock_authcheck.clients.boto3 import Boto3Client  # noqa: PLC0415 - costly, on use
        from bedrock_authcheck.suite.bench import Bench  # noqa: PLC0415 - costly, on use

        bench = Bench(*services_of(config), Boto3Client())
        config.stash[_BENCH] = bench
        config.add_cleanup(bench.close)
    return config.stash[_BENCH]
