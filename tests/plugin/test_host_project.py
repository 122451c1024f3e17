"""What the host project sets up for its own tests does not reach the scenarios."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.report.jsonl import read_report
from tests.plugin.conftest import CHAIN, NOT_OFFERED

if TYPE_CHECKING:
    from tests.plugin.conftest import Run

ON = "--bedrock-authcheck"


def test_fixtures_and_settings_of_the_host_project_do_not_reach_the_scenarios(
    pytester: pytest.Pytester, run: Run
) -> None:
    pytester.makeini(
        """
        [pytest]
        python_files = spec_*.py
        python_classes = Spec
        python_functions = it_*
        usefixtures = refuse
        filterwarnings = error
        xfail_strict = true
        addopts = --strict-markers --strict-config
        """
    )
    pytester.makeconftest(
        """
        import pytest

        @pytest.fixture
        def refuse():
            raise RuntimeError("a fixture by usefixtures")

        @pytest.fixture(autouse=True, scope="session")
        def refuse_in_session():
            raise RuntimeError("an autouse fixture")
        """
    )
    pytester.makepyfile(spec_mine="def it_is_mine(): pass")
    pytester.makepyfile(
        warns="""
        import warnings
        from bedrock_authcheck.suite import catalogue, items
        from bedrock_authcheck.suite.bench import Bench

        def warning(function):
            def warned(*args, **kwargs):
                warnings.warn("deprecated", DeprecationWarning)
                return function(*args, **kwargs)
            return warned

        Bench.run = warning(Bench.run)
        items.scenarios_of = warning(items.scenarios_of)
        """
    )
    result = run(ON, CHAIN, "-W", "error", "spec_mine.py", plugins=("warns",))
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*RuntimeError: an autouse fixture"])


def test_the_variables_of_the_host_do_not_reach_the_scenarios(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison = {
        "AWS_ACCESS_KEY_ID": "AKIA0FAKEOFTHEHOST",
        "AWS_SECRET_ACCESS_KEY": "FAKE/host",
        "AWS_BEARER_TOKEN_BEDROCK": "FAKE-host",
        "AWS_PROFILE": "no-such-profile",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "HTTPS_PROXY": "http://127.0.0.1:1",
        "AWS_CA_BUNDLE": "/no/such/file",
    }
    for name, value in poison.items():
        monkeypatch.setenv(name, value)
    lonely = CHAIN.replace("bearer+shared", "none")
    run(ON, CHAIN, lonely).assert_outcomes(passed=2)


def test_a_host_that_skips_or_breaks_a_scenario_shows_in_its_results(
    pytester: pytest.Pytester, run: Run
) -> None:
    pytester.makeconftest(
        """
        import pytest

        def pytest_runtest_setup(item):
            if "converse-stream" in item.nodeid:
                pytest.skip("not on this machine")
            if "invoke-model" in item.nodeid:
                raise RuntimeError("broken on this machine")
        """
    )
    ids = [CHAIN, f"{CHAIN}-stream", CHAIN.replace("converse", "invoke-model")]
    result = run(ON, *ids, "--authcheck-report=r.jsonl")
    result.assert_outcomes(passed=1, skipped=1, errors=1)
    result.stdout.fnmatch_lines(
        ["CHAIN-1 *MUST *error *1  1 passed, 1 skipped *", "3 scenarios, *"]
    )
    outcomes = [str(r.outcome) for r in read_report(pytester.path / "r.jsonl").results]
    assert sorted(outcomes) == ["error", "passed", "skipped"]


def test_what_boto3_does_not_offer_is_skipped_with_its_reason(run: Run) -> None:
    result = run(ON, NOT_OFFERED, "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(
        [
            "LIMIT-1 *MUST *not offered *1 *",
            "SKIPPED [[]1[]] *: not offered: boto3 offers no operation whose request is an event*",
        ]
    )


def test_services_and_settings_that_an_older_botocore_lacks_are_not_offered(
    pytester: pytest.Pytester, run: Run
) -> None:
    pytester.makepyfile(
        older="""
        from botocore.config import Config
        from botocore.exceptions import DataNotFoundError
        from botocore.loaders import Loader

        listed, load = Loader.list_available_services, Loader.load_service_model
        init = Config.__init__

        def list_available_services(self, type_name):
            return [name for name in listed(self, type_name) if "agentcore" not in name]

        def load_service_model(self, service_name, type_name, api_version=None):
            if "agentcore" in service_name:
                raise DataNotFoundError(data_path=service_name)
            return load(self, service_name, type_name, api_version)

        def config(self, *args, **options):
            if options.get("auth_scheme_preference"):
                raise TypeError("Got unexpected keyword argument 'auth_scheme_preference'")
            init(self, *args, **options)

        Loader.list_available_services = list_available_services
        Loader.load_service_model = load_service_model
        Config.__init__ = config
        """
    )
    chosen = "limit and agentcore or preference and by-auth and bearer-converse"
    result = run(ON, "bedrock-authcheck", "-k", chosen, "-rs", plugins=("older",))
    assert result.ret == pytest.ExitCode.OK
    assert result.parseoutcomes().keys() <= {"skipped", "deselected"}
    text = result.stdout.str()
    assert "has no service bedrock-agentcore" in text
    assert "has no service bedrock-agentcore-control" in text
    assert "has no setting for sigv4 by auth scheme preference" in text


def test_without_botocore_nothing_is_offered_and_it_says_so(
    pytester: pytest.Pytester, run: Run
) -> None:
    pytester.makepyfile(missing="import sys; sys.modules['botocore'] = sys.modules['boto3'] = None")
    result = run(ON, CHAIN, "-rs", plugins=("missing",))
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED * not offered: boto3 cannot be imported: *"])
