"""The chain of signed events: what AWS's own SDKs sign is taken, and each way to break it told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_authcheck.model import (
    AuthScheme,
    AwsCredential,
    CredentialScope,
    CredentialSource,
    Evidence,
    SignatureCheck,
    SignaturePart,
)
from bedrock_authcheck.wire.attribution import Keyring, observe
from bedrock_authcheck.wire.eventstream import encode_message
from bedrock_authcheck.wire.signed_events import EventChain, with_events
from tests.signed_stream import (
    BIDIRECTIONAL,
    STREAMED,
    EventSigner,
    bytes_header,
    chunk_event,
    framed,
    seed_of,
    timestamp_header,
)
from tests.simulated import REGION, aws_canary, received, sigv4_headers

KEY = AwsCredential(CredentialSource.ENVIRONMENT, "AKIA0FAKE", "FAKE/secret")
OTHER = AwsCredential(CredentialSource.SHARED, "AKIA0FAKEOTHER", "FAKE/other")
WHEN = datetime(2026, 11, 24, 12, 0, 0, 123000, UTC)
SEED = "5f" * 32
EVIDENCE = Evidence(
    AuthScheme.SIGV4,
    scope=CredentialScope("20261124", REGION, "bedrock"),
    signature=SEED,
    amz_date="20261124T120000Z",
    payload_hash=STREAMED,
)
EVENT = chunk_event(b"hello")

# Signed by aws-sdk-signers 0.4.0 (Python) with KEY, SEED and WHEN; @smithy/signature-v4
# (JavaScript) gives the same signatures.
FIRST_OF_SDK = bytes.fromhex(
    "00000079000000437e354dfd053a6461746508000001a20d6d5a7b103a6368756e6b2d7369676e61747572"
    "6506002067c36b12363b7932177ae6bbda44dd576360afc3d78006d1754d471b9658997200000026000000"
    "143179d1b00b3a6576656e742d747970650700056368756e6b7b7d9bf701070a6d9730"
)
END_OF_SDK = bytes.fromhex(
    "0000005300000043f5447a58053a6461746508000001a20d6d5a7b103a6368756e6b2d7369676e61747572"
    "6506002006c13abe0f71e7b2820bab0165d11cae2d8dd66ca11dac0a2736a85dddb7340ed2911767"
)


def signer(credential: AwsCredential = KEY, *, when: datetime = WHEN) -> EventSigner:
    return EventSigner(credential, SEED, REGION, when=when)


def verified(*parts: bytes) -> str:
    """What is wrong with a whole stream."""
    chain = EventChain(EVIDENCE, KEY, (OTHER,))
    for part in parts:
        chain.feed(part)
    return chain.end()


def test_what_the_sdks_of_aws_sign_is_taken() -> None:
    chain = EventChain(EVIDENCE, KEY)
    assert chain.feed(FIRST_OF_SDK) == [encode_message({":event-type": "chunk"}, b"{}")]
    assert chain.feed(END_OF_SDK) == []
    assert chain.end() == ""


def test_the_signer_of_these_tests_signs_as_they_do() -> None:
    signing = signer()
    assert signing.event(encode_message({":event-type": "chunk"}, b"{}")) == FIRST_OF_SDK
    assert signing.end() == END_OF_SDK


@given(st.integers(1, len(FIRST_OF_SDK + END_OF_SDK)))
def test_events_may_arrive_in_any_pieces(size: int) -> None:
    stream = FIRST_OF_SDK + END_OF_SDK
    assert verified(*(stream[at : at + size] for at in range(0, len(stream), size))) == ""


def test_an_event_is_told_when_it_is_whole() -> None:
    chain = EventChain(EVIDENCE, KEY)
    first = signer().event(EVENT)
    assert chain.feed(first[:-1]) == []
    assert chain.feed(first[-1:]) == [EVENT]


@given(st.integers(0, len(FIRST_OF_SDK) * 8 - 1))
def test_no_bit_of_an_event_may_change(bit: int) -> None:
    changed = bytearray(FIRST_OF_SDK)
    changed[bit // 8] ^= 1 << bit % 8
    assert verified(bytes(changed), END_OF_SDK)


def test_further_headers_are_signed_too() -> None:
    signing = signer()
    event = signing.event(EVENT, bytes_header(b"x", b"y"))
    assert verified(event, signing.end()) == ""
    assert verified(event.replace(b"\x01x\x06\x00\x01y", b"\x01x\x06\x00\x01z"))


def test_a_stream_may_pass_midnight() -> None:
    signing = signer()
    first = signing.event(EVENT)
    signing.when = WHEN + timedelta(hours=12, minutes=1)
    assert verified(first, signing.end()) == ""


def unsigned_end(signing: EventSigner) -> list[bytes]:
    return [signing.event(EVENT), encode_message({}, b"")]


def no_end(signing: EventSigner) -> list[bytes]:
    return [signing.event(EVENT)]


def nothing(_: EventSigner) -> list[bytes]:
    return []


def missing(signing: EventSigner) -> list[bytes]:
    first, _, third = (signing.event(EVENT) for _ in range(3))
    return [first, third]


def twice(signing: EventSigner) -> list[bytes]:
    return [signing.event(EVENT)] * 2


def from_the_seed_each(signing: EventSigner) -> list[bytes]:
    return [signing.event(EVENT), replace(signing, prior=SEED).event(EVENT)]


def after_an_earlier(signing: EventSigner) -> list[bytes]:
    first = signing.event(EVENT)
    again = replace(signing)
    return [first, signing.event(EVENT), again.event(EVENT)]


def of_another_chain(signing: EventSigner) -> list[bytes]:
    return [replace(signing, prior="ab" * 32).event(EVENT)]


def by_another_secret(signing: EventSigner) -> list[bytes]:
    return [signing.event(EVENT), replace(signing, credential=OTHER).event(EVENT)]


def in_another_region(signing: EventSigner) -> list[bytes]:
    return [replace(signing, region="us-east-1").event(EVENT)]


def unsigned(_: EventSigner) -> list[bytes]:
    return [EVENT]


def undated(_: EventSigner) -> list[bytes]:
    return [framed(bytes_header(b":chunk-signature", b"s" * 32), EVENT)]


def of_yesterday(signing: EventSigner) -> list[bytes]:
    return [replace(signing, when=WHEN - timedelta(days=1)).event(EVENT)]


def behind_the_end(signing: EventSigner) -> list[bytes]:
    return [signing.end(), signing.event(EVENT)]


def torn(signing: EventSigner) -> list[bytes]:
    return [signing.event(EVENT), signing.end()[:-3]]


def garbage(signing: EventSigner) -> list[bytes]:
    return [signing.event(EVENT), b"GET / HTTP/1.1\r\n\r\n"]


@pytest.mark.parametrize(
    ("broken", "text"),
    [
        (unsigned_end, "event 2: it carries no :chunk-signature"),
        (no_end, "event 2: the stream ends without it: the last one must be empty, and signed"),
        (nothing, "event 1: the stream ends without it: the last one must be empty, and signed"),
        (missing, "event 2: its signature does not match what came before it"),
        (twice, "event 2: signed as if it came right after the request"),
        (from_the_seed_each, "event 2: signed as if it came right after the request"),
        (after_an_earlier, "event 3: signed as if it came right after event 1"),
        (of_another_chain, "event 1: its signature does not match what came before it"),
        (
            by_another_secret,
            "event 2: signed with the secret of shared credentials file, not with that of env",
        ),
        (in_another_region, "event 1: its signature does not match"),
        (unsigned, "event 1: it carries no :chunk-signature"),
        (undated, "event 1: it carries no :date"),
        (of_yesterday, "event 1: its :date is 23:59:59.877000 before the request's"),
        (behind_the_end, "event 2: sent after the empty one that ends the stream"),
        (torn, "event 2: the stream ends within it, after 80 bytes"),
        (garbage, "event 2: it is no message of an event stream"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_each_break_of_the_chain_is_told(broken: object, text: str) -> None:
    assert callable(broken)
    parts = broken(signer())
    told = verified(*parts)
    assert told.startswith(text)
    assert KEY.secret not in told
    assert verified(b"".join(parts)) == told


def test_nothing_is_taken_behind_a_fault() -> None:
    chain = EventChain(EVIDENCE, KEY)
    signing = signer()
    chain.feed(EVENT)
    problem = chain.problem
    assert chain.feed(signing.event(EVENT)) == []
    assert (chain.problem, chain.end()) == (problem, problem)


@pytest.mark.parametrize(
    "evidence", [replace(EVIDENCE, scope=None), replace(EVIDENCE, signature=None)]
)
def test_a_chain_needs_a_signed_request(evidence: Evidence) -> None:
    with pytest.raises(ValueError, match="begins with a signed request"):
        EventChain(evidence, KEY)


TEMPORARY = aws_canary(CredentialSource.ENVIRONMENT)


def streamed(
    *, complete: bool = True, end: bool = True, by: AwsCredential = TEMPORARY
) -> SignatureCheck | None:
    """What is observed of a signed request whose events are signed by its own secret, or not."""
    headers = sigv4_headers(TEMPORARY, "127.0.0.1:443", BIDIRECTIONAL, payload_hash=STREAMED)
    signing = EventSigner(by, seed_of(headers), REGION)
    body = signing.event(EVENT) + (signing.end() if end else b"")
    exchange = replace(received(headers, target=BIDIRECTIONAL, body=body), complete=complete)
    keyring = Keyring((TEMPORARY, OTHER))
    return observe(exchange, keyring, region=REGION, scope_service="bedrock").signature


def test_a_request_is_right_where_its_events_are() -> None:
    assert streamed() == SignatureCheck(valid=True)


def test_a_request_is_wrong_where_its_end_is_not_signed() -> None:
    seen = streamed(end=False)
    assert seen is not None
    assert (seen.valid, seen.differs) == (True, SignaturePart.EVENTS)
    assert seen.text.startswith("event 2: ")


def test_the_secret_of_another_level_is_a_mixture() -> None:
    seen = streamed(by=OTHER)
    assert seen is not None
    assert (seen.valid, seen.differs) == (True, SignaturePart.SECRET)
    assert "signed with the secret of shared credentials file" in seen.text


def test_no_end_is_demanded_of_a_request_that_broke_off() -> None:
    assert streamed(complete=False, end=False) == SignatureCheck(valid=True)


@pytest.mark.parametrize(
    "check",
    [
        SignatureCheck(valid=False, differs=SignaturePart.SECRET, text="theirs"),
        SignatureCheck(valid=True, differs=SignaturePart.SCOPE, text="elsewhere"),
    ],
)
def test_events_of_a_request_that_is_wrong_itself_prove_nothing(check: SignatureCheck) -> None:
    exchange = received({}, body=EVENT)
    assert with_events(check, exchange, EVIDENCE, KEY) == check


def test_a_request_that_announces_no_signed_events_has_none() -> None:
    right = SignatureCheck(valid=True)
    plain = replace(EVIDENCE, payload_hash="0" * 64)
    assert with_events(right, received({}, body=EVENT), plain, KEY) == right
    assert with_events(right, received({}, body=EVENT), EVIDENCE, KEY) != right


def test_a_date_alone_is_encoded_in_milliseconds() -> None:
    assert timestamp_header(b":date", WHEN).hex() == FIRST_OF_SDK.hex()[24:54]
