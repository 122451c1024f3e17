"""A cassette's file: written whole or not at all, by one writer at a time, whatever kills it."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.recording.cassette import CassetteError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE: Final = 60.0  # seconds to wait for another writer; one write takes milliseconds
_LOOK: Final = 0.01  # seconds between two looks
_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)  # the temporary folder is everybody's
_PARTIAL: Final = re.compile(r"\.(?P<name>.+)\.(?P<pid>[0-9]+)-[0-9a-f]+\.partial")


def digest_of(path: Path) -> bytes | None:
    """Tell the state of a file, for `write_whole`; None where there is none.

    CassetteError where it cannot be read.
    """
    try:
        return _current(path)
    except OSError as error:
        raise CassetteError(f"{path} cannot be read: {_reason(error)}") from error


def digest_of_bytes(data: bytes) -> bytes:
    """Tell the state of a file that holds these bytes, for `write_whole`."""
    return _digest(data)


def write_whole(path: Path, text: str, expected: bytes | None) -> None:
    """Write a file so that it is there whole, or stays as it was; folders are made.

    `expected` is its digest when it was loaded (`digest_of`), None where it did not exist: what
    somebody else has written since is not overwritten. A file that holds the text already is left
    alone. One writer at a time, across the threads and processes of a user that share a temporary
    folder; a file that a killed writer left half-written is removed. A symbolic link stays: what it
    points at is written.

    CassetteError says in one sentence why nothing was written; nothing is left behind then.
    """
    try:
        data = text.encode("utf-8")
        target = Path(os.path.realpath(path))
    except ValueError as error:  # a lone surrogate, a NUL in the name
        raise CassetteError(f"{path!s:.200} could not be written: {error}") from None
    if target.exists() and not target.is_file():
        what = "a folder" if target.is_dir() else "no plain file"
        raise CassetteError(f"{path} is {what}: a cassette needs a file of its own")
    made: list[Path] = []
    try:
        with _only_writer(target):
            _make_folders(target.parent, made)
            _remove_leftovers(target)
            current = _current(target)
            if current == _digest(data):
                return
            _demand(current, expected, path)
            _replace(target, data)
    except OSError as error:
        raise CassetteError(f"{path} could not be written: {_reason(error)}") from error
    finally:
        for folder in reversed(made):  # those that hold something now stay
            with suppress(OSError):
                folder.rmdir()


def _current(path: Path) -> bytes | None:
    try:
        return _digest(path.read_bytes())
    except FileNotFoundError:
        return None


def _demand(current: bytes | None, expected: bytes | None, path: Path) -> None:
    if current == expected:
        return
    if current is None:
        happened = "was deleted"
    elif expected is None:
        happened = "was written"
    else:
        happened = "was changed"
    raise CassetteError(
        f"{path} {happened} by somebody else while this test recorded: nothing was written; "
        "run the test again, and give two tests that run at once cassettes of their own"
    )


def _replace(target: Path, data: bytes) -> None:
    """Write beside the file, then put it in its place."""
    partial = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.partial")
    try:
        with partial.open("xb") as file:  # not by mkstemp, whose file nobody else may read
            with suppress(OSError):  # a mode that cannot be kept is no reason to lose a recording
                partial.chmod(target.stat().st_mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Have the new name survive a power cut too, where the system can be asked for it."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _make_folders(folder: Path, made: list[Path]) -> None:
    missing = [folder, *folder.parents]
    missing = missing[: next((n for n, one in enumerate(missing) if one.exists()), len(missing))]
    for one in reversed(missing):
        with suppress(FileExistsError):  # another writer was faster
            one.mkdir()
            made.append(one)


def _remove_leftovers(target: Path) -> None:
    """Remove what dead writers of this file left; the lock is held, so that none of ours writes."""
    for entry in os.scandir(target.parent):
        found = _PARTIAL.fullmatch(entry.name)
        if found and found["name"] == target.name and not _alive(int(found["pid"])):
            with suppress(OSError):  # on Windows it is still open: its writer lives
                Path(entry.path).unlink()


def _alive(pid: int) -> bool:
    """Whether another process runs that may write; on Windows an open file cannot be removed."""
    if sys.platform == "win32" or pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


@contextmanager
def _only_writer(target: Path) -> Iterator[None]:
    """Hold the lock of a path; the system gives it back when its holder is killed.

    The lock file is in the temporary folder, where it is in nobody's way; it is removed under the
    lock, and who waited for a removed one takes the new one.
    """
    key = _digest(os.path.normcase(target).encode("utf-8", "surrogatepass")).hex()
    user = os.getuid() if hasattr(os, "getuid") else "user"
    lock = Path(tempfile.gettempdir()) / f"bedrock-authcheck-{user}-{key[:32]}.lock"
    deadline = time.monotonic() + _PATIENCE
    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | _NO_FOLLOW, 0o600)
        try:
            if _locked(descriptor) and _is_still(descriptor, lock):
                break
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        if time.monotonic() > deadline:
            raise CassetteError(
                f"another process has been writing {target.name} for {_PATIENCE:.0f} seconds: "
                "nothing was written; end it, or wait and run the test again"
            )
        time.sleep(_LOOK)
    try:
        yield
    finally:
        with suppress(OSError):  # Windows removes no open file: it stays, empty
            lock.unlink()
        os.close(descriptor)


def _is_still(descriptor: int, lock: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), lock.stat())
    except FileNotFoundError:
        return False


def _locked(descriptor: int) -> bool:
    """Take the lock of an open file if it is free."""
    try:
        _take(descriptor)
    except (BlockingIOError, PermissionError):
        return False
    return True


if sys.platform == "win32":  # pragma: no cover - not the system of the tests
    import msvcrt

    def _take(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _reason(error: OSError) -> str:
    return (error.strerror or str(error) or type(error).__name__).lower()
