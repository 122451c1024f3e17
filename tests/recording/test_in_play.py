"""What is in play: told by levels, by a machine's variables and files, and what cannot be read."""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.environments.canaries import canary
from bedrock_authcheck.environments.levels import provision
from bedrock_authcheck.model import AwsCredential, BearerToken, CredentialSource
from bedrock_authcheck.recording.in_play import InPlay
from tests.simulated import aws_canary, token_canary

if TYPE_CHECKING:
    from pathlib import Path

BEARER = token_canary(CredentialSource.BEARER)
SHARED = aws_canary(CredentialSource.SHARED, temporary=True)


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize("source", CredentialSource)
def test_a_level_tells_its_secrets_and_its_key(source: CredentialSource) -> None:
    credential = canary(source)
    in_play = InPlay([credential])
    if isinstance(credential, BearerToken):
        assert in_play.secrets() == {credential.value: "token of bearer"}
        assert in_play.token_source(f" {credential.value}\n") == "bearer"
        return
    expected = {credential.secret: f"secret of {source}"}
    if credential.session_token:
        expected[credential.session_token] = f"session token of {source}"
    assert in_play.secrets() == expected
    assert in_play.source_of(credential.key_id) == source.value
    assert in_play.key_ids() == {credential.key_id: source.value}
    assert in_play.token_source(credential.secret) is None


def test_the_level_that_was_told_first_holds() -> None:
    in_play = InPlay([AwsCredential(CredentialSource.ENVIRONMENT, SHARED.key_id, SHARED.secret)])
    in_play.add(SHARED)
    assert in_play.source_of(SHARED.key_id) == "environment"
    assert in_play.secrets()[SHARED.secret] == "secret of environment"


@pytest.mark.parametrize(
    "value", ["", "  \n", "testing", "xxxxxxxxxxxx", "abababab", "environment"]
)
def test_what_nobody_keeps_secret_is_left_out(value: str) -> None:
    in_play = InPlay([AwsCredential(CredentialSource.SHARED, value, value, value)])
    assert in_play.secrets() == {}
    assert in_play.key_ids() == {}


def test_a_short_value_is_known_where_it_stands_as_a_credential() -> None:
    in_play = InPlay([AwsCredential(CredentialSource.SHARED, "testing", "testing2")])
    assert in_play.source_of("testing") == "shared"
    assert in_play.secrets() == {"testing2": "secret of shared"}


def test_what_a_secret_is_called_fits_every_place_of_a_cassette() -> None:
    in_play = InPlay()
    in_play.add_secret("FAKE-0123456789", 'token, of <"a/b">')
    assert in_play.secrets() == {"FAKE-0123456789": "token- of -a-b-"}


def test_an_account_is_twelve_digits() -> None:
    in_play = InPlay()
    for account in ("", "1234", "12345678901x", "123456789012"):
        in_play.add_account(account)
    assert in_play.accounts() == {"123456789012"}


def test_no_secret_in_a_repr() -> None:
    assert SHARED.secret not in repr(InPlay([SHARED]))


