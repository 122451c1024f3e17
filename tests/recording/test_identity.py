from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from bedrock_authcheck.recording import identity
from bedrock_authcheck.recording.identity import differences, identify
from bedrock_authcheck.recording.places import Place, canonical_uri, is_loopback, place_of
from tests.recording.samples import BEARER, SIGV4, URI, recording

if TYPE_CHECKING:
    from bedrock_authcheck.recording.cassette import Recording

ARN = "arn:aws:bedrock:us-east-1:{}:inference-profile/p"
HOST = "https://bedrock-runtime.us-east-1.amazonaws.com"


def _same(one: Recording, other: Recording) -> bool:
    digests = identify(one).digest == identify(other).digest
    assert digests == (not differences(identify(one), identify(other)))
    return digests


def _model(arn: str) -> Recording:
    return recording(uri=f"{HOST}/model/{arn}/converse")


SAME = {
    "percent-encoding": (
        _model(quote(ARN.format("1" * 12), safe="")),
        _model(ARN.format("1" * 12)),
    ),
    "percent-encoding in lower case": (
        _model(quote(ARN.format("1" * 12), safe="").lower()),
        _model(quote(ARN.format("1" * 12), safe="")),
    ),
    "account ids in the path": (
        _model(quote(ARN.format("1" * 12), safe="")),
        _model(ARN.format("2" * 12)),
    ),
    "account ids in the body": (
        recording(body=json.dumps({"a": [ARN.format("1" * 12)]}).encode()),
        recording(body=json.dumps({"a": [ARN.format("2" * 12)]}).encode()),
    ),
    "order of keys": (
        recording(body=b'{"a":1,"b":{"c":2,"d":3}}'),
        recording(body=b'{ "b": {"d": 3, "c": 2},\n "a": 1}'),
    ),
    "volatile keys": (
        recording(body=b'{"a":1,"clientToken":"x"}'),
        recording(body=b'{"a":1,"clientToken":"y"}'),
    ),
    "order of the query": (
        recording(uri=f"{HOST}/agents/?a=1&b=2"),
        recording(uri=f"{HOST}/agents/?b=2&a=1"),
    ),
    "parameters of a signature": (
        recording(uri=f"{HOST}/a?b=2&X-Amz-Date=1&X-Amz-Signature=2"),
        recording(uri=f"{HOST}/a?b=2&X-Amz-Date=3&X-Amz-Signature=4"),
    ),
    "FIPS and private endpoints": (
        recording(uri="https://bedrock-runtime-fips.us-east-1.amazonaws.com/model/m/converse"),
        recording(
            uri="https://vpce-0a.bedrock-runtime.us-east-1.vpce.amazonaws.com/model/m/converse"
        ),
    ),
    "headers": (recording(SIGV4), recording(BEARER, headers=(("X-Trace", "1"),))),
}
DIFFERENT = {
    "method": (recording(method="POST"), recording(method="GET")),
    "service or Region": (recording(), recording(uri=URI.replace("-runtime", "-agent-runtime"))),
    "service or Region ": (recording(), recording(uri=URI.replace("eu-central-1", "us-east-1"))),
    "path": (recording(), recording(uri=URI.replace("/converse", "/invoke"))),
    "query": (recording(uri=f"{URI}?a=1"), recording(uri=f"{URI}?a=2")),
    "body at a": (recording(), recording(body=b'{"a":2}')),
    "body at a[1].b": (
        recording(body=b'{"a":[1,{"b":2}]}'),
        recording(body=b'{"a":[1,{"c":2}]}'),
    ),
    "body": (recording(body=b"one"), recording(body=b"two")),
    "X-Amz-Target": (
        recording(headers=(("X-Amz-Target", "A.One"),)),
        recording(headers=(("X-Amz-Target", "A.Two"),)),
    ),
}


@pytest.mark.parametrize("what", SAME)
def test_what_may_differ_is_the_same(what: str) -> None:
    assert _same(*SAME[what])


