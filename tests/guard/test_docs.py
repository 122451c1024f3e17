"""docs/guard.md and docs/explain.md say what is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from bedrock_authcheck.explain.explanation import Explanation
from bedrock_authcheck.explain.operation import guided
from bedrock_authcheck.explain.told import document, lines
from bedrock_authcheck.guard.expectations import KINDS, LEVELS, Wanted
from bedrock_authcheck.guard.seen import Proof
from bedrock_authcheck.model import CredentialSource
from tests.guard.runs import LONG_TERM, TOKEN
from tests.simulated import aws_canary

if TYPE_CHECKING:
    import pytest

DOCS = Path(__file__).parents[2] / "docs"
GUARD = (DOCS / "guard.md").read_text(encoding="utf-8")
EXPLAIN = (DOCS / "explain.md").read_text(encoding="utf-8")


def listed(label: str) -> list[str]:
    (line,) = [line for line in GUARD.splitlines() if line.startswith(f"- {label}: ")]
    return re.findall(r"`([a-z-]+)`", line)


def test_all_levels_and_kinds_are_listed() -> None:
    assert listed("levels") == [str(level) for level in LEVELS]
    assert sorted(listed("kinds")) == sorted(KINDS)


def test_the_settings_are_taken() -> None:
    (block,) = re.findall(r"```ini\n(.*?)```", GUARD, re.DOTALL)
    settings = dict(line.split(" = ", 1) for line in block.splitlines() if " = " in line)
    wanted = Wanted.of_settings(settings["bedrock_auth_expect"], [settings["bedrock_auth_forbid"]])
    assert wanted.levels == ("container", "instance")
    assert wanted.forbidden == ("long-term-key",)


def test_each_evidence_is_told() -> None:
    assert all(str(proof).partition(" (")[0] in GUARD for proof in Proof)


def test_the_picture_of_explain_is_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = aws_canary(CredentialSource.SHARED, temporary=False)
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        f"[default]\naws_access_key_id={keys.key_id}\naws_secret_access_key={keys.secret}\n"
    )
    monkeypatch.setenv("HOME", "elsewhere")  # the home is what is given
    environ = {
        TOKEN: LONG_TERM,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/x",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    said = Explanation.of(environ, tmp_path, guided("bedrock-runtime", "Converse"))
    (block,) = re.findall(r"\$ bedrock-authcheck explain\n(.*?)```", EXPLAIN, re.DOTALL)
    told = list(lines(said))
    shown = block.splitlines()
    assert len(shown) == len(told)
    for picture, line in zip(shown, told, strict=True):
        assert all(part in line for part in re.split("…", picture)), (picture, line)
    assert {*re.findall(r"`(\w+)`", EXPLAIN.partition("`--json`")[2].partition("|\n")[0])} <= {
        *document(said)
    }
