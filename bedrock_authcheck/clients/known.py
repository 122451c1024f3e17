"""The clients that the bundled suite can judge, by name or manifest; none is loaded before use."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, cast

from bedrock_authcheck.clients.manifest import FILE, Manifest, read_manifest

if TYPE_CHECKING:
    from bedrock_authcheck.clients.contract import Client
    from bedrock_authcheck.clients.program import Bounds

INSTALLED: Final = Path(".bedrock-authcheck", "clients")
"""Where clients are installed, below the working directory."""
PROGRAMS: Final = "programs"
"""The folder of the clients that ship, beside this file."""


class UnknownClientError(ValueError):
    """There is no such client, or it is not installed; the text says what is right."""


class Found(Protocol):
    """A client that can be judged, before it is made."""

    @property
    def name(self) -> str:
        """What it is called."""

    def versions(self) -> dict[str, str]:
        """Return the versions of its packages, itself first; nothing where it is absent."""

    def made(self) -> Client:
        """Make the client; ImportError where it is not installed."""


class KnownClient(NamedTuple):
    """Where a client's class is, and the packages that it is made of, itself first."""

    module: str
    class_name: str
    packages: tuple[str, ...]

    @property
    def name(self) -> str:
        """What it is called: its package."""
        return self.packages[0]

    def versions(self) -> dict[str, str]:
        """Return the versions of its packages without importing them; absent ones left out."""
        found = {}
        for name in self.packages:
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                continue
        return found

    def made(self) -> Client:
        """Make the client; ImportError where it is not installed."""
        return cast("Client", getattr(import_module(self.module), self.class_name)())


@dataclass(frozen=True, slots=True)
class ProgramFound:
    """A program with its manifest, and what a scenario may take."""

    manifest: Manifest
    bounds: Bounds

    @property
    def name(self) -> str:
        """What it is called."""
        return self.manifest.name

    def versions(self) -> dict[str, str]:
        """Ask the program for its version. ClientFault where it does not tell."""
        from bedrock_authcheck.clients.process import version_of  # noqa: PLC0415 - costly, on use

        return {self.name: version_of(self.manifest, self.bounds)}

    def made(self) -> Client:
        """Make the client."""
        from bedrock_authcheck.clients.process import ProcessClient  # noqa: PLC0415 - costly

        return ProcessClient(self.manifest, self.bounds)


_ROOM: Final = "bedrock_authcheck.clients"
KNOWN: Final = {
    "boto3": KnownClient(f"{_ROOM}.boto3", "Boto3Client", ("boto3", "botocore")),
    "aiobotocore": KnownClient(
        f"{_ROOM}.aiobotocore", "AiobotocoreClient", ("aiobotocore", "botocore")
    ),
}
"""In this process, by the name that `--authcheck-client` takes; the first is the usual one."""


def shipped() -> dict[str, Path]:
    """Return the folders of the programs that ship, by the names of their clients."""
    root = Path(str(files(__package__) / PROGRAMS))
    return {file.parent.name: file.parent for file in sorted(root.glob(f"*/{FILE}"))}


def find_client(asked: str, here: Path, bounds: Bounds) -> Found:
    """Find a client by its name or the path of its manifest, relative to `here`.

    UnknownClientError lists the names; ManifestError says what is wrong with a manifest.
    """
    if asked in KNOWN:
        return KNOWN[asked]
    path = here / asked
    if asked.endswith(".toml") or path.is_dir():
        return ProgramFound(read_manifest(path), bounds)
    installed = here / INSTALLED / asked / FILE
    if installed.is_file():
        return ProgramFound(read_manifest(installed), bounds)
    if asked in shipped():
        msg = f"{asked} is not installed here: run `bedrock-authcheck client install {asked}`"
        raise UnknownClientError(msg)
    names, programs = " or ".join(KNOWN), ", ".join(shipped())
    msg = f"{asked!r} is no client that the suite knows; choose {names}"
    msg += f", a program ({programs}), or the path of a manifest, {FILE}"
    raise UnknownClientError(msg)
