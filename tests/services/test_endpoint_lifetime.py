from __future__ import annotations

import socket
import tempfile
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.services.endpoint import Endpoint, running
from bedrock_authcheck.services.listener import ListenError
from bedrock_authcheck.services.loop import BackgroundLoop
from bedrock_authcheck.services.tls import CertificateStoreError
from bedrock_authcheck.spec.services import SERVICES
from tests.simulated import (
    send,
)

from .recorder import belongings

if TYPE_CHECKING:
    from pathlib import Path

    from bedrock_authcheck.services.tls import CertificateStore


def _run_and_be_interrupted(seen: list[Path]) -> None:
    with running() as (_, endpoint):
        seen.append(endpoint.ca_bundle)
        assert endpoint.ca_bundle.exists()
        endpoint.urls(tls=False)
        raise KeyboardInterrupt


def test_all_of_it_is_gone_when_the_block_ends() -> None:
    before = belongings()
    seen: list[Path] = []
    with pytest.raises(KeyboardInterrupt):
        _run_and_be_interrupted(seen)
    assert not seen[0].parent.exists()
    assert belongings() == before


def _fail_at(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let the system run out of descriptors at the n-th port."""
    bind, left = socket.create_server, [number]

    def create_server(*args: object, **kwargs: object) -> socket.socket:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(24, "Too many open files")
        return bind(*args, **kwargs)  # type: ignore[arg-type] # as they came

    monkeypatch.setattr("socket.create_server", create_server)


def test_a_port_that_cannot_be_bound_is_one_sentence_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = belongings()
    _fail_at(monkeypatch, 4)
    with ExitStack() as stack, pytest.raises(ListenError) as caught:
        stack.enter_context(running())
    name = list(SERVICES)[4]
    assert (
        str(caught.value) == f"the service {name} cannot listen on 127.0.0.1: Too many open files"
    )
    assert list(tmp_path.iterdir()) == []
    assert belongings() == before


def test_plain_listeners_that_cannot_start_leave_the_encrypted_ones_alone(
    store: CertificateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with BackgroundLoop() as loop:
        endpoint = Endpoint(loop, store, lambda _service, _exchange: None)
        before, urls = belongings(), endpoint.urls()
        with monkeypatch.context() as patched:
            _fail_at(patched, 3)
            with pytest.raises(ListenError):
                endpoint.urls(tls=False)
        assert belongings() == before
        assert endpoint.urls() == urls
        assert endpoint.urls(tls=False).keys() == urls.keys()
        endpoint.close()


def test_a_store_that_cannot_be_written_is_one_sentence_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("trustme.Blob.write_to_path", full)
    before = belongings()
    with (
        ExitStack() as stack,
        pytest.raises(CertificateStoreError, match=r"No space left on device$"),
    ):
        stack.enter_context(running())
    assert list(tmp_path.iterdir()) == []
    assert belongings() == before


def test_what_a_service_raises_is_raised_by_check_and_everything_is_closed(
    store: CertificateStore,
) -> None:
    failed: set[str] = set()

    def route(service: str, _exchange: object) -> None:
        if service not in failed:
            failed.add(service)
            raise LookupError("no route")

    before = belongings()
    with BackgroundLoop() as loop:
        endpoint = Endpoint(loop, store, route)
        urls = endpoint.urls()
        for name in ("bedrock", "sts"):
            assert send(urls[name], "/", {}, ca=store.ca_file).status == 500
        with pytest.raises(LookupError, match="no route"):
            endpoint.check()
        with pytest.raises(LookupError, match="no route"):
            endpoint.close()
        endpoint.close()
    assert belongings() == before
