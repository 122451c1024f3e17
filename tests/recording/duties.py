"""What scrubbing must do, one duty each: held to the scrubber, and to wrong ones that must fail.

A duty is given a scrubber whose credentials in play are those of `KNOWN`.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from bedrock_authcheck.environments.canaries import canary
from bedrock_authcheck.model import AuthScheme, AwsCredential, BearerToken, CredentialSource
from bedrock_authcheck.recording.cassette import Recording
from bedrock_authcheck.recording.in_play import InPlay
from bedrock_authcheck.recording.places import Place
from bedrock_authcheck.recording.scrub import Filters, Scrubber
from bedrock_authcheck.services.answers import EVENT_STREAM, chunk, event
from bedrock_authcheck.wire.eventstream import decode_messages
from bedrock_authcheck.wire.evidence import read_evidence
from bedrock_authcheck.wire.leaks import holds_secret
from tests.recording.kept import assert_evidence_kept
from tests.simulated import sigv4_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bedrock_authcheck.recording.cassette import Headers

    Duty = Callable[[Scrubber], None]

KNOWN: Final = tuple(canary(source) for source in CredentialSource)
TOKEN: Final = next(c.value for c in KNOWN if isinstance(c, BearerToken))
KEYS: Final = {c.source.value: c for c in KNOWN if isinstance(c, AwsCredential)}
ENVIRONMENT: Final = KEYS["environment"]
HOST: Final = "bedrock-runtime.eu-central-1.amazonaws.com"
URI: Final = f"https://{HOST}/model/m/converse"
LOOPBACK: Final = {"127.0.0.1:4711": Place("bedrock-runtime", "eu-central-1")}
ACCOUNT: Final = "123456789012"
PROFILE: Final = f"arn:aws:bedrock:eu-central-1:{ACCOUNT}:inference-profile/x"
FILTERS: Final = Filters(headers=["X-Mine"], parameters=["mine"], json_keys=["mine"])


def scrubber(filters: Filters = FILTERS) -> Scrubber:
    """The right one."""
    return Scrubber(InPlay(KNOWN), LOOPBACK, filters)


def scrubbed(scrub: Scrubber, recording: Recording) -> Recording:
    """Scrub what no filter leaves out."""
    result = scrub.scrub(recording)
    assert result is not None
    return result


def signed(
    credential: AwsCredential = ENVIRONMENT,
    *more: tuple[str, str],
    **changes: Any,  # noqa: ANN401
) -> Recording:
    """A request with an answer, signed rightly, and changed then."""
    body = changes.pop("body", b'{"messages":[]}')
    when = changes.pop("when", None)
    headers = sigv4_headers(credential, HOST, "/model/m/converse", body=body, when=when)
    pairs = (("Host", HOST), *headers.items(), ("Content-Length", str(len(body))), *more)
    return replace(Recording("POST", URI, pairs, body, 200, "OK"), **changes)


def bearer(**changes: Any) -> Recording:  # noqa: ANN401
    """A request with the token."""
    headers = (("Host", HOST), ("Authorization", f"Bearer {TOKEN}"))
    return replace(Recording("POST", URI, headers, b"{}", 200, "OK"), **changes)


def everything(recording: Recording) -> str:
    """All that stands in a recording, streams and compressed bodies decoded."""
    pairs = [*recording.headers, *recording.answer_headers]
    lines = [recording.method, recording.uri, recording.reason, *map(": ".join, pairs)]
    text = "\n".join([*lines, *_texts(recording.body), *_texts(recording.answer_body)])
    return text + "\n".join(_decoded(text))


def _texts(body: bytes) -> Iterator[str]:
    if body.startswith(b"\x1f\x8b"):
        body = gzip.decompress(body)
    yield body.decode("latin-1")
    if b":event-type" in body:
        for message in decode_messages(body)[0]:
            yield message.payload.decode("latin-1")
            inner = json.loads(message.payload).get("bytes")
            yield base64.b64decode(inner).decode("latin-1") if inner else ""


def _decoded(text: str) -> Iterator[str]:
    """What stands there in base64, so that a secret which is encoded twice is seen."""
    for run in re.findall(r"[A-Za-z0-9+/]{16,}", text):
        yield base64.b64decode(run[: len(run) // 4 * 4]).decode("latin-1")


def assert_nothing_left(recording: Recording) -> None:
    """No secret of what is known, in any encoding."""
    text = everything(recording)
    for credential in KNOWN:
        for what, secret in credential.secrets().items():
            assert not holds_secret(text, secret), f"{what} of {credential.source}"


def header(headers: Headers, name: str) -> str:
    """The one value of a header."""
    (value,) = [value for key, value in headers if key.lower() == name.lower()]
    return value


def forms(secret: str) -> list[str]:
    """A secret in each encoding that it may travel in."""
    raw = secret.encode()
    return [
        secret,
        quote(secret, safe=""),
        quote(quote(secret, safe=""), safe=""),
        json.dumps(json.dumps(secret)),
        secret.replace("/", "\\/"),
        *(base64.b64encode(b"key:id"[:offset] + raw).decode() for offset in range(3)),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
        base64.b64encode(base64.b64encode(raw)).decode(),
        raw.hex(),
        raw.hex().upper(),
    ]


def a_signed_request_proves_the_same(scrub: Scrubber) -> None:
    for credential in KEYS.values():
        recording = signed(credential)
        assert_evidence_kept(recording, scrubbed(scrub, recording))


def a_bearer_request_proves_the_same(scrub: Scrubber) -> None:
    assert_evidence_kept(bearer(), scrubbed(scrub, bearer()))


def the_level_of_a_key_stays(scrub: Scrubber) -> None:
    for source, credential in KEYS.items():
        kind = credential.key_id[:4]
        value = header(scrubbed(scrub, signed(credential)).headers, "Authorization")
        assert f"Credential={kind}<{source}>/20000101/eu-central-1/bedrock/" in value


def the_level_of_a_token_stays(scrub: Scrubber) -> None:
    value = header(scrubbed(scrub, bearer()).headers, "Authorization")
    assert value == "Bearer ABSK-long-term-key-of-bearer"


def the_level_of_a_session_token_stays(scrub: Scrubber) -> None:
    mixed = KEYS["instance"]
    recording = signed(replace(ENVIRONMENT, session_token=mixed.session_token))
    value = header(scrubbed(scrub, recording).headers, "X-Amz-Security-Token")
    assert value == "<session token of instance>"


def what_conflicts_stays_conflicting(scrub: Scrubber) -> None:
    two = signed(ENVIRONMENT, ("Authorization", f"Bearer {TOKEN}"))
    presigned = replace(bearer(), uri=f"{URI}?X-Amz-Signature={'0a' * 32}")
    for recording in (two, presigned):
        after = scrubbed(scrub, recording)
        assert read_evidence(after.exchange()).scheme is AuthScheme.CONFLICTING
        assert_evidence_kept(recording, after)


def what_is_malformed_stays_malformed(scrub: Scrubber) -> None:
    right = header(signed().headers, "Authorization")
    for wrong in (
        right.replace("Signature=", "signature="),
        right.replace("/aws4_request", ""),
        right[:-1],
        right.replace("SignedHeaders=host;", "SignedHeaders="),
        f"Bearer {TOKEN} {TOKEN}",
        f"Bearer  {TOKEN}",
        "Bearer ",
        TOKEN,
    ):
        recording = bearer(headers=(("Authorization", wrong), ("X-Amz-Date", "yesterday")))
        after = scrubbed(scrub, recording)
        assert read_evidence(after.exchange()).findings
        assert_evidence_kept(recording, after)


def no_secret_is_left_in_the_request(scrub: Scrubber) -> None:
    for credential in KNOWN:
        for secret in credential.secrets().values():
            for form in forms(secret):
                safe = quote(form, safe="%")
                recording = signed(
                    ENVIRONMENT,
                    ("X-Other", f"a {form} b"),
                    uri=f"{URI}/{safe}/x?a={safe}&X-Amz-Security-Token={safe}",
                    body=json.dumps({"a": f"{form}", form: json.dumps({"b": [form]})}).encode(),
                )
                assert_nothing_left(scrubbed(scrub, recording))


def no_secret_is_left_in_the_answer(scrub: Scrubber) -> None:
    for credential in KNOWN:
        for secret in credential.secrets().values():
            for form in forms(secret):
                recording = signed(
                    reason=f"no {form}",
                    status=403,
                    answer_headers=(
                        ("X-Other", form),
                        ("Location", f"/?t={quote(form, safe='%')}"),
                    ),
                    answer_body=json.dumps({"message": f"it is {form}."}).encode(),
                )
                assert_nothing_left(scrubbed(scrub, recording))


def no_secret_is_left_in_streams(scrub: Scrubber) -> None:
    for secret in (TOKEN, ENVIRONMENT.secret, str(ENVIRONMENT.session_token)):
        body = chunk({"text": secret, "more": json.dumps({"x": secret})}) + event(
            "e", {"t": secret}
        )
        after = scrubbed(scrub, signed(answer_body=body, body=body))
        assert_nothing_left(after)
        assert len(decode_messages(after.answer_body)[0]) == len(decode_messages(body)[0])


def what_names_a_secret_loses_its_value(scrub: Scrubber) -> None:
    stranger = "FAKE-stranger-0123456789"
    body = {"Credentials": [{"SecretAccessKey": stranger, "sessionToken": stranger}]}
    xml = f"<R><SecretAccessKey>{stranger}</SecretAccessKey><x>&amp;</x></R>".encode()
    for answer in (json.dumps({"a": json.dumps(body)}).encode(), xml):
        recording = signed(
            ENVIRONMENT,
            ("Cookie", f"a={stranger}"),
            ("x-api-key", stranger),
            uri=f"https://user:{stranger}@{HOST}/?access_token={stranger}",
            answer_headers=(("Set-Cookie", f"a={stranger}"), ("set-cookie", stranger)),
            answer_body=answer,
        )
        after = scrubbed(scrub, recording)
        assert stranger not in everything(after)
        assert [value for _, value in after.answer_headers] == ["<cookie>", "<cookie>"]
        assert b"Key" in after.answer_body


def accounts_are_one(scrub: Scrubber) -> None:
    ids = set()
    for account in (ACCOUNT, "210987654321"):
        alone = scrubbed(scrub, bearer(uri=f"https://{HOST}/{account}/queue"))
        assert alone.uri == f"https://{HOST}/000000000000/queue"
        arn = PROFILE.replace(ACCOUNT, account)
        paths = [arn, quote(arn, safe=""), quote(arn, safe="").lower(), f"{account}/queue"]
        for path in [*paths, quote(quote(arn, safe=""), safe="")]:
            recording = bearer(
                uri=f"https://{HOST}/model/{path}/converse?arn={quote(arn, safe='')}",
                body=json.dumps({"arn": arn, "inner": json.dumps({"arn": arn})}).encode(),
                answer_body=json.dumps(
                    {"accountId": account, "arn": arn, "s": f"b-{account}"}
                ).encode(),
            )
            after = scrubbed(scrub, recording)
            assert account not in everything(after)
            ids.add((path.replace(account, ""), after))
    assert len({after for _, after in ids}) == len({path for path, _ in ids})


def other_numbers_stay(scrub: Scrubber) -> None:
    body = b'{"e":[0.123456789012,-1.5e-300],"n":210987654321,"f":1.0,"d":1,"d":2, "u":"\\u00e9"}'
    recording = bearer(body=body, answer_body=body, uri=f"{URI}?arn={quote(PROFILE, safe='')}")
    after = scrubbed(scrub, recording)
    assert (after.body, after.answer_body) == (body, body)


def two_recordings_are_the_same_bytes(scrub: Scrubber) -> None:
    assert len({scrubbed(scrub, one) for one in _of_the_same()}) == 1


def _of_the_same() -> Iterator[Recording]:
    """One call, made twice with different keys of one level, at different times, elsewhere."""
    for n, latency in ((1, 7), (2, 1234)):
        keys = (
            KEYS["environment"] if n == 1 else replace(KEYS["environment"], secret="FAKE/another")
        )
        requested = (
            ("User-Agent", f"Boto3/1.44.{n}"),
            ("amz-sdk-invocation-id", f"5f0e6bb{n}-0000-4000-8000-000000000000"),
            ("amz-sdk-request", f"ttl=2026030{n}T050607Z; attempt=1; max=5"),
            ("X-Amzn-Trace-Id", f"Root=1-6{n}"),
            ("Date", f"Wed, 0{n} Mar 2026 05:06:07 GMT"),
        )
        metrics = {"metrics": {"latencyMs": latency}, "p": "abcdefghij"[:n]}
        answer = event("metadata", metrics) + chunk({"id": f"msg_bdrk_0{n}WmkJ6nwceV5mBgyeDw7Frn"})
        body = json.dumps({"clientToken": f"token-{n}", "arn": PROFILE.replace("123", f"{n}23")})
        answer_headers = (
            ("x-amzn-RequestId", f"c4b2f{n}"),
            ("Date", f"Wed, 0{n} Mar 2026 05:06:07 GMT"),
            ("x-amzn-bedrock-invocation-latency", str(latency)),
            ("Content-Type", EVENT_STREAM),
            ("Content-Length", str(len(answer))),
        )
        port = "127.0.0.1:4711"
        recording = signed(
            *(keys, *requested),
            body=body.encode(),
            answer_headers=answer_headers,
            when=datetime(2026, 3, n, tzinfo=UTC),
        )
        headers = tuple((k, port if k == "Host" and n == 1 else v) for k, v in recording.headers)
        uri = f"https://{port}/model/m/converse" if n == 1 else URI
        yield replace(recording, headers=headers, uri=uri, answer_body=answer)


def lengths_and_hashes_fit(scrub: Scrubber) -> None:
    body = json.dumps({"arn": PROFILE, "token": TOKEN}).encode()
    length = (("content-length", str(len(body))),)
    after = scrubbed(scrub, signed(body=body, answer_body=body, answer_headers=length))
    assert len(after.body) < len(body)
    assert header(after.headers, "Content-Length") == str(len(after.body))
    assert header(after.answer_headers, "Content-Length") == str(len(after.answer_body))
    assert header(after.headers, "X-Amz-Content-Sha256") == hashlib.sha256(after.body).hexdigest()


def compressed_answers_are_readable(scrub: Scrubber) -> None:
    body = json.dumps({"token": TOKEN, "metrics": {"latencyMs": 5}}).encode()
    packed = gzip.compress(body)
    headers = (("Content-Encoding", "gzip"), ("Content-Length", str(len(packed))))
    after = scrubbed(scrub, bearer(answer_body=packed, answer_headers=headers, body=packed))
    assert after.answer_body == b'{"token": "<token of bearer>", "metrics": {"latencyMs": 0}}'
    assert after.answer_headers == (("Content-Length", str(len(after.answer_body))),)
    assert b"<token of bearer>" in gzip.decompress(after.body)


def filters_add_to_what_is_scrubbed_anyway(scrub: Scrubber) -> None:
    mine = "FAKE-mine"
    recording = signed(
        ENVIRONMENT,
        ("x-mine", mine),
        uri=f"{URI}?mine={mine}&t={quote(TOKEN, safe='')}",
        body=json.dumps({"MINE": {"a": [mine, 1, None]}, "b": json.dumps({"mine": mine})}).encode(),
        answer_headers=(("X-MINE", mine), ("Set-Cookie", TOKEN)),
    )
    after = scrubbed(scrub, recording)
    assert mine not in everything(after)
    assert json.loads(after.body)["MINE"] == {"a": ["<filtered>", 0, None]}
    assert after.uri == f"{URI}?mine=%3Cfiltered%3E&t=%3Ctoken%20of%20bearer%3E"
    assert_nothing_left(after)
    assert_evidence_kept(recording, after)


def twice_is_once(scrub: Scrubber) -> None:
    packed = gzip.compress(json.dumps({"token": TOKEN, "arn": PROFILE}).encode())
    for recording in (*_of_the_same(), signed(), bearer(body=packed), bearer(answer_body=packed)):
        once = scrubbed(scrub, recording)
        assert scrubbed(scrub, once) == once
        assert scrubbed(scrubber(), once) == once


DUTIES: Final[dict[str, Duty]] = {
    duty.__name__: duty
    for duty in (
        a_signed_request_proves_the_same,
        a_bearer_request_proves_the_same,
        the_level_of_a_key_stays,
        the_level_of_a_token_stays,
        the_level_of_a_session_token_stays,
        what_conflicts_stays_conflicting,
        what_is_malformed_stays_malformed,
        no_secret_is_left_in_the_request,
        no_secret_is_left_in_the_answer,
        no_secret_is_left_in_streams,
        what_names_a_secret_loses_its_value,
        accounts_are_one,
        other_numbers_stay,
        two_recordings_are_the_same_bytes,
        lengths_and_hashes_fit,
        compressed_answers_are_readable,
        filters_add_to_what_is_scrubbed_anyway,
        twice_is_once,
    )
}
