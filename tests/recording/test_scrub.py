"""Scrubbing: each duty, the filters of a user, and bodies of every form."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from botocore.session import get_session

from bedrock_authcheck.recording.cassette import CassetteError, Recording
from bedrock_authcheck.recording.in_play import InPlay
from bedrock_authcheck.recording.scrub import Filters, Scrubber
from bedrock_authcheck.recording.secret_names import SECRET_NAMES, normal_name
from bedrock_authcheck.services.answers import event
from bedrock_authcheck.spec.services import BEDROCK
from bedrock_authcheck.wire.shapes import shape_of, shapes_in
from tests.recording.duties import (
    DUTIES,
    ENVIRONMENT,
    FILTERS,
    HOST,
    TOKEN,
    URI,
    assert_nothing_left,
    bearer,
    everything,
    scrubbed,
    scrubber,
    signed,
)

if TYPE_CHECKING:
    from tests.recording.duties import Duty


@pytest.mark.parametrize("duty", DUTIES.values(), ids=DUTIES)
def test_a_duty(duty: Duty) -> None:
    duty(scrubber())


def test_a_filter_is_shown_no_secret_and_its_result_is_scrubbed_again() -> None:
    seen: list[Recording] = []

    def before_record(recording: Recording) -> Recording:
        seen.append(recording)
        return replace(recording, headers=(*recording.headers, ("X-New", f"a {TOKEN}")))

    after = scrubbed(scrubber(replace(FILTERS, before_record=before_record)), signed())
    assert_nothing_left(seen[0])
    assert_nothing_left(after)
    assert after.headers[-1] == ("X-New", "a <token of bearer>")


def test_a_filter_leaves_a_recording_out() -> None:
    assert scrubber(Filters(before_record=lambda _: None)).scrub(signed()) is None


def test_a_filter_that_forgets_to_return_a_recording() -> None:
    wrong = scrubber(Filters(before_record=lambda _: "text"))  # type: ignore[arg-type, return-value]
    with pytest.raises(CassetteError, match="before_record returned a value of type str: return"):
        wrong.scrub(signed())


def test_a_filter_of_what_authenticates_leaves_the_evidence() -> None:
    names = ["Authorization", "X-Amz-Security-Token", "x-amz-date", "host"]
    filters = Filters(headers=names, parameters=["X-Amz-Signature", "x-amz-credential"])
    presigned = replace(signed(), uri=f"{URI}?X-Amz-Signature={'0a' * 32}&X-Amz-Credential=a")
    assert scrubber(filters).scrub(presigned) == scrubber(Filters()).scrub(presigned)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1:4711", HOST),
        ("127.0.0.1:9", "127.0.0.1"),
        ("[::1]:9", "[::1]"),
        (HOST, HOST),
        ("a b [", "a b ["),
        ("", ""),
    ],
)
def test_a_host_header(host: str, expected: str) -> None:
    after = scrubbed(scrubber(), bearer(headers=(("Host", host),)))
    assert after.headers == (("Host", expected),)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("https://127.0.0.1:4711/a?b=c#d", f"https://{HOST}/a?b=c#d"),
        ("http://user@127.0.0.1:4711/", f"https://credentials@{HOST}/"),
        ("http://127.0.0.1:9/a", "http://127.0.0.1/a"),
        ("/model/m", "/model/m"),
        ("https://[/", "https://[/"),
        ("", ""),
        ("https://a.b?x", "https://a.b?x"),
    ],
)
def test_a_uri(uri: str, expected: str) -> None:
    assert scrubbed(scrubber(), bearer(uri=uri)).uri == expected


def test_a_user_and_a_session_in_arns_of_an_error() -> None:
    text = "User: arn:aws:{}::123456789012:{} is not authorized, key AKIAABCDEFGHIJKLMNOP"
    for service, who, expected in (
        ("sts", "assumed-role/role/botocore-session-1772600767", "assumed-role/role/session"),
        ("iam", "user/division/alice", "user/name"),
        ("iam", "role/service", "role/service"),
    ):
        body = json.dumps({"message": text.format(service, who)}).encode()
        after = scrubbed(scrubber(), bearer(answer_body=body, status=403))
        told = (
            f"User: arn:aws:{service}::000000000000:{expected} is not authorized, key AKIA<unknown>"
        )
        assert json.loads(after.answer_body) == {"message": told}


def test_a_refusal_quotes_no_date_and_no_signature_of_its_request() -> None:
    text = (
        "Signature expired: 20260304T050607Z is now earlier than 20260304T051107Z. The string to "
        f"sign was '20260304T050607Z\n20260304/eu-central-1/bedrock/aws4_request\n{'0a' * 32}'"
    )
    body = json.dumps({"message": text}).encode()
    refused = scrubbed(scrubber(), bearer(answer_body=body, status=403))
    assert json.loads(refused.answer_body)["message"] == (
        "Signature expired: 20000101T000000Z is now earlier than 20000101T000000Z. The string to "
        f"sign was '20000101T000000Z\n20000101/eu-central-1/bedrock/aws4_request\n{'0' * 64}'"
    )
    assert scrubbed(scrubber(), bearer(answer_body=body)).answer_body == body


def test_a_form_and_text_and_bytes() -> None:
    form = (("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),)
    body = b"Action=X&WebIdentityToken=FAKE&other=%C3%A9&plain"
    after = scrubbed(scrubber(), bearer(headers=form, body=body))
    assert after.body == b"Action=X&WebIdentityToken=%3Cidentity%20token%3E&other=%C3%A9&plain"
    for data in (b"\xff\x00" + TOKEN.encode() + b"\xfe", f"data: {TOKEN} é\n\n".encode(), b'"' * 9):
        after = scrubbed(scrubber(), bearer(body=data))
        assert after.body == data.replace(TOKEN.encode(), b"<token of bearer>")


def test_server_sent_events_and_lines_of_json() -> None:
    metrics = '{"metrics":{"latencyMs":5},"id":"chatcmpl-0123456789"}'
    text = f'data: {metrics}\n\ndata: {{"object":"chat.completion.chunk","created":1772600767}}\n'
    after = scrubbed(scrubber(), bearer(answer_body=f"{text}{metrics}\n".encode()))
    equal = '{"metrics":{"latencyMs":0},"id":"chatcmpl-000000000000000000000000"}'
    expected = f'data: {equal}\n\ndata: {{"object":"chat.completion.chunk","created":946684800}}\n'
    assert after.answer_body.decode() == f"{expected}{equal}\n"


def test_only_latencies_among_metrics_are_made_equal() -> None:
    body = b'{"latencyMs":5,"a":{"latency":6},"m":{"metrics":{"latencyMs":7,"n":8}},"p":"abc"}'
    after = scrubbed(scrubber(), bearer(answer_body=body))
    assert after.answer_body == body.replace(b"7", b"0")


@pytest.mark.parametrize(
    "packed",
    [
        b"\x1f\x8b\x08 torn",
        zlib.compress(b"{}", wbits=31)[:-3],
        zlib.compress(bytes(33 * 1024**2), wbits=31),
    ],
)
def test_a_compressed_body_that_is_torn_or_a_bomb_stays_for_the_scan(packed: bytes) -> None:
    headers = (("Content-Encoding", "gzip"), ("Content-Length", str(len(packed))))
    recording = bearer(answer_body=packed, answer_headers=headers)
    after = scrubbed(scrubber(), recording)
    assert (after.answer_headers, after.answer_body) == (headers, packed)


def test_a_stream_that_was_cut_keeps_its_whole_frames_and_loses_its_secrets() -> None:
    whole = event("e", {"t": TOKEN})
    after = scrubbed(scrubber(), bearer(answer_body=whole + whole[:-6]))
    assert_nothing_left(after)
    assert after.answer_body.count(b"<token of bearer>") == 2


def test_nested_brackets_and_bad_escapes_of_json_are_survived() -> None:
    for text in ("[" * 50_000, '{"a":' * 50_000, '{"a":"\\x","b":"\\ud800 \\"é"}', "}]" * 9, '"\\'):
        body = f'{text}{{"k":"{TOKEN}"}}'.encode()
        assert_nothing_left(scrubbed(scrubber(), bearer(body=body, answer_body=body)))


def test_a_level_that_comes_later_than_its_secret_is_named() -> None:
    known = InPlay()
    scrub = Scrubber(known)
    known.add(ENVIRONMENT)
    body = json.dumps({"x": ENVIRONMENT.key_id}).encode()
    assert scrubbed(scrub, bearer(body=body)).body == b'{"x": "ASIA<environment>"}'
    assert "FAKE" not in everything(scrubbed(scrub, signed()))


@pytest.mark.parametrize("what", [None, "token of bearer", "token of ANTHROPIC_API_KEY"])
@pytest.mark.parametrize("token", ["ABSKabc", "bedrock-api-key-abc", "abc", "a b"])
def test_what_stands_for_a_token_looks_like_none(token: str, what: str | None) -> None:
    known = InPlay()
    if what:
        known.add_secret(token, what)
    names = ("Authorization", "X-Api-Key")
    headers = ((names[0], f"Bearer {token}"), (names[1], token))
    for name, value in scrubbed(Scrubber(known), bearer(headers=headers)).headers:
        assert shape_of(name, value.encode()) is None
        assert list(shapes_in(f"{name}: {value}".encode())) == []


def test_what_scrubbing_leaves_looks_like_no_secret() -> None:
    for recording in (signed(), bearer(), bearer(uri=f"{URI}?X-Amz-Signature={'0a' * 32}")):
        after = scrubbed(Scrubber(InPlay()), recording)
        assert list(shapes_in(everything(after).encode())) == []


_WORDS = ("token", "secret", "password", "privatekey", "credential", "assertion", "apikey")


@pytest.mark.parametrize("service", [facts.name for facts in BEDROCK])
def test_what_the_service_models_call_sensitive_is_a_secret_by_its_name(service: str) -> None:
    session = get_session()
    if service not in session.get_available_services():
        pytest.skip(f"this botocore has no {service}")
    model = session.get_service_model(service)
    for name in model.shape_names:
        shape = model.shape_for(name)
        for key, member in getattr(shape, "members", {}).items():
            normal = normal_name(member.serialization.get("name", key))
            sensitive = member.type_name == "string" and member.metadata.get("sensitive")
            if sensitive and any(word in normal for word in _WORDS):
                assert normal in SECRET_NAMES, f"{name}.{key}"
