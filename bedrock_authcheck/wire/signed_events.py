"""Events of a request's stream, each signed by itself, in a chain that the request begins.

A signed event is a message with the headers `:date` and `:chunk-signature` whose payload is the
message that it carries; an empty one ends the stream. What is signed is, line by line, the
algorithm, the date, the scope, the signature before it (first that of the request), and the
hashes of the other headers and of the payload.
Source: Amazon Transcribe developer guide, "Setting up a streaming transcription".
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from bedrock_authcheck.model import AwsCredential, SignatureCheck, SignaturePart
from bedrock_authcheck.wire.eventstream import EventStreamError, MessageReader
from bedrock_authcheck.wire.findings import counted
from bedrock_authcheck.wire.sigv4 import (
    LARGEST_SKEW,
    STREAMED_EVENTS,
    scope_text,
    signing_key,
)
from bedrock_authcheck.wire.sigv4_fields import TIMESTAMP_FORMAT, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bedrock_authcheck.model import CredentialScope, Evidence, Exchange
    from bedrock_authcheck.wire.eventstream import Message

DATE: Final = ":date"
SIGNATURE: Final = ":chunk-signature"
_ALGORITHM: Final = "AWS4-HMAC-SHA256-PAYLOAD"


class _Seed(NamedTuple):
    """What the chain begins with: the request's scope, date and signature."""

    scope: CredentialScope
    signature: str
    signed_at: datetime | None


class EventChain:
    """Verifies the events of one request as they arrive; the first fault ends the chain.

    `problem` says what is wrong, free of secrets, and is empty while nothing is; `mixed` is true
    where another credential's secret signed the event.
    """

    def __init__(
        self, evidence: Evidence, credential: AwsCredential, others: Iterable[AwsCredential] = ()
    ) -> None:
        """Begin with a request's signature; ValueError where it has none or no scope.

        `others` are credentials whose secret may have been mixed in.
        """
        if evidence.scope is None or evidence.signature is None:
            msg = "a chain begins with a signed request"
            raise ValueError(msg)
        self.problem = ""
        self.mixed = False
        self._seed = _Seed(evidence.scope, evidence.signature, timestamp(evidence.amz_date))
        self._credential = credential
        self._others = tuple(others)
        self._signatures = [evidence.signature]
        self._reader = MessageReader()
        self._ended = False

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes as they arrive; return what each event carried whose signature holds."""
        carried: list[bytes] = []
        if self.problem:
            return carried
        try:
            for message in self._reader.feed(data):
                if text := self._fault(message):
                    self._fail(text)
                    break
                self._ended = not message.payload
                carried += [message.payload] if message.payload else []
        except EventStreamError:
            self._fail("it is no message of an event stream, or was changed on its way")
        return carried

    def end(self) -> str:
        """Say what is wrong with a stream that ends here; empty if nothing is."""
        if not self.problem and (rest := len(self._reader.rest)):
            self._fail(f"the stream ends within it, after {counted(rest, 'byte')}")
        if not self.problem and not self._ended:
            self._fail("the stream ends without it: the last one must be empty, and signed")
        return self.problem

    def _fail(self, text: str) -> None:
        self.problem = f"event {len(self._signatures)}: {text}"

    def _fault(self, message: Message) -> str:
        """Say what is wrong with the next event; a right one is counted."""
        if self._ended:
            return "sent after the empty one that ends the stream"
        signature, date = message.headers.get(SIGNATURE), message.headers.get(DATE)
        if not isinstance(signature, bytes):
            return f"it carries no {SIGNATURE}"
        if not isinstance(date, datetime):
            return f"it carries no {DATE}"
        early = self._seed.signed_at
        if early is not None and date < early - LARGEST_SKEW:
            return f"its {DATE} is {early - date} before the request's"
        seen = signature.hex()
        if not self._matches(message, date, seen, self._signatures[-1], self._credential):
            return self._explained(message, date, seen)
        self._signatures.append(seen)
        return ""

    def _matches(
        self, message: Message, date: datetime, seen: str, prior: str, credential: AwsCredential
    ) -> bool:
        """Whether a secret and a signature before it give that of an event."""
        amz_date = date.astimezone(UTC).strftime(TIMESTAMP_FORMAT)
        scope = replace(self._seed.scope, date=amz_date[:8])  # a stream may pass midnight
        headers = b"".join(
            encoded for name, encoded in message.encoded.items() if name != SIGNATURE
        )
        hashes = (hashlib.sha256(part).hexdigest() for part in (headers, message.payload))
        text = "\n".join((_ALGORITHM, amz_date, scope_text(scope), prior, *hashes))
        key = signing_key(credential.secret, scope)
        expected = hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256").hex()
        return hmac.compare_digest(expected, seen)

    def _explained(self, message: Message, date: datetime, seen: str) -> str:
        """Say which known way of breaking the chain gives the signature received."""
        title = self._credential.source.title
        for other in self._others:
            if self._matches(message, date, seen, self._signatures[-1], other):
                self.mixed = True
                return f"signed with the secret of {other.source.title}, not with that of {title}"
        for number, earlier in enumerate(self._signatures[:-1]):
            if self._matches(message, date, seen, earlier, self._credential):
                after = f"event {number}" if number else "the request"
                return f"signed as if it came right after {after}"
        return (
            "its signature does not match what came before it: it was changed, an event before it "
            "is missing, or it belongs to another chain"
        )


def with_events(
    check: SignatureCheck,
    exchange: Exchange,
    evidence: Evidence,
    credential: AwsCredential,
    others: Iterable[AwsCredential] = (),
) -> SignatureCheck:
    """Add what is wrong with the signed events of a request whose own signature holds.

    Of a request that is not complete the events received are verified, and no end is demanded.
    """
    streamed = evidence.payload_hash == STREAMED_EVENTS
    if not streamed or not check.valid or check.differs is not None:
        return check
    chain = EventChain(evidence, credential, others)
    chain.feed(exchange.body)
    problem = chain.end() if exchange.complete else chain.problem
    part = SignaturePart.SECRET if chain.mixed else SignaturePart.EVENTS
    return replace(check, differs=part, text=problem) if problem else check
