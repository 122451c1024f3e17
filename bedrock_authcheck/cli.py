"""The command line: `bedrock-authcheck scan PATH…`, `… key`, `… explain`, `… versions`.

Each command is a function that adds its arguments to a parser and names what runs them; that
imports what it needs, so that `--help` is quick.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Final

from bedrock_authcheck import __version__
from bedrock_authcheck.client_commands import add_client
from bedrock_authcheck.matrix_commands import add_matrix
from bedrock_authcheck.report_commands import add_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bedrock_authcheck.recording.scan import FileScan

CLEAN: Final = 0
FOUND: Final = 1
UNREADABLE: Final = 2
"""The exit statuses, of which argparse uses the last for wrong usage."""

# The index has no botocore 1.42.0: boto3 1.42.0 asks for botocore 1.41.6.
RELEASES: Final = (
    *("1.38.46", "1.39.0", "1.39.12", "1.40.0", "1.42.1", "1.43.0", "1.44.0"),
    "newest",
)
"""The releases of boto3 and botocore that docs/versions.md is about."""


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
    _add_key(commands)
    _add_explain(commands)
    _add_versions(commands)
    add_report(commands)
    add_client(commands)
    add_matrix(commands)
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
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="write one JSON document instead")
    form.add_argument("--sarif", action="store_true", help="write SARIF 2.1.0 instead")
    parser.set_defaults(run=_scan)


def _scan(options: argparse.Namespace) -> int:
    from bedrock_authcheck.recording.scan import scan_paths  # noqa: PLC0415 - it costs 0.1 s

    scans: list[FileScan] = []
    for one in scan_paths(options.paths):
        scans.append(one)
        if not (options.json or options.sarif):
            _write(_lines(one))
    if options.sarif:
        from bedrock_authcheck.recording.sarif import sarif  # noqa: PLC0415 - where asked for

        _write(sarif(scans).splitlines())
    else:
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


def _add_key(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "key",
        help="tell what the API key in the environment is, and never the key",
        description="Tell the API key in AWS_BEARER_TOKEN_BEDROCK: its kind, account, Region and "
        "times, its fingerprint, and what is wrong with it here; never the key. "
        "Exit status: 0 nothing is wrong, 1 something is, 2 there is no key.",
    )
    parser.add_argument("--json", action="store_true", help="write one JSON document instead")
    parser.set_defaults(run=_key)


def _key(options: argparse.Namespace) -> int:
    import os  # noqa: PLC0415 - for this alone
    from datetime import UTC, datetime  # noqa: PLC0415 - for this alone

    from bedrock_authcheck.checks.key_in_use import TOKEN_VARIABLE, KeyInUse  # noqa: PLC0415 - late
    from bedrock_authcheck.report.key import key_document, key_lines  # noqa: PLC0415 - as above

    document = key_document(KeyInUse.of(os.environ), datetime.now(UTC))
    if not document:
        sys.stderr.write(f"{TOKEN_VARIABLE} is not set: set it to the API key to be told of\n")
        return UNREADABLE
    if options.json:
        import json  # noqa: PLC0415 - for this alone

        _write(json.dumps(document, indent=2).splitlines())
    else:
        _write(key_lines(document))
    return FOUND if document["findings"] else CLEAN


def _add_explain(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "explain",
        help="tell which credential would sign on this machine, and why; nothing is sent",
        description="Tell which of the six levels are here, which would sign an operation and "
        "why, which are shadowed, and what changes if the token goes. Variables, files and caches "
        "are read; nothing is sent, run or asked, and no secret is told. "
        "Exit status: 0 something would sign, 1 nothing would, 2 no such service or operation.",
    )
    parser.add_argument("--service", metavar="NAME", help="as botocore names it: bedrock-runtime")
    parser.add_argument("--operation", metavar="NAME", help="such as Converse (the default)")
    parser.add_argument(
        "--keys-in-code", action="store_true", help="suppose that code gives keys to its client"
    )
    parser.add_argument("--json", action="store_true", help="write one JSON document instead")
    parser.set_defaults(run=_explain)


def _explain(options: argparse.Namespace) -> int:
    import os  # noqa: PLC0415 - for this alone

    from bedrock_authcheck.explain.explanation import Explanation, home_of  # noqa: PLC0415 - late
    from bedrock_authcheck.explain.operation import UnknownOperationError, asked  # noqa: PLC0415
    from bedrock_authcheck.explain.told import document, lines  # noqa: PLC0415 - as above

    try:
        operation = asked(options.service, options.operation)
    except UnknownOperationError as error:
        _tell(f"bedrock-authcheck explain: {error}")
        return UNREADABLE
    seen = Explanation.of(
        os.environ, home_of(os.environ), operation, keys_in_code=options.keys_in_code
    )
    if options.json:
        import json  # noqa: PLC0415 - for this alone

        _write(json.dumps(document(seen), indent=2).splitlines())
    else:
        _write(lines(seen))
    return CLEAN if seen.winner else FOUND


def _add_versions(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "versions",
        help="judge releases of botocore and write what the suite says of each",
        description="Run the bundled suite over releases of boto3 and botocore, each pair in a "
        "virtual environment of its own, and write a table of rules by releases. "
        "pip installs the releases from your package index. "
        "Exit status: 0 the page is written, 2 a release could not be judged.",
    )
    parser.add_argument(
        "releases",
        nargs="*",
        metavar="VERSION",
        help=f"a release that boto3 and botocore share (default: {' '.join(RELEASES)})",
    )
    parser.add_argument(
        *("--output", "-o"),
        default="docs/versions.md",
        metavar="FILE",
        help="the page to write (default: %(default)s)",
    )
    parser.add_argument("--rules", metavar="IDS", help="hold these rules or groups only")
    parser.add_argument(
        "--work",
        metavar="DIR",
        help="keep environments, reports and outputs here (default: a temporary folder)",
    )
    parser.add_argument(
        "--jobs",
        type=_positive,
        default=2,
        metavar="N",
        help="releases to judge at a time (default: %(default)s)",
    )
    parser.set_defaults(run=_versions)


def _positive(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return number


def _versions(options: argparse.Namespace) -> int:
    from pathlib import Path  # noqa: PLC0415 - with what follows
    from tempfile import TemporaryDirectory  # noqa: PLC0415 - with what follows

    from bedrock_authcheck.report.jsonl import ReportError  # noqa: PLC0415 - it costs 0.1 s
    from bedrock_authcheck.suite.releases import ReleaseError, Workshop  # noqa: PLC0415 - likewise
    from bedrock_authcheck.suite.versions import write_versions  # noqa: PLC0415 - likewise

    asked = options.releases or list(RELEASES)
    arguments = [*options.releases, *(["--rules", options.rules] if options.rules else [])]
    output = Path(options.output)
    try:
        with TemporaryDirectory(prefix="bedrock-authcheck-", ignore_cleanup_errors=True) as folder:
            work = Path(options.work or folder).resolve()
            workshop = Workshop(work, options.rules, options.jobs)
            write_versions(asked, arguments, output, workshop, _tell)
    except (OSError, ReleaseError, ReportError) as error:
        _tell(f"bedrock-authcheck versions: {error}")
        return UNREADABLE
    _write([f"{output} is written"])
    return CLEAN


def _tell(text: str) -> None:
    """Say how far it is, beside the output."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


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
