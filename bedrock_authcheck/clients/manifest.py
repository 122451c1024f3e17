"""The manifest of a client, `client.toml`: what it is called, how it is run, what it offers.

docs/client-contract.md is the page about it.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from bedrock_authcheck.spec.services import SERVICES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

CONTRACT: Final = 1
"""The version of the contract that this package speaks."""
FILE: Final = "client.toml"
"""What a manifest is called."""
ALL: Final = "*"
"""What stands for all operations of a service."""
SETTINGS: Final = ("keys", "token", "profile", "region", "endpoint", "proxy", "preference")
"""What can be passed in code, by the names of `settings` in a call."""
CALLS: Final = "calls"
LOG: Final = "log"
PROCESS: Final = (CALLS, LOG)
"""The optional parts of the contract."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_NEEDED: Final = ("command", "contract", "language", "name", "package", "version")
_TABLES: Final = ("environment", "install", "offers")
_OPTIONAL: Final = ("python", "upstream")


class ManifestError(ValueError):
    """A manifest is not as it should be; the text names file and key, and what would be right."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A client as its manifest describes it.

    `operations` are names by service model, `*` standing for all. `settings` are of `SETTINGS`,
    `process` of `PROCESS`. `needs` are programs on PATH, `steps` the commands that install it in
    `folder`, `python` the versions of Python that its virtual environment may have.
    """

    folder: Path
    name: str
    language: str
    package: str
    command: tuple[str, ...]
    version: tuple[str, ...]
    operations: Mapping[str, frozenset[str]]
    settings: frozenset[str] = frozenset()
    process: frozenset[str] = frozenset()
    needs: tuple[str, ...] = ()
    steps: tuple[tuple[str, ...], ...] = ()
    python: SpecifierSet | None = None
    environment: tuple[tuple[str, str], ...] = ()
    upstream: str = ""

    @property
    def file(self) -> Path:
        """Where it was read from."""
        return self.folder / FILE

    def offers(self, service: str, operation: str) -> bool:
        """Whether the client can be asked for an operation of a service model."""
        names = self.operations.get(service, frozenset())
        return operation in names or ALL in names

    def resolved(self, command: Sequence[str]) -> list[str]:
        """Write a command out: `{python}`, `{venv}`, and a program in the client's own folder."""
        venv = self.folder / "venv"
        first, *rest = (
            part.replace("{python}", sys.executable)
            .replace("{venv}/bin/", _scripts(venv))
            .replace("{venv}", str(venv))
            for part in command
        )
        if first.startswith(("./", ".\\")) or (self.folder / first).is_file():
            first = str(self.folder / first)
        return [shutil.which(first) or first, *rest]


def _scripts(venv: Path) -> str:
    return f"{venv / ('Scripts' if os.name == 'nt' else 'bin')}{os.sep}"


