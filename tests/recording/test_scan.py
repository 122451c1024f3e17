"""The scan of a cassette: what is planted is found and named, what is clean stays clean."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_authcheck.environments.canaries import canary
from bedrock_authcheck.model import AwsCredential, CredentialSource
from bedrock_authcheck.recording.scan import Leak, leaks_in
from bedrock_authcheck.wire import decoding
from bedrock_authcheck.wire.tokens import fake_short_term_key
from tests.recording.planting import (
    BODIES,
    PLACES,
    SAID,
    WRITERS,
    by_safe_dump,
    by_vcrpy,
    interaction,
)
from tests.wire import lookalikes
from tests.wire.encoders import ENCODERS, TEXT_ONLY, frame

if TYPE_CHECKING:
    from collections.abc import Mapping


def _in_play() -> dict[str, str]:
    """The secrets of all seven canaries, and of a short-term key made with one."""
    secrets: dict[str, str] = {}
    for source in CredentialSource:
        credential = canary(source)
        for what, value in credential.secrets().items():
            secrets[value] = f"{what} of {source}"
    instance = canary(CredentialSource.INSTANCE)
    assert isinstance(instance, AwsCredential)
    made_at = datetime(2026, 3, 4, tzinfo=UTC)
    key = fake_short_term_key(instance, region="eu-central-1", made_at=made_at)
    return {**secrets, key: "token of short-term"}


IN_PLAY: Final = _in_play()
KEYS: Final = sorted(IN_PLAY, key=IN_PLAY.__getitem__)  # the same order in every worker


def whats(data: bytes, secrets: Mapping[str, str] | None = None) -> set[str]:
    return {leak.what for leak in leaks_in(data, secrets)}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("place", PLACES)
def test_a_plain_secret_is_found_and_its_place_is_said(place: str, writer: str) -> None:
    secret = next(key for key in KEYS if IN_PLAY[key] == "secret of environment")
    data = WRITERS[writer](interaction(), interaction(place, secret.encode()))
    leaks = leaks_in(data, IN_PLAY)
    assert [(leak.where, leak.what) for leak in leaks] == [
        (f"interaction 2, {SAID[place]}", "secret of environment")
    ]
    assert secret not in str(leaks)
    assert secret[5:20] not in f"{leaks} {leaks[0]}"


@given(
    st.sampled_from(range(len(KEYS))),
    st.sampled_from(sorted(BODIES)),
    st.sampled_from(sorted(WRITERS)),
    st.lists(st.sampled_from(sorted(ENCODERS)), max_size=3),
)
def test_a_secret_in_any_encoding_in_any_body_is_found(
    number: int, place: str, writer: str, encodings: list[str]
) -> None:
    secret = KEYS[number]
    data = b"before " + secret.encode() + b" behind"
    for name in encodings:
        if name in TEXT_ONLY and not (data.isascii() and b"\0" not in data):
            data = ENCODERS["base64"](data)
        data = ENCODERS[name](data)
    leaks = leaks_in(WRITERS[writer](interaction(), interaction(place, data)), IN_PLAY)
    assert (f"interaction 2, {SAID[place]}", IN_PLAY[secret]) in {(x.where, x.what) for x in leaks}
    assert not [leak for leak in leaks if secret in str(leak)]


@given(
    st.sampled_from(range(len(KEYS))),
    st.sampled_from(PLACES),
    st.sampled_from(sorted(WRITERS)),
    st.sampled_from(["", "percent", "base64", "base64url", "hexadecimal", "json"]),
)
def test_a_secret_is_found_in_any_place(
    number: int, place: str, writer: str, encoding: str
) -> None:
    secret = KEYS[number]
    data = ENCODERS[encoding](secret.encode()) if encoding else secret.encode()
    leaks = leaks_in(WRITERS[writer](interaction(place, data)), IN_PLAY)
    assert (f"interaction 1, {SAID[place]}", IN_PLAY[secret]) in {(x.where, x.what) for x in leaks}


# For each step of decoding a body of which no other finds the secret, nor the search itself.
KNOWN: Final = KEYS[0]
HALVES: Final = [json.dumps({"text": half}).encode() for half in (KNOWN[:9], KNOWN[9:])]
ONLY_BY: Final = {
    "gzip": gzip.compress(KNOWN.encode()),
    "zlib": ENCODERS["zlib"](KNOWN.encode()),
    "utf-16": ENCODERS["utf-16"](KNOWN.encode()),
    "base64": ENCODERS["base64"](ENCODERS["base64"](b"..." + KNOWN.encode())),
    "hexadecimal": ENCODERS["hexadecimal"](ENCODERS["base64"](b"..." + KNOWN.encode())),
    "escapes": ENCODERS["json, all escaped"](KNOWN.encode()),
    "entities": ENCODERS["xml, all escaped"](KNOWN.encode()),
    "events": b"".join(b"\ndata: " + half + b"\n" for half in HALVES),
    "frames": b"".join(map(frame, HALVES)),
}


@pytest.mark.parametrize("step", ONLY_BY)
def test_a_scanner_without_one_step_is_caught(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = by_vcrpy(interaction("response body", ONLY_BY[step]))
    assert whats(data, IN_PLAY) == {IN_PLAY[KNOWN]}
    monkeypatch.delitem(decoding.DECODERS, step)
    assert whats(data, IN_PLAY) == set()


def test_the_form_says_what_has_to_be_undone() -> None:
    body = ENCODERS["base64"](gzip.compress(KNOWN.encode())) + b"\xff"
    (leak,) = leaks_in(by_vcrpy(interaction("response body", body)), IN_PLAY)
    assert leak.form == "gzip in base64 in !!binary"
    assert str(leak) == (
        f"interaction 1, response body: {IN_PLAY[KNOWN]} (gzip in base64 in !!binary)"
    )
    whole = gzip.compress(by_vcrpy(interaction("response body", body)))
    assert leaks_in(whole, IN_PLAY)[0].form == "gzip in base64 in !!binary in gzip"
    plain = gzip.compress(by_safe_dump(interaction("request header", KNOWN.encode())))
    assert leaks_in(plain, IN_PLAY)[0].form == "gzip"


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize(
    ("place", "value", "what"),
    [
        ("request header as bytes", lookalikes.long_term_key(), "a long-term API key"),
        ("request header as bytes", lookalikes.short_term_key(), "a short-term API key"),
        ("request header as bytes", lookalikes.secret_key(), "a bearer token"),
        ("query", lookalikes.presigned_url(), "the signature of a presigned URL"),
        ("path", lookalikes.long_term_key(), "a long-term API key"),
        (
            "response body",
            json.dumps({"AccessKeyId": "A", "SecretAccessKey": lookalikes.secret_key()}),
            "a secret access key",
        ),
        (
            "response body",
            json.dumps({"AccessKeyId": "A", "Token": lookalikes.session_token()}),
            "a session token",
        ),
        ("stream", f"x-amz-security-token: {lookalikes.session_token()}", "a session token"),
    ],
    ids=range(8),
)
def test_shapes_are_found_without_knowing_a_value(
    place: str, value: str, what: str, writer: str
) -> None:
    leaks = leaks_in(WRITERS[writer](interaction(), interaction(place, value.encode())))
    assert [(leak.where, leak.what) for leak in leaks] == [(f"interaction 2, {SAID[place]}", what)]


def test_the_same_thing_is_told_once() -> None:
    """A key in Authorization is a bearer token, too, and a short-term one a presigned URL."""
    key = lookalikes.short_term_key()
    data = by_vcrpy(interaction("request header as bytes", key.encode()))
    assert [leak.what for leak in leaks_in(data)] == ["a short-term API key"]
    assert [leak.what for leak in leaks_in(data, {key: "token of bearer"})] == ["token of bearer"]


@pytest.mark.parametrize("writer", WRITERS)
def test_a_clean_cassette_is_clean(writer: str) -> None:
    places = [
        interaction(),
        interaction("request header as bytes", b"<bearer long-term, 88 characters>"),
        interaction("response body", b"<secret of environment>"),
        interaction("stream", b'{"text": "token, secret, Authorization: Bearer x"}'),
        interaction("query", "AKIA…L4SHARED".encode()),
    ]
    assert leaks_in(WRITERS[writer](*places), IN_PLAY) == ()


@given(st.binary(max_size=300), st.text(max_size=50))
def test_what_holds_nothing_is_clean(body: bytes, header: str) -> None:
    text = header.encode("utf-8", "replace")
    data = by_vcrpy(interaction("response body", body), interaction("query", text))
    assert leaks_in(data, IN_PLAY) == ()


def test_a_name_that_is_a_secret_is_not_shown() -> None:
    for writer in WRITERS.values():
        for key in KEYS:
            leaks = leaks_in(writer(interaction("name of a header", key.encode())), IN_PLAY)
            assert leaks
            assert not [leak for leak in leaks if key[:12] in str(leak) or key[-12:] in str(leak)]
    short = "FAKE-short-one"
    data = json.dumps({"response": {"headers": {short: short}}}).encode()
    assert str(leaks_in(data, {short: "token"})[1]) == "response header (a secret): token (plain)"


def test_blank_secrets_are_in_no_file() -> None:
    data = by_vcrpy(interaction())
    assert leaks_in(data, {"": "nothing", "  \n": "white space"}) == ()
    assert leaks_in(b"") == ()
    assert leaks_in(f"x {KNOWN}".encode(), {f" {KNOWN}\n": "it"}) == (
        Leak("line 1", "it", "plain"),
    )


@pytest.mark.parametrize("magic", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"wOF2"])
def test_a_picture_is_looked_through_as_it_is(magic: bytes) -> None:
    noise = bytes(n * 7919 % 251 for n in range(200_000))
    assert leaks_in(magic + noise) == ()
    key = lookalikes.long_term_key()
    (leak,) = leaks_in(magic + noise + b" " + key.encode() + b" " + noise)
    assert leak.where == "line 1"
    assert key not in str(leak)
