from __future__ import annotations

import base64
import json
import ssl
from urllib.parse import urlsplit

import pytest
from h2.events import DataReceived, StreamEnded

from bedrock_authcheck.model import CredentialSource, SignatureCheck, SignaturePart
from bedrock_authcheck.services.ledger import Ledger
from bedrock_authcheck.services.steps import (
    throttle,
)
from bedrock_authcheck.wire.attribution import Keyring
from bedrock_authcheck.wire.eventstream import Message, decode_messages, encode_message
from tests.signed_stream import BIDIRECTIONAL, STREAMED, EventSigner, chunk_event, seed_of
from tests.simulated import (
    REGION,
    Services,
    aws_canary,
    sigv4_headers,
    token_canary,
)

from .http2_client import Http2Client
from .recorder import wait_until

TOKEN = token_canary(CredentialSource.BEARER)
LONG_TERM = aws_canary(CredentialSource.SHARED, temporary=False)
TEMPORARY = aws_canary(CredentialSource.ENVIRONMENT)
BEARER = {"Authorization": f"Bearer {TOKEN.value}"}


@pytest.fixture
def ledger(services: Services) -> Ledger:
    return services.endpoint.open(Ledger(Keyring((TOKEN, LONG_TERM, TEMPORARY)), REGION))


def _stream_headers(services: Services, headers: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return (
        (":method", "POST"),
        (":scheme", "https"),
        (":authority", services.host()),
        (":path", BIDIRECTIONAL),
        *((name.lower(), value) for name, value in headers.items()),
    )


def _signed(services: Services) -> tuple[dict[str, str], EventSigner]:
    """The head of a stream, and who signs its events."""
    headers = sigv4_headers(TEMPORARY, services.host(), BIDIRECTIONAL, payload_hash=STREAMED)
    return headers, EventSigner(TEMPORARY, seed_of(headers), REGION)


def _http2(services: Services) -> Http2Client:
    trust = ssl.create_default_context(cafile=str(services.endpoint.ca_bundle))
    trust.set_alpn_protocols(["h2"])
    port = urlsplit(services.endpoint.urls()["bedrock-runtime"]).port
    return Http2Client(port or 0, tls=trust)


def test_a_bidirectional_stream_answers_while_it_is_sent(
    services: Services, ledger: Ledger
) -> None:
    headers, signer = _signed(services)
    ledger.program("bedrock-runtime", throttle())  # for the next request that ends unanswered
    with _http2(services) as client:
        stream = client.h2.get_next_available_stream_id()
        client.h2.send_headers(stream, _stream_headers(services, headers))
        answers: list[Message] = []
        events = [chunk_event(b"x" * size) for size in (3, 30)]
        for event in events:
            client.h2.send_data(stream, signer.event(event))
            client.flush()
            client.until_body(stream, b"")
            while not (messages := decode_messages(client.bodies[stream]))[0][len(answers) :]:
                assert client.read()
            answers = messages[0]
        (open_yet,) = ledger.observations
        client.h2.send_data(stream, signer.end(), end_stream=True)
        client.flush()
        client.until(StreamEnded)
        assert client.headers(stream)[b":status"] == b"200"
        kind = client.headers(stream)[b"content-type"]
        wait_until(lambda: ledger.observations[0].exchange.body != b"")
    assert kind == b"application/vnd.amazon.eventstream"
    told = [base64.b64decode(json.loads(message.payload)["bytes"]) for message in answers]
    assert told == [b'{"bytes": %d}' % len(event) for event in events]
    assert answers[0].headers[":message-type"] == "event"
    (seen,) = ledger.observations
    assert open_yet.exchange.number == seen.exchange.number
    assert (seen.source, seen.exchange.status) == (CredentialSource.ENVIRONMENT, 200)
    assert seen.signature == SignatureCheck(valid=True)
    assert not open_yet.exchange.complete
    assert seen.exchange.complete
    assert ledger.next_step("bedrock-runtime") is not None


def test_a_wrong_event_is_refused_when_it_comes(services: Services, ledger: Ledger) -> None:
    headers, signer = _signed(services)
    with _http2(services) as client:
        stream = client.h2.get_next_available_stream_id()
        client.h2.send_headers(stream, _stream_headers(services, headers))
        client.h2.send_data(stream, signer.event(chunk_event(b"right")) + chunk_event(b"unsigned"))
        client.flush()
        status, body = client.answer(stream)
        (told,) = ledger.observations  # before its sender has ended anything
        client.h2.send_data(stream, signer.event(chunk_event(b"too late")), end_stream=True)
        client.flush()
        wait_until(lambda: ledger.observations[0].exchange.complete)
    answers, rest = decode_messages(body)
    assert (status, rest) == (200, b"")
    assert [message.headers[":message-type"] for message in answers] == ["event", "error"]
    assert answers[1].headers[":error-code"] == "InvalidSignatureException"
    assert "signature we calculated" in str(answers[1].headers[":error-message"])
    for seen in (told, *ledger.observations):
        assert seen.exchange.status == 200
        assert seen.signature is not None
        assert seen.signature.differs is SignaturePart.EVENTS
        assert seen.signature.text == "event 2: it carries no :chunk-signature"


def test_a_stream_without_a_signed_end_is_answered_and_told(
    services: Services, ledger: Ledger
) -> None:
    headers, signer = _signed(services)
    with _http2(services) as client:
        stream = client.h2.get_next_available_stream_id()
        client.h2.send_headers(stream, _stream_headers(services, headers))
        client.h2.send_data(stream, signer.event(chunk_event(b"right")), end_stream=True)
        client.flush()
        status, body = client.answer(stream)
    assert (status, len(decode_messages(body)[0])) == (200, 1)
    (seen,) = ledger.observations
    assert seen.signature is not None
    assert seen.signature.text.startswith("event 2: the stream ends without it")


def test_a_stream_that_is_reset_is_verified_as_far_as_it_came(
    services: Services, ledger: Ledger
) -> None:
    headers, signer = _signed(services)
    with _http2(services) as client:
        stream = client.h2.get_next_available_stream_id()
        client.h2.send_headers(stream, _stream_headers(services, headers))
        client.h2.send_data(stream, signer.event(chunk_event(b"right")))
        client.flush()
        client.until(DataReceived)
        client.h2.reset_stream(stream)
        client.flush()
        wait_until(lambda: ledger.observations[0].exchange.body != b"")
    (seen,) = ledger.observations
    assert seen.signature == SignatureCheck(valid=True)
    assert not seen.exchange.complete


def test_events_that_were_not_announced_as_signed_are_no_part_of_the_signature(
    services: Services, ledger: Ledger
) -> None:
    headers = sigv4_headers(LONG_TERM, services.host(), BIDIRECTIONAL)
    with _http2(services) as client:
        stream = client.h2.get_next_available_stream_id()
        client.h2.send_headers(stream, _stream_headers(services, headers))
        client.h2.send_data(stream, chunk_event(b"bare") + b"GET / HTTP/1.1\r\n", end_stream=True)
        client.flush()
        client.answer(stream)
        wait_until(lambda: ledger.observations[0].exchange.complete)
    (seen,) = ledger.observations
    assert seen.signature is not None
    assert seen.signature.differs is SignaturePart.PAYLOAD_HASH


@pytest.mark.parametrize("ended", [True, False], ids=["ended", "still open"])
def test_a_bidirectional_stream_is_refused_to_a_token(
    services: Services, ledger: Ledger, ended: bool
) -> None:
    with _http2(services) as client:
        stream = client.h2.get_next_available_stream_id()
        client.h2.send_headers(stream, _stream_headers(services, BEARER), end_stream=ended)
        client.flush()
        status, body = client.answer(stream)
    assert status == 403
    assert json.loads(body) == {"Message": "This operation does not support API Keys"}
    (seen,) = ledger.observations
    assert (seen.source, seen.exchange.status) == (CredentialSource.BEARER, 403)


def test_a_stream_that_outlives_its_scenario_stays_in_its_ledger(
    services: Services, ledger: Ledger
) -> None:
    headers = sigv4_headers(LONG_TERM, services.host(), BIDIRECTIONAL)
    with _http2(services) as client:
        stream = client.h2.get_next_available_stream_id()
        client.h2.send_headers(stream, _stream_headers(services, headers))
        client.flush()
        client.headers(stream)
        later = services.endpoint.open(Ledger())
        client.h2.send_data(stream, encode_message({}, b"late"), end_stream=True)
        client.flush()
        client.answer(stream)
        wait_until(lambda: ledger.observations[0].exchange.body != b"")
    assert later.observations == ()
