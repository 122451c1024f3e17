"""Nothing is left behind: after each test, after the session, after Ctrl-C, after a bad start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.report.jsonl import read_report
from tests.plugin.conftest import CHAIN

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugin.conftest import Run

ON = "--bedrock-authcheck"
SNAPSHOTS = """
import gc, os, socket, tempfile, threading, time
from pathlib import Path

import pytest

from bedrock_authcheck.suite.running import _SERVICES

DESCRIPTORS = Path("/proc/self/fd")

def settle(config):
    # The endpoint's thread closes its side of a connection in its own time: what the test
    # before has left open must not be counted as there before this one.
    gc.collect()
    _, endpoint = config.stash[_SERVICES]
    listeners = [x for started in endpoint._listeners.values() for x in started.values()]
    deadline = time.monotonic() + 5
    while any(listener._conversations for listener in listeners):
        assert time.monotonic() < deadline, "a client of the test before has never left"
        time.sleep(0.001)

def snapshot():
    import boto3
    from botocore import credentials, loaders, tokens, utils
    return {
        "environment": dict(os.environ),
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "files": sorted(path.name for path in Path(tempfile.gettempdir()).glob("bedrock*")),
        "descriptors": len(list(DESCRIPTORS.iterdir())) if DESCRIPTORS.exists() else 0,
        "sockets": (socket.getaddrinfo, socket.socket.connect, socket.socket.connect_ex),
        "session": boto3.DEFAULT_SESSION,
        "paths": (
            credentials.SSOProvider._SSO_TOKEN_CACHE_DIR,
            tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR,
            utils.JSONFileCache.CACHE_DIR,
            utils.JSONFileCache.__init__.__defaults__,
            loaders.Loader.CUSTOMER_DATA_PATH,
        ),
    }

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    if "warm_up" in item.name:
        return (yield)
    os.environ.pop("PYTEST_CURRENT_TEST", None)
    settle(item.config)
    before = snapshot()
    result = yield
    os.environ.pop("PYTEST_CURRENT_TEST", None)
    gc.collect()
    deadline = time.monotonic() + 5
    while (after := snapshot()) != before and time.monotonic() < deadline:
        time.sleep(0.01)  # the endpoint's thread closes its side of a connection
    different = [key for key in before if before[key] != after[key]]
    print("LEFT BEHIND" if different else "ALL AS BEFORE", item.name, different)
    return result
"""
TESTS = """
import os

import pytest

from tests.plugin.application import ask

@pytest.mark.bedrock_credentials("bearer", "instance")
def test_warm_up(bedrock_endpoint):
    bedrock_endpoint.url(tls=False)
    ask()

@pytest.mark.parametrize("level", ["bearer", "settings", "shared", "instance", "container"])
def test_passes(level, bedrock_credentials, bedrock_endpoint):
    bedrock_credentials.provide(level)
    ask()
    bedrock_endpoint.assert_signed_by(level)

@pytest.mark.bedrock_credentials("environment", "instance")
def test_fails(bedrock_endpoint):
    ask()
    bedrock_endpoint.assert_signed_by("bearer")

@pytest.mark.bedrock_credentials("environment")
def test_raises(bedrock_endpoint):
    os.environ["AWS_ACCESS_KEY_ID"] = "changed"
    os.environ["AWS_NEW"] = "new"
    raise RuntimeError

@pytest.fixture
def broken(bedrock_endpoint):
    ask()
    raise RuntimeError

