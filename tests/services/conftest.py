from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.services.listener import Listener
from bedrock_authcheck.services.loop import BackgroundLoop
from bedrock_authcheck.services.tls import CertificateStore, create_certificate_store
from tests.simulated import running_services, services

from .http2_client import Http2Client
from .recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "http2",
    "listener",
    "loop",
    "running_services",
    "service",
    "services",
    "store",
    "trust",
]


@pytest.fixture
def loop() -> Iterator[BackgroundLoop]:
    with BackgroundLoop() as running:
        yield running


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> CertificateStore:
    return create_certificate_store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="session")
def trust(store: CertificateStore) -> ssl.SSLContext:
    """What a client that trusts the authority uses."""
    return ssl.create_default_context(cafile=str(store.ca_file))


@pytest.fixture
def service() -> Recorder:
    return Recorder()


@pytest.fixture
def listener(service: Recorder, loop: BackgroundLoop) -> Iterator[Listener]:
    """Plain http, in front of `service`."""
    with Listener(service, loop) as opened:
        yield opened


@pytest.fixture
def http2(listener: Listener) -> Iterator[Http2Client]:
    """A client of `listener` with prior knowledge."""
    with Http2Client(listener.port) as opened:
        yield opened
