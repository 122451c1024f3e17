"""The pytest plugin: options, ini keys and markers. Off, it imports nothing but pytest."""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from bedrock_authcheck.recording_options import MARKER as _CASSETTE
from bedrock_authcheck.recording_options import RECORD_MODES, marker_fault

if TYPE_CHECKING:
    from collections.abc import Sequence

pytest_plugins = (
    "bedrock_authcheck.fixtures",
    "bedrock_authcheck.machine_fixture",
    "bedrock_authcheck.cassette_fixture",
)

SUITE: Final = "bedrock-authcheck"
_CREDENTIALS: Final = "bedrock_credentials"
_MARKERS: Final = (
    (
        f"{_CREDENTIALS}(*levels): provide these levels of the credential chain before the test; "
        "same names as bedrock_credentials.provide(). The closest to the test counts."
    ),
    (
        f"{_CASSETTE}(name=None, *, record_mode=None): replay this cassette in the test, or with "
        "--record make it; without a name it is called after the test."
    ),
    (
        "bedrock_auth(scheme, *, level=None, kind=None): with --bedrock-authcheck, fail the test "
        "if a Bedrock request of it is signed otherwise: by sigv4, bearer or any, by a level, by a "
        "kind of key. It counts before the ini keys bedrock_auth_expect and bedrock_auth_forbid."
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
_OF_SUITE: Final = (
    "--authcheck-client",
    "--authcheck-client-command",
    "--authcheck-client-timeout",
    "--authcheck-intercept",
    "--authcheck-mitmdump",
    "--authcheck-rules",
    "--authcheck-strict",
    "--authcheck-report",
    "--authcheck-html",
)
_STARTED_IN: Final = pytest.StashKey[dict[str, str]]()
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
        "--authcheck-client",
        metavar="NAME",
        help="judge this client: boto3 (the default) or aiobotocore, in this process, or a program "
        "in any language, by name or by the path of its manifest (`bedrock-authcheck client list`)",
    )
    parser.addini("authcheck_client", "client that the bundled suite judges")
    group.addoption(
        "--authcheck-client-command",
        metavar="COMMAND",
        help="judge any command line that calls Bedrock, such as 'python -m myapp': it runs once "
        "for each scenario, in an environment of its own",
    )
    parser.addini("authcheck_client_command", "command line that the bundled suite judges")
    group.addoption(
        "--authcheck-client-timeout",
        metavar="SECONDS",
        help="what a scenario of a client in another process may take (default: 30)",
    )
    parser.addini("authcheck_client_timeout", "seconds for a scenario: see the option")
    group.addoption(
        "--authcheck-intercept",
        action="store_true",
        help="judge a program that takes no endpoint: the real host names lead to the loopback "
        "endpoint through HTTPS_PROXY, by mitmproxy (mitmdump), which is installed apart",
    )
    parser.addini("authcheck_intercept", "intercept: see the option", "bool", default=False)
    group.addoption(
        "--authcheck-mitmdump",
        metavar="PATH",
        help="mitmproxy's program for that (default: beside this Python, or on PATH)",
    )
    parser.addini("authcheck_mitmdump", "mitmproxy's program: see the option")
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
    group.addoption(
        "--authcheck-html",
        metavar="FILE",
        help="write the results of the bundled suite to FILE as one page of HTML, which needs "
        "the extra `html`",
    )
    parser.addini("authcheck_html", "file for the page of HTML, relative to the root folder")
    parser.addini(
        "authcheck_long_term_keys",
        "where the project's own key may be a long-term one: refuse-in-ci, refuse (nowhere) or "
        "allow (SAFE-3)",
        default="refuse-in-ci",
    )
    parser.addini(
        "authcheck_key_fingerprints",
        "lines NAME = FINGERPRINT: the keys of other environments, none of which may be the "
        "project's own here (SAFE-4)",
        "linelist",
    )
    parser.addini(
        "bedrock_auth_expect",
        "what signs the Bedrock requests of the project's own tests: sigv4, bearer or any, and "
        "after a colon levels (sigv4: container, instance); held with --bedrock-authcheck",
        default="any",
    )
    parser.addini(
        "bedrock_auth_forbid",
        "what must not sign them: schemes, kinds and levels, such as long-term-key, environment",
        "linelist",
    )
    _add_recording_options(parser, group)


def _add_recording_options(parser: pytest.Parser, group: pytest.OptionGroup) -> None:
    """Add what is about cassettes; `--record` takes no value, which could swallow a path."""
    group.addoption(
        "--record",
        action="store_true",
        help="make requests to AWS and record them: with --bedrock-authcheck the recording plan, "
        "and the cassettes of tests that are selected by a path or by --authcheck-record-mode",
    )
    group.addoption(
        "--authcheck-record-mode",
        metavar="MODE",
        choices=RECORD_MODES,
        help="what --record does with the cassettes of your own tests, all of them: once (record "
        "those that do not exist), new (add what is missing), all (record anew); it counts before "
        "the marker's record_mode, and that before the ini key",
    )
    parser.addini("authcheck_record_mode", "once, new or all: see --authcheck-record-mode")
    group.addoption(
        "--authcheck-record-plan",
        action="store_true",
        help="print what --record would ask AWS for, what it costs at most and the IAM policy that "
        "it needs, and call nothing",
    )
    parser.addini(
        "authcheck_cassettes",
        "folder of the cassettes, relative to the root folder (default: `cassettes` beside the "
        "test module)",
    )
    parser.addini("authcheck_record_region", "Region that the recording plan asks")
    parser.addini("authcheck_record_model", "model id that the recording plan asks")
    parser.addini("authcheck_volatile_keys", "keys of JSON bodies that replay ignores", "args")


def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Note the environment before a conftest.py changes it, after plugins that load an .env."""
    early_config.stash[_STARTED_IN] = dict(os.environ)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Print the recording plan where that is asked for; nothing is collected then."""
    if not config.getoption("authcheck_record_plan"):
        return None
    from bedrock_authcheck.suite.record import print_plan  # noqa: PLC0415 - nothing when off

    return print_plan(config)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register markers; with the flag on, take what the suite is asked for and load it."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)
    asked = [arg for arg in config.args if _ID.fullmatch(arg)]
    on = bool(config.getoption("bedrock_authcheck") or config.getini("bedrock_authcheck"))
    _decide_recording(config, [arg for arg in config.args if arg not in asked], suite=on)
    if not on:
        _refuse_without_flag(config, asked)
        return
    config.args[:] = [arg for arg in config.args if arg not in asked]
    selection = [arg[arg.index(SUITE) :] for arg in asked]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of libraries, which the project makes errors
        from bedrock_authcheck.guard.run import GuardRun  # noqa: PLC0415 - nothing when off
        from bedrock_authcheck.suite import keys, project  # noqa: PLC0415 - nothing when off
        from bedrock_authcheck.suite.session import SuiteRun  # noqa: PLC0415 - nothing when off

        suite = SuiteRun.of(config, selection)
        started_in = config.stash.get(_STARTED_IN, dict(os.environ))
        keys.prepare(config, started_in)
        project.prepare(config, started_in)
        guard = GuardRun.of(config, started_in)
    config.pluginmanager.register(suite, "bedrock-authcheck-suite")
    if config.option.authcheck_html or config.getini("authcheck_html"):
        from bedrock_authcheck.page.run import PageRun  # noqa: PLC0415 - where it is asked for

        page = PageRun.of(config, suite)
        if page is not None:
            config.pluginmanager.register(page, "bedrock-authcheck-page")
    config.pluginmanager.register(guard, "bedrock-authcheck-guard")


def _decide_recording(config: pytest.Config, paths: Sequence[str], *, suite: bool) -> None:
    """Note whether the user selected tests by a path; UsageError where nothing is recorded.

    Old releases of pytest-xdist give a worker the controller's options, and testpaths as if they
    were typed: there what the controller noted counts. Newer ones repeat the command line.
    """
    if hasattr(config.option, "authcheck_paths_selected"):
        return
    # What stands in addopts or testpaths was not typed for this run.
    typed = {*map(str, config.invocation_params.args)}
    selected = not typed.isdisjoint(paths)
    plan = suite and ("--bedrock-authcheck" in typed or any(map(_ID.fullmatch, typed)))
    config.option.authcheck_paths_selected = selected
    config.option.authcheck_plan_selected = plan and bool(config.getoption("record"))
    mode = config.getoption("authcheck_record_mode")
    if mode and not config.getoption("record"):
        raise pytest.UsageError("--authcheck-record-mode is for a recording: add --record")
    if config.getoption("record") and not (selected or mode or plan):
        raise pytest.UsageError(
            "--record alone records nothing: name tests by their path, or give "
            "--authcheck-record-mode once|new|all for those of all tests, or add "
            "--bedrock-authcheck for the recording plan"
        )


def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Give the tests with a marker its fixture; UsageError for a marker that says nonsense."""
    for name, fault_of in ((_CREDENTIALS, _levels_fault), (_CASSETTE, marker_fault)):
        for item in items:
            marker = item.get_closest_marker(name)
            if marker is None:
                continue
            fault = fault_of(marker)
            if fault is not None:
                from bedrock_authcheck.suite.stopping import refuse  # noqa: PLC0415 - rarely needed

                refuse(session, items, f"{item.nodeid}: @pytest.mark.{name}: {fault}")
                return
            if name not in getattr(item, "fixturenames", (name,)):
                _give_fixture(item, name)


def _levels_fault(marker: pytest.Mark) -> str | None:
    from bedrock_authcheck.environments.levels import (  # noqa: PLC0415 - for its users only
        LevelError,
        parse_sources,
    )

    try:
        parse_sources(marker.args)
    except LevelError as error:
        return str(error)
    return "it takes names of levels and no keywords" if marker.kwargs else None


def _give_fixture(item: Any, wanted: str) -> None:  # noqa: ANN401 - any item that has fixtures
    """Insert the fixture before the test's own arguments: a client among them must find it."""
    info = item._fixtureinfo  # noqa: SLF001 - pytest tells the scope of a fixture nowhere else

    def is_argument(name: str) -> bool:
        definitions = info.name2fixturedefs.get(name)
        return name in info.argnames and bool(definitions) and definitions[-1].scope == "function"

    names = item.fixturenames
    place = next((n for n, name in enumerate(names) if is_argument(name)), len(names))
    names.insert(place, wanted)


def _refuse_without_flag(config: pytest.Config, asked: Sequence[str]) -> None:
    given = [name for name in _OF_SUITE if config.getoption(name)]
    if given:
        raise pytest.UsageError(f"{given[0]} is for the bundled suite: add --bedrock-authcheck")
    for name in asked:
        if "::" in name or not Path(config.invocation_params.dir, name).exists():
            raise pytest.UsageError(f"{name!r} is of the bundled suite: add --bedrock-authcheck")
