"""InvokeModelWithBidirectionalStream, which boto3 does not offer: a small client of its own."""

from __future__ import annotations

import os
import ssl
from configparser import RawConfigParser
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bedrock_authcheck.clients.contract import Call, CallResult, ClientSettings, Stage
from bedrock_authcheck.model import AwsCredential, CredentialSource
from bedrock_authcheck.wire.eventstream import decode_messages, encode_message
from tests.services.http2_client import Http2Client
from tests.signed_stream import BIDIRECTIONAL, STREAMED, EventSigner, chunk_event, framed, seed_of
from tests.simulated import sigv4_headers
from tests.suite.wrong_clients.registry import wrong_client
from tests.suite.wrong_clients.seams import TOKEN_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LIMIT_1 = "limit::bedrock-runtime.InvokeModelWithBidirectionalStream"
_ALONE = "bidirectional::environment-temporary"
_EVENT = chunk_event(b'{"event": {"sessionStart": {}}}')


class BidirectionalClient:
    """Opens a stream signed by the environment's keys, or none, and sends two signed events."""

    name = "bidirectional"
    version = "1"
    in_process = False

    def not_offered(self, call: Call, _: ClientSettings) -> str | None:
        """It offers this one operation."""
        offered = call.operation == "InvokeModelWithBidirectionalStream"
        return None if offered else f"no {call.operation}"

    def connect(self, *_: object) -> BidirectionalClient:
        """It keeps nothing between calls."""
        return self

    def prepare(self, _: Stage) -> None:
        """Nothing is made before a call."""

    def shown(self) -> Mapping[str, str]:
        """Nothing was made that could present itself."""
        return {}

    def close(self) -> None:
        """Nothing to close."""

    def call(self, _: Call) -> CallResult:
        """Send all events, end the request, and read the answer to its end."""
        host = urlsplit(os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"]).netloc
        headers = self.headers(host)
        if headers is None:
            return CallResult(ok=False, error_type="NoCredentials", error="no credentials")
        context = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])
        context.set_alpn_protocols(["h2"])
        with Http2Client(int(host.rpartition(":")[2]), tls=context) as client:
            stream = client.h2.get_next_available_stream_id()
            pseudo = {":method": "POST", ":scheme": "https", ":authority": host}
            head = {**pseudo, ":path": BIDIRECTIONAL, **headers}
            client.h2.send_headers(stream, [(name.lower(), head[name]) for name in head])
            for event in self.events(headers):
                client.h2.send_data(stream, event)
            client.h2.end_stream(stream)
            client.flush()
            status, body = client.answer(stream)
        if status != 200:
            return CallResult(ok=False, error_type=str(status), error=body.decode())
        for message in decode_messages(body)[0]:
            if message.headers[":message-type"] == "error":
                return CallResult(
                    ok=False,
                    error_type=str(message.headers[":error-code"]),
                    error=str(message.headers[":error-message"]),
                )
        return CallResult(ok=True)

    def headers(self, host: str) -> Mapping[str, str] | None:
        """The headers that authenticate; None where there is nothing to do it with."""
        credential = _keys()
        if credential is None:
            return None
        region = os.environ["AWS_REGION"]
        return sigv4_headers(credential, host, BIDIRECTIONAL, region=region, payload_hash=STREAMED)

    def events(self, headers: Mapping[str, str]) -> Iterator[bytes]:
        """The events of a request with these headers, as they are sent."""
        credential = _keys()
        if credential is not None and "X-Amz-Date" in headers:
            signer = EventSigner(credential, seed_of(headers), os.environ["AWS_REGION"])
            yield from self.signed(signer)

    def signed(self, signer: EventSigner) -> Iterator[bytes]:
        """Two events and the end, signed in their order."""
        yield signer.event(_EVENT)
        yield signer.event(_EVENT)
        yield signer.end()


def _keys() -> AwsCredential | None:
    if "AWS_ACCESS_KEY_ID" not in os.environ:
        return None
    return AwsCredential(
        CredentialSource.ENVIRONMENT,
        os.environ["AWS_ACCESS_KEY_ID"],
        os.environ["AWS_SECRET_ACCESS_KEY"],
        os.environ.get("AWS_SESSION_TOKEN"),
    )


