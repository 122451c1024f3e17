"""Redaction of whole requests: no secret is left in any encoding, and the evidence is all there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_authcheck.model import AwsCredential, Credential, Exchange
from bedrock_authcheck.strategies import credentials, exchanges
from bedrock_authcheck.wire import redaction
from bedrock_authcheck.wire.decoding import layers
from bedrock_authcheck.wire.evidence import read_evidence
from bedrock_authcheck.wire.redaction import Redactor, redact_exchange, shorten_key_id
from tests.properties.hunting import caught
from tests.wire.test_redaction import encodings

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import DrawFn

WAYS: Final = len(encodings("x"))


@st.composite
def planted(draw: DrawFn) -> tuple[Exchange, Credential]:
    """Draw a request that a credential authenticates, one of its secrets somewhere else too."""
    credential = draw(credentials())
    exchange = draw(exchanges(credential))
    secret = draw(st.sampled_from(sorted(credential.secrets().values())))
    written = encodings(secret)[draw(st.integers(0, WAYS - 1))]
    place = draw(st.sampled_from(["path", "query", "header", "body", "nowhere"]))
    if place == "path":
        exchange = replace(exchange, target=f"/{written}{exchange.target}")
    elif place == "query":
        exchange = replace(exchange, target=f"{exchange.target}?a={written}&b=c")
    elif place == "header":
        exchange = replace(exchange, headers=(*exchange.headers, ("X-Custom", f"a {written} b")))
    elif place == "body":
        # Bytes are bytes, whatever the redactor takes them for.
        body = f'{{"key": "{written}"}}'.encode("utf-8", "surrogateescape") + exchange.body
        exchange = replace(exchange, body=body)
    return exchange, credential


def check_no_secret_is_left(case: tuple[Exchange, Credential]) -> None:
    exchange, credential = case
    redacted = redact_exchange(exchange, [credential])
    lines = [redacted.target, *(f"{name}: {value}" for name, value in redacted.headers)]
    text = "\n".join(lines).encode() + b"\n" + redacted.body
    for value in credential.secrets().values():
        assert not any(value.encode() in layer.data for layer in layers(text))


def check_a_strangers_is_not_shown(case: tuple[Exchange, Credential]) -> None:
    """By its place and its scheme alone, for whoever does not know the credential."""
    exchange, credential = case
    evidence = read_evidence(exchange)
    parts = (*evidence.tokens, evidence.session_token, evidence.signature)
    sent = {value for value in parts if value}
    assert sent & {*credential.secrets().values(), evidence.signature}
    headers = redact_exchange(exchange).headers
    assert not any(value in text for value in sent for _, text in headers)


def check_the_evidence_stays(case: tuple[Exchange, Credential]) -> None:
    exchange, credential = case
    before, after = read_evidence(exchange), read_evidence(redact_exchange(exchange, [credential]))
    assert after.scheme is before.scheme
    assert after.scope == before.scope
    assert after.signed_headers == before.signed_headers
    assert len(after.tokens) == len(before.tokens)
    if isinstance(credential, AwsCredential):
        assert after.key_id == shorten_key_id(credential.key_id)


@given(planted())
def test_no_secret_is_left_and_the_evidence_is(case: tuple[Exchange, Credential]) -> None:
    check_no_secret_is_left(case)
    check_the_evidence_stays(case)


STRANGERS: Final = credentials().flatmap(
    lambda credential: st.tuples(exchanges(credential), st.just(credential))
)


@given(STRANGERS)
def test_a_strangers_credential_is_not_shown(case: tuple[Exchange, Credential]) -> None:
    check_a_strangers_is_not_shown(case)


def test_a_redactor_that_knows_the_plain_secret_alone_is_caught() -> None:
    with patch.object(redaction, "replace_secret", str.replace):
        caught(check_no_secret_is_left, case=planted())


@pytest.mark.parametrize("left", ["Authorization", "X-Amz-Security-Token"])
def test_a_redactor_that_leaves_a_header_alone_is_caught(left: str) -> None:
    honest = redaction.redact_header

    def wrong(name: str, value: str) -> str:
        return value if name == left else honest(name, value)

    with patch.object(redaction, "redact_header", wrong):
        caught(check_a_strangers_is_not_shown, case=STRANGERS)


def test_a_redactor_that_leaves_the_query_alone_is_caught() -> None:
    honest = Redactor.exchange

    def wrong(redactor: Redactor, exchange: Exchange) -> Exchange:
        return replace(honest(redactor, exchange), target=exchange.target)

    with patch.object(Redactor, "exchange", wrong):
        caught(check_no_secret_is_left, case=planted())


@pytest.mark.parametrize(
    "wrong",
    [
        lambda name, value: "REDACTED" if name.lower() == "authorization" else value,
        lambda name, value: "Bearer x" if name.lower() == "authorization" else value,
        lambda name, value: value.replace("bedrock", "") if name == "Authorization" else value,
    ],
    ids=["scheme", "other-scheme", "scope"],
)
def test_a_redactor_that_takes_the_evidence_is_caught(wrong: Callable[..., str]) -> None:
    with patch.object(redaction, "redact_header", wrong):
        caught(check_the_evidence_stays, case=planted())
