"""The three markers: levels for a test, and what every scenario carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plugin.conftest import CHAIN, DEVIANT

if TYPE_CHECKING:
    from tests.plugin.conftest import Run

STRICT = "[pytest]\naddopts = --strict-markers\n"


def test_levels_of_function_class_and_module(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makeini(STRICT)
    pytester.makepyfile(
        """
        import os, pytest

        pytestmark = pytest.mark.bedrock_credentials("config")

        def token():
            return "AWS_BEARER_TOKEN_BEDROCK" in os.environ

        def test_of_the_module(bedrock_credentials):
            assert bedrock_credentials.credential("config") and not token()

        @pytest.mark.bedrock_credentials("bearer")
        class TestClass:
            def test_of_the_class(self):
                assert token()

            @pytest.mark.bedrock_credentials("environment")
            def test_of_the_function_alone(self):
                assert "FAKE" in os.environ["AWS_ACCESS_KEY_ID"] and not token()

        @pytest.mark.bedrock_credentials()
        def test_of_nothing():
            assert not token()
        """
    )
    run().assert_outcomes(passed=4)


UNKNOWN = (
    '"bearr"',
    "unknown level 'bearr' (did you mean 'bearer'?): choose from bearer, settings, ",
)


@pytest.mark.parametrize(
    ("arguments", "text", "workers"),
    [
        (*UNKNOWN, ()),
        (*UNKNOWN, ("-n", "2")),
        (
            '"shared", "shared"',
            "level 'shared' is named twice: each level holds one credential",
            (),
        ),
        ('level="shared"', "it takes names of levels and no keywords", ()),
    ],
)
def test_wrong_levels_stop_the_run_before_its_first_test(
    arguments: str, text: str, workers: tuple[str, ...], pytester: pytest.Pytester, run: Run
) -> None:
    pytester.makepyfile(
        test_wrong=f"""
        import pytest

        def test_first():
            print("ran all the same")

        @pytest.mark.bedrock_credentials({arguments})
        def test_wrong():
            pass
        """
    )
    result = run("-s", *workers, plugins=("xdist.plugin",) if workers else ())
    said = "test_wrong.py::test_wrong: @pytest.mark.bedrock_credentials: " + text
    assert said in result.stdout.str() + result.stderr.str()
    assert "INTERNALERROR" not in result.stdout.str()
    assert "ran all the same" not in result.stdout.str()
    # pytest-xdist knows no usage error of a worker: it ends as if a module were broken.
    expected = pytest.ExitCode.TESTS_FAILED if workers else pytest.ExitCode.USAGE_ERROR
    assert result.ret == expected


def test_scenarios_are_selected_by_their_marks(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makeini(STRICT)
    pytester.makepyfile(test_mine="def test_mine(): pass")
    pytester.makepyfile(test_more="def test_more(): pass")
    chosen = ("--bedrock-authcheck", "test_mine.py", CHAIN, DEVIANT)
    without = run(*chosen, "-m", "not bedrock_authcheck")
    without.assert_outcomes(passed=1, deselected=2)
    run(*chosen, "-m", "bedrock_authcheck").assert_outcomes(passed=1, xfailed=1, deselected=1)


@pytest.mark.skipif(
    pytest.version_tuple < (8, 3), reason="-m takes the arguments of marks since pytest 8.3"
)
def test_scenarios_are_selected_by_a_rule(run: Run) -> None:
    result = run("--bedrock-authcheck", CHAIN, DEVIANT, "-m", "bedrock_rule(id='TOKEN-1')")
    result.assert_outcomes(xfailed=1, deselected=1)