def read_manifest(path: Path) -> Manifest:
    """Read a manifest, or that of a folder. ManifestError says what is wrong, and what is right."""
    file = path / FILE if path.is_dir() else path
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ManifestError(f"{file}: cannot be read ({error.strerror or error})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ManifestError(f"{file}: is not valid TOML ({error})") from error
    return _Reader(file).manifest(document)


class _Reader:
    """Reads the parts of one file, each with the sentence about what would be right."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def manifest(self, document: Mapping[str, Any]) -> Manifest:
        self._keys(document, "", _NEEDED, (*_TABLES, *_OPTIONAL))
        if document["contract"] != CONTRACT:
            self._wrong("contract", document["contract"], f"the number {CONTRACT}")
        name = self._text(document, "name")
        if not _NAME.fullmatch(name):
            self._wrong("name", name, "lower-case letters, digits and - such as js-bedrock-runtime")
        offers = self._table(document, "offers")
        self._keys(offers, "offers.", ("operations",), ("settings", "process"))
        install = self._table(document, "install")
        self._keys(install, "install.", (), ("needs", "steps"))
        return Manifest(
            folder=self._file.parent.resolve(),
            name=name,
            language=self._text(document, "language"),
            package=self._text(document, "package"),
            command=self._command(document["command"], "command"),
            version=self._command(document["version"], "version"),
            operations=self._operations(self._table(offers, "operations", "offers.")),
            settings=self._choice(offers, "settings", SETTINGS),
            process=self._choice(offers, "process", PROCESS),
            needs=self._texts(install.get("needs", []), "install.needs"),
            steps=self._steps(install.get("steps", [])),
            python=self._python(document.get("python")),
            environment=self._environment(self._table(document, "environment")),
            upstream=self._text(document, "upstream") if "upstream" in document else "",
        )

    def _keys(
        self, table: Mapping[str, Any], prefix: str, needed: Sequence[str], optional: Sequence[str]
    ) -> None:
        missing = [f"{prefix}{key}" for key in needed if key not in table]
        if missing:
            raise ManifestError(f"{self._file}: {', '.join(missing)} is missing")
        strange = sorted(table.keys() - {*needed, *optional})
        if strange:
            right = ", ".join(sorted((*needed, *optional)))
            names = ", ".join(f"{prefix}{key}" for key in strange)
            raise ManifestError(f"{self._file}: {names} is no key of a manifest; keys are {right}")

    def _wrong(self, key: str, value: object, right: str) -> NoReturn:
        raise ManifestError(f"{self._file}: {key} is {value!r}, expected {right}")

    def _table(self, table: Mapping[str, Any], key: str, prefix: str = "") -> Mapping[str, Any]:
        value = table.get(key, {})
        if not isinstance(value, dict):
            self._wrong(f"{prefix}{key}", value, f"a table, under [{prefix}{key}]")
        return dict(value)

    def _text(self, table: Mapping[str, Any], key: str) -> str:
        value = table[key]
        if not isinstance(value, str) or not value.strip():
            self._wrong(key, value, "a text that is not empty")
        return str(value)

    def _texts(self, value: object, key: str) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            self._wrong(key, value, "a list of texts that are not empty")
        return tuple(value)

    def _command(self, value: object, key: str) -> tuple[str, ...]:
        if not isinstance(value, list) or not value:
            self._wrong(key, value, 'a command as a list, such as ["node", "client.mjs"]')
        return self._texts(value, key)

    def _steps(self, value: object) -> tuple[tuple[str, ...], ...]:
        if not isinstance(value, list):
            self._wrong("install.steps", value, 'a list of commands, such as [["npm", "ci"]]')
        return tuple(self._command(step, "install.steps") for step in value)

    def _choice(self, table: Mapping[str, Any], key: str, right: Sequence[str]) -> frozenset[str]:
        names = self._texts(table.get(key, []), f"offers.{key}")
        for name in names:
            if name not in right:
                self._wrong(f"offers.{key}", name, f"of {', '.join(right)}")
        return frozenset(names)

    def _operations(self, table: Mapping[str, Any]) -> dict[str, frozenset[str]]:
        if not table:
            raise ManifestError(f"{self._file}: offers.operations names no operation")
        for service, names in table.items():
            if service not in SERVICES:
                known = ", ".join(SERVICES)
                self._wrong("offers.operations", service, f"service models, of {known}")
            if names != ALL:
                self._texts(names, f"offers.operations.{service}")
        return {
            service: frozenset([names] if names == ALL else names)
            for service, names in table.items()
        }

    def _python(self, value: object) -> SpecifierSet | None:
        if value is None:
            return None
        try:
            return SpecifierSet(value if isinstance(value, str) else "-")
        except InvalidSpecifier:
            self._wrong("python", value, "a range of versions such as '>=3.12'")

    def _environment(self, table: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        for name, value in table.items():
            if not isinstance(value, str):
                self._wrong(f"environment.{name}", value, "a text")
        return tuple(table.items())