@pytest.mark.parametrize("what", DIFFERENT)
def test_what_may_not_differ_is_named(what: str) -> None:
    one, other = DIFFERENT[what]
    assert not _same(one, other)
    assert [found[0] for found in differences(identify(one), identify(other))] == [what.strip()]


def test_a_difference_shows_what_was_recorded_and_sent() -> None:
    one, other = identify(recording(body=b'{"a":[1]}')), identify(recording(body=b'{"a":[1,"x"]}'))
    assert differences(one, other) == [("body at a[1]", "nothing", '"x"')]
    long = identify(recording(body=json.dumps({"a": "y" * 500}).encode()))
    ((_, _, shown),) = differences(one, long)
    assert len(shown) == 60


@pytest.mark.parametrize(
    ("name", "wrong", "caught_by"),
    [
        ("_one_account", lambda text: text, "account ids in the path"),
        ("_canonical_body", lambda body, _: body, "order of keys"),
        ("unquote", lambda path: path, "percent-encoding"),
        ("_SIGNATURE", "none", "parameters of a signature"),
    ],
)
def test_a_matcher_that_is_too_strict_is_caught(
    name: str, wrong: object, caught_by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, name, wrong)
    identity._located.cache_clear()
    try:
        assert not _same(*SAME[caught_by])
    finally:
        identity._located.cache_clear()


@pytest.mark.parametrize(
    ("field", "constant", "caught_by"),
    [
        ("method", "GET", "method"),
        ("host", "h", "service or Region"),
        ("path", "/", "path"),
        ("query", (), "query"),
        ("body", b"", "body at a"),
        ("target", "", "X-Amz-Target"),
    ],
)
def test_a_matcher_that_ignores_a_part_is_caught(
    field: str, constant: object, caught_by: str
) -> None:
    one, other = (
        replace(identify(r), **{field: constant})  # type: ignore[arg-type] # a wrong matcher's
        for r in DIFFERENT[caught_by]
    )
    assert one.digest == other.digest


def test_a_loopback_address_stands_for_its_service() -> None:
    loopback = {"127.0.0.1:4711": Place("bedrock-runtime", "eu-central-1")}
    sent = recording(uri="https://127.0.0.1:4711/model/m/converse")
    assert identify(sent, loopback=loopback).digest == identify(recording()).digest
    assert identify(sent).digest != identify(recording()).digest
    assert canonical_uri("http://127.0.0.1:9/a?b", loopback) == "http://127.0.0.1/a?b"
    assert canonical_uri("http://[::1]:9/a", loopback) == "http://[::1]/a"
    assert canonical_uri(URI, loopback) == URI


@pytest.mark.parametrize(
    ("host", "service", "region"),
    [
        ("bedrock.us-east-1.amazonaws.com", "bedrock", "us-east-1"),
        ("bedrock-runtime.us-gov-west-1.amazonaws.com:443", "bedrock-runtime", "us-gov-west-1"),
        ("bedrock-runtime.cn-north-1.amazonaws.com.cn", "bedrock-runtime", "cn-north-1"),
        ("bedrock-mantle.us-east-1.api.aws", "bedrock-mantle", "us-east-1"),
        ("sts.amazonaws.com", "sts", None),
        ("runtime.sagemaker.us-east-1.amazonaws.com", "sagemaker-runtime", "us-east-1"),
    ],
)
def test_hosts_of_aws_are_places(host: str, service: str, region: str | None) -> None:
    assert place_of(host) == Place(service, region)
    assert place_of(Place(service, region).host) == Place(service, region)


@pytest.mark.parametrize(
    "host",
    [
        "bedrock-runtime.us-east-1.amazonaws.com.evil.example",
        "evil-bedrock.us-east-1.amazonaws.com",
        "bedrock-runtime.us-east-1.amazonaws.com:8443",
        "127.0.0.1:80",
    ],
)
def test_hosts_that_look_like_it_are_not(host: str) -> None:
    assert place_of(host) is None


def test_this_machine_is_known() -> None:
    assert all(map(is_loopback, ["localhost:80", "127.1.2.3", "[::1]:443", "a.localhost"]))
    assert not any(map(is_loopback, ["128.0.0.1", "localhost.example", "example"]))
