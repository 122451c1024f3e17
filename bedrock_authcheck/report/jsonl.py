"""Results as JSON Lines: a header, a line for each scenario, a footer with totals.

The schema of the lines ships as `results.schema.json` beside this file.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from errno import EISDIR
from os import strerror
from typing import IO, TYPE_CHECKING, Any, Final

from bedrock_authcheck.report.result import ScenarioResult

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORMAT: Final = 1
"""The version of the format; a reader refuses another."""


class ReportError(ValueError):
    """A file that is no whole report: torn, of another version, or no report at all."""


class ReportWriter:
    """Writes a report line by line, beside its place, and puts it there when it is whole.

    A run that is killed leaves `FILE.partial`, which has no footer and is refused; an older
    report stays until a new one is whole.
    """

    def __init__(self, path: Path, header: Mapping[str, Any]) -> None:
        """Create the partial file and write its header. OSError where it cannot be written."""
        self.path = path
        self._partial = path.with_name(f"{path.name}.partial")
        if path.is_dir():
            raise IsADirectoryError(EISDIR, strerror(EISDIR), str(path))
        self._file: IO[str] = self._partial.open("w", encoding="utf-8", newline="\n")
        self._outcomes: Counter[str] = Counter()
        self._foreseen = 0
        self._write({"type": "header", "format": FORMAT, **header})

    def add(self, result: ScenarioResult) -> None:
        """Write one scenario."""
        self._outcomes[result.outcome] += 1
        self._foreseen += bool(result.deviations) and not result.unforeseen
        self._write({"type": "scenario", **result.as_json()})

    def finish(self, exit_status: int, *, interrupted: bool) -> None:
        """Write the footer, with pytest's exit status, and put the file in its place.

        `interrupted` says that the run ended before all that it had collected was run.
        """
        total = sum(self._outcomes.values())
        outcomes = dict(sorted(self._outcomes.items()))
        self._write(
            {
                "type": "footer",
                "scenarios": total,
                "outcomes": outcomes,
                "foreseen": self._foreseen,
                "interrupted": interrupted,
                "exit_status": int(exit_status),
            }
        )
        self._file.close()
        self._partial.replace(self.path)

    def _write(self, line: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(line, ensure_ascii=True, separators=(",", ":")) + "\n")
        self._file.flush()  # what was judged is on the disk if the run is killed


@dataclass(frozen=True, slots=True)
class Report:
    """A report that was read whole."""

    header: Mapping[str, Any]
    results: tuple[ScenarioResult, ...]
    footer: Mapping[str, Any]


def read_report(path: Path) -> Report:
    """Read a report. ReportError names the line and what is wrong with it; OSError as usual."""
    first, *others = read_reports(path)
    if others:
        raise ReportError(f"{path} holds {len(others) + 1} reports, where one is expected")
    return first


def read_reports(path: Path) -> tuple[Report, ...]:
    """Read the reports of a file one after the other: one, or those that were merged into it.

    ReportError names the line and what is wrong with it; OSError as usual.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise ReportError(f"{path} is no report: it is not UTF-8") from error
    objects = [_parse(path, number, line) for number, line in enumerate(lines, start=1)]
    if not objects or objects[0].get("type") != "header":
        raise ReportError(f"{path} is no report: its first line is not a header")
    numbers = [n for n, line in enumerate(objects) if line.get("type") == "header"]
    ends = [*numbers[1:], len(objects)]
    return tuple(
        _report(path, first + 1, objects[first:end])
        for first, end in zip(numbers, ends, strict=True)
    )


def _report(path: Path, number: int, objects: list[dict[str, Any]]) -> Report:
    """Make the report whose header is line `number`."""
    header = objects[0]
    if header.get("format") != FORMAT:
        msg = f"{path} is of format {header.get('format')!r}; this version reads {FORMAT}"
        raise ReportError(msg)
    footer = objects[-1]
    if footer.get("type") != "footer":
        raise ReportError(f"{path} has no footer: the run that wrote it did not end; run it again")
    results = tuple(_result(path, n, line) for n, line in enumerate(objects[1:-1], number + 1))
    if footer.get("scenarios") != len(results):
        msg = f"{path}: the footer counts {footer.get('scenarios')} scenarios, not {len(results)}"
        raise ReportError(msg)
    return Report(header, results, footer)


def _parse(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise ReportError(f"{path}, line {number}: not JSON ({error.msg})") from error
    if not isinstance(value, dict):
        raise ReportError(f"{path}, line {number}: not an object")
    return value


def _result(path: Path, number: int, line: dict[str, Any]) -> ScenarioResult:
    if line.get("type") != "scenario":
        raise ReportError(f"{path}, line {number}: type is {line.get('type')!r}, not 'scenario'")
    try:
        return ScenarioResult.from_json({k: v for k, v in line.items() if k != "type"})
    except (KeyError, TypeError, ValueError) as error:
        raise ReportError(f"{path}, line {number}: not a scenario ({error})") from error
