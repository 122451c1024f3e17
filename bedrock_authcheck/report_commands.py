"""`bedrock-authcheck report html|markdown|badge`: forms of results that are read elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from bedrock_authcheck.matrix_commands import add_merge

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from bedrock_authcheck.report.jsonl import Report

_Read = TypeVar("_Read")

WRITTEN: Final = 0
UNUSABLE: Final = 2
"""The exit statuses: the form was written, or a file could not be read or written."""


def add_report(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command with its verbs."""
    parser = commands.add_parser(
        "report",
        help="turn results (--authcheck-report) into other forms",
        description="Turn results, written by pytest --authcheck-report FILE, into other forms. "
        "Exit status: 0 written, 2 a file could not be read or written.",
    )
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    add_merge(verbs)
    page = verbs.add_parser("html", help="one page of HTML, of one client or of several")
    page.add_argument("results", nargs="+", metavar="RESULTS", help="a file of results")
    page.add_argument("--into", required=True, metavar="FILE", help="the page")
    page.set_defaults(run=_html)
    text = verbs.add_parser(
        "markdown", help="Markdown, for $GITHUB_STEP_SUMMARY; written to standard output"
    )
    text.add_argument("results", metavar="RESULTS", help="a file of results")
    text.set_defaults(run=_markdown)
    shield = verbs.add_parser(
        "badge", help="JSON for an endpoint badge of shields.io; written to standard output"
    )
    shield.add_argument("results", metavar="RESULTS", help="a file of results")
    shield.set_defaults(run=_badge)


def _html(options: argparse.Namespace) -> int:
    from bedrock_authcheck.page.render import PageError, write_page  # noqa: PLC0415 - on use
    from bedrock_authcheck.report.jsonl import read_reports  # noqa: PLC0415 - on use

    path = Path(options.into)
    whole: list[Report] = []
    for name in options.results:
        reports = _read(Path(name), read_reports)
        if reports is None:
            return UNUSABLE
        whole += reports
    try:
        write_page(path, whole)
    except PageError as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(f"{path} cannot be written: {error.strerror}")
    return WRITTEN


def _markdown(options: argparse.Namespace) -> int:
    from bedrock_authcheck.report.jsonl import read_report  # noqa: PLC0415 - on use
    from bedrock_authcheck.report.markdown import markdown  # noqa: PLC0415 - on use

    report = _read(Path(options.results), read_report)
    return UNUSABLE if report is None else _write(markdown(report))


def _badge(options: argparse.Namespace) -> int:
    from bedrock_authcheck.report.badge import badge  # noqa: PLC0415 - on use
    from bedrock_authcheck.report.jsonl import read_report  # noqa: PLC0415 - on use

    report = _read(Path(options.results), read_report)
    return UNUSABLE if report is None else _write(f"{badge(report)}\n")


def _read(path: Path, read: Callable[[Path], _Read]) -> _Read | None:
    from bedrock_authcheck.report.jsonl import ReportError  # noqa: PLC0415 - on use

    try:
        return read(path)
    except ReportError as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"{path} cannot be read: {error.strerror}")
    return None


def _write(text: str) -> int:
    # UTF-8 whatever the console: what reads it is a file or another program.
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
    return WRITTEN


def _refuse(text: str) -> int:
    sys.stderr.write(f"bedrock-authcheck report: {text}\n")
    return UNUSABLE
