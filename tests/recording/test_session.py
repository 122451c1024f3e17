"""A recorder from its first request to its file: the simulated service, moto's server, refusals."""

from __future__ import annotations

import hashlib
import http.client
from base64 import b64encode
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import requests
from botocore.config import Config

from bedrock_authcheck.recording.cassette import Cassette, CassetteError, Origin
from bedrock_authcheck.recording.in_play import InPlay
from bedrock_authcheck.recording.reading import read_cassette
from bedrock_authcheck.recording.scan import leaks_in
from bedrock_authcheck.recording.session import LeakError, Recorder, Settings, replaying
from bedrock_authcheck.recording.tape import Miss
from bedrock_authcheck.recording.writing import write_cassette
from tests.recording.samples import PROVENANCE, cassette, recording

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bedrock_authcheck.environments.environment import Environment
    from bedrock_authcheck.recording.places import Place

MODEL = "simulated.model-v1:0"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cassettes" / "a.yaml"


@pytest.fixture
def settings(machine: Environment, loopback: dict[str, Place]) -> Settings:
    return Settings(loopback, machine.variables)


@pytest.fixture
def in_play(machine: Environment) -> InPlay:
    return InPlay(machine.keyring.credentials)


def _ask(text: str = "hello") -> None:
    messages: Any = [{"role": "user", "content": [{"text": text}]}]
    with closing(boto3.client("bedrock-runtime", config=Config())) as client:
        client.converse(modelId=MODEL, messages=messages)


def _record(path: Path, settings: Settings, in_play: InPlay, *texts: str, adds: bool) -> Cassette:
    recorder = Recorder(path, settings, in_play, adds=adds)
    with recorder.running():
        for text in texts:
            _ask(text)
    return recorder.write()


def test_what_is_made_is_written_and_replayed(
    path: Path, settings: Settings, in_play: InPlay
) -> None:
    made = _record(path, settings, in_play, "a", "b", adds=False)
    assert made == read_cassette(path)
    assert made.provenance is not None
    assert made.provenance.origin is Origin.SIMULATED
    with replaying(path, settings) as deck:
        _ask("b")
        _ask("a")
    assert deck.index is not None
    assert deck.index.unplayed == []


def test_what_is_there_is_played_and_the_rest_added(
    path: Path, settings: Settings, in_play: InPlay
) -> None:
    first = _record(path, settings, in_play, "a", adds=False)
    assert _record(path, settings, in_play, "a", adds=True) == first
    both = _record(path, settings, in_play, "a", "b", adds=True)
    assert both.recordings[:1] == first.recordings
    assert len(both.recordings) == 2


def test_nothing_seen_is_nothing_written(path: Path, settings: Settings, in_play: InPlay) -> None:
    with pytest.raises(CassetteError, match="no request was seen"):
        _record(path, settings, in_play, adds=False)
    assert not path.parent.exists()


def _patched() -> list[object]:
    return [http.client.HTTPSConnection, requests.adapters.HTTPAdapter.send, boto3.client]


def test_a_refused_write_leaves_the_old_file_and_no_patch(
    path: Path, settings: Settings, in_play: InPlay
) -> None:
    _record(path, settings, in_play, "a", adds=False)
    before, patched = path.read_bytes(), _patched()
    digest = hashlib.sha512(b"1").digest()
    key = f"ABSK{b64encode(digest + digest).decode()}"  # of nobody: nothing knows its value
    with pytest.raises(LeakError) as raised:
        _record(path, settings, in_play, b64encode(key.encode()).decode(), adds=False)
    assert "interaction 1, request body" in str(raised.value)
    assert key not in str(raised.value)
    assert _patched() == patched
    assert path.read_bytes() == before
    assert [*path.parent.iterdir()] == [path]


def test_of_another_recorder_nothing_is_added_to(
    path: Path, settings: Settings, in_play: InPlay
) -> None:
    text = write_cassette(cassette(recording()))
    path.parent.mkdir()
    path.write_text(text[text.index("interactions:") : text.index("bedrock_authcheck_end")])
    with pytest.raises(CassetteError, match="is of another recorder"):
        Recorder(path, settings, in_play, adds=True)


