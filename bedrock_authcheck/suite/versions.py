"""The page that `bedrock-authcheck versions` writes: releases judged, then rendered."""

from __future__ import annotations

import datetime as dt
import platform
import shlex
from errno import EISDIR
from os import strerror
from typing import TYPE_CHECKING

from bedrock_authcheck.report.versions import Making, versions_page
from bedrock_authcheck.suite.releases import NEWEST, Workshop, judge_releases
from bedrock_authcheck.wire.findings import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bedrock_authcheck.report.jsonl import Report


def write_versions(
    asked: Sequence[str],
    arguments: Sequence[str],
    output: Path,
    workshop: Workshop,
    tell: Callable[[str], None],
) -> None:
    """Judge releases and write the page, whole or not at all; `tell` hears of each release.

    `arguments` are those that repeat it, as the page names them. OSError where the page cannot
    be written, found out before the long part; ReleaseError and ReportError as they are.
    """
    if output.is_dir():
        raise IsADirectoryError(EISDIR, strerror(EISDIR), str(output))
    partial = output.with_name(f"{output.name}.partial")
    partial.touch()
    try:
        reports: list[Report] = []
        newest = None
        judged = judge_releases(asked, workshop)
        for name, (version, report) in zip(asked, judged, strict=True):
            newest = version if name == NEWEST else newest
            reports.append(report)
            tell(_progress(version, report))
        making = Making(
            dt.datetime.now(dt.UTC).date(),
            shlex.join(["bedrock-authcheck", "versions", *arguments]),
            platform.python_version(),
            newest,
        )
        partial.write_text(versions_page(reports, making), encoding="utf-8", newline="\n")
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)


def _progress(version: str, report: Report) -> str:
    results = report.results
    unforeseen = counted(sum(result.unforeseen for result in results), "unforeseen failure")
    return f"botocore {version}: {counted(len(results), 'scenario')}, {unforeseen}"
