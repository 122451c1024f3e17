"""Without the flag the plugin adds fixtures, markers and options, and costs nothing."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from tests.plugin.conftest import Run

HEAVY = [
    "boto3",
    "botocore",
    "vcr",
    "h11",
    "h2",
    "cryptography",
    "trustme",
    "jinja2",
    "yaml",
    "hypothesis",
    "rstr",
]


def test_loading_it_imports_pytest_and_nothing_that_pytest_does_not() -> None:
    program = """
import sys
import pytest, _pytest.assertion.rewrite
before = set(sys.modules)
import bedrock_authcheck.plugin, bedrock_authcheck.fixtures, bedrock_authcheck.cassette_fixture
import bedrock_authcheck.machine_fixture
print(*sorted(set(sys.modules) - before))
"""
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == [
        "bedrock_authcheck",
        "bedrock_authcheck.cassette_fixture",
        "bedrock_authcheck.fixtures",
        "bedrock_authcheck.machine_fixture",
        "bedrock_authcheck.plugin",
        "bedrock_authcheck.recording_options",
    ]


def test_a_whole_run_without_the_flag_loads_nothing_and_hooks_nothing(
    pytester: pytest.Pytester, run: Run
) -> None:
    pytester.makepyfile(
        f"""
        import sys

        def test_mine(pytestconfig):
            assert not [name for name in {HEAVY} if name in sys.modules]
            ours = {{name for name in sys.modules if name.startswith("bedrock_authcheck")}}
            assert ours == {{
                "bedrock_authcheck", "bedrock_authcheck.plugin", "bedrock_authcheck.fixtures",
                "bedrock_authcheck.cassette_fixture", "bedrock_authcheck.machine_fixture",
                "bedrock_authcheck.recording_options",
            }}
            manager = pytestconfig.pluginmanager
            assert not manager.has_plugin("bedrock-authcheck-suite")
            hooks = {{
                hook.name
                for name, plugin in manager.list_name_plugin()
                if "bedrock" in name and plugin is not None
                for hook in manager.get_hookcallers(plugin) or ()
            }}
            assert hooks == {{
                "pytest_addoption",
                "pytest_cmdline_main",  # for --authcheck-record-plan
                "pytest_load_initial_conftests",  # to note the environment of the start
                "pytest_configure",
                "pytest_collection_modifyitems",
                "pytest_runtest_call",  # for tests that use a cassette
                "pytest_runtest_teardown",
                "pytest_runtest_makereport",  # for tests that use the fixtures, and fail
            "pytest_terminal_summary",  # for a recording
            }}
        """
    )
    result = run("-v")
    result.assert_outcomes(passed=1)
    assert "authcheck" not in result.stdout.str().split("collected")[0]


def test_the_fixtures_are_listed_with_what_they_do(run: Run) -> None:
    text = run("--fixtures").stdout.str()
    for name in (
        "bedrock_credentials",
        "bedrock_endpoint",
        "bedrock_level",
        "bedrock_machine [session scope]",
        "bedrock_cassette",
    ):
        assert f"\n{name} -- " in text
    assert "no docstring available" not in text.split("bedrock_authcheck")[-1]


def test_a_folder_that_is_called_like_the_suite_is_a_folder(
    pytester: pytest.Pytester, run: Run
) -> None:
    folder = pytester.mkdir("bedrock-authcheck")
    (folder / "test_mine.py").write_text("def test_mine(): pass\n", encoding="utf-8")
    run("bedrock-authcheck").assert_outcomes(passed=1)
