"""Any bytes that a client sends: answered or dropped, and nothing of ours raises."""

from __future__ import annotations

import socket
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Final
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest
from hypothesis import strategies as st

from bedrock_authcheck.model import AuthScheme
from bedrock_authcheck.services import endpoint as endpoint_module
from bedrock_authcheck.services.authorization import authorize
from bedrock_authcheck.services.frames import PREFACE
from bedrock_authcheck.services.ledger import Ledger
from bedrock_authcheck.strategies import authorizations
from tests.properties.hunting import caught, holds
from tests.services.recorder import PATIENCE

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

    from bedrock_authcheck.services.authorization import Denial
    from bedrock_authcheck.wire.attribution import Observation
    from tests.simulated import Services

PIECES: Final = st.sampled_from(
    [
        *(b"GET ", b"POST ", b"PRI * ", b"/", b"/model/m/converse", b" HTTP/1.1", b" HTTP/2.0"),
        *(b"\r\n", b"\n", b"\r", b"\r\n\r\n", b" ", b"\t", b":", b"\0", b"\xff", b"%"),
        *(b"Host: a\r\n", b"Content-Length: 5\r\n", b"Content-Length: 05, 5\r\n", b"hello"),
        *(b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n", b"0\r\n\r\n", b"fffffffff\r\n"),
        *(b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"Upgrade: h2c\r\n"),
        *(PREFACE, PREFACE[:9], b"\x00\x00\x00\x04\x00\x00\x00\x00\x00", b"\x00\x00\x01\x01\x05"),
        b"\x00\x00\x08\x06\x00\x00\x00\x00\x00abcdefgh",
    ]
)


@st.composite
def requests(draw: DrawFn) -> bytes:
    """Draw a request that is one but for its Authorization."""
    value = draw(authorizations()).encode("utf-8", "surrogatepass")
    return b"GET /foundation-models HTTP/1.1\r\nHost: a\r\nAuthorization: " + value + b"\r\n\r\n"


SENT: Final = st.one_of(
    st.binary(max_size=100),
    st.lists(PIECES | st.binary(max_size=5), max_size=15).map(b"".join),
    requests(),
    st.tuples(st.just(PREFACE), st.binary(max_size=60)).map(b"".join),
)


def check_it_is_survived(services: Services, data: bytes) -> None:
    port = urlsplit(services.endpoint.urls(tls=False)["bedrock"]).port
    ledger = services.endpoint.open(Ledger())
    with closing(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):  # dropped while it was sending still
            while client.recv(65_536):
                pass
    services.endpoint.check()
    # What was taken for a request was answered, if only by a refusal.
    assert all(seen.exchange.status for seen in ledger.observations)


@pytest.mark.hypothesis
def test_any_bytes_are_survived(services: Services) -> None:
    holds(check_it_is_survived, services, data=SENT)


def test_a_service_that_does_not_know_what_to_do_with_a_scheme_is_caught(
    services: Services,
) -> None:
    def wrong(seen: Observation, *, accepts_api_key: bool, region: str | None) -> Denial | None:
        assert seen.evidence.scheme is not AuthScheme.UNRECOGNISED
        return authorize(seen, accepts_api_key=accepts_api_key, region=region)

    with patch.object(endpoint_module, "authorize", wrong):
        caught(check_it_is_survived, services, data=SENT)
