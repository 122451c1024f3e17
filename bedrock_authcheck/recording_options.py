"""What is done with the cassette of a test, and where it is: options, ini keys and the marker.

Light to import, for every pytest run loads this file.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import Final

import pytest

MARKER: Final = "bedrock_cassette"
RECORD_MODES: Final = ("once", "new", "all")
"""What `--record` does with a cassette that exists: replay it, add to it, make it anew."""
REPLAY: Final = "replay"
"""The mode of a cassette of which nothing is recorded."""

_ENDINGS: Final = (".yaml", ".yml", ".yaml.gz", ".yml.gz")
_LONGEST: Final = 120  # characters of a file's name, its ending and those beside it left room
_UNSAFE: Final = re.compile(r'[<>:"|?*\\/\x00-\x1f]+')


def marker_fault(marker: pytest.Mark) -> str | None:
    """Say what is wrong with a marker; None where nothing is."""
    if len(marker.args) > 1:
        return "it takes the name of one cassette"
    strange = marker.kwargs.keys() - {"record_mode"}
    if strange:
        return f"it has no {', '.join(sorted(strange))}; there is record_mode"
    mode = marker.kwargs.get("record_mode", RECORD_MODES[0])
    if mode not in RECORD_MODES:
        return f"record_mode {mode!r} does not exist: choose from {', '.join(RECORD_MODES)}"
    return name_fault(marker.args[0]) if marker.args else None


def record_mode(config: pytest.Config, marker: pytest.Mark | None) -> str:
    """Decide what is done with a cassette: REPLAY, or one of RECORD_MODES.

    Nothing is recorded without `--record`, and then only where the flag `--authcheck-record-mode`
    or a path on the command line selects. The flag counts before the marker, that before the
    ini key, and `once` is the rest. UsageError for an ini key that names no mode.
    """
    flag: str | None = config.getoption("authcheck_record_mode")
    ini = config.getini("authcheck_record_mode") or RECORD_MODES[0]
    if ini not in RECORD_MODES:
        msg = (
            f"authcheck_record_mode: {ini!r} does not exist: choose from {', '.join(RECORD_MODES)}"
        )
        raise pytest.UsageError(msg)
    selected = flag or getattr(config.option, "authcheck_paths_selected", False)
    if not config.getoption("record") or not selected:
        return REPLAY
    return str(flag or (marker and marker.kwargs.get("record_mode")) or ini)


def recording_of(item: pytest.Item) -> str:
    """Write the command that records a test's cassette, as it is typed where pytest was."""
    path, *rest = item.nodeid.split("::")
    here = os.path.relpath(item.config.rootpath / path, item.config.invocation_params.dir)
    return f"pytest --record {shlex.quote('::'.join((here, *rest)))}"


def cassette_path(item: pytest.Item) -> Path:
    """Find the file of a test's cassette: named by the marker, or after the test."""
    marker = item.get_closest_marker(MARKER)
    if marker is not None and marker.args:
        return cassette_file(item, marker.args[0])
    return cassette_file(item, _default_name(item))


def _default_name(item: pytest.Item) -> str:
    """Name a cassette after its test: no two tests of a folder have the same.

    Where characters are left out, or the name is too long for a file, a digest tells them apart.
    """
    _, *parts = item.nodeid.split("::")
    whole = ".".join(parts)
    safe = _UNSAFE.sub("-", whole)
    if safe != whole or len(safe) > _LONGEST:
        import hashlib  # noqa: PLC0415 - rarely needed

        digest = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        safe = f"{safe[:_LONGEST]}-{digest}"
    below = item.path.parent
    if item.config.getini("authcheck_cassettes") and below.is_relative_to(item.config.rootpath):
        below = below.relative_to(item.config.rootpath)  # one folder for the modules of all
        return str(below / item.path.stem / safe)
    return f"{item.path.stem}/{safe}"


def cassette_file(item: pytest.Item, name: str) -> Path:
    """Find the file of a cassette by its name; ValueError for one that climbs out of its folder.

    The folder is the ini key's, or `cassettes` beside the test module; an absolute name stays.
    """
    fault = name_fault(name)
    if fault is not None:
        raise ValueError(fault)
    ini = item.config.getini("authcheck_cassettes")
    folder = item.config.rootpath / ini if ini else item.path.parent / "cassettes"
    return folder / (name if name.endswith(_ENDINGS) else f"{name}.yaml")


def missing_cassette(path: Path) -> str:
    """Say that there is no such cassette, and which in its folder have names like it."""
    import difflib  # noqa: PLC0415 - rarely needed

    there = [file.name for file in path.parent.glob("*") if file.name.endswith(_ENDINGS)]
    near = difflib.get_close_matches(path.name, there, n=3)
    beside = f"; beside it there is {', '.join(near)}" if near else ""
    return f"there is no cassette {path}{beside}"


def name_fault(name: object) -> str | None:
    """Say what is wrong with the name of a cassette; None where nothing is."""
    if not isinstance(name, str) or not name.strip():
        return f"{name!r} is no name of a cassette"
    if ".." in Path(name.replace("\\", "/")).parts:
        return f"{name!r} climbs out of the folder of cassettes: leave out `..`"
    return None
