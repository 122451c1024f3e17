from __future__ import annotations

import base64
import json
import ssl
from urllib.parse import urlsplit

import pytest
from h2.events import StreamEnded

from bedrock_authcheck.model import CredentialSource
from bedrock_authcheck.services.ledger import Ledger
from bedrock_authcheck.services.steps import (
    throttle,
)
from bedrock_authcheck.wire.attribution import Keyring
from bedrock_authcheck.wire.eventstream import Message, decode_messages, encode_message
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
BIDIRECTIONAL = "/model/simulated.model-v1%3A0/invoke-with-bidirectional-stream"


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


def _http2(services: Services) -> Http2Client:
    trust = ssl.create_default_context(cafile=str(services.endpoint.ca_bundle))
    trust.set_alpn_protocols(["h2"])
    port = urlsplit(services.endpoint.urls()["bedrock-runtime"]).port
    return Http2Client(port or 0, tls=trust)


def test_a_bidirectional_stream_answers_while_it_is_sent(
    services: Services, ledger: Ledger
) -> None:
    headers = sigv4_headers(
        TEMPORARY,
        services.host(),
        BIDIRECTIONAL,
        payload_hash="STREAMING-AWS4-HMAC-SHA256-EVENTS",
    )
    ledger.program("bedrock-runtime", throttle())  # for the next request that ends unanswered
    with _http2(services) as client:
        stream = client.h2.get_next_available_stream_id()
        client.h2.send_headers(stream, _stream_headers(services, headers))
        answers: list[Message] = []
        for size in (3, 5):
            client.h2.send_data(stream, encode_message({":event-type": "chunk"}, b"x" * size))
            client.flush()
            client.until_body(stream, b"")
            while not (messages := decode_messages(client.bodies[stream]))[0][len(answers) :]:
                assert client.read()
            answers = messages[0]
        (open_yet,) = ledger.observations
        client.h2.end_stream(stream)
        client.flush()
        client.until(StreamEnded)
        assert client.headers(stream)[b":status"] == b"200"
        kind = client.headers(stream)[b"content-type"]
        wait_until(lambda: ledger.observations[0].exchange.body != b"")
    assert kind == b"application/vnd.amazon.eventstream"
    told = [base64.b64decode(json.loads(message.payload)["bytes"]) for message in answers]
    assert told == [b'{"bytes": 3}', b'{"bytes": 5}']
    assert answers[0].headers[":message-type"] == "event"
    (seen,) = ledger.observations
    assert open_yet.exchange.number == seen.exchange.number
    assert (seen.source, seen.exchange.status) == (CredentialSource.ENVIRONMENT, 200)
    assert seen.signature is not None
    assert seen.signature.valid
    assert ledger.next_step("bedrock-runtime") is not None


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
