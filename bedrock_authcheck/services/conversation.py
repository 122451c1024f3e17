"""A stream in both directions, as a model that counts bytes would hold it: SIMULATED."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bedrock_authcheck.model import AwsCredential, SignatureCheck, SignaturePart
from bedrock_authcheck.services.answers import chunk, stream_error
from bedrock_authcheck.services.authorization import WRONG_SIGNATURE
from bedrock_authcheck.wire.eventstream import EventStreamError, MessageReader
from bedrock_authcheck.wire.signed_events import EventChain
from bedrock_authcheck.wire.sigv4 import STREAMED_EVENTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from bedrock_authcheck.wire.attribution import Observation


def conversation(
    observation: Observation, record: Callable[[Observation], None]
) -> Callable[[AsyncIterator[bytes]], AsyncIterator[bytes]]:
    """Answer each event of an authorised request by one that says how many bytes it carried.

    The first event whose signature is wrong is answered by an error, which ends the answer; it
    is given to `record` at once, since its sender may leave before the request has ended.
    """

    async def answered(incoming: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        chain = _chain(observation)
        async for part in incoming:
            for carried in chain.feed(part):
                yield chunk({"bytes": len(carried)})
            if chain.problem:
                wrong = SignatureCheck(valid=True, differs=SignaturePart.EVENTS, text=chain.problem)
                record(replace(observation, signature=wrong).answered(200))
                yield stream_error(WRONG_SIGNATURE)
                return

    return answered


class _UnsignedEvents:
    """Events of a request that announces no signed ones; its verdict comes when it has ended."""

    def __init__(self) -> None:
        self.problem = ""
        self._reader = MessageReader()

    def feed(self, data: bytes) -> list[bytes]:
        if self.problem:
            return []
        try:
            return [message.payload for message in self._reader.feed(data)]
        except EventStreamError as error:
            self.problem = f"the stream of events cannot be read: {error}"
            return []


def _chain(observation: Observation) -> EventChain | _UnsignedEvents:
    credential, evidence = observation.credential, observation.evidence
    if isinstance(credential, AwsCredential) and evidence.payload_hash == STREAMED_EVENTS:
        return EventChain(evidence, credential)
    return _UnsignedEvents()
