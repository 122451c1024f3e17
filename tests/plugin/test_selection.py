"""What is run: by id, by pytest's own options, beside paths, wherever the package lies."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

import bedrock_authcheck
from tests.plugin.conftest import CHAIN, DEVIANT, NOT_OFFERED

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugin.conftest import Run

ON = "--bedrock-authcheck"
FEW = "bedrock-authcheck::preference"
"""A small group, in which `-k anonymous-none` selects four scenarios."""
NONE = ("-k", "anonymous-none")
PLAIN = ("-p", "no:xdist", "-p", "no:asyncio")
"""For runs in this process, which load all that is installed."""


@pytest.fixture
def project(pytester: pytest.Pytester) -> Path:
    """A project with one test in a folder of its own."""
    tests = pytester.mkdir("checks")
    (tests / "test_mine.py").write_text("def test_mine(): pass\n", encoding="utf-8")
    return pytester.path


@pytest.mark.usefixtures("project")
def test_without_the_flag_nothing_is_added(run: Run) -> None:
    result = run()
    result.assert_outcomes(passed=1)
    assert "bedrock-authcheck" not in result.stdout.str()


@pytest.mark.parametrize("testpaths", ["", "testpaths = checks"])
def test_the_suite_is_added_to_what_pytest_collects(
    testpaths: str, project: Path, run: Run
) -> None:
    (project / "pytest.ini").write_text(f"[pytest]\n{testpaths}\n", encoding="utf-8")
    result = run(ON, "-k", "test_mine or anonymous-none or blank-empty")
    out = result.parseoutcomes()["deselected"]
    result.assert_outcomes(passed=5, xfailed=3, skipped=4, deselected=out)  # Mantle: not offered


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_the_suite_alone(workers: tuple[str, ...], project: Path, run: Run) -> None:
    (project / "pytest.ini").write_text("[pytest]\ntestpaths = checks\n", encoding="utf-8")
    plugins = ("xdist.plugin",) if workers else ()
    result = run(ON, FEW, *NONE, "-v", *workers, plugins=plugins)
    assert result.parseoutcomes()["passed"] == 4
    assert "test_mine" not in result.stdout.str()


@pytest.mark.usefixtures("project")
def test_path_arguments_beside_the_suite(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(test_other="def test_other(): assert False")
    run(ON, "checks", CHAIN).assert_outcomes(passed=2)
    run(ON, "checks/test_mine.py::test_mine", CHAIN, DEVIANT).assert_outcomes(passed=2, xfailed=1)
    missing = run(ON, "checks/none.py", CHAIN)
    assert missing.ret == pytest.ExitCode.USAGE_ERROR
    missing.stderr.fnmatch_lines(["ERROR: file or directory not found: checks/none.py"])


@pytest.mark.usefixtures("project")
def test_a_path_alone_has_the_whole_suite_beside_it(run: Run) -> None:
    result = run(ON, "checks", "--collect-only", "-q")
    ids = [line for line in result.outlines if "::" in line]
    assert ids[0] == "checks/test_mine.py::test_mine"
    assert len([line for line in ids if line.startswith("bedrock-authcheck::")]) >= 1200


def test_ids_that_pytest_shows_are_ids_that_it_takes(project: Path, run: Run) -> None:
    (project / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    below = ("--rootdir", "..", "-c", "../pytest.ini", "-rA", ON)
    os.chdir(project / "checks")
    shown = run(*below, CHAIN)
    shown.stdout.fnmatch_lines([f"PASSED ../{CHAIN}"])
    run(*below, f"../{CHAIN}").assert_outcomes(passed=1)


def test_the_tree_that_is_collected(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess(
        *PLAIN, ON, CHAIN, DEVIANT, NOT_OFFERED, CHAIN, "--collect-only"
    )
    tree = [line for line in result.outlines if line.lstrip().startswith("<")]
    assert tree == [
        "<Suite bedrock-authcheck>",
        "  <Group chain>",
        "    <ScenarioItem bearer+shared-converse>",
        "  <Group limit>",
        "    <ScenarioItem bedrock-runtime.InvokeModelWithBidirectionalStream-bearer>",
        "  <Group token>",
        "    <ScenarioItem blank-empty+none-converse>",
    ]
    result.stdout.fnmatch_lines(["*3 tests collected*"])


@pytest.mark.parametrize(
    ("keyword", "expected"), [("TOKEN-1", DEVIANT), ("chain", CHAIN), ("not blank", CHAIN)]
)
def test_keywords_are_rules_groups_and_names(
    keyword: str, expected: str, pytester: pytest.Pytester
) -> None:
    arguments = (*PLAIN, ON, CHAIN, DEVIANT, "--collect-only", "-q", "-k", keyword)
    result = pytester.runpytest_inprocess(*arguments)
    assert [line for line in result.outlines if "::" in line] == [expected]


def test_deselect(run: Run) -> None:
    result = run(ON, CHAIN, DEVIANT, "--deselect", CHAIN)
    result.assert_outcomes(xfailed=1, deselected=1)
    nothing = run(ON, CHAIN, "--deselect", "bedrock-authcheck::chain")
    assert nothing.ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_exit_first_and_last_failed(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(test_mine="def test_mine(): pass")
    # With --runxfail a known deviation is a failure like any other.
    failing = (ON, "--runxfail", "bedrock-authcheck::token", "test_mine.py", "-k", "blank or mine")
    first = run(*failing, "-x")
    first.assert_outcomes(failed=1, passed=1, deselected=first.parseoutcomes()["deselected"])
    first.stdout.fnmatch_lines(
        ["stopped early: 1 of * scenarios ran, no others*", "*stopping after 1 failures*"]
    )
    again = run(*failing, "--lf")
    again.stdout.fnmatch_lines(["run-last-failure: rerun previous 1 failure*"])
    assert again.parseoutcomes()["failed"] == 1
    assert "stopped early" not in again.stdout.str()
    assert "passed" not in again.parseoutcomes()


def test_a_hook_that_takes_all_scenarios_away_is_an_error(
    pytester: pytest.Pytester, run: Run
) -> None:
    pytester.makepyfile(test_mine="def test_mine(): pass")
    pytester.makeconftest(
        """
        import pytest

        @pytest.hookimpl(trylast=True)
        def pytest_collection_modifyitems(config, items):
            ours = [item for item in items if "bedrock-authcheck" in item.nodeid]
            items[:] = [item for item in items if item not in ours]
            config.hook.pytest_deselected(items=ours)
        """
    )
    result = run(ON)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --bedrock-authcheck is on but no scenario is left to run*"]
    )
    workers = run(ON, "-n", "2", plugins=("xdist.plugin",))
    assert workers.ret == pytest.ExitCode.TESTS_FAILED
    workers.stdout.fnmatch_lines(["*--bedrock-authcheck is on but no scenario is left to run*"])
    # Who asks for less gets less.
    run(ON, "-k", "test_mine").assert_outcomes(passed=1, deselected=None)


@pytest.mark.parametrize(
    "arguments", [(ON,), (ON, "test_broken.py"), (ON, "test_broken.py", CHAIN, "-n", "2")]
)
def test_a_broken_module_beside_it_is_never_green(
    arguments: tuple[str, ...], pytester: pytest.Pytester, run: Run
) -> None:
    pytester.makepyfile(test_broken="import no_such_module")
    result = run(*arguments, plugins=("xdist.plugin",))
    expected = pytest.ExitCode.INTERRUPTED
    if "-n" in arguments:
        expected = pytest.ExitCode.TESTS_FAILED  # as pytest-xdist has it
    assert result.ret == expected
    result.stdout.fnmatch_lines(["*ModuleNotFoundError: No module named 'no_such_module'*"])


def test_a_broken_module_and_the_suite_run_on_request(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(test_broken="import no_such_module")
    result = run(ON, "test_broken.py", CHAIN, "--continue-on-collection-errors")
    result.assert_outcomes(passed=1, errors=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("arguments", [(), ("checks",)])
def test_a_virtual_environment_inside_the_project(
    arguments: tuple[str, ...], project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = project / "venv" / "lib" / "python3" / "site-packages"
    site.mkdir(parents=True)
    (project / "venv" / "pyvenv.cfg").touch()
    package = site / "bedrock_authcheck"
    package.symlink_to(next(iter(bedrock_authcheck.__path__)), target_is_directory=True)
    (project / "where.py").write_text(
        "import bedrock_authcheck\n"
        "def pytest_report_header(): return f'from {bedrock_authcheck.__file__}'\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PYTHONPATH", str(site), prepend=os.pathsep)
    result = run(ON, *arguments, "-k", "test_mine or anonymous-none", plugins=("where",))
    result.stdout.fnmatch_lines([f"from {site}*"])
    assert result.parseoutcomes()["passed"] == 5


def test_no_cache_entry_breaks_last_failed_of_the_project(project: Path, run: Run) -> None:
    run(ON, CHAIN, DEVIANT, "checks")
    cache = project / ".pytest_cache" / "v" / "cache" / "lastfailed"
    assert not cache.exists() or json.loads(cache.read_text()) == {}
