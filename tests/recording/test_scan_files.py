"""The scan of files and folders: all of them, or an error that says which not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from bedrock_authcheck.recording import scan
from bedrock_authcheck.recording.scan import FileScan, leaks_in, scan_paths
from tests.recording.planting import by_vcrpy, interaction
from tests.recording.samples import PUBLIC, needs_public_recordings

if TYPE_CHECKING:
    from collections.abc import Mapping

SECRET: Final = "FAKE/planted+1234567890abcdefghijklmnopq"
KNOWN: Final = {SECRET: "the secret"}
LEAKING: Final = by_vcrpy(interaction("request header", SECRET.encode()))


def results(*paths: Path, secrets: Mapping[str, str] = KNOWN) -> list[tuple[str, int, str]]:
    return [(one.path.name, len(one.leaks), one.error) for one in scan_paths(paths, secrets)]


def test_files_of_a_folder_are_scanned_in_order(tmp_path: Path) -> None:
    (tmp_path / "b" / "c").mkdir(parents=True)
    (tmp_path / "b" / "c" / "leaks.yaml").write_bytes(LEAKING)
    (tmp_path / "b" / "clean.yaml").write_bytes(by_vcrpy(interaction()))
    (tmp_path / "a.txt").write_text(f"{SECRET}\n{SECRET}\n")
    (tmp_path / ".env").write_text(f"X={SECRET}\n")
    assert results(tmp_path) == [
        (".env", 1, ""),
        ("a.txt", 2, ""),
        ("clean.yaml", 0, ""),
        ("leaks.yaml", 1, ""),
    ]


@pytest.mark.parametrize("folder", sorted(scan.SKIPPED_FOLDERS))
def test_a_folder_that_is_passed_over_is_scanned_when_it_is_named(
    folder: str, tmp_path: Path
) -> None:
    inside = tmp_path / folder / "x.yaml"
    inside.parent.mkdir()
    inside.write_bytes(LEAKING)
    assert results(tmp_path) == []
    assert results(inside.parent) == results(inside) == [("x.yaml", 1, "")]


def test_what_a_compiler_made_is_passed_over_unless_it_is_named(tmp_path: Path) -> None:
    made = tmp_path / "module.PYC"
    made.write_bytes(LEAKING)
    assert results(tmp_path) == []
    assert results(made) == [("module.PYC", 1, "")]


def test_a_file_that_cannot_be_read_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(LEAKING)

    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert results(tmp_path) == [("x.yaml", 0, "cannot be read: Permission denied")]


def test_what_stands_in_a_folder_that_is_closed_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, **_: bool) -> os.stat_result:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "stat", refuse)
    assert results(tmp_path / "x") == [("x", 0, "cannot be read: Permission denied")]


def test_a_folder_that_cannot_be_read_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "inner").mkdir()
    scandir = os.scandir

    def refuse(path: str) -> os._ScandirIterator[str]:
        if os.fspath(path).endswith("inner"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert results(tmp_path) == [("inner", 0, "cannot be read: Permission denied")]


def test_a_file_that_is_too_large_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "LARGEST", len(LEAKING))
    (tmp_path / "fits.yaml").write_bytes(LEAKING)
    (tmp_path / "large.yaml").write_bytes(LEAKING + b"\n")
    assert results(tmp_path) == [
        ("fits.yaml", 1, ""),
        ("large.yaml", 0, "is larger than 0 MiB: not scanned"),
    ]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes among its files")
def test_what_is_no_file_is_an_error_when_it_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert results(tmp_path) == []
    assert results(tmp_path / "pipe") == [("pipe", 0, "is no file")]
    missing = "cannot be read: No such file or directory"
    assert results(tmp_path / "dangling") == [("dangling", 0, missing)]
    assert results(tmp_path / "missing") == [("missing", 0, missing)]


def test_a_link_to_a_file_is_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(LEAKING)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to(tmp_path / "outside")
    assert results(tmp_path / "folder") == [("link", 1, "")]


def test_nothing_to_scan_is_no_result(tmp_path: Path) -> None:
    assert results(tmp_path) == results() == []
    (tmp_path / "empty").touch()
    assert list(scan_paths([str(tmp_path)])) == [FileScan(tmp_path / "empty")]


# Looked at by hand: these are what AWS hands out, left in recordings of 2021. All others are
# markers, placeholders and signatures that no longer open anything.
LEFT_THERE: Final = {
    "smithy-rs__ecs_assume_role__http-traffic.json": ["a session token"],
    "smithy-rs__imds_config_with_no_creds__http-traffic.json": ["a metadata token"] * 3,
    "smithy-rs__imds_default_chain_success__http-traffic.json": ["a metadata token"] * 3,
}


@needs_public_recordings
def test_public_recordings_hold_what_was_seen_by_hand() -> None:
    found = {one.path.name: one for one in scan_paths([PUBLIC / "files"])}
    assert len(found) == 408
    assert not [one for one in found.values() if one.error]
    leaking = {name: [leak.what for leak in one.leaks] for name, one in found.items() if one.leaks}
    assert leaking == LEFT_THERE


@needs_public_recordings
def test_a_secret_in_a_public_recording_is_found() -> None:
    """Wherever a text of it is replaced by a secret, as scrubbing did in the other direction."""
    missed = []
    for path in sorted((PUBLIC / "files").glob("*.yaml"))[::9]:
        data = path.read_bytes().replace(b"application/json", SECRET.encode(), 1)
        if SECRET.encode() in data and not leaks_in(data, KNOWN):
            missed.append(path.name)
    assert missed == []