@wrong_client(
    {
        f"{_LIMIT_1}-bearer": "LIMIT-1 LIMIT-5",
        f"{_LIMIT_1}-bearer+environment+shared": "LIMIT-1 LIMIT-4",
        "bidirectional::short-term-bearer": "LIMIT-1 LIMIT-5",
        "bidirectional::bearer+environment": "LIMIT-1 LIMIT-4",
        "bidirectional::bearer+environment-asks-bearer-by-signature-version": "LIMIT-7",
        "bidirectional::bearer+environment-environment-asks-bearer": "LIMIT-1",
        "bidirectional::bearer+environment-asks-sigv4-by-auth-scheme-preference": "LIMIT-1 PREF-1",
    },
    honest=BidirectionalClient,
)
class BidirectionalByToken(BidirectionalClient):
    """Opens a bidirectional stream with the token."""

    def headers(self, _: str) -> Mapping[str, str]:
        """The token, which the operation does not take."""
        return {"Authorization": f"Bearer {os.environ[TOKEN_VARIABLE]}"}


@wrong_client(
    {
        f"{_LIMIT_1}-bearer+environment+shared": "LIMIT-1",
        "bidirectional::bearer+environment": "LIMIT-1",
    },
    honest=BidirectionalClient,
)
class BidirectionalWithTokenBeside(BidirectionalClient):
    """Signs a bidirectional stream, and sends the token beside the signature."""

    def headers(self, host: str) -> Mapping[str, str]:
        """The signature and the token."""
        return {**(super().headers(host) or {}), "X-Api-Key": os.environ[TOKEN_VARIABLE]}


@wrong_client({"bidirectional::none": "CHAIN-2"}, honest=BidirectionalClient)
class BidirectionalUnsigned(BidirectionalClient):
    """Opens a bidirectional stream unsigned where there is nothing to sign it with."""

    def headers(self, _: str) -> Mapping[str, str]:
        """Nothing that authenticates."""
        return {"Content-Type": "application/vnd.amazon.eventstream"}


@wrong_client({_ALONE: "AUTH-3"}, honest=BidirectionalClient)
class EventChanged(BidirectionalClient):
    """Changes an event of a stream after it was signed."""

    def signed(self, signer: EventSigner) -> Iterator[bytes]:
        """The headers of one event, and what another carries."""
        (event,), _ = decode_messages(signer.event(_EVENT))
        yield framed(b"".join(event.encoded.values()), chunk_event(b"another"))
        yield signer.end()


@wrong_client({_ALONE: "AUTH-3"}, honest=BidirectionalClient)
class EventLeftOut(BidirectionalClient):
    """Signs an event of a stream and does not send it."""

    def signed(self, signer: EventSigner) -> Iterator[bytes]:
        """The second of three."""
        first, _, end = super().signed(signer)
        yield from (first, end)


@wrong_client({_ALONE: "AUTH-3"}, honest=BidirectionalClient)
class EventsEachSignedAlone(BidirectionalClient):
    """Signs each event of a stream as if it were the first."""

    def signed(self, signer: EventSigner) -> Iterator[bytes]:
        """No event knows the signature before it."""
        seed = signer.prior
        for payload in (_EVENT, _EVENT, b""):
            yield replace(signer, prior=seed).event(payload)


@wrong_client({_ALONE: "AUTH-3"}, honest=BidirectionalClient)
class EventsUnsigned(BidirectionalClient):
    """Signs the head of a stream, and none of its events."""

    def signed(self, _: EventSigner) -> Iterator[bytes]:
        """The event as it is."""
        yield _EVENT


@wrong_client({_ALONE: "AUTH-3"}, honest=BidirectionalClient)
class StreamEndUnsigned(BidirectionalClient):
    """Ends a stream without a signed event that says so."""

    def signed(self, signer: EventSigner) -> Iterator[bytes]:
        """All but the last, which is empty and bare."""
        *events, _ = super().signed(signer)
        yield from (*events, encode_message({}, b""))


@wrong_client({_ALONE: "AUTH-3"}, honest=BidirectionalClient)
class StreamEndMissing(BidirectionalClient):
    """Ends the request of a stream behind an event like any other."""

    def signed(self, signer: EventSigner) -> Iterator[bytes]:
        """All but the last."""
        *events, _ = super().signed(signer)
        yield from events


@wrong_client(
    {"bidirectional::bearer+environment+shared": "AUTH-3 CHAIN-3"}, honest=BidirectionalClient
)
class EventsByAnotherLevel(BidirectionalClient):
    """Signs the head of a stream by the variables, and its events by the shared file's secret."""

    def signed(self, signer: EventSigner) -> Iterator[bytes]:
        """The secret of the level below."""
        file = RawConfigParser()
        file.read(os.environ["AWS_SHARED_CREDENTIALS_FILE"], encoding="utf-8")
        shared = replace(signer.credential, secret=file["default"]["aws_secret_access_key"])
        return super().signed(replace(signer, credential=shared))
