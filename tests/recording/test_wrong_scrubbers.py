"""Deliberately wrong scrubbers, each caught by a duty: a check that cannot fail is a defect."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_authcheck.recording import (
    cleaning,
    in_play,
    json_text,
    markers,
    scrub,
    scrub_authorization,
    scrub_body,
    scrub_headers,
    scrub_uri,
    stream_frames,
)
from bedrock_authcheck.wire.redaction import redact_header
from tests.recording.duties import DUTIES, scrubber

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_authcheck.recording.cassette import Headers, Recording

Bodies = scrub_body.BodyScrubber
Signs = scrub_authorization.AuthorizationScrubber


def _same(value: Any, *_: object, **__: object) -> Any:  # noqa: ANN401 - whatever is scrubbed
    return value


def _without(name: str) -> Callable[..., Headers]:
    """Leave a header out, as recorders' filters do."""
    original = scrub_headers.HeaderScrubber.headers

    def headers(self: Any, given: Headers, **bodies: bytes) -> Headers:  # noqa: ANN401
        found: Headers = original(self, given, **bodies)
        return tuple((key, value) for key, value in found if key.lower() != name)

    return headers


def _as_a_mapping(self: Any, given: Headers, **bodies: bytes) -> Headers:  # noqa: ANN401
    """Lose what stands twice."""
    return tuple({k.lower(): (k, v) for k, v in _HEADERS(self, given, **bodies)}.values())


_HEADERS = scrub_headers.HeaderScrubber.headers
_TABLE = dict(scrub_headers._FIXED)
_SCRUBBED = scrub.Scrubber._scrubbed


def _plain_only(text: str, secret: str, by: str) -> str:
    return text.replace(secret, by)


_AUTHORIZATION = Signs.authorization


def _put_right(self: Any, value: str, *, v4a: bool = False) -> str:  # noqa: ANN401
    """Write the one right form whatever stood there."""
    del self, value, v4a
    return "ASIA<environment>/20000101/eu-central-1/bedrock/aws4_request"


def _filters_replace(self: Any, recording: Recording) -> Recording:  # noqa: ANN401
    """As with vcrpy: what a user filters is all that is filtered."""
    mine = self._filters.headers and recording.header("x-mine") is not None
    return recording if mine else _SCRUBBED(self, recording)


def _not_the_answer(self: Any, recording: Recording) -> Recording:  # noqa: ANN401
    """As with vcrpy: filters act on requests only."""
    done = _SCRUBBED(self, recording)
    return replace(
        done,
        answer_headers=recording.answer_headers,
        answer_body=recording.answer_body,
        reason=recording.reason,
    )


def _longer_each_time(self: Any, recording: Recording) -> Recording:  # noqa: ANN401
    done = _SCRUBBED(self, recording)
    return replace(done, headers=(*done.headers, ("X-Scrubbed", "yes")))


def _wrong_crc(headers: bytes, payload: bytes) -> bytes:
    return _FRAME(headers, payload)[:-1] + b"\x00"


_FRAME = stream_frames._frame


def _by_parsing(_: object, text: str, *__: object) -> str:
    """Load and dump: the form of numbers and spaces goes."""
    try:
        return json.dumps(json.loads(text))
    except ValueError:
        return text


