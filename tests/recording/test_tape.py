"""The seam to vcrpy, on whichever release is installed, with the HTTP libraries that people use."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
import urllib.request
from typing import TYPE_CHECKING, Any

import boto3
import botocore.awsrequest
import botocore.httpsession
import httpx
import pytest
import requests
import urllib3.connectionpool
from botocore.config import Config

from bedrock_authcheck.recording.cassette import Cassette, Recording
from bedrock_authcheck.recording.index import Index
from bedrock_authcheck.recording.places import canonical_uri
from bedrock_authcheck.recording.tape import Deck, Miss, inserted
from bedrock_authcheck.services.messages import TEXT
from tests.simulated import REGION

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bedrock_authcheck.environments.environment import Environment
    from bedrock_authcheck.recording.places import Place

    Ask = Callable[[str, str], str]
    """Asks the runtime at a URL, with a token, and returns what it says."""

HOST = f"https://bedrock-runtime.{REGION}.amazonaws.com"
PATH = "/model/simulated.model-v1%3A0/converse"
MESSAGES = [{"role": "user", "content": [{"text": "hello"}]}]
MANY: dict[str, Any] = {"retries": {"mode": "standard", "total_max_attempts": 3}}


def _said(answer: dict[str, Any]) -> str:
    return str(answer["output"]["message"]["content"][0]["text"])


def _boto3(url: str, _token: str) -> str:
    client = boto3.client("bedrock-runtime", endpoint_url=url, config=Config(**MANY))
    try:
        return _said(client.converse(modelId="simulated.model-v1:0", messages=MESSAGES))
    finally:
        client.close()


def _httpx(url: str, token: str) -> str:
    with httpx.Client() as client:
        answer = client.post(url + PATH, headers=_headers(token), json=_BODY)
    return _said(answer.json())


def _httpx_async(url: str, token: str) -> str:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient() as client:
            return await client.post(url + PATH, headers=_headers(token), json=_BODY)

    return _said(asyncio.run(ask()).json())


def _requests(url: str, token: str) -> str:
    with requests.Session() as session:
        answer = session.post(url + PATH, headers=_headers(token), json=_BODY)
        return _said(answer.json())


def _urllib(url: str, token: str) -> str:
    request = urllib.request.Request(
        url + PATH, json.dumps(_BODY).encode(), _headers(token), method="POST"
    )
    with urllib.request.urlopen(request) as answer:
        return _said(json.load(answer))


def _aiobotocore(url: str, _token: str) -> str:
    session = pytest.importorskip(
        "aiobotocore.session",
        reason="aiobotocore holds botocore back: the tox environment aiobotocore has it",
    ).get_session()

    async def ask() -> dict[str, Any]:
        async with session.create_client("bedrock-runtime", endpoint_url=url) as client:
            answer: dict[str, Any] = await client.converse(
                modelId="simulated.model-v1:0", messages=MESSAGES
            )
            return answer

    return _said(asyncio.run(ask()))


_BODY = {"messages": MESSAGES}
CLIENTS = [_boto3, _httpx, _httpx_async, _requests, _urllib, _aiobotocore]


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


@pytest.fixture
def token(machine: Environment) -> str:
    (token,) = machine.keyring.tokens
    return token.value


@pytest.fixture
def url(machine: Environment) -> str:
    return machine.variables["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"]


def _canonical(recordings: list[Recording], loopback: dict[str, Place]) -> Cassette:
    return Cassette(
        tuple(
            Recording(
                r.method,
                canonical_uri(r.uri, loopback),
                r.headers,
                r.body,
                r.status,
                r.reason,
                r.answer_headers,
                r.answer_body,
            )
            for r in recordings
        )
    )


@pytest.mark.parametrize("ask", CLIENTS, ids=lambda ask: ask.__name__.strip("_"))
def test_what_a_client_sends_is_recorded_and_answered_without_a_host(
    ask: Ask, url: str, token: str, loopback: dict[str, Place], tmp_path: Path
) -> None:
    recording = Deck(None, records=True)
    with inserted(recording, tmp_path):
        assert ask(url, token) == TEXT
    (made,) = recording.made
    assert made.status == 200
    assert made.header("Authorization") == f"Bearer {token}"

    index = Index(_canonical(recording.made, loopback))
    replay = Deck(index)
    with inserted(replay, tmp_path):
        assert ask(HOST, token) == TEXT
    assert index.unplayed == []
    assert replay.misses == []


@pytest.mark.parametrize("ask", CLIENTS, ids=lambda ask: ask.__name__.strip("_"))
def test_a_miss_is_no_exception_of_the_client_and_is_not_retried(
    ask: Ask, token: str, tmp_path: Path
) -> None:
    deck = Deck(Index(Cassette(())), tell_miss=lambda request: f"missed {request.method}")
    with inserted(deck, tmp_path), pytest.raises(Miss, match="missed POST"):
        ask(HOST, token)
    assert deck.misses == ["missed POST"]
    assert not issubclass(Miss, Exception)


def test_a_miss_in_a_thread_is_kept(token: str, tmp_path: Path) -> None:
    deck = Deck(Index(Cassette(())))

    def swallow() -> None:
        with pytest.raises(Miss):
            _requests(HOST, token)

    with inserted(deck, tmp_path):
        thread = threading.Thread(target=swallow)
        thread.start()
        thread.join()
    assert len(deck.misses) == 1


def _patched() -> list[object]:
    return [
        http.client.HTTPSConnection,
        urllib3.connectionpool.HTTPSConnectionPool.ConnectionCls,
        botocore.awsrequest.AWSHTTPSConnection,
        botocore.httpsession.AWSHTTPSConnectionPool.ConnectionCls
        if hasattr(botocore.httpsession, "AWSHTTPSConnectionPool")
        else None,
        httpx.HTTPTransport.handle_request,
        requests.adapters.HTTPAdapter.send,
    ]


@pytest.mark.parametrize("error", [None, RuntimeError, KeyboardInterrupt, Miss])
def test_the_patches_are_gone_whatever_the_block_raises(
    error: type[BaseException] | None, tmp_path: Path
) -> None:
    before = _patched()
    if error is None:
        with inserted(Deck(None, records=True), tmp_path):
            assert _patched() != before
    else:
        with pytest.raises(error), inserted(Deck(None, records=True), tmp_path):
            raise error("x")
    assert _patched() == before
    assert list(tmp_path.iterdir()) == []


def test_what_passes_is_sent_and_shown_and_not_kept(url: str, token: str, tmp_path: Path) -> None:
    shown: list[Recording] = []
    for records in (True, False):
        deck = Deck(None, records=records, passes=lambda _: True, on_passed=shown.append)
        with inserted(deck, tmp_path):
            assert _boto3(url, token) == TEXT
        assert deck.made == []
        assert deck.misses == []
    assert [recording.status for recording in shown] == [200, 200]


def test_a_client_that_was_built_before_is_recorded_too(
    url: str, token: str, tmp_path: Path
) -> None:
    client = boto3.client("bedrock-runtime", endpoint_url=url)
    deck = Deck(None, records=True)
    with inserted(deck, tmp_path):
        client.converse(modelId="simulated.model-v1:0", messages=MESSAGES)
    client.close()
    assert token
    assert len(deck.made) == 1


def test_keep_alive_is_answered_request_by_request(
    url: str, loopback: dict[str, Place], tmp_path: Path
) -> None:
    deck = Deck(None, records=True)
    client = boto3.client("bedrock-runtime", endpoint_url=url)
    with inserted(deck, tmp_path):
        for text in "abc":
            client.converse(modelId="m", messages=[{"role": "user", "content": [{"text": text}]}])
    client.close()
    index = Index(_canonical(deck.made, loopback))
    client = boto3.client("bedrock-runtime", endpoint_url=HOST)
    with inserted(Deck(index), tmp_path):
        for text in "cab":
            client.converse(modelId="m", messages=[{"role": "user", "content": [{"text": text}]}])
    client.close()
    assert index.unplayed == []


def test_bodies_of_any_kind_are_read(url: str, token: str, tmp_path: Path) -> None:
    assert token
    deck = Deck(None, records=True)
    body = json.dumps(_BODY).encode()
    kinds: list[Any] = [body, body.decode(), iter([body[:9], body[9:]])]
    with inserted(deck, tmp_path):
        for data in kinds:
            requests.post(url + PATH, data=data, headers=_headers(token), timeout=20)
    assert [recording.body for recording in deck.made] == [body] * 3
