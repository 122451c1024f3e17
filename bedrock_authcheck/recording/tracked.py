"""Which files of a project git lists: those that it tracks, and those that it would add next."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_BOUND: Final = 60  # seconds, for a repository on a slow disk


class NoListError(Exception):
    """git does not list the files of a folder; the text says why."""


def tracked(folder: Path) -> tuple[Path, ...]:
    """List the files below a folder that are tracked, or neither tracked nor ignored, sorted.

    NoListError where git is not installed, or the folder is in no repository.
    """
    git = shutil.which("git")
    if git is None:
        raise NoListError("git is not installed")
    command = (git, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    try:
        done = subprocess.run(  # noqa: S603 - git, found above, and words of ours
            command, cwd=folder, capture_output=True, timeout=_BOUND, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoListError(f"git could not be asked: {type(error).__name__}") from error
    if done.returncode:
        raise NoListError("git tells of no repository here")
    names = sorted(name for name in done.stdout.split(b"\0") if name)
    listed = (folder / name.decode("utf-8", "surrogateescape") for name in names)
    # One that was deleted and not yet committed is listed still; a link's target is listed itself.
    return tuple(path for path in dict.fromkeys(listed) if path.is_file() and not path.is_symlink())
