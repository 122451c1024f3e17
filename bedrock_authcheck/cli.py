"""The command line: `bedrock-authcheck scan PATH…`.

Each command is a function that adds its arguments to a parser and names what runs them; that
imports what it needs, so that `--help` is quick.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Final

from bedrock_authcheck import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bedrock_authcheck.recording.scan import FileScan

CLEAN: Final = 0
FOUND: Final = 1
UNREADABLE: Final = 2
"""The exit statuses, of which argparse uses the last for wrong usage."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status; wrong usage raises SystemExit(2)."""
    parser = argparse.ArgumentParser(
        prog="bedrock-authcheck",
        description="Which credential signed this Amazon Bedrock request, and was that right?",
        epilog="The suite is run by pytest: pytest --bedrock-authcheck bedrock-authcheck",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_scan(commands)
    options = parser.parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        status = run(options)
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has seen enough; what it has not seen may be a leak
        _close_quietly()
        return FOUND
    return status


def _add_scan(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "scan",
        help="find secrets in cassettes and other files, in any encoding",
        description="Find AWS secrets in cassettes and other files, decoded in every way that "
        "they could be encoded: !!binary, base64, gzip, URL, JSON in JSON, event streams. "
        "Exit status: 0 clean, 1 a secret was found, 2 a file could not be read.",
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a file, or a folder of them")
    parser.add_argument("--json", action="store_true", help="write one JSON document instead")
    parser.set_defaults(run=_scan)


def _scan(options: argparse.Namespace) -> int:
    from bedrock_authcheck.recording.scan import scan_paths  # noqa: PLC0415 - it costs 0.1 s

    scans: list[FileScan] = []
    for one in scan_paths(options.paths):
        scans.append(one)
        if not options.json:
            _write(_lines(one))
    _write(_as_json(scans).splitlines() if options.json else [_closing(scans)])
    if any(one.leaks for one in scans):
        return FOUND
    return UNREADABLE if any(one.error for one in scans) else CLEAN


def _lines(scan: FileScan) -> list[str]:
    lines = [f"{scan.path}: {leak}" for leak in scan.leaks]
    return [*lines, f"{scan.path}: error: {scan.error}"] if scan.error else lines


def _closing(scans: Sequence[FileScan]) -> str:
    from bedrock_authcheck.wire.findings import counted  # noqa: PLC0415 - with the scan

    leaks = sum(len(one.leaks) for one in scans)
    leaking = sum(bool(one.leaks) for one in scans)
    errors = sum(bool(one.error) for one in scans)
    scanned = counted(len(scans) - errors, "file")
    text = f"{scanned} scanned, {counted(leaks, 'leak')}"
    text += f" in {counted(leaking, 'file')}" if leaks else ""
    return text + (f", {counted(errors, 'file')} not scanned" if errors else "")


def _as_json(scans: Sequence[FileScan]) -> str:
    import json  # noqa: PLC0415 - for this alone
    from dataclasses import asdict  # noqa: PLC0415 - for this alone

    return json.dumps(
        {
            "files": len(scans),
            "leaks": [{"path": str(o.path), **asdict(leak)} for o in scans for leak in o.leaks],
            "errors": [{"path": str(o.path), "error": o.error} for o in scans if o.error],
        },
        indent=2,
    )


def _write(lines: Iterable[str]) -> None:
    """Write lines in which nothing steers a terminal, whatever the names of files are."""
    encoding = sys.stdout.encoding or "utf-8"
    for line in lines:
        shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)
        sys.stdout.write(shown.encode(encoding, "backslashreplace").decode(encoding) + "\n")


def _close_quietly() -> None:
    """Keep the interpreter from complaining, at its end, about a pipe that is closed."""
    import os  # noqa: PLC0415 - for this alone

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
