"""Installing a client: a copy of its folder, a virtual environment if it has one, its steps."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from packaging.version import InvalidVersion, Version

from bedrock_authcheck.clients.manifest import FILE, read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from packaging.specifiers import SpecifierSet

    from bedrock_authcheck.clients.manifest import Manifest

_PATIENCE: Final = 3600  # seconds for one step: what is compiled takes its time
_TAIL: Final = 20  # lines of an output that are told
_DIGEST: Final = ".installed-from"  # holds what the copy was made of
_BUILT: Final = ("node_modules", "venv", "target", "__pycache__", ".git")
_MINORS: Final = range(30, 10, -1)
_ASK: Final = "import sys; print('.'.join(map(str, sys.version_info[:3])))"


class InstallError(Exception):
    """A client could not be installed; the text says by which step, and how its output ended."""


class NotInstallableError(Exception):
    """This machine lacks what a client needs: it is *not installed*; the text says what."""


def missing(manifest: Manifest) -> str | None:
    """Say what a client needs that is not here; None for nothing."""
    lacking = [name for name in manifest.needs if shutil.which(name) is None]
    if lacking:
        return f"it needs {', '.join(lacking)} on PATH"
    if manifest.python is not None and find_python(manifest.python) is None:
        return f"it needs a Python {manifest.python}, on PATH or of pyenv"
    return None


def install(source: Path, into: Path, tell: Callable[[str], None]) -> Manifest:
    """Install the client in `source` as `into`/NAME, and return the manifest of the copy.

    One that was made of the same files is left as it is. NotInstallableError, InstallError and
    ManifestError as they are, OSError where a file cannot be copied.
    """
    manifest = read_manifest(source)
    reason = missing(manifest)
    if reason is not None:
        raise NotInstallableError(f"{manifest.name} is not installed: {reason}")
    target, digest = into / manifest.name, _digest_of(manifest.folder)
    made = target / _DIGEST
    if (target / FILE).is_file() and made.is_file() and made.read_text("utf-8") == digest:
        tell(f"{manifest.name}: is installed already, of the same files")
        return read_manifest(target)
    if target.exists():
        shutil.rmtree(target)
    # The manifest comes last: a copy without one is not installed.
    shutil.copytree(manifest.folder, target, ignore=shutil.ignore_patterns(FILE, *_BUILT))
    copy = replace(manifest, folder=target.resolve())
    if any("{venv}" in part for step in _commands(manifest) for part in step):
        _make_environment(copy, tell)
    for step in copy.steps:
        tell(f"{copy.name}: {' '.join(step)}")
        _run(copy, copy.resolved(step))
    made.write_text(digest, encoding="utf-8")
    shutil.copy2(manifest.file, target / FILE)
    return read_manifest(target)


def _commands(manifest: Manifest) -> Iterator[Sequence[str]]:
    yield from (manifest.command, manifest.version, *manifest.steps)


def _digest_of(folder: Path) -> str:
    """Digest the files of a folder, what is built there aside, and the Python that runs this."""
    digest = hashlib.sha256(sys.executable.encode())
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not set(name.parts).intersection(_BUILT):
            digest.update(f"\0{name.as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _make_environment(manifest: Manifest, tell: Callable[[str], None]) -> None:
    """Make the virtual environment, with pip in it, which each Python has."""
    python = find_python(manifest.python) if manifest.python else sys.executable
    tell(f"{manifest.name}: a virtual environment of {python}")
    _run(manifest, [str(python), "-m", "venv", "--clear", str(manifest.folder / "venv")])


def find_python(wanted: SpecifierSet) -> str | None:
    """Find an interpreter of a version in the range: this one, one on PATH, one of pyenv."""
    return next((p for p in _interpreters() if _is_of(p, wanted)), None)


def _interpreters() -> Iterator[str]:
    yield sys.executable
    for name in ("python3", "python", *(f"python3.{minor}" for minor in _MINORS)):
        found = shutil.which(name)
        if found is not None:
            yield found
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from map(str, sorted(pyenv.glob("versions/*/bin/python"), reverse=True))


def _is_of(python: str, wanted: SpecifierSet) -> bool:
    try:
        done = subprocess.run(  # noqa: S603 - an interpreter, asked for its version
            [python, "-c", _ASK], capture_output=True, text=True, timeout=60, check=True
        )
        return wanted.contains(Version(done.stdout.strip()))
    except (OSError, subprocess.SubprocessError, InvalidVersion):
        return False  # one of pyenv's that is there in name only


def _run(manifest: Manifest, command: Sequence[str]) -> None:
    # With the user's own settings of pip, npm and the like, and without other packages; and
    # without a key: what is installed runs scripts of its own.
    kept_back = ("PYTHON", "AWS_")
    variables = {n: v for n, v in os.environ.items() if not n.upper().startswith(kept_back)}
    try:
        done = subprocess.run(  # noqa: S603 - a step of the manifest that the user named
            command,
            cwd=manifest.folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise InstallError(f"{manifest.name}: {command[0]} could not be run: {error}") from error
    if done.returncode:
        tail = "\n".join(f"  {line[:300]}" for line in done.stdout.splitlines()[-_TAIL:])
        shown = " ".join(command)
        text = f"{manifest.name}: {shown} ended with status {done.returncode}; its output ends:"
        raise InstallError(f"{text}\n{tail}")
