"""`--authcheck-html`: the page is there at the end, or it is said why not, and nothing is lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

pytest.importorskip("jinja2", reason="Jinja is not installed (the extra `html`)")

if TYPE_CHECKING:
    from tests.plugin.conftest import Run

ONE = ("--bedrock-authcheck", "bedrock-authcheck::chain::bearer-converse")


def test_the_page_is_written_beside_the_report(pytester: pytest.Pytester, run: Run) -> None:
    result = run(*ONE, "--authcheck-html", "page.html", "--authcheck-report", "r.jsonl")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([f"page: {pytester.path / 'page.html'}"])
    page = (pytester.path / "page.html").read_text(encoding="utf-8")
    assert "1 scenario, no unforeseen failure" in page
    assert "pytest --bedrock-authcheck bedrock-authcheck::chain::bearer-converse" in page
    header = json.loads((pytester.path / "r.jsonl").read_text().splitlines()[0])
    assert header["rule_set"] in page


def test_an_ini_key_asks_for_it_and_workers_write_none(pytester: pytest.Pytester, run: Run) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    pytester.makeini("[pytest]\nauthcheck_html = out.html\n")
    result = run(*ONE, "-n", "1", plugins=("xdist.plugin",))
    result.assert_outcomes(passed=1)
    assert result.stdout.str().count("page: ") == 1
    assert "1 scenario, no" in (pytester.path / "out.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("path", "why"), [("none/page.html", "there is no such folder"), (".", "it is a folder")]
)
def test_what_cannot_be_written_is_said_before_the_run(run: Run, path: str, why: str) -> None:
    result = run(*ONE, "--authcheck-html", path)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*--authcheck-html: * cannot be written: {why}"])


def test_a_disk_that_is_full_at_the_end_loses_no_result(
    pytester: pytest.Pytester, run: Run
) -> None:
    pytester.makeconftest(
        """
        import bedrock_authcheck.page.run as run
        def full(path, reports):
            raise OSError(28, "No space left on device")
        run.write_page = full
        """
    )
    result = run(*ONE, "--authcheck-html", "page.html", "--authcheck-report", "r.jsonl")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["*results: *r.jsonl", "*page.html cannot be written: No space left on device"]
    )
    assert '"type":"footer"' in (pytester.path / "r.jsonl").read_text()


def test_without_jinja_it_is_said_before_the_run(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(absent="import sys\nsys.modules['jinja2'] = None\n")
    pytester.syspathinsert()
    result = run(*ONE, "--authcheck-html", "page.html", plugins=("absent",))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*a page needs Jinja: pip install 'bedrock-authcheck?html?'"])


def test_it_is_for_the_suite(run: Run) -> None:
    result = run("--authcheck-html", "page.html")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--authcheck-html is for the bundled suite*"])


def test_junit_xml_has_the_rules_with_their_levels(pytester: pytest.Pytester, run: Run) -> None:
    run(*ONE, "--junit-xml", "junit.xml").assert_outcomes(passed=1)
    (case,) = ET.parse(pytester.path / "junit.xml").iter("testcase")
    told = {one.get("name"): one.get("value") for one in case.iter("property")}
    assert told["CHAIN-1"] == "MUST passed"
    assert told["AUTH-9"] == "SHOULD passed"


def test_the_last_line_says_what_to_do_next(run: Run) -> None:
    result = run(
        "--bedrock-authcheck", "bedrock-authcheck::token", "--runxfail", "-k", "blank-empty"
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["next: pytest --bedrock-authcheck bedrock-authcheck::token::blank-empty* the first of *"]
    )