@pytest.mark.bedrock_credentials("config")
def test_errors_in_setup(broken): pass"""


def test_each_test_leaves_all_as_before(
    pytester: pytest.Pytester,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(request.config.rootpath), prepend=os.pathsep)
    pytester.makepyfile(snapshots=SNAPSHOTS)
    pytester.makepyfile(test_mine=TESTS)
    # Two that share no machine: what is shared stays for the next.
    own = ("chain::settings-in-session+bearer-converse", "variant::container+instance-converse")
    chosen = ("test_mine.py", ON, *(f"bedrock-authcheck::{name}" for name in own))
    result = run(*chosen, "-s", "-p", "no:cacheprovider", plugins=("snapshots",))
    result.assert_outcomes(passed=8, failed=2, errors=1)
    left = [line for line in result.outlines if "LEFT BEHIND" in line]
    assert left == []
    assert len([line for line in result.outlines if "ALL AS BEFORE" in line]) == 10


def test_the_session_leaves_no_thread_and_no_socket(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(
        ends="""
        import gc, threading
        from pathlib import Path

        def look():
            gc.collect()
            print("threads:", sorted(thread.name for thread in threading.enumerate()))
            sockets = 0
            if Path("/proc/self/fd").exists():
                links = [path for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
                sockets = sum("socket:" in str(path.readlink()) for path in links)
            print("sockets:", sockets)

        def pytest_configure(config):
            config.add_cleanup(look)  # the last come first: after those of the services
        """
    )
    pytester.makepyfile(test_mine="def test_mine(bedrock_endpoint): pass")
    result = run(ON, CHAIN, "test_mine.py", plugins=("ends",))
    result.assert_outcomes(passed=2)
    last = [line for line in result.outlines if line.startswith(("threads:", "sockets:"))][-2:]
    assert last == ["threads: ['MainThread']", "sockets: 0"]


def _interrupted(child: subprocess.Popen[str], partial: Path) -> str:
    """Press Ctrl-C as a person does: again where the run goes on.

    Python prints and drops an exception that a signal raises inside a finaliser. Whoever
    presses while a slow machine is ending the run kills it instead.
    """
    for _ in range(3):
        os.killpg(child.pid, signal.SIGINT)  # as a terminal does
        with suppress(subprocess.TimeoutExpired):
            return child.communicate(timeout=4)[0]
        before = _size(partial)
        with suppress(subprocess.TimeoutExpired):
            return child.communicate(timeout=2)[0]
        if _size(partial) in (before, None):
            break  # no scenario has ended since, or the report is in its place
    return child.communicate(timeout=60)[0]


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to a child on Windows")
@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_ctrl_c_leaves_a_whole_report_and_nothing_else(
    workers: tuple[str, ...],
    pytester: pytest.Pytester,
    run: Run,  # noqa: ARG001 - its environment, and that it looks for temporary files
    temporary: Path,
) -> None:
    loaded = ["-p", "bedrock_authcheck.plugin", *(("-p", "xdist.plugin") if workers else ())]
    command = [sys.executable, "-m", "pytest", *loaded, ON, "bedrock-authcheck", *workers]
    report, partial = pytester.path / "r.jsonl", pytester.path / "r.jsonl.partial"
    child = subprocess.Popen(
        [*command, f"--authcheck-report={report}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not (partial.exists() and partial.read_bytes().count(b"\n") > 20):
            assert child.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert list(temporary.glob("bedrock-authcheck-*"))
        output = _interrupted(child, partial)
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    assert child.returncode == pytest.ExitCode.INTERRUPTED, output
    assert "KeyboardInterrupt" in output
    found = read_report(report)
    assert found.footer["interrupted"] is True
    assert 20 <= len(found.results) < 1900
    assert list(temporary.glob("bedrock-authcheck-*")) == []
    with pytest.raises(ProcessLookupError):
        os.killpg(child.pid, 0)  # nobody of its group is left


SENTENCE = "bedrock-authcheck cannot start its services on this machine: "
BAD_STARTS = {
    "no port": (
        """
        import errno, socket

        def create_server(*_, **__):
            raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")

        socket.create_server = create_server
        """,
        "the service * cannot listen on 127.0.0.1: Cannot assign requested address",
    ),
    "no temporary folder": (
        """
        import tempfile

        def pytest_runtest_setup():
            tempfile.tempdir = "/no/such/folder"
        """,
        "*No such file or directory: '/no/such/folder/bedrock-authcheck-*",
    ),
    "no thread": (
        """
        import threading

        def start(self):
            raise RuntimeError("can't start new thread")

        threading.Thread.start = start
        """,
        "can't start new thread",
    ),
}


@pytest.mark.parametrize("case", BAD_STARTS)
def test_services_that_cannot_start_stop_the_session_with_one_sentence(
    case: str, pytester: pytest.Pytester, run: Run
) -> None:
    plugin, reason = BAD_STARTS[case]
    sentence = SENTENCE + reason
    pytester.makepyfile(bad_start=plugin)
    pytester.makepyfile(
        """
        def test_first(bedrock_endpoint): pass
        def test_second(bedrock_endpoint): pass
        """
    )
    quiet = ("-p", "no:cacheprovider", "--tb=short")
    for arguments, counts in (
        ((ON, CHAIN, f"{CHAIN}-stream"), {"failed": 1}),
        ((), {"errors": 1}),
    ):
        result = run(*arguments, *quiet, plugins=("bad_start",))
        assert result.parseoutcomes() == counts
        assert result.ret == pytest.ExitCode.INTERRUPTED
        result.stdout.fnmatch_lines([sentence, f"!* {sentence} !*"])
        assert "Traceback" not in result.stdout.str()
        result.stdout.no_fnmatch_line("*running.py*")


def test_workers_hand_on_that_services_cannot_start(pytester: pytest.Pytester, run: Run) -> None:
    plugin, reason = BAD_STARTS["no port"]
    pytester.makepyfile(bad_start=plugin)
    result = run(ON, CHAIN, f"{CHAIN}-stream", "-n", "2", plugins=("xdist.plugin", "bad_start"))
    # Since pytest-xdist 3.6 a worker's request to stop stops the controller too.
    assert result.ret in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.TESTS_FAILED)
    result.stdout.fnmatch_lines([f"{SENTENCE}{reason}"])
