"""A file written whole or not at all: conflicts, errors, leftovers, and writers that are killed."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from bedrock_authcheck.recording import files
from bedrock_authcheck.recording.cassette import CassetteError
from bedrock_authcheck.recording.files import digest_of, write_whole

needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL and modes are of POSIX")


@pytest.fixture(autouse=True)
def locks(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of its own, in which nothing may be left."""
    folder = tmp_path_factory.mktemp("locks")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_in_new_folders(tmp_path: Path, locks: Path) -> None:
    path = tmp_path / "a/b/c.yaml"
    write_whole(path, "é: 1\n", None)
    assert path.read_bytes() == "é: 1\n".encode()
    assert names(path.parent) == ["c.yaml"]
    assert names(locks) == []


def test_a_file_that_is_as_it_was_loaded_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("old")
    write_whole(path, "new", digest_of(path))
    assert path.read_text() == "new"


@needs_posix
@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664])
def test_a_file_keeps_its_mode(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("old")
    path.chmod(mode)
    write_whole(path, "new", digest_of(path))
    assert path.stat().st_mode & 0o777 == mode


@needs_posix
def test_a_new_file_can_be_read_by_others_as_the_umask_has_it(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_whole(tmp_path / "c.yaml", "new", None)
    finally:
        os.umask(before)
    assert (tmp_path / "c.yaml").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("loaded", "now", "happened"),
    [("old", "other", "was changed"), (None, "other", "was written"), ("old", None, "was deleted")],
)
def test_what_somebody_else_did_is_not_overwritten(
    loaded: str | None, now: str | None, happened: str, tmp_path: Path, locks: Path
) -> None:
    path = tmp_path / "c.yaml"
    if loaded is not None:
        path.write_text(loaded)
    expected = digest_of(path)
    path.unlink(missing_ok=True)
    if now is not None:
        path.write_text(now)
    with pytest.raises(CassetteError, match=rf"c\.yaml {happened} by somebody else while"):
        write_whole(path, "new", expected)
    assert (path.read_text() if path.exists() else None) == now
    assert names(tmp_path) == ([] if now is None else ["c.yaml"])
    assert names(locks) == []


@pytest.mark.parametrize("expected", [None, b"another digest"])
def test_the_same_text_is_no_conflict_and_is_not_written(expected: bytes, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("same")
    before = path.stat()
    write_whole(path, "same", expected)
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@needs_posix
def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    target = tmp_path / "there/c.yaml"
    target.parent.mkdir()
    target.write_text("old")
    link = tmp_path / "link.yaml"
    link.symlink_to(target)
    write_whole(link, "new", digest_of(link))
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_path_that_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").mkdir()
    with pytest.raises(CassetteError, match=r"c.yaml is a folder: a cassette needs a file"):
        write_whole(tmp_path / "c.yaml", "new", None)


@needs_posix
def test_a_path_that_is_a_device() -> None:
    with pytest.raises(CassetteError, match="/dev/null is no plain file"):
        write_whole(Path("/dev/null"), "new", None)


def test_a_path_below_a_file(tmp_path: Path, locks: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(CassetteError, match=r"c\.yaml could not be written: not a directory"):
        write_whole(tmp_path / "file/a/c.yaml", "new", None)
    assert names(tmp_path) == ["file"]
    assert names(locks) == []


def test_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    with pytest.raises(CassetteError, match="could not be written: file name too long"):
        write_whole(tmp_path / "new" / ("x" * 300), "new", None)
    with pytest.raises(CassetteError, match=r"could not be written: .*null"):
        write_whole(tmp_path / "a\0b", "new", None)
    assert names(tmp_path) == []


def test_a_text_that_is_no_unicode(tmp_path: Path) -> None:
    with pytest.raises(CassetteError, match=r"could not be written: .*surrogates"):
        write_whole(tmp_path / "c.yaml", "\ud800", None)


@pytest.mark.parametrize("failing", ["fsync", "replace"])
@pytest.mark.parametrize("there", [True, False])
def test_a_disk_that_is_full(
    failing: str,
    there: bool,
    tmp_path: Path,
    locks: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "a/c.yaml"
    if there:
        path.parent.mkdir()
        path.write_text("old")
    expected = digest_of(path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os if failing == "fsync" else Path, failing, full)
    with pytest.raises(
        CassetteError, match=r"c.yaml could not be written: no space left on device"
    ):
        write_whole(path, "new", expected)
    assert (path.read_text() if there else None) == ("old" if there else None)
    assert names(tmp_path) == (["a"] if there else [])
    assert names(locks) == []


@needs_posix
def test_a_real_limit_on_the_size_of_files(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("old")
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from bedrock_authcheck.recording.files import digest_of, write_whole\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "path = Path(sys.argv[1])\n"
        "write_whole(path, 'x' * 10_000, digest_of(path))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "c.yaml could not be written: file too large" in done.stderr
    assert path.read_text() == "old"
    assert names(tmp_path) == ["c.yaml"]


def test_an_interrupted_write_leaves_nothing(
    tmp_path: Path, locks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "a/c.yaml", "new", None)
    assert names(tmp_path) == []
    assert names(locks) == []


def test_what_dead_writers_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    dead = gone.pid
    kept = [
        f".other.yaml.{dead}-0a0b.partial",
        f".c.yaml.{dead}-0a0b.part",
        ".c.yaml.partial",
        f"c.yaml.{dead}-0a0b.partial",
    ]
    if sys.platform != "win32":
        kept.append(f".c.yaml.{os.getppid()}-0a0b.partial")  # of a process that lives
    for name in [*kept, f".c.yaml.{dead}-0a0b.partial", f".c.yaml.{os.getpid()}-0a0b.partial"]:
        (tmp_path / name).write_text("half")
    write_whole(tmp_path / "c.yaml", "new", None)
    assert names(tmp_path) == sorted([*kept, "c.yaml"])


def test_threads_write_one_after_the_other(tmp_path: Path, locks: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("0")
    lost = []

    def add() -> None:
        for _ in range(20):
            while True:
                try:
                    expected, number = digest_of(path), int(path.read_text())
                    write_whole(path, str(number + 1), expected)
                    break
                except CassetteError as error:
                    lost.append(str(error))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert int(path.read_text()) >= 20  # of two that add one at once, the same text is no conflict
    assert all("by somebody else" in text for text in lost)
    assert names(tmp_path) == ["c.yaml"]
    assert names(locks) == []


def test_another_writer_that_does_not_end(
    tmp_path: Path, locks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_PATIENCE", 0.05)
    with (
        files._only_writer(tmp_path / "c.yaml"),
        pytest.raises(CassetteError, match=r"another process has been writing c.yaml for"),
    ):
        write_whole(tmp_path / "c.yaml", "new", None)
    write_whole(tmp_path / "c.yaml", "new", None)
    assert names(locks) == []


@needs_posix
def test_a_lock_that_is_somebody_elses_link_is_not_followed(tmp_path: Path, locks: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine")
    with files._only_writer(tmp_path / "c.yaml"):
        (lock,) = locks.iterdir()
    lock.symlink_to(mine)
    with pytest.raises(CassetteError, match="could not be written"):
        write_whole(tmp_path / "c.yaml", "new", None)
    assert mine.read_text() == "mine"


WRITER = """
import hashlib, os, sys
from pathlib import Path
from bedrock_authcheck.recording.cassette import CassetteError
from bedrock_authcheck.recording.files import digest_of_bytes, write_whole

path, log = Path(sys.argv[1]), os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
while True:
    data = path.read_bytes()
    number = int(data.split(b"\\n", 1)[0]) + 1
    body = f"{number}\\n{os.getpid()}\\n" + "x" * 20_000 + "\\n"
    text = body + hashlib.sha256(body.encode()).hexdigest()
    try:
        write_whole(path, text, digest_of_bytes(data))
    except CassetteError:
        continue
    os.write(log, b"%d\\n" % number)
"""


def _number(path: Path) -> int:
    """The number of a whole file; AssertionError for a torn one."""
    body, _, seal = path.read_text().rpartition("\n")
    assert hashlib.sha256(f"{body}\n".encode()).hexdigest() == seal, "torn"
    return int(body.split("\n", 1)[0])


IN_PLACE = WRITER.replace("write_whole(path, text, digest_of_bytes(data))", "path.write_text(text)")


@needs_posix
def test_a_hundred_killed_writers_tear_and_lose_nothing(tmp_path: Path) -> None:
    _kill_writers(WRITER, tmp_path, 100)


@needs_posix
def test_writers_in_place_are_caught(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"torn|ValueError|lost|two wrote"):
        _kill_writers(IN_PLACE, tmp_path, 100)


def _kill_writers(program: str, tmp_path: Path, kills: int) -> None:
    folder = tmp_path / "cassettes"
    folder.mkdir()
    path, log = folder / "c.yaml", tmp_path / "log"
    body = "0\n\n"
    path.write_text(body + hashlib.sha256(body.encode()).hexdigest())
    locks = tmp_path / "locks"
    locks.mkdir()
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(locks)}

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-S", "-c", program, str(path), str(log)]
        return subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.PIPE)

    writers = [start() for _ in range(4)]
    killed, last = 0, 0
    try:
        deadline = time.monotonic() + 120  # a busy machine takes ten times the usual
        while not log.exists() or not log.stat().st_size:
            assert time.monotonic() < deadline, "no writer has written"
            time.sleep(0.01)
        while killed < kills:
            victim = writers.pop(0)
            seen = log.stat().st_size
            while log.stat().st_size == seen:  # all of them write, the victim among them
                assert time.monotonic() < deadline
                time.sleep(0.001)
            time.sleep(killed % 10 / 1000)
            victim.send_signal(signal.SIGKILL)
            _, error = victim.communicate()
            assert victim.returncode == -signal.SIGKILL, error.decode()
            killed += 1
            number = _number(path)
            assert number >= last, "the old one was lost"
            last = number
            writers.append(start())
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()
    acknowledged = [int(line) for line in log.read_text().splitlines()]
    assert len(set(acknowledged)) == len(acknowledged), "two wrote the same"
    assert _number(path) >= max(acknowledged), "what was written was lost"
    assert len(acknowledged) > kills
    write_whole(path, "the end", digest_of(path))
    assert names(folder) == ["c.yaml"], "killed writers left something"
