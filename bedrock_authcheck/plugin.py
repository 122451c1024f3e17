"""The pytest plugin: options, ini keys and markers. Off, it imports nothing but pytest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

pytest_plugins = ("bedrock_authcheck.fixtures",)

SUITE: Final = "bedrock-authcheck"
MARKERS: Final = (
    "bedrock_credentials(*levels): provide these levels of the credential chain before the test; "
    "same names as bedrock_credentials.provide().",
    "bedrock_authcheck: put on each scenario of the bundled suite, so that "
    '-m "not bedrock_authcheck" leaves it out.',
    "bedrock_rule(id): put on each scenario for each rule that it checks; with pytest 8.3 "
    "and newer, -m \"bedrock_rule(id='CHAIN-1')\" selects by it.",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, each with an ini twin."""
    group = parser.getgroup(SUITE, "Amazon Bedrock authentication (bedrock-authcheck)")
    group.addoption(
        "--bedrock-authcheck",
        action="store_true",
        help="run the bundled conformance suite beside what is collected; the argument "
        "'bedrock-authcheck' runs it alone, 'bedrock-authcheck::GROUP::SCENARIO' a part of it",
    )
    parser.addini("bedrock_authcheck", "run the bundled suite in every run", "bool", default=False)
    group.addoption(
        "--authcheck-rules",
        metavar="IDS",
        help="hold these rules only: ids or groups, with commas between (CHAIN-1,limit)",
    )
    parser.addini("authcheck_rules", "rules that the bundled suite holds (ids or groups)", "args")
    group.addoption(
        "--authcheck-strict",
        action="store_true",
        help="rules of level SHOULD fail instead of warn",
    )
    parser.addini("authcheck_strict", "rules of level SHOULD fail", "bool", default=False)
    group.addoption(
        "--authcheck-report",
        metavar="FILE",
        help="write the results of the bundled suite to FILE as JSON Lines",
    )
    parser.addini("authcheck_report", "file for the results of the bundled suite, JSON Lines")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register markers; with the flag on, take what the suite is asked for and load it."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    if not (config.getoption("bedrock_authcheck") or config.getini("bedrock_authcheck")):
        _refuse_without_flag(config.args)
        return
    from bedrock_authcheck.suite.session import SuiteRun  # noqa: PLC0415 - costs nothing when off

    config.pluginmanager.register(SuiteRun.of(config), "bedrock-authcheck-suite")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests with the marker its fixture; UsageError for levels that do not exist."""
    for item in items:
        marker = item.get_closest_marker("bedrock_credentials")
        if marker is None:
            continue
        from bedrock_authcheck.environments.levels import (  # noqa: PLC0415 - for its users only
            LevelError,
            parse_sources,
        )

        try:
            parse_sources(marker.args)
        except LevelError as error:
            msg = f"{item.nodeid}: @pytest.mark.bedrock_credentials: {error}"
            raise pytest.UsageError(msg) from error
        if marker.kwargs:
            msg = f"{item.nodeid}: @pytest.mark.bedrock_credentials takes names of levels only"
            raise pytest.UsageError(msg)
        fixtures: list[str] | None = getattr(item, "fixturenames", None)
        if fixtures is not None and "bedrock_credentials" not in fixtures:
            fixtures.append("bedrock_credentials")


def _refuse_without_flag(args: Sequence[str]) -> None:
    asked = next((arg for arg in args if arg == SUITE or arg.startswith(f"{SUITE}::")), None)
    if asked is not None and "::" in asked:
        msg = f"{asked!r} is of the bundled suite: add --bedrock-authcheck"
        raise pytest.UsageError(msg)
