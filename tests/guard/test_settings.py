"""Settings and markers that make no sense are refused before anything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.guard.runs import LONG_TERM, ON

if TYPE_CHECKING:
    from tests.plugin.conftest import Run

pytestmark = pytest.mark.usefixtures("keys")


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ("expect=sigv5", "bedrock_auth_expect: scheme: 'sigv5' does not exist (did you mean sigv4"),
        ("expect=sigv4: contaner", "level: 'contaner' does not exist (did you mean container"),
        ("expect=sigv4:", "bedrock_auth_expect: behind the colon stand levels: bearer, settings, "),
        ("forbid=long-key", "bedrock_auth_forbid: 'long-key' does not exist (did you mean long-t"),
        (f"forbid={LONG_TERM}", "bedrock_auth_forbid: what is set does not exist: choose from "),
    ],
)
def test_settings_that_make_no_sense(setting: str, text: str, run: Run) -> None:
    result = run(*ON, "-o", f"bedrock_auth_{setting}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    said = result.stderr.str()
    assert text in said
    assert "choose from" in said or "stand levels" in said
    assert LONG_TERM[4:20] not in said


@pytest.mark.parametrize(
    ("marker", "text"),
    [
        ('"sigv5"', "scheme: 'sigv5' does not exist (did you mean sigv4?): choose from sigv4, be"),
        ("", "it takes one of sigv4, bearer, any, and level= and kind= as texts"),
        ('"sigv4", lvl="config"', "it takes one of sigv4, bearer, any"),
        ('"sigv4", level=4', "it takes one of sigv4, bearer, any"),
        ('"sigv4", level="cnfig"', "level: 'cnfig' does not exist (did you mean config?)"),
        ('"bearer", kind="long"', "kind: 'long' does not exist"),
    ],
)
def test_markers_that_make_no_sense(
    marker: str, text: str, pytester: pytest.Pytester, run: Run
) -> None:
    pytester.makepyfile(
        f"import pytest\n\n@pytest.mark.bedrock_auth({marker})\ndef test_mine(): pass\n"
    )
    result = run(*ON, "--strict-markers", *pytester.path.glob("test_*.py"))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told = result.stdout.str() + result.stderr.str()
    assert f"test_mine: @pytest.mark.bedrock_auth: {text}" in told