def test_many_threads_add_at_once() -> None:
    in_play = InPlay()

    def add(thread: int) -> None:
        for number in range(200):
            in_play.add_secret(f"FAKE-{thread}-{number:08}", f"secret of {thread}")
            assert len(in_play.secrets()) > 0

    threads = [threading.Thread(target=add, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(in_play.secrets()) == 8 * 200


@pytest.mark.parametrize("source", ["bearer", "environment", "shared", "config"])
def test_a_machine_shows_each_level(source: str, tmp_path: Path) -> None:
    credential = canary(CredentialSource(source), temporary=True)
    laid_out = provision(credential, "eu-central-1")
    for path, text in laid_out.files.items():
        write(tmp_path / path, text)
    in_play = InPlay.of_machine(dict(laid_out.variables), tmp_path)
    assert in_play.secrets() == InPlay([credential]).secrets()
    assert in_play.key_ids() == InPlay([credential]).key_ids()
    assert in_play.unread == ()


def test_a_machine_shows_all_profiles_and_the_files_that_variables_name(tmp_path: Path) -> None:
    one, two = (aws_canary(CredentialSource.SHARED) for _ in range(2))
    profile = "[{}]\nAWS_ACCESS_KEY_ID={}\r\naws_secret_access_key : {}  \r\n"
    write(
        tmp_path / "elsewhere/keys",
        profile.format("a", one.key_id, one.secret) + profile.format("b", two.key_id, two.secret),
    )
    write(
        tmp_path / "conf",
        "[profile x]\nrole_arn = arn:aws:iam::123456789012:role/r\nsso_account_id = 210987654321\n",
    )
    environ = {
        "FOLDER": "elsewhere",
        "AWS_SHARED_CREDENTIALS_FILE": "~/${FOLDER}/keys",
        "AWS_CONFIG_FILE": str(tmp_path / "conf"),
    }
    in_play = InPlay.of_machine(environ, tmp_path)
    assert in_play.secrets() == dict.fromkeys([one.secret, two.secret], "secret of shared")
    assert in_play.source_of(two.key_id) == "shared"
    assert in_play.accounts() == {"123456789012", "210987654321"}


def test_a_machine_shows_tokens_keys_and_caches(tmp_path: Path) -> None:
    fake = {
        name: f"FAKE-{name}-0123456789" for name in ("s3", "ecs", "web", "ai", "a", "b", "c", "d")
    }
    write(tmp_path / "web", fake["web"] + "\n")
    write(tmp_path / "logins/x.json", json.dumps({"refreshToken": fake["d"]}))
    aws = tmp_path / ".aws"
    write(
        aws / "sso/cache/1.json", json.dumps({"accessToken": fake["a"], "region": "eu-central-1"})
    )
    write(aws / "sso/cache/2.json", json.dumps({"clientSecret": fake["b"], "x": "y"})[:-3])  # torn
    write(
        aws / "cli/cache/3.json",
        json.dumps({"Credentials": {"AccessKeyId": SHARED.key_id, "SecretAccessKey": fake["c"]}}),
    )
    environ = {
        "AWS_BEARER_TOKEN_S3": fake["s3"],
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": fake["ecs"],
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "web"),
        "AWS_LOGIN_CACHE_DIRECTORY": str(tmp_path / "logins"),
        "ANTHROPIC_API_KEY": fake["ai"],
        "PATH": "/usr/bin:/usr/local/bin",
    }
    in_play = InPlay.of_machine(environ, tmp_path)
    assert in_play.secrets() == {
        fake["s3"]: "token of AWS_BEARER_TOKEN_S3",
        fake["ecs"]: "authorization token of container",
        fake["web"]: "web identity token",
        fake["ai"]: "token of ANTHROPIC_API_KEY",
        fake["a"]: "access token of sso",
        fake["b"]: "client secret of sso",
        fake["c"]: "secret of role",
        fake["d"]: "refresh token of login",
    }
    assert in_play.source_of(SHARED.key_id) == "role"
    (sentence,) = in_play.unread
    assert sentence.startswith("~/.aws/sso/cache/2.json could not be read (it is no whole JSON): ")


@pytest.mark.parametrize(
    "text",
    [
        "aws_secret_access_key = {}",
        "[default\naws_secret_access_key = {}\n",
        "[default]\nwhat?\n\x00\naws_secret_access_key={}\naws_secret_access_key = {}\n",
        "\ufeff[default]\naws_secret_access_key = {}\n",
        "[a]\n[a]\n  aws_secret_access_key = {}",
    ],
)
def test_a_malformed_file_shows_its_secrets_as_well(text: str, tmp_path: Path) -> None:
    write(tmp_path / ".aws/credentials", text.format(SHARED.secret, SHARED.secret))
    assert SHARED.secret in InPlay.of_machine({}, tmp_path).secrets()


def test_a_file_in_utf16_and_one_in_latin_1(tmp_path: Path) -> None:
    text = f"# Schlüssel\naws_secret_access_key = {SHARED.secret}\n"
    for encoding in ("utf-16", "latin-1"):
        write(tmp_path / ".aws/config", text.encode(encoding))
        assert SHARED.secret in InPlay.of_machine({}, tmp_path).secrets()


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / ".aws/credentials").mkdir(parents=True)
    write(tmp_path / ".aws/config", b"#" * (1024**2 + 1))
    environ = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "a\0b"), "BOTO_CONFIG": os.devnull}
    in_play = InPlay.of_machine(environ, tmp_path)
    assert in_play.secrets() == {}
    shared, config, web = in_play.unread
    assert shared.startswith("~/.aws/credentials could not be read (")
    assert config == (
        "~/.aws/config could not be read (it is larger than 1024 KiB): a secret in it would not "
        "be known"
    )
    assert "could not be read (" in web


def test_a_machine_without_anything(tmp_path: Path) -> None:
    in_play = InPlay.of_machine({}, tmp_path / "missing")
    assert (in_play.secrets(), in_play.key_ids(), in_play.unread) == ({}, {}, ())
