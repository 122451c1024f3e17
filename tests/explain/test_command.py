"""`bedrock-authcheck explain`: all of a machine's credentials but the credentials."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_authcheck.cli import main
from bedrock_authcheck.environments.isolation import steers_a_client
from bedrock_authcheck.explain.explanation import Explanation
from bedrock_authcheck.explain.operation import guided
from bedrock_authcheck.explain.told import header
from bedrock_authcheck.model import CredentialSource
from bedrock_authcheck.wire.fingerprint import fingerprint
from bedrock_authcheck.wire.tokens import fake_short_term_key
from tests.simulated import aws_canary
from tests.wire import lookalikes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Told = Callable[..., tuple[int, str]]

NOW = datetime.now(UTC).replace(microsecond=0)
SIGNER = aws_canary(CredentialSource.INSTANCE)
KEYS = aws_canary(CredentialSource.ENVIRONMENT)
SHORT_TERM = fake_short_term_key(SIGNER, region="eu-central-1", made_at=NOW, expires=3600)
EXPIRED = fake_short_term_key(
    SIGNER, region="eu-central-1", made_at=NOW - timedelta(days=1), expires=60
)
LONG_TERM = lookalikes.long_term_key()
TOKEN = "AWS_BEARER_TOKEN_BEDROCK"
VARIABLES = {
    "AWS_ACCESS_KEY_ID": KEYS.key_id,
    "AWS_SECRET_ACCESS_KEY": KEYS.secret,
    "AWS_SESSION_TOKEN": KEYS.session_token or "",
}
OFF = {"AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture
def told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Told:
    """Run the command on a machine with nothing on it but these variables."""
    for name in [name for name in os.environ if steers_a_client(name)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))

    def tell(*arguments: str, **environ: str) -> tuple[int, str]:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        status = main(["explain", *arguments])
        out, err = capsys.readouterr()
        secrets = [SHORT_TERM, EXPIRED, LONG_TERM, *KEYS.secrets().values()]
        for value in (*secrets, *SIGNER.secrets().values()):
            parts = [value[at : at + 12] for at in range(16, len(value) - 12)]
            assert not [part for part in parts if part in out + err]
        return status, out + err

    return tell


def read(text: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads(text)


def test_a_token_over_variables(told: Told) -> None:
    status, text = told(**{TOKEN: SHORT_TERM}, **VARIABLES, **OFF, AWS_DEFAULT_REGION="us-east-1")
    assert status == 0
    lines = text.splitlines()
    assert lines[0].startswith(
        "bedrock-runtime.Converse: signed with bearer by 1 bearer token (short-term API key, made "
    )
    assert f"{NOW + timedelta(hours=1):%Y-%m-%d %H:%M:%S} UTC" in lines[0]
    assert "  region    us-east-1 (AWS_DEFAULT_REGION)" in lines
    assert f"fingerprint {fingerprint(SHORT_TERM)}" in text
    assert "  level 4   shared credentials file: nothing" in lines
    assert "  why       level 1 is the first that is there (CHAIN-1)" in lines
    (gone,) = [line for line in lines if line.startswith("  no token")]
    assert gone.startswith("  no token  3 environment variables (temporary credentials, ASIA…")
    assert gone.endswith(" would sign with sigv4")
    (caution,) = [line for line in lines if line.startswith("  caution")]
    assert caution.endswith(
        "the key was made for eu-central-1, and the Region here is us-east-1 (SAFE-2)"
    )


def test_json_tells_the_same(told: Told) -> None:
    status, text = told("--json", **{TOKEN: LONG_TERM}, **VARIABLES, **OFF)
    said = read(text)
    assert status == 0
    assert said["winner"]["source"] == "bearer"
    assert said["winner"]["kind"] == "long-term API key"
    assert said["winner"]["fingerprint"] == fingerprint(LONG_TERM)
    assert said["shadowed"] == ["environment"]
    assert said["without_token"]["source"] == "environment"
    assert said["rules"] == ["CHAIN-1"]
    assert said["certain"] is True


def test_an_operation_that_takes_no_keys(told: Told) -> None:
    status, text = told("--operation", "listagents", **{TOKEN: LONG_TERM}, **VARIABLES, **OFF)
    assert status == 0
    assert text.startswith("bedrock-agent.ListAgents: signed with sigv4 by 3 environment variables")
    assert "(LIMIT-2, LIMIT-4)" in text
    assert "  no token  changes nothing: it does not sign here" in text


def test_nothing_is_there(told: Told) -> None:
    status, text = told(**OFF)
    assert status == 1
    assert text.startswith("bedrock-runtime.Converse: nothing: the call ends in an error before")
    assert told("--json")[0] == 1
    assert told("--keys-in-code")[0] == 0


def test_metadata_is_not_asked_and_not_certain(told: Told) -> None:
    status, text = told("--json")
    said = read(text)
    assert (status, said["certain"], said["winner"]["state"]) == (0, False, "may be there")
    said = read(told("--json", AWS_CONTAINER_CREDENTIALS_RELATIVE_URI="/v2/credentials/1")[1])
    assert said["winner"]["source"] == "container"
    assert said["winner"]["place"] == "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"


def test_an_expired_key_still_wins_and_is_told(told: Told) -> None:
    _, text = told(**{TOKEN: EXPIRED}, **VARIABLES, **OFF)
    assert "signed with bearer by 1 bearer token" in text
    assert "it has expired: the call ends in an error, no other level signs (TOKEN-13)" in text


def test_an_empty_token_is_none(told: Told) -> None:
    _, text = told(**{TOKEN: "  "}, **VARIABLES, **OFF)
    assert "signed with sigv4 by 3 environment variables" in text
    assert "  level 1   bearer token: broken  AWS_BEARER_TOKEN_BEDROCK, it is empty" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--service", "bedrok-runtime"), "no service 'bedrok-runtime': the nearest are bedrock-r"),
        (("--operation", "Convers"), "no operation 'Convers': the nearest are Converse, Converse"),
        (
            ("--service", "bedrock", "--operation", "Converse"),
            "no such operation of bedrock: it is one of bedrock-runtime",
        ),
        (("--service", "x" * 200), "no service 'what is given': there is bedrock, "),
    ],
)
def test_what_does_not_exist_is_told_with_the_nearest(
    arguments: tuple[str, ...], said: str, told: Told
) -> None:
    status, text = told(*arguments)
    assert status == 2
    assert text.startswith("bedrock-authcheck explain: there is ")
    assert said in text


def test_what_stands_in_files_is_told_by_form_alone(told: Told, tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        f"[{LONG_TERM}]\naws_access_key_id = {KEYS.secret}\naws_secret_access_key = {KEYS.secret}\n"
        f"aws_account_id = {KEYS.secret}\nregion = {KEYS.secret}\n"
    )
    status, text = told(AWS_PROFILE=LONG_TERM, **OFF)
    assert status == 0
    assert "~/.aws/credentials [a name that is not told]" in text
    assert "of another form than IAM's" in text
    (tmp_path / ".aws" / "credentials").write_text(f"{LONG_TERM}\n[default]\n")
    _, text = told()
    assert "it is malformed, at line 1: it provides nothing" in text
    assert "AWS_PROFILE names a profile that is in neither file" in text


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"[a]\n" + b"#" * 2**20, b"[a\x00]\nx\n\x00"])
def test_files_that_are_none(data: bytes, told: Told, tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_bytes(data)
    status, text = told(**OFF)
    assert status == 1
    assert "config file: broken  ~/.aws/config, it is " in text


def test_the_header_is_one_line(tmp_path: Path) -> None:
    environ = {TOKEN: LONG_TERM, **VARIABLES, **OFF}
    converse = guided("bedrock-runtime", "Converse")
    line = header(Explanation.of(environ, tmp_path, converse))
    assert line == (
        "bedrock-runtime.Converse here: bearer by level 1 bearer token (long-term API key); "
        "without the token: 3 environment variables"
    )
    assert "nothing" in header(Explanation.of(OFF, tmp_path, converse))
