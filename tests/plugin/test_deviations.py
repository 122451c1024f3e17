"""Known deviations: expected failures keep a run green, and stale ones do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plugin.conftest import CHAIN, DEVIANT

if TYPE_CHECKING:
    from tests.plugin.conftest import Run

ON = "--bedrock-authcheck"


def inject(pytester: pytest.Pytester, entries: str) -> None:
    """Write a plugin, `injected`, by which these entries are all that are known."""
    (pytester.path / "injected.toml").write_text(entries, encoding="utf-8")
    pytester.makepyfile(
        injected="""
        import sys
        from pathlib import Path

        import bedrock_authcheck.suite.session
        from bedrock_authcheck.spec import deviations

        text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
        found = deviations.parse_deviations(text, "injected.toml")
        original = deviations.load_deviations
        for name, module in list(sys.modules.items()):
            if name.startswith("bedrock_authcheck") and hasattr(module, "load_deviations"):
                assert module.load_deviations is original
                module.load_deviations = lambda: found
        """
    )


ENTRY = """
[[deviation]]
id = "{id}"
rule = "{rule}"
client = "boto3"
versions = "{versions}"
scenarios = ["{scenarios}"]
observed = ["*"]
reason = "because a test says so."
link = "https://example.invalid/1"
"""


def test_a_known_deviation_is_an_expected_failure_that_shows(run: Run) -> None:
    result = run(ON, DEVIANT, CHAIN, "-rx")
    result.assert_outcomes(passed=1, xfailed=1)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        [
            "TOKEN-1 *MUST *known deviation *1 *",
            "known deviations, expected to fail (the run stays green):",
            "  TOKEN-1  boto3-blank-token, 1 scenario",
            "    an empty or blank AWS_BEARER_TOKEN_BEDROCK counts as a token, *",
            "    https://github.com/boto/botocore/issues/3603",
            f"XFAIL {DEVIANT} - *known deviation boto3-blank-token",
        ]
    )


def test_runxfail_shows_the_failure_in_full(run: Run) -> None:
    result = run(ON, DEVIANT, "--runxfail")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "TOKEN-1 failed: Converse: `Bearer` with nothing behind it",
            "  rule      MUST  An empty or blank token is no token or a clear error; *",
            "  present   nothing",
            "  expected  a clear error and no request",
            "  observed  *",
            "  request   bedrock-runtime  POST /model/*/converse  (HTTP/1.1, TLS*) → 403",
            "  client    AccessDeniedException: *",
            "  source    RFC 6750, *boto/botocore#3603*",
            f"  again     pytest --bedrock-authcheck {DEVIANT}",
            f"FAILED {DEVIANT}*",
        ]
    )


def test_a_stale_deviation_fails_and_says_what_to_delete(
    pytester: pytest.Pytester, run: Run
) -> None:
    inject(
        pytester, ENTRY.format(id="mended", rule="CHAIN-1", versions=">=1", scenarios="*::chain::*")
    )
    result = run(ON, CHAIN, plugins=("injected",))
    result.assert_outcomes(failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "CHAIN-1 passed, but a known deviation says it does not: mended",
            '  entry     id = "mended" in injected.toml',
            "  versions  boto3 >=1",
            "  delete    the entry, or end its range of versions or scenarios before this",
            f"  again     pytest --bedrock-authcheck {CHAIN}",
            "CHAIN-1 *MUST *stale deviation *1 *",
        ]
    )


@pytest.mark.parametrize(
    "entry",
    [
        ENTRY.format(id="other-version", rule="TOKEN-1", versions="<1", scenarios="*"),
        ENTRY.format(id="other-scenario", rule="TOKEN-1", versions=">=1", scenarios="*::x"),
        ENTRY.format(id="other-rule", rule="TOKEN-2", versions=">=1", scenarios="*"),
    ],
)
def test_what_no_entry_foresees_fails(entry: str, pytester: pytest.Pytester, run: Run) -> None:
    inject(pytester, entry)
    result = run(ON, DEVIANT, plugins=("injected",))
    result.assert_outcomes(failed=1)
    assert "stale" not in result.stdout.str()