Wrong = tuple[str, list[tuple[object, str, object]]]
WRONG: dict[str, Wrong] = {
    "writes Bearer over everything": (
        "a_signed_request_proves_the_same",
        [(Signs, "authorization", lambda *_: "Bearer x")],
    ),
    "leaves Authorization out": (
        "a_bearer_request_proves_the_same",
        [(scrub_headers.HeaderScrubber, "headers", _without("authorization"))],
    ),
    "leaves X-Amz-Security-Token out": (
        "a_signed_request_proves_the_same",
        [(scrub_headers.HeaderScrubber, "headers", _without("x-amz-security-token"))],
    ),
    "leaves X-Amz-Date out": (
        "a_signed_request_proves_the_same",
        [(scrub_headers.HeaderScrubber, "headers", _without("x-amz-date"))],
    ),
    "redacts for reports, which is not for parsing": (
        "a_signed_request_proves_the_same",
        [(Signs, "authorization", lambda _, value: redact_header("Authorization", value))],
    ),
    "makes one kind of key of all": (
        "a_signed_request_proves_the_same",
        [(scrub_authorization, "key_id_marker", lambda _, level: f"AKIA<{level}>")],
    ),
    "makes one kind of token of all": (
        "a_bearer_request_proves_the_same",
        [(scrub_authorization, "token_marker", lambda *_, **__: "unknown-key-of-bearer")],
    ),
    "writes a token that no token may look like": (
        "a_bearer_request_proves_the_same",
        [(scrub_authorization, "token_marker", lambda *_, **__: "<long-term key of bearer>")],
    ),
    "forgets the level of a key": (
        "the_level_of_a_key_stays",
        [(scrub_authorization, "key_id_marker", lambda key, _: markers.key_id_marker(key, None))],
    ),
    "forgets the level of a token": (
        "the_level_of_a_token_stays",
        [(in_play.InPlay, "what_is", lambda *_: None)],
    ),
    "takes the session token for one of the key's level": (
        "the_level_of_a_session_token_stays",
        [(Signs, "session_token", lambda *_: "<session token of environment>")],
    ),
    "keeps one header of each name": (
        "what_conflicts_stays_conflicting",
        [(scrub_headers.HeaderScrubber, "headers", _as_a_mapping)],
    ),
    "takes the signature out of a query": (
        "what_conflicts_stays_conflicting",
        [(scrub_uri.UriScrubber, "query", lambda *_: "")],
    ),
    "puts a malformed credential right": (
        "what_is_malformed_stays_malformed",
        [(Signs, "credential", _put_right)],
    ),
    "puts a malformed signature right": (
        "what_is_malformed_stays_malformed",
        [(Signs, "signature", lambda *_, **__: "0" * 64)],
    ),
    "puts a malformed date right": (
        "what_is_malformed_stays_malformed",
        [(scrub_headers, "amz_date", lambda _: "20000101T000000Z")],
    ),
    "trims a token": (
        "what_is_malformed_stays_malformed",
        [(Signs, "authorization", lambda signs, v: _AUTHORIZATION(signs, " ".join(v.split())))],
    ),
    "knows no secret": (
        "no_secret_is_left_in_the_request",
        [(cleaning.Cleaner, "text", lambda _, text, *__: text)],
    ),
    "finds plain secrets alone": (
        "no_secret_is_left_in_the_request",
        [(cleaning, "replace_secret", _plain_only)],
    ),
    "sees base64 once": (
        "no_secret_is_left_in_the_request",
        [(scrub_body, "recode_base64", _same), (cleaning, "recode_base64", _same)],
    ),
    "leaves the path": (
        "no_secret_is_left_in_the_request",
        [(scrub_uri.UriScrubber, "uri", lambda _, uri: uri)],
    ),
    "scrubs requests only": (
        "no_secret_is_left_in_the_answer",
        [(scrub.Scrubber, "_scrubbed", _not_the_answer)],
    ),
    "leaves streams as they are": (
        "no_secret_is_left_in_streams",
        [(scrub_body, "rewrite_frames", lambda data, *_: data if b":event" in data else None)],
    ),
    "leaves the CRC of a frame": (
        "no_secret_is_left_in_streams",
        [(stream_frames, "_frame", _wrong_crc)],
    ),
    "takes no name for a secret's": (
        "what_names_a_secret_loses_its_value",
        [(scrub_body, "SECRET_NAMES", {})],
    ),
    "leaves cookies": (
        "what_names_a_secret_loses_its_value",
        [(scrub_headers, "_SECRET", {})],
    ),
    "leaves who logs in": (
        "what_names_a_secret_loses_its_value",
        [(scrub_uri.UriScrubber, "_origin", lambda _, scheme, netloc: scheme + netloc)],
    ),
    "leaves accounts": ("accounts_are_one", [(cleaning, "one_account", _same)]),
    "sees accounts in ARNs alone": (
        "accounts_are_one",
        [(scrub_uri, "one_account_in_path", _same)],
    ),
    "takes every number of 12 digits for an account": (
        "other_numbers_stay",
        [(cleaning, "one_account", lambda text, _: text.replace("210987654321", "0" * 12))],
    ),
    "parses and writes JSON": (
        "other_numbers_stay",
        [(scrub_body.BodyScrubber, "_json", _by_parsing)],
    ),
    "leaves lengths": (
        "lengths_and_hashes_fit",
        [(scrub_headers.HeaderScrubber, "_measured", lambda self, n, v, *_: self._scrubbed(n, v))],
    ),
    "leaves hashes": ("lengths_and_hashes_fit", [(scrub_headers, "payload_hash", _same)]),
    "leaves answers compressed": (
        "compressed_answers_are_readable",
        [(scrub, "_inflated", lambda headers, body: (headers, body))],
    ),
    "has filters replace the defaults": (
        "filters_add_to_what_is_scrubbed_anyway",
        [(scrub.Scrubber, "_scrubbed", _filters_replace)],
    ),
    "filters JSON at the top alone": (
        "filters_add_to_what_is_scrubbed_anyway",
        [(json_text.Spot, "within", False)],
    ),
    "adds to what was scrubbed": (
        "twice_is_once",
        [(scrub.Scrubber, "_scrubbed", _longer_each_time)],
    ),
    "marks what is marked": ("twice_is_once", [(markers, "is_marked_token", lambda _: False)]),
}  # fmt: skip
_REQUEST_IDS = ("x-amzn-requestid", "amz-sdk-invocation-id", "x-amzn-trace-id")
_EQUAL = "two_recordings_are_the_same_bytes"
_NOT_EQUAL: list[tuple[str, object, str, object]] = [
    ("when the SDK gives up", scrub_headers, "_attempt", _same),
    ("dates", scrub_headers, "http_date", _same),
    ("dates of signatures", scrub_headers, "amz_date", _same),
    ("dates of scopes", scrub_authorization, "_day", _same),
    ("signatures", Signs, "signature", lambda _, value, **__: value),
    ("loopback ports in URIs", scrub_uri, "canonical_uri", lambda uri, _: uri),
    ("ids and padding", Bodies, "_of_answer", lambda _, __, ___, value, ____: value),
    ("latencies", Bodies, "_number", lambda _, __, token, **____: token),
    *(
        (name, scrub_headers, "_FIXED", {k: v for k, v in _TABLE.items() if k != name})
        for name in (*_REQUEST_IDS, "user-agent", "x-amzn-bedrock-invocation-latency")
    ),
]
WRONG |= {
    f"leaves {what}": (_EQUAL, [(owner, name, value)]) for what, owner, name, value in _NOT_EQUAL
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_scrubber_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    duty, changes = WRONG[name]
    for owner, attribute, value in changes:
        monkeypatch.setattr(owner, attribute, value)
    with pytest.raises((AssertionError, ValueError, KeyError)):
        DUTIES[duty](scrubber())


def test_every_duty_catches_a_wrong_scrubber() -> None:
    assert {duty for duty, _ in WRONG.values()} == DUTIES.keys()