def test_what_is_of_aws_is_not_mixed_with_what_is_simulated(
    path: Path, settings: Settings, in_play: InPlay
) -> None:
    live = Cassette((recording(),), replace(PROVENANCE, origin=Origin.AWS))
    path.parent.mkdir()
    path.write_text(write_cassette(live), encoding="utf-8", newline="\n")
    with pytest.raises(CassetteError, match="from aws, and nothing from simulated is added"):
        _record(path, settings, in_play, "b", adds=True)
    assert read_cassette(path) == live


def test_a_request_that_went_round_the_recorder_is_not_passed_over(
    path: Path, settings: Settings, in_play: InPlay, machine: Environment
) -> None:
    import socket  # noqa: PLC0415 - a client that nobody patches

    url = machine.variables["AWS_ENDPOINT_URL_BEDROCK"]
    host, _, port = url.partition("://")[2].partition(":")
    recorder = Recorder(path, settings, in_play, adds=False)
    with recorder.running():
        _ask()
        socket.create_connection((host, int(port)), 5).close()
    with pytest.raises(CassetteError, match="went round the recorder"):
        recorder.write()
    assert not path.exists()


def test_a_cassette_that_changed_meanwhile_is_not_overwritten(
    path: Path, settings: Settings, in_play: InPlay
) -> None:
    slow = Recorder(path, settings, in_play, adds=False)
    with slow.running():
        _ask("slow")
    _record(path, settings, in_play, "quick", adds=False)
    before = path.read_bytes()
    with pytest.raises(CassetteError):
        slow.write()
    assert path.read_bytes() == before


def test_requests_to_sts_are_not_in_a_cassette(
    path: Path, settings: Settings, in_play: InPlay
) -> None:
    recorder = Recorder(path, settings, in_play, adds=False)
    with recorder.running():
        with closing(boto3.client("sts")) as sts:
            sts.get_caller_identity()
        _ask()
    made = recorder.write()
    assert [r.uri.partition(".")[0] for r in made.recordings] == ["https://bedrock-runtime"]
    with replaying(path, settings), pytest.raises(Miss, match="is never recorded"):
        boto3.client("sts", endpoint_url="https://sts.amazonaws.com").get_caller_identity()


@pytest.fixture
def moto_url(machine: Environment) -> Iterator[str]:
    assert machine.region
    server = pytest.importorskip("moto.server", reason="moto's server is not installed")
    running = server.ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


def test_through_motos_server_and_an_assumed_role_no_secret_is_written(
    path: Path, machine: Environment, moto_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (machine.home / ".aws" / "config").write_text(
        "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/r\n"
        "credential_source = Environment\n"
    )
    for name in [name for name in machine.variables if name.startswith("AWS_ENDPOINT_URL_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("AWS_BEARER_TOKEN_BEDROCK")
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_url)
    machine.variables["AWS_ENDPOINT_URL"] = moto_url
    recorder = Recorder(path, Settings({}, machine.variables), InPlay(), adds=False)
    session = boto3.Session(profile_name="role")
    with recorder.running():
        with closing(session.client("bedrock-agent")) as client:
            client.list_agents()
        credentials = session.get_credentials()
        assert credentials is not None
        frozen = credentials.get_frozen_credentials()
    made = recorder.write()
    assert made.provenance is not None
    assert made.provenance.origin is Origin.OTHER
    (only,) = made.recordings  # and no AssumeRole
    authorization = only.header("Authorization")
    assert authorization is not None
    assert "<role>" in authorization
    assert frozen.secret_key is not None
    assert frozen.token is not None
    secrets = {frozen.secret_key: "secret", frozen.token: "session token"}
    for credential in machine.keyring.credentials:
        secrets |= {value: what for what, value in credential.secrets().items()}
    assert leaks_in(path.read_bytes(), secrets) == ()
