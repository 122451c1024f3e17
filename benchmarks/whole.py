"""The whole default suite: its time with and without workers, its memory, its cost by size."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Final

from benchmarks.measuring import Target, row, say, timed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROUNDS: Final = 3
SIZES: Final = (250, 500, 1_000, 2_000, 4_000)
_SUITE: Final = ("-m", "pytest", "-q", "-p", "bedrock_authcheck.plugin", "--bedrock-authcheck")
_MEMORY: Final = """
import resource

import pytest

from bedrock_authcheck.suite import items
from bedrock_authcheck.suite.items import ScenarioItem

at, limit, repeat = [], {limit}, {repeat}
group_collect = items.Group.collect


def pytest_collection_modifyitems(session, items):
    scenarios = [item for item in items if isinstance(item, ScenarioItem)]
    wanted = limit or len(scenarios) * repeat
    items[:] = (scenarios * (wanted // len(scenarios) + 1))[:wanted]


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item, nextitem):
    with open("/proc/self/statm", encoding="ascii") as statm:
        at.append(int(statm.read().split()[1]) * resource.getpagesize())


def pytest_sessionfinish(session):
    import sys, time
    sys.stderr.write("memory %d %d %d\\n" % (at[0], at[len(at) // 2], at[-1]))
"""


def measure() -> Iterator[bool]:
    """Run the suite several times, whole, by two workers, and by size."""
    with tempfile.TemporaryDirectory() as folder:
        one = [timed(_run(folder, "bedrock-authcheck")) for _ in range(ROUNDS)]
        two = [timed(_run(folder, "bedrock-authcheck", "-n", "2")) for _ in range(ROUNDS)]
        yield row("the suite, -n 2", two, "the suite", one, Target(most=0.8))
        costs = {}
        for size in SIZES:
            output: list[str] = []
            seconds = timed(_counted(folder, output, limit=size))
            costs[size] = seconds / size
            say(f"| {size} scenarios | {seconds:.1f} s | {seconds / size * 1000:.2f} ms each | | |")
        output = []
        _counted(folder, output, repeat=10)()
        start, middle, end = (int(n) / 2**20 for n in output)
        say(
            f"| memory | {start:.0f} MB after the first, {middle:.0f} in the middle, {end:.0f} at "
            "the end of ten times the suite | | | at most 60 MB more |"
        )
        yield end - start <= 60  # noqa: PLR2004 - megabytes, the target


def _run(folder: str, *arguments: str) -> Callable[[], object]:
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    plugins = ("-p", "xdist.plugin") if "-n" in arguments else ()

    def run() -> object:
        return subprocess.run(  # noqa: S603 - this Python, and words of ours
            [sys.executable, *_SUITE, *plugins, *arguments],
            cwd=folder,
            env=environment,
            check=True,
            capture_output=True,
        )

    return run


def _counted(
    folder: str, output: list[str], *, limit: int = 0, repeat: int = 1
) -> Callable[[], object]:
    """Run so many scenarios, or the suite so many times over; memory goes to `output`."""
    from pathlib import Path  # noqa: PLC0415 - for this alone

    where = Path(folder, f"counted-{limit}-{repeat}")
    where.mkdir()
    (where / "conftest.py").write_text(_MEMORY.format(limit=limit, repeat=repeat))

    def run() -> object:
        done = subprocess.run(  # noqa: S603 - this Python, and words of ours
            [sys.executable, *_SUITE, "bedrock-authcheck", "-p", "no:terminal"],
            cwd=where,
            env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        found = re.search(r"memory (\d+) (\d+) (\d+)", done.stderr)
        if found is None:
            raise RuntimeError(f"no memory was told:\n{done.stdout}\n{done.stderr}")
        output.extend(found.groups())
        return done

    return run
