"""`bedrock-authcheck matrix` and `report merge`: clients side by side."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import argparse

WRITTEN: Final = 0
UNUSABLE: Final = 2
"""The exit statuses: the page was written, or a client or a file could not be used."""


def add_merge(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `report merge`."""
    parser = verbs.add_parser(
        "merge",
        help="join results of many clients and machines into one file, and into a matrix",
        description="Join results, written by pytest --authcheck-report FILE or by this command, "
        "and write rules by clients. What is there twice, torn or judged by other rules is "
        "refused. Exit status: 0 written, 2 a file was refused or could not be written.",
    )
    parser.add_argument("results", nargs="+", metavar="RESULTS", help="a file of results")
    parser.add_argument("--into", metavar="FILE", help="write all results into this file")
    parser.add_argument("--markdown", metavar="FILE", help="write the matrix into this file")
    parser.set_defaults(run=_merge)


def _merge(options: argparse.Namespace) -> int:
    from bedrock_authcheck.report.jsonl import ReportError  # noqa: PLC0415 - on use
    from bedrock_authcheck.report.matrix import matrix_page  # noqa: PLC0415 - on use
    from bedrock_authcheck.report.merge import merged, write_merged  # noqa: PLC0415 - on use

    try:
        judged = merged(map(Path, options.results))
        if options.into:
            write_merged(judged, Path(options.into))
        page = matrix_page(judged, {}, "bedrock-authcheck report merge")
        if options.markdown:
            Path(options.markdown).write_text(page, encoding="utf-8", newline="\n")
    except (OSError, ReportError) as error:
        return _refuse(f"report merge: {error}")
    if not (options.into or options.markdown):
        # UTF-8 whatever the console: what reads it is a file or another program.
        sys.stdout.buffer.write(page.encode("utf-8", "backslashreplace"))
    return WRITTEN


def add_matrix(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `matrix`."""
    parser = commands.add_parser(
        "matrix",
        help="judge all clients that are installed and write what the suite says of each",
        description="Run the bundled suite for every client that is installed (`client install`), "
        "several at a time, one file of results each, and write rules by clients. "
        "Exit status: 0 the page is written, 2 a client could not be judged.",
    )
    parser.add_argument("--clients", metavar="NAMES", help="these only, with commas between")
    parser.add_argument("--groups", metavar="NAMES", help="these groups of the suite only")
    parser.add_argument(
        "--into",
        default=".bedrock-authcheck/matrix",
        metavar="DIR",
        help="the folder of the results (default: %(default)s)",
    )
    parser.add_argument(
        *("--output", "-o"),
        default="docs/matrix.md",
        metavar="FILE",
        help="the page to write (default: %(default)s)",
    )
    parser.add_argument(
        "--jobs", type=int, default=2, metavar="N", help="clients at a time (default: %(default)s)"
    )
    parser.add_argument("--timeout", metavar="SECONDS", help="for a scenario (default: 30)")
    parser.set_defaults(run=_matrix)


def _matrix(options: argparse.Namespace) -> int:
    from bedrock_authcheck.report.jsonl import ReportError  # noqa: PLC0415 - on use
    from bedrock_authcheck.report.matrix import matrix_page  # noqa: PLC0415 - on use
    from bedrock_authcheck.report.merge import merged  # noqa: PLC0415 - on use
    from bedrock_authcheck.suite.matrix import (  # noqa: PLC0415 - on use
        DEFAULT_FOLDER,
        Matrix,
        MatrixError,
        clients_here,
        groups_asked,
    )

    names = [name.strip() for name in (options.clients or "").split(",") if name.strip()]
    try:
        clients = clients_here(DEFAULT_FOLDER, names)
        groups = tuple(groups_asked(options.groups))
        matrix = Matrix(Path(options.into), max(options.jobs, 1), groups, options.timeout)
        faults = matrix.run(clients, _tell)
        files = [matrix.file_of(name) for name in clients.here if name not in faults]
        judged = merged(files)
        page = matrix_page(judged, clients.absent | faults, "bedrock-authcheck matrix")
        Path(options.output).write_text(page, encoding="utf-8", newline="\n")
    except (OSError, ReportError, MatrixError) as error:
        return _refuse(f"matrix: {error}")
    sys.stdout.write(f"{options.output} is written\n")
    return UNUSABLE if faults else WRITTEN


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _refuse(text: str) -> int:
    _tell(f"bedrock-authcheck {text}")
    return UNUSABLE
