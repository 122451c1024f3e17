"""Many streams at once, and the windows that hold them back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from h2.errors import ErrorCodes
from h2.events import SettingsAcknowledged
from h2.settings import SettingCodes

from bedrock_authcheck.services import limits
from bedrock_authcheck.services.http import Answer

from .http2_client import POST, Http2Client
from .recorder import Recorder, wait_until

if TYPE_CHECKING:
    from bedrock_authcheck.services.listener import Listener


def test_many_streams_run_at_once(http2: Http2Client, service: Recorder) -> None:
    http2.until(SettingsAcknowledged)
    assert http2.h2.remote_settings.max_concurrent_streams >= 250
    streams = []
    for _ in range(250):
        stream = http2.h2.get_next_available_stream_id()
        http2.h2.send_headers(stream, POST)
        streams.append(stream)
    http2.flush()
    wait_until(lambda: len(service.heads) == 250)
    for stream in reversed(streams):
        http2.h2.send_data(stream, b"%d" % stream, end_stream=True)
    http2.flush()
    assert {http2.answer(stream) for stream in streams} == {(200, b'{"ok":true}')}
    assert [seen.body for seen in service.exchanges] == [b"%d" % n for n in reversed(streams)]
    assert len({seen.number for seen in service.exchanges}) == 250
    assert len({seen.connection for seen in service.exchanges}) == 1


def test_a_slow_answer_does_not_hold_up_another(http2: Http2Client, service: Recorder) -> None:
    service.programmed = Answer(delay=3600)
    http2.request()
    wait_until(lambda: len(service.exchanges) == 1)
    service.programmed = Answer(body=b"quick")
    assert http2.answer(http2.request()) == (200, b"quick")


def test_a_large_answer_waits_for_the_windows(listener: Listener, service: Recorder) -> None:
    body = bytes(range(256)) * 1024
    service.programmed = Answer(body=body)
    with Http2Client(listener.port, acknowledging=False) as client:
        stream = client.request()
        while len(client.bodies[stream]) < 65535:
            assert client.read()
        assert len(client.bodies[stream]) == 65535
        other = client.request()  # answered with nothing: the window is the connection's too
        client.headers(other)
        assert client.bodies[other] == b""
        client.h2.increment_flow_control_window(2**30)
        client.h2.increment_flow_control_window(2**30, stream)
        client.h2.increment_flow_control_window(2**30, other)
        client.flush()
        assert client.answer(stream) == (200, body)
        assert client.answer(other) == (200, body)


def test_windows_follow_the_settings_of_the_client(http2: Http2Client, service: Recorder) -> None:
    http2.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 0})
    http2.flush()
    http2.until(SettingsAcknowledged)
    service.programmed = Answer(body=b"a" * 100_000)
    stream = http2.request()
    http2.headers(stream)
    assert http2.bodies[stream] == b""
    http2.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 200_000})
    http2.flush()
    assert http2.answer(stream) == (200, b"a" * 100_000)


def test_a_large_body_gets_its_window_back(http2: Http2Client, service: Recorder) -> None:
    http2.until(SettingsAcknowledged)
    size = 2 * limits.STREAM_WINDOW_BYTES + 12345
    stream = http2.h2.get_next_available_stream_id()
    http2.h2.send_headers(stream, POST)
    left = size
    while left:
        room = min(
            left,
            http2.h2.local_flow_control_window(stream),
            http2.h2.max_outbound_frame_size,
        )
        if not room:
            assert http2.read()
            continue
        left -= room
        http2.h2.send_data(stream, b"a" * room, end_stream=not left)
        http2.flush()
    assert http2.answer(stream) == (200, b'{"ok":true}')
    assert service.only.body == b"a" * size


def test_a_stream_reset_by_the_client_is_answered_no_more(
    http2: Http2Client, service: Recorder
) -> None:
    service.programmed = Answer(body=b"a" * 200_000)
    http2.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 10})
    http2.flush()
    http2.until(SettingsAcknowledged)
    stream = http2.request()
    http2.headers(stream)
    http2.h2.reset_stream(stream, ErrorCodes.CANCEL)
    http2.flush()
    service.programmed = Answer(body=b"next")
    assert http2.answer(http2.request()) == (200, b"next")
