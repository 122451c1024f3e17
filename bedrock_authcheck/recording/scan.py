"""The scan: whether bytes or files hold a secret, in any encoding, by its value or its shape."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.recording.pieces import Lines, Piece, taken_apart
from bedrock_authcheck.recording.search import Hit, Search
from bedrock_authcheck.recording.walk import Place
from bedrock_authcheck.wire.inflating import whole_gzip
from bedrock_authcheck.wire.leaks import replace_secret
from bedrock_authcheck.wire.unpacking import MEBIBYTE, Room

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

LARGEST: Final = 64 * MEBIBYTE
"""Bytes of a file that is scanned; a larger one is an error, never passed over."""
SKIPPED_FOLDERS: Final = frozenset(
    {".git", ".hg", ".svn", ".mypy_cache", ".ruff_cache", ".tox", ".venv", "__pycache__"}
    | {"node_modules"}
)
"""Folders that are not walked into; one that is named itself is."""
SKIPPED_SUFFIXES: Final = frozenset(
    {".pyc", ".pyo", ".pyd", ".so", ".dll", ".dylib", ".o", ".a", ".exe"}
)
"""Endings of what compilers make, passed over in folders; a file that is named itself is not."""

_GZIP: Final = b"\x1f\x8b"
_PICTURES: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"wOFF", b"wOF2")
"""How pictures and fonts begin: noise, in which everything could be the start of an encoding."""
_MOST_WRAPPED: Final = 3  # times that a whole file is compressed
_BLOCK: Final = 64  # lines in which a secret is looked for that no single line holds


@dataclass(frozen=True, slots=True)
class Leak:
    """A secret in a file: where it is, what it is and in which form, never its value.

    `where` is `interaction 2, request header Authorization`, or `line 14` of what is no
    cassette; `what` is `secret of environment` or `a session token`; `form` is `plain`, or
    what has to be undone to read it, `gzip in !!binary`.
    """

    where: str
    what: str
    form: str

    def __str__(self) -> str:
        """All of it in one line."""
        return f"{self.where}: {self.what} ({self.form})"


@dataclass(frozen=True, slots=True)
class FileScan:
    """What came of scanning a file: its leaks, or why it could not be scanned."""

    path: Path
    leaks: tuple[Leak, ...] = ()
    error: str = ""


def leaks_in(data: bytes, secrets: Mapping[str, str] | None = None) -> tuple[Leak, ...]:
    """Find the secrets in a file's bytes: a cassette of any recorder, or any other file.

    `secrets` are values to look for and what each is (`token of bearer`); blank ones are left
    out. They are found in every encoding that wire.decoding undoes and wire.leaks knows,
    whatever they look like; canaries are. Besides, the shapes of AWS secrets are found, of
    which placeholders and canaries of this package are passed over.

    A file that is torn or of no known format is scanned as text, a picture as it is. What cannot
    be looked through, for it unpacks to more than is bearable, is a leak as well.
    """
    known = {_as_latin1(value): what for value, what in (secrets or {}).items() if value.strip()}
    data, wrapped = _unwrapped(data)
    search = Search(known, Room.of(len(data)))
    lines: list[Lines] = []

    def pieces() -> Iterator[Piece]:  # which are many: they are searched as they come
        if data.startswith(_PICTURES):
            yield Piece(Place((), line=1), data, as_it_is=True)
            return
        for part in taken_apart(data):
            if isinstance(part, Lines):
                lines.append(part)
            else:
                yield part

    found = [*search.hits(pieces())]
    leaks = [Leak(str(piece.place), hit.what, hit.form) for piece, hit in found]
    for some in lines:
        leaks += _in_lines(some, known, found)
    first: dict[tuple[str, str], Leak] = {}
    for leak in leaks:
        finished = _finished(leak, known, wrapped)
        first.setdefault((finished.where, finished.what), finished)
    return tuple(first.values())


def _as_latin1(value: str) -> str:
    """Write a value as texts are searched: octet by octet."""
    return value.strip().encode("utf-8", "surrogatepass").decode("latin-1")


def _unwrapped(data: bytes) -> tuple[bytes, int]:
    """Decompress a file that is gzip as a whole; also how often."""
    for times in range(_MOST_WRAPPED):
        inner = whole_gzip(data, Room.of(len(data))) if data.startswith(_GZIP) else None
        if inner is None:
            return data, times
        data = inner
    return data, _MOST_WRAPPED


def _finished(leak: Leak, known: Iterable[str], wrapped: int) -> Leak:
    """Say that the file was compressed; and show no secret that stands where a name should."""
    where = leak.where
    for value in known:
        where = replace_secret(where, value, "(a secret)")
    forms = ([] if leak.form == "plain" and wrapped else [leak.form]) + ["gzip"] * wrapped
    return Leak(where, leak.what, " in ".join(forms))


def _in_lines(
    lines: Lines, known: Mapping[str, str], found: Sequence[tuple[Piece, Hit]]
) -> Iterator[Leak]:
    """Yield leaks of lines by their numbers; those of pieces, which say more, are left out."""
    left = {hit.what: hit for hit in _hits_of(lines.together(), known)}
    if not left:
        return
    for number, line in lines.numbered():
        for hit in _hits_of(line, known):
            left.pop(hit.what, None)
            if not _is_told(hit, number, number, found):
                yield Leak(f"line {number}", hit.what, hit.form)
    for hit in left.values():
        first, last = _span([*lines.numbered()], known, hit.what)
        if not _is_told(hit, first, last, found):
            yield Leak(f"lines {first} to {last}", hit.what, hit.form)


def _hits_of(data: bytes, known: Mapping[str, str]) -> list[Hit]:
    search = Search(known, Room.of(len(data)))
    return [hit for _, hit in search.hits([Piece(Place(()), data)])]


def _is_told(hit: Hit, first: int, last: int, found: Iterable[tuple[Piece, Hit]]) -> bool:
    return any(
        other.what == hit.what and piece.place.line <= last and first <= piece.last_line
        for piece, other in found
    )


def _span(
    lines: Sequence[tuple[int, bytes]], known: Mapping[str, str], what: str
) -> tuple[int, int]:
    """Find the lines that hold something together which none holds alone."""

    def hold(some: Sequence[tuple[int, bytes]]) -> bool:
        together = b"\n".join(line for _, line in some)
        return any(hit.what == what for hit in _hits_of(together, known))

    for start in range(0, len(lines), _BLOCK // 2):
        block = lines[start : start + _BLOCK]
        if hold(block):
            while hold(block[1:]):
                block = block[1:]
            while hold(block[:-1]):
                block = block[:-1]
            return block[0][0], block[-1][0]
    return lines[0][0], lines[-1][0]


def scan_paths(
    paths: Iterable[str | os.PathLike[str]], secrets: Mapping[str, str] | None = None
) -> Iterator[FileScan]:
    """Scan files, and folders with all that is in them, in order; one result for each file.

    `secrets` are those of `leaks_in`. Links to folders are not followed. What cannot be read,
    and files beyond LARGEST, have an error: a caller that ignores it takes them for clean.
    """
    for path in map(Path, paths):
        if _is_folder(path):
            yield from _scanned_folder(path, secrets)
        else:
            yield _scanned(path, secrets)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False  # to be found unreadable


def _scanned_folder(folder: Path, secrets: Mapping[str, str] | None) -> Iterator[FileScan]:
    errors: list[OSError] = []
    for parent, folders, names in os.walk(folder, onerror=errors.append):
        folders[:] = sorted(set(folders) - SKIPPED_FOLDERS)
        for path in (Path(parent, name) for name in sorted(names)):
            if path.suffix.lower() not in SKIPPED_SUFFIXES and not _is_no_file(path):
                yield _scanned(path, secrets)
    for error in errors:
        yield FileScan(Path(error.filename), error=f"cannot be read: {error.strerror}")


def _is_no_file(path: Path) -> bool:
    """Whether it is a socket, a pipe, a device or a link to nothing: none holds a text."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return True
    except OSError:
        return False  # to be found unreadable


def _scanned(path: Path, secrets: Mapping[str, str] | None) -> FileScan:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return FileScan(path, error="is no file")
        if status.st_size > LARGEST:
            return FileScan(path, error=f"is larger than {LARGEST // MEBIBYTE} MiB: not scanned")
        return FileScan(path, leaks_in(path.read_bytes(), secrets))
    except OSError as error:
        return FileScan(path, error=f"cannot be read: {error.strerror}")
