"""SARIF of a scan: where each leak is, under which rule, and nothing of what it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bedrock_authcheck.cli import main
from tests.wire import lookalikes

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

KEY = lookalikes.long_term_key()


def test_each_leak_has_a_rule_a_place_and_no_value(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a b#.py").write_text(f"\n\nTOKEN = '{KEY}'\n")
    cassette = (
        f"interactions:\n- request:\n    headers:\n      Authorization:\n      - Bearer {KEY}\n"
    )
    (tmp_path / "c.yaml").write_text(cassette)
    assert main(["scan", "--sarif", "a b#.py", "c.yaml", "none"]) == 1
    text = capsys.readouterr().out
    assert KEY not in text
    document = json.loads(text)
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["SAFE-1", "SAFE-5"]
    first, second = run["results"]
    place = first["locations"][0]["physicalLocation"]
    assert first["ruleId"] == "SAFE-1"
    assert place["artifactLocation"]["uri"] == "a%20b%23.py"
    assert place["region"] == {"startLine": 3, "endLine": 3}
    assert second["ruleId"] == "SAFE-5"
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "none: cannot be read" in invocation["toolExecutionNotifications"][0]["message"]["text"]
