"""`bedrock-authcheck client list|install|check`: the clients that the suite can judge."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import argparse

    from bedrock_authcheck.clients.manifest import Manifest

KEPT: Final = 0
BROKEN: Final = 1
UNUSABLE: Final = 2
NOT_INSTALLED: Final = 3
"""The exit statuses; the last is of a machine that lacks what a client needs."""


def add_client(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command with its three verbs."""
    parser = commands.add_parser(
        "client",
        help="list, install and check the clients that the suite can judge",
        description="Clients are programs in any language that keep to the client contract.",
    )
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    listing = verbs.add_parser("list", help="list the clients that ship, and what is installed")
    listing.set_defaults(run=_list)
    installing = verbs.add_parser(
        "install",
        help="install clients: a copy of the folder, its packages, what it builds",
        description="Install clients. Exit status: 0 all are installed, 2 a step failed, "
        "3 this machine lacks what one needs (0 with --all, which passes it over and says so).",
    )
    installing.add_argument("clients", nargs="*", metavar="CLIENT", help="a name, or a folder")
    installing.add_argument("--all", action="store_true", help="install all that ship")
    checking = verbs.add_parser(
        "check",
        help="say whether a client keeps to the contract",
        description="Run a client against the simulated service and say, part by part, whether "
        "it keeps to the client contract. Exit status: 0 it does, 1 it does not, 2 it is unknown.",
    )
    checking.add_argument(
        "clients", nargs="*", metavar="CLIENT", help="a name, or the path of a manifest"
    )
    checking.add_argument("--all", action="store_true", help="check all that are installed here")
    checking.add_argument(
        "--timeout", type=float, default=30.0, metavar="SECONDS", help="for each call (default: 30)"
    )
    checking.set_defaults(run=_check)
    for verb in (listing, installing):
        verb.add_argument(
            "--into",
            metavar="DIR",
            help="the folder of installed clients (default: .bedrock-authcheck/clients)",
        )
    installing.set_defaults(run=_install)


def _into(options: argparse.Namespace) -> Path:
    from bedrock_authcheck.clients.known import INSTALLED  # noqa: PLC0415 - it costs, on use

    return Path(options.into) if options.into else INSTALLED


def _list(options: argparse.Namespace) -> int:
    from bedrock_authcheck.clients.install import missing  # noqa: PLC0415 - it costs, on use
    from bedrock_authcheck.clients.known import KNOWN, shipped  # noqa: PLC0415 - likewise
    from bedrock_authcheck.clients.manifest import (  # noqa: PLC0415 - likewise
        FILE,
        ManifestError,
        read_manifest,
    )

    for name, client in KNOWN.items():
        here = client.versions().get(name, "not installed")
        _say(f"{name:<32} {'Python':<12} in process, {here}")
    for name, folder in shipped().items():
        try:
            manifest = read_manifest(folder)
        except ManifestError as error:
            _say(f"{name:<32} {error}")
            continue
        state = "installed" if (_into(options) / name / FILE).is_file() else "not installed"
        lacking = missing(manifest)
        reason = f": {lacking}" if lacking and state != "installed" else ""
        _say(f"{name:<32} {manifest.language:<12} {state}{reason}")
    return KEPT


def _install(options: argparse.Namespace) -> int:
    from bedrock_authcheck.clients.install import (  # noqa: PLC0415 - it costs, on use
        InstallError,
        NotInstallableError,
        install,
    )
    from bedrock_authcheck.clients.known import shipped  # noqa: PLC0415 - likewise
    from bedrock_authcheck.clients.manifest import ManifestError  # noqa: PLC0415 - likewise

    status = KEPT
    for name in shipped() if options.all else options.clients:
        try:
            source = _source(name)
            manifest = install(source, _into(options), _tell)
        except NotInstallableError as lacking:
            _tell(str(lacking))
            status = status if options.all else max(status, NOT_INSTALLED)
        except (InstallError, ManifestError, OSError) as error:
            _tell(f"bedrock-authcheck client install: {error}")
            if not options.all:
                return UNUSABLE
            status = UNUSABLE
        else:
            _say(f"{manifest.name} is installed in {manifest.folder}")
    return status


def _source(name: str) -> Path:
    from bedrock_authcheck.clients.known import shipped  # noqa: PLC0415 - it costs, on use
    from bedrock_authcheck.clients.manifest import ManifestError  # noqa: PLC0415 - likewise

    programs = shipped()
    if name in programs:
        return programs[name]
    if Path(name).exists():
        return Path(name)
    raise ManifestError(f"{name!r} is no client that ships ({', '.join(programs)}), and no folder")


def _check(options: argparse.Namespace) -> int:
    """Check clients, one after the other; the highest status counts."""
    names = options.clients
    if options.all:
        from bedrock_authcheck.clients.known import INSTALLED  # noqa: PLC0415 - it costs, on use
        from bedrock_authcheck.clients.manifest import FILE  # noqa: PLC0415 - likewise

        names = [str(file) for file in sorted(INSTALLED.glob(f"*/{FILE}"))]
    if not names:
        _tell("bedrock-authcheck client check: name a client, or install one and give --all")
        return UNUSABLE
    return max(_check_one(name, options.timeout) for name in names)


def _check_one(client: str, seconds: float) -> int:
    from bedrock_authcheck.clients.program import Bounds  # noqa: PLC0415 - it costs, on use
    from bedrock_authcheck.suite.conformance import check  # noqa: PLC0415 - it costs, on use

    bounds = Bounds(seconds=seconds)
    manifest = _manifest(client)
    if manifest is None:
        return UNUSABLE
    broken = False
    for kept in check(manifest, bounds):
        broken = broken or kept.ok is False
        word = {True: "kept", False: "BROKEN", None: "-"}[kept.ok]
        first, *more = kept.text.splitlines() or [""]
        _say(f"{word:<7} {kept.part:<44} {first}")
        for line in more:
            _say(f"{'':<52} {line.strip()}")
    _say(f"{manifest.name} {'does not keep' if broken else 'keeps'} to the contract")
    return BROKEN if broken else KEPT


def _manifest(client: str) -> Manifest | None:
    from bedrock_authcheck.clients import known  # noqa: PLC0415 - it costs, on use
    from bedrock_authcheck.clients.manifest import ManifestError  # noqa: PLC0415 - likewise
    from bedrock_authcheck.clients.program import Bounds  # noqa: PLC0415 - likewise

    try:
        found = known.find_client(client, Path.cwd(), Bounds())
    except (known.UnknownClientError, ManifestError) as error:
        _tell(f"bedrock-authcheck client check: {error}")
        return None
    if not isinstance(found, known.ProgramFound):
        _tell(f"bedrock-authcheck client check: {client} runs in process and has no manifest")
        return None
    return found.manifest


def _say(line: str) -> None:
    """Write a line in which nothing steers a terminal."""
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line.rstrip())
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(shown.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    sys.stdout.flush()


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
