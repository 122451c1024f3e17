"""The pytest plugin: options, ini keys and markers. Off, it imports nothing but pytest."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

pytest_plugins = ("bedrock_authcheck.fixtures",)

SUITE: Final = "bedrock-authcheck"
_MARKER: Final = "bedrock_credentials"
_MARKERS: Final = (
    (
        f"{_MARKER}(*levels): provide these levels of the credential chain before the test; "
        "same names as bedrock_credentials.provide(). The closest to the test counts."
    ),
    (
        "bedrock_authcheck: put on each scenario of the bundled suite, so that "
        '-m "not bedrock_authcheck" leaves it out.'
    ),
    (
        "bedrock_rule(id): put on each scenario for each rule that it checks; with pytest 8.3 "
        "and newer, -m \"bedrock_rule(id='CHAIN-1')\" selects by it."
    ),
)
# pytest shows ids relative to the folder that it was started in.
_ID: Final = re.compile(rf"{SUITE}|(?:\.\.[/\\])*{SUITE}::.*")


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
    parser.addini(
        "authcheck_report",
        "file for the results of the bundled suite, JSON Lines, relative to the root folder",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register markers; with the flag on, take what the suite is asked for and load it."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)
    asked = [arg for arg in config.args if _ID.fullmatch(arg)]
    if not (config.getoption("bedrock_authcheck") or config.getini("bedrock_authcheck")):
        _refuse_without_flag(config, asked)
        return
    config.args[:] = [arg for arg in config.args if arg not in asked]
    selection = [arg[arg.index(SUITE) :] for arg in asked]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of libraries, which the project makes errors
        from bedrock_authcheck.suite.session import SuiteRun  # noqa: PLC0415 - nothing when off

        suite = SuiteRun.of(config, selection)
    config.pluginmanager.register(suite, "bedrock-authcheck-suite")


def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Give the tests with the marker its fixture; UsageError for levels that do not exist."""
    for item in items:
        marker = item.get_closest_marker(_MARKER)
        if marker is None:
            continue
        fault = _fault_of(marker)
        if fault is not None:
            from bedrock_authcheck.suite.stopping import refuse  # noqa: PLC0415 - rarely needed

            refuse(session, items, f"{item.nodeid}: @pytest.mark.{_MARKER}: {fault}")
            return
        if _MARKER not in getattr(item, "fixturenames", (_MARKER,)):
            _give_fixture(item)


def _fault_of(marker: pytest.Mark) -> str | None:
    from bedrock_authcheck.environments.levels import (  # noqa: PLC0415 - for its users only
        LevelError,
        parse_sources,
    )

    try:
        parse_sources(marker.args)
    except LevelError as error:
        return str(error)
    return "it takes names of levels and no keywords" if marker.kwargs else None


def _give_fixture(item: Any) -> None:  # noqa: ANN401 - any item that has fixtures
    """Insert the fixture before the test's own arguments: a client among them must find it."""
    info = item._fixtureinfo  # noqa: SLF001 - pytest tells the scope of a fixture nowhere else

    def is_argument(name: str) -> bool:
        definitions = info.name2fixturedefs.get(name)
        return name in info.argnames and bool(definitions) and definitions[-1].scope == "function"

    names = item.fixturenames
    place = next((n for n, name in enumerate(names) if is_argument(name)), len(names))
    names.insert(place, _MARKER)


def _refuse_without_flag(config: pytest.Config, asked: Sequence[str]) -> None:
    given = [
        name
        for name in ("--authcheck-rules", "--authcheck-strict", "--authcheck-report")
        if config.getoption(name)
    ]
    if given:
        raise pytest.UsageError(f"{given[0]} is for the bundled suite: add --bedrock-authcheck")
    for name in asked:
        if "::" in name or not Path(config.invocation_params.dir, name).exists():
            raise pytest.UsageError(f"{name!r} is of the bundled suite: add --bedrock-authcheck")
