"""docs/keys.md: its example passes, its settings are taken, its formula is the one in use."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from bedrock_authcheck.wire.fingerprint import fingerprint
from tests.wire import lookalikes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "keys.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(page: str, language: str) -> Sequence[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def test_an_application_that_makes_its_own_key_is_let_in(pytester: pytest.Pytester) -> None:
    application = blocks(README, "python")[0].partition("def test_")[0]
    pytester.makepyfile(application + blocks(PAGE, "python")[0])
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_the_settings_are_taken(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    key = lookalikes.long_term_key()
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", key)
    monkeypatch.delenv("CI", raising=False)
    (settings,) = blocks(PAGE, "ini")
    production = re.findall(r"production = (\S+)", settings)[0]
    pytester.makeini(settings.replace(production, fingerprint(key) or ""))
    result = pytester.runpytest_subprocess(
        *("-p", "no:cacheprovider", "-p", "no:asyncio"),
        *("--bedrock-authcheck", "bedrock-authcheck::keys", "--authcheck-strict"),
    )
    result.assert_outcomes(failed=2, skipped=1)
    result.stdout.fnmatch_lines_random(
        [
            "SAFE-3 failed: a long-term API key (AWS_BEARER_TOKEN_BEDROCK) signs",
            "SAFE-4 failed: the key here is that of production (k1:*",
        ]
    )


def test_the_formula_is_the_one_in_use() -> None:
    text, digits = (
        re.findall(pattern, PAGE)[0] for pattern in (r'SHA-256\("([^"]+)"', r"first (\d+) hexa")
    )
    key = lookalikes.short_term_key()
    digest = hashlib.sha256(f"{text}\0{key}".encode()).hexdigest()
    assert fingerprint(key) == f"k1:{digest[: int(digits)]}"
