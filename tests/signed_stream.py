"""Events that are signed as SDKs sign them, and a bidirectional stream over HTTP/2 to send them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zlib import crc32

from bedrock_authcheck.model import CredentialScope
from bedrock_authcheck.wire.eventstream import encode_message
from bedrock_authcheck.wire.sigv4 import scope_text, signing_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_authcheck.model import AwsCredential

STREAMED = "STREAMING-AWS4-HMAC-SHA256-EVENTS"
BIDIRECTIONAL = "/model/simulated.model-v1%3A0/invoke-with-bidirectional-stream"


def framed(headers: bytes, payload: bytes) -> bytes:
    """A message whose headers are encoded already."""
    lengths = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    whole = lengths + struct.pack(">I", crc32(lengths)) + headers + payload
    return whole + struct.pack(">I", crc32(whole))


def timestamp_header(name: bytes, when: datetime) -> bytes:
    """A header of type 8."""
    milliseconds = int(when.timestamp() * 1000)
    return struct.pack(">B", len(name)) + name + struct.pack(">Bq", 8, milliseconds)


def bytes_header(name: bytes, value: bytes) -> bytes:
    """A header of type 6."""
    return struct.pack(">B", len(name)) + name + struct.pack(">BH", 6, len(value)) + value


def chunk_event(content: bytes) -> bytes:
    """An event as InvokeModelWithBidirectionalStream has it, not signed yet."""
    headers = {
        ":event-type": "chunk",
        ":content-type": "application/json",
        ":message-type": "event",
    }
    payload = json.dumps({"bytes": base64.b64encode(content).decode()}).encode()
    return encode_message(headers, payload)


def seed_of(headers: Mapping[str, str]) -> str:
    """The signature in the Authorization header of a request."""
    return headers["Authorization"].rpartition("Signature=")[2]


@dataclass
class EventSigner:
    """Signs events one after the other, each with the signature before it."""

    credential: AwsCredential
    prior: str
    region: str
    service: str = "bedrock"
    when: datetime | None = None
    signed: list[bytes] = field(default_factory=list)

    def event(self, payload: bytes, *extra: bytes) -> bytes:
        """Sign what an event carries; `extra` are headers that are signed with it."""
        when = self.when or datetime.now(UTC)
        amz_date = f"{when:%Y%m%dT%H%M%SZ}"
        scope = CredentialScope(amz_date[:8], self.region, self.service)
        headers = b"".join((timestamp_header(b":date", when), *extra))
        text = "\n".join(
            (
                "AWS4-HMAC-SHA256-PAYLOAD",
                amz_date,
                scope_text(scope),
                self.prior,
                hashlib.sha256(headers).hexdigest(),
                hashlib.sha256(payload).hexdigest(),
            )
        )
        key = signing_key(self.credential.secret, scope)
        signature = hmac.digest(key, text.encode(), "sha256")
        self.prior = signature.hex()
        self.signed.append(framed(headers + bytes_header(b":chunk-signature", signature), payload))
        return self.signed[-1]

    def end(self) -> bytes:
        """Sign the empty event that ends a stream."""
        return self.event(b"")
