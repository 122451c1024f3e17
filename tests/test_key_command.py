"""`bedrock-authcheck key`: all of the key in the environment but the key."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_authcheck.cli import main
from bedrock_authcheck.model import CredentialSource
from bedrock_authcheck.wire.fingerprint import fingerprint
from bedrock_authcheck.wire.redaction import shorten_key_id
from bedrock_authcheck.wire.tokens import fake_short_term_key
from tests.simulated import aws_canary
from tests.wire import lookalikes

if TYPE_CHECKING:
    from collections.abc import Callable

    Told = Callable[..., tuple[int, str]]

ROOT = Path(__file__).parents[1]
TOKEN = "AWS_BEARER_TOKEN_BEDROCK"
SIGNER = aws_canary(CredentialSource.INSTANCE)
LONG_TERM_IAM = aws_canary(CredentialSource.SHARED, temporary=False)
LONG_TERM = lookalikes.long_term_key()
MADE_AT = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)
SHORT_TERM = fake_short_term_key(SIGNER, region="eu-central-1", made_at=MADE_AT, expires=3600)
OVER = fake_short_term_key(LONG_TERM_IAM, region="us-east-1", made_at=MADE_AT, expires=600)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Told:
    """Run the command in an environment; what it writes holds nothing of any key."""
    for name in (TOKEN, "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "CI"):
        monkeypatch.delenv(name, raising=False)

    def tell(*arguments: str, **environ: str) -> tuple[int, str]:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        status = main(["key", *arguments])
        out, err = capsys.readouterr()
        for value in (*environ.values(), *SIGNER.secrets().values()):
            parts = [value[at : at + 12] for at in range(16, len(value) - 12)]
            assert not [part for part in parts if part in out + err]
        return status, out + err

    return tell


def test_a_short_term_key(told: Told) -> None:
    status, text = told(AWS_REGION="eu-central-1", CI="true", AWS_BEARER_TOKEN_BEDROCK=SHORT_TERM)
    assert status == 0
    assert text.splitlines() == [
        "kind         short-term",
        "account      not told by a short-term key: aws sts get-access-key-info, with its key id",
        f"key id       {shorten_key_id(SIGNER.key_id)}, of temporary credentials",
        "region       eu-central-1",
        f"made         {MADE_AT.isoformat()}",
        f"expires      {(MADE_AT + timedelta(hours=1)).isoformat()}, 1:00:00 after",
        f"fingerprint  {fingerprint(SHORT_TERM)}",
        "findings     none",
    ]


def test_a_long_term_key_in_ci(told: Told) -> None:
    status, text = told(CI="1", AWS_BEARER_TOKEN_BEDROCK=LONG_TERM)
    assert status == 1
    assert text.splitlines() == [
        "kind         long-term",
        "account      123456789012",
        f"fingerprint  {fingerprint(LONG_TERM)}",
        f"findings     SAFE-3: a long-term API key ({TOKEN}) signs in CI",
    ]
    assert told(CI="", AWS_BEARER_TOKEN_BEDROCK=LONG_TERM)[0] == 0


def test_a_key_that_is_over_and_of_another_region(told: Told) -> None:
    expired = f"{MADE_AT + timedelta(minutes=10):%Y-%m-%d %H:%M:%S} UTC"
    status, text = told(AWS_DEFAULT_REGION="eu-central-1", AWS_BEARER_TOKEN_BEDROCK=OVER)
    assert status == 1
    lines = text.splitlines()
    assert lines[2] == f"key id       {shorten_key_id(LONG_TERM_IAM.key_id)}"
    assert lines[-2:] == [
        f"findings     SAFE-2: it expired at {expired}",
        "findings     SAFE-2: it was made for us-east-1, and AWS_DEFAULT_REGION is eu-central-1",
    ]


def test_what_is_no_key(told: Told) -> None:
    status, text = told(AWS_BEARER_TOKEN_BEDROCK="sk-something-else-altogether-0123456789")
    assert status == 1
    assert text.splitlines() == [
        "kind         unknown",
        "fingerprint  none: it is no whole API key",
        "findings     the key begins neither with bedrock-api-key- nor with ABSK",
    ]


def test_json_is_one_document(told: Told) -> None:
    status, text = told("--json", AWS_REGION="eu-west-1", AWS_BEARER_TOKEN_BEDROCK=SHORT_TERM)
    assert status == 1
    expected: dict[str, Any] = {
        "variable": TOKEN,
        "kind": "short-term",
        "account": None,
        "region": "eu-central-1",
        "key_id": shorten_key_id(SIGNER.key_id),
        "temporary": True,
        "made": MADE_AT.isoformat(),
        "expires": (MADE_AT + timedelta(hours=1)).isoformat(),
        "lifetime": 3600,
        "fingerprint": fingerprint(SHORT_TERM),
        "findings": [
            {"rule": "SAFE-2", "text": "it was made for eu-central-1, and AWS_REGION is eu-west-1"}
        ],
    }
    assert json.loads(text) == expected
    status, text = told("--json", AWS_BEARER_TOKEN_BEDROCK="ABSK?")
    assert status == 1
    document = json.loads(text)
    assert document.keys() == expected.keys()
    assert document["findings"] == [
        {"rule": None, "text": "what stands behind the prefix is not base64"}
    ]


@pytest.mark.parametrize("environ", [{}, {TOKEN: " "}, {"AWS_ACCESS_KEY_ID": SIGNER.key_id}])
def test_no_key_is_status_2(told: Told, environ: dict[str, str]) -> None:
    assert told(**environ) == (2, f"{TOKEN} is not set: set it to the API key to be told of\n")
    assert told("--json", **environ)[0] == 2


def test_as_a_shell_runs_it_nothing_costly_is_loaded() -> None:
    code = (
        "import sys, bedrock_authcheck.cli as cli\n"
        "status = cli.main(['key'])\n"
        "print(status, {'yaml', 'vcr', 'boto3', 'botocore', 'pytest'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT), TOKEN: LONG_TERM},
    )
    assert done.stdout.splitlines()[-1] == "0 set()"
    assert LONG_TERM[24:40] not in done.stdout + done.stderr
