"""Reports of many clients and machines, joined into one file that can be read again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bedrock_authcheck.report.jsonl import Report, ReportError, ReportWriter, read_reports

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from bedrock_authcheck.report.result import ScenarioResult


@dataclass(frozen=True, slots=True)
class Judged:
    """A client in one version, with all that was seen of it, whatever files it came from.

    `versions` are of its packages, itself first; `dates` are of the requests, the first and the
    last, as ISO dates, and none where no request was seen.
    """

    client: str
    versions: tuple[tuple[str, str], ...]
    rule_set: str
    tool: str
    reports: tuple[Report, ...]

    @property
    def version(self) -> str:
        """The version of its own package, or of the first that it is made of."""
        return next(iter(dict(self.versions).values()), "unknown")

    @property
    def results(self) -> tuple[ScenarioResult, ...]:
        """Its scenarios."""
        return tuple(result for report in self.reports for result in report.results)

    @property
    def dates(self) -> tuple[str, str] | None:
        """The days of the first and the last request."""
        days = sorted(
            str(request["received_at"])[:10]
            for result in self.results
            for request in result.requests
            if request.get("received_at")
        )
        return (days[0], days[-1]) if days else None


def merged(paths: Iterable[Path]) -> tuple[Judged, ...]:
    """Read and join reports, in the order of their clients' names.

    ReportError for a torn file, a run that was stopped early, a client in one version whose
    scenario two files hold, and for files that were judged by different rules.
    """
    found: dict[tuple[str, tuple[tuple[str, str], ...]], list[Report]] = {}
    seen: dict[tuple[object, str], Path] = {}
    rules: tuple[str, Path] | None = None
    for path in paths:
        for report in read_reports(path):
            key = _key(report, path)
            if report.footer.get("interrupted"):
                raise ReportError(f"{path}: the run was stopped early; run it again")
            rule_set = str(report.header.get("rule_set"))
            if rules is not None and rules[0] != rule_set:
                raise ReportError(
                    f"{path} was judged by the rule set {rule_set}, {rules[1]} by {rules[0]}: "
                    "judge both with one version"
                )
            rules = rules or (rule_set, path)
            for result in report.results:
                if (key, result.id) in seen:
                    shown = " ".join(f"{name} {number}" for name, number in key[1])
                    raise ReportError(
                        f"{result.id} of {key[0]} ({shown}) is in {seen[key, result.id]} and in "
                        f"{path}: give each result once"
                    )
                seen[key, result.id] = path
            found.setdefault(key, []).append(report)
    if not found:
        raise ReportError("there is no report: name one file at least")
    return tuple(
        Judged(
            client,
            versions,
            str(reports[0].header["rule_set"]),
            str(reports[0].header["tool"]["version"]),
            tuple(reports),
        )
        for (client, versions), reports in sorted(found.items())
    )


def _key(report: Report, path: Path) -> tuple[str, tuple[tuple[str, str], ...]]:
    client = report.header.get("client", {})
    name, versions = client.get("name"), client.get("versions")
    if not isinstance(name, str) or not isinstance(versions, dict):
        raise ReportError(f"{path}: its header names no client with its versions")
    return name, tuple(versions.items())


def write_merged(judged: Iterable[Judged], path: Path) -> None:
    """Write all reports into one file, each whole, one after the other. OSError as usual."""
    partial = path.with_name(f"{path.name}.partial")
    part = path.with_name(f"{path.name}.part")
    try:
        with partial.open("w", encoding="utf-8", newline="\n") as file:
            for report in (report for one in judged for report in one.reports):
                header = {k: v for k, v in report.header.items() if k not in ("type", "format")}
                writer = ReportWriter(part, header)
                for result in report.results:
                    writer.add(result)
                writer.finish(report.footer["exit_status"], interrupted=False)
                file.write(part.read_text(encoding="utf-8"))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
        part.unlink(missing_ok=True)
