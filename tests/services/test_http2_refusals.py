"""HTTP/2 that breaks off, is malformed, is too large, or meets a service that fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, SettingsAcknowledged
from hyperframe.frame import ContinuationFrame, HeadersFrame

from bedrock_authcheck.services import limits
from bedrock_authcheck.services.http import DuplexAnswer
from bedrock_authcheck.services.listener import Listener

from .http2_client import GET, POST, Http2Client
from .recorder import Recorder, echo, leave_rudely, wait_until

if TYPE_CHECKING:
    from bedrock_authcheck.services.loop import BackgroundLoop


@pytest.mark.parametrize("how", ["stream", "connection", "rudely"])
def test_a_request_broken_off_is_recorded(http2: Http2Client, service: Recorder, how: str) -> None:
    http2.h2.send_headers(1, (*POST, ("x-one", "1")))
    http2.h2.send_data(1, b"half")
    http2.flush()
    wait_until(lambda: len(service.heads) == 1)
    if how == "stream":
        http2.h2.reset_stream(1, ErrorCodes.CANCEL)
        http2.flush()
    elif how == "connection":
        http2.socket.close()
    else:
        leave_rudely(http2.socket)
    seen = service.only
    assert not seen.complete
    assert seen.header_values("x-one") == ["1"]
    assert seen.number == service.heads[0].number
    if how == "stream":
        assert seen.body == b"half"
        assert http2.answer(http2.request()) == (200, b'{"ok":true}')


@pytest.mark.parametrize("missing", [":method", ":path"])
def test_a_request_without_its_pseudo_headers_is_400(
    http2: Http2Client, service: Recorder, missing: str
) -> None:
    stream = http2.request(tuple(pair for pair in GET if pair[0] != missing))
    assert http2.answer(stream)[0] == 400
    assert (service.only.complete, service.only.status) == (False, 400)


def test_what_h2_rejects_is_recorded_as_far_as_it_was_read(
    http2: Http2Client, service: Recorder
) -> None:
    http2.request((*GET, ("content-length", "many"), ("authorization", "Bearer fake")))
    terminated = http2.until(ConnectionTerminated)
    assert terminated.error_code == ErrorCodes.PROTOCOL_ERROR
    assert (service.only.complete, service.only.target) == (False, "/")
    assert service.only.header_values("authorization") == ["Bearer fake"]


def test_headers_that_cannot_be_decompressed_are_recorded_as_nothing_read(
    http2: Http2Client, service: Recorder
) -> None:
    http2.flush(HeadersFrame(1, b"\xff\xff\xff\xff\xff", flags=["END_HEADERS"]))
    http2.until(ConnectionTerminated)
    assert (service.only.complete, service.only.method, service.only.headers) == (False, "", ())


def test_a_rejected_frame_is_not_taken_for_the_request_before_it(
    http2: Http2Client, service: Recorder
) -> None:
    http2.answer(http2.request((*GET, ("authorization", "Bearer fake"))))
    http2.flush(ContinuationFrame(3, b"", flags=["END_HEADERS"]))
    http2.until(ConnectionTerminated)
    first, rejected = service.exchanges
    assert (first.complete, rejected.complete) == (True, False)
    assert (rejected.method, rejected.headers) == ("", ())


def test_a_body_of_another_length_breaks_off_the_request_of_the_same_write(
    http2: Http2Client, service: Recorder
) -> None:
    http2.h2.send_headers(1, (*POST, ("content-length", "3")))
    http2.h2.send_data(1, b"four", end_stream=True)
    http2.flush()
    http2.until(ConnectionTerminated)
    assert (service.only.complete, service.only.target) == (False, "/")


def test_headers_up_to_the_limit_are_taken(http2: Http2Client, service: Recorder) -> None:
    http2.until(SettingsAcknowledged)
    assert http2.h2.remote_settings.max_header_list_size == limits.MAX_HEADER_BYTES
    value = "a" * (limits.MAX_HEADER_BYTES - 1000)
    assert http2.answer(http2.request((*GET, ("x", value))))[0] == 200
    assert service.only.header_values("x") == [value]


def test_headers_over_the_limit_are_431_and_the_connection_lives(
    http2: Http2Client, service: Recorder
) -> None:
    http2.until(SettingsAcknowledged)
    stream = http2.request((*POST, ("x", "a" * limits.MAX_HEADER_BYTES)), b"body")
    assert http2.answer(stream)[0] == 431
    assert (service.only.complete, service.only.status) == (False, 431)
    assert http2.answer(http2.request()) == (200, b'{"ok":true}')


@pytest.mark.parametrize("duplex", [False, True])
def test_a_body_over_the_limit_is_413(
    http2: Http2Client, service: Recorder, monkeypatch: pytest.MonkeyPatch, *, duplex: bool
) -> None:
    monkeypatch.setattr(limits, "MAX_BODY_BYTES", 1000)
    service.duplex = DuplexAnswer(echo) if duplex else None
    http2.h2.send_headers(1, POST)
    http2.h2.send_data(1, b"a" * 1001)
    http2.flush()
    if duplex:
        assert http2.reset(1) == ErrorCodes.ENHANCE_YOUR_CALM
    else:
        assert http2.answer(1)[0] == 413
        assert http2.reset(1) == ErrorCodes.NO_ERROR
    assert (service.only.complete, service.only.status) == (False, 413)


def test_a_service_that_raises_is_answered_500(
    loop: BackgroundLoop, service: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise LookupError("told")

    for name in ("begin", "answer"):
        with monkeypatch.context() as patch, Listener(service, loop) as listener:
            patch.setattr(service, name, fail)
            with Http2Client(listener.port) as client:
                assert client.answer(client.request(POST, b"body"))[0] == 500
            with pytest.raises(LookupError, match="told"):
                listener.check()
