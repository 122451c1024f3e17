"""What becomes of the processes that a program started: found, and ended with it.

A group holds what a program starts, unless it moves into a session of its own. Such a one is
found, on Linux, by the home that it was given; elsewhere it is not.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_GRACE: Final = 0.25  # seconds that others of the group have to follow the first into its end
_PROC: Final = Path("/proc")
_DEAD: Final = "ZX"  # ended, and not yet buried by its parent


def left_of(first: int, home: str) -> str:
    """Name what outlives the first process of a group: `2 processes`; an empty text for nothing.

    `home` is that of the group's environment.
    """
    last = time.monotonic() + _GRACE
    while _group_lives(first) or any(_strangers(first, home)):
        if time.monotonic() > last:
            number = len({*_members(first), *_strangers(first, home)})
            return "a process" if number <= 1 else f"{number} processes"
        time.sleep(0.005)
    return ""


def kill_group(first: int, home: str) -> None:
    """Kill the group of a process that we started, and whoever left the group with its home.

    On Windows, which has no groups, the processes below it while it runs.
    """
    if sys.platform == "win32":
        subprocess.run(  # noqa: S603 - a job object would hold those of a parent that has ended too
            ["taskkill", "/T", "/F", "/PID", str(first)],  # noqa: S607 - Windows' own
            capture_output=True,
            check=False,
        )
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(first, signal.SIGKILL)
    for stranger in _strangers(first, home):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(stranger, signal.SIGKILL)


def _group_lives(group: int) -> bool:
    if sys.platform == "win32":
        return False
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # macOS says so of a group whose members are dead
        return False
    return not _PROC.is_dir() or any(_members(group))


def _members(group: int) -> Iterator[int]:
    """Yield the processes of a group that run; none where the system shows none in /proc."""
    for stat in _PROC.glob("[0-9]*/stat"):
        with suppress(OSError):
            # Behind the name, which is in parentheses and may hold any: state, parent, group.
            state, _, its_group = stat.read_text("latin-1").rpartition(")")[2].split()[:3]
            if int(its_group) == group and state not in _DEAD:
                yield int(stat.parent.name)


def _strangers(first: int, home: str) -> Iterator[int]:
    """Yield the processes that were started later with this home, on Linux."""
    if not home or not sys.platform.startswith("linux"):
        return
    marker = os.fsencode(f"HOME={home}")
    for name in os.listdir(_PROC):  # noqa: PTH208 - names alone, each time a process has ended
        if name.isdecimal() and int(name) > first:
            with suppress(OSError):
                if marker in (_PROC / name / "environ").read_bytes().split(b"\0"):
                    yield int(name)
