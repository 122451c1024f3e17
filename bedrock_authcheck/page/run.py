"""The hooks that write the page at the end of a session; registered where it was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

import pytest

from bedrock_authcheck.page.render import PageError, demand_jinja, write_page
from bedrock_authcheck.report.jsonl import Report
from bedrock_authcheck.suite.session import asked_file

if TYPE_CHECKING:
    from pathlib import Path

    from _pytest.terminal import TerminalReporter

    from bedrock_authcheck.suite.session import SuiteRun

_OPTION: Final = "authcheck_html"


class PageRun:
    """Writes the page when all results are there; what fails then is said, and fails the run."""

    def __init__(self, suite: SuiteRun, option: str, path: Path) -> None:
        """`option` names what asked for the file."""
        self._suite = suite
        self._option = option
        self._path = path
        self._fault = ""

    @classmethod
    def of(cls, config: pytest.Config, suite: SuiteRun) -> Self | None:
        """Read option and ini key; UsageError where the page could not be made at the end."""
        asked = None if hasattr(config, "workerinput") else asked_file(config, _OPTION)
        if asked is None:
            return None
        option, path = asked
        try:
            demand_jinja()
        except PageError as error:
            raise pytest.UsageError(f"{option}: {error}") from error
        return cls(suite, option, path)

    def pytest_sessionstart(self) -> None:
        """Refuse to run for long what cannot be written at the end."""
        if self._path.is_dir() or not self._path.parent.is_dir():
            why = "it is a folder" if self._path.is_dir() else "there is no such folder"
            raise pytest.UsageError(f"{self._option}: {self._path} cannot be written: {why}")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the page, whatever the outcome."""
        footer = {"interrupted": self._suite.interrupted(session)}
        report = Report(self._suite.header(), self._suite.results, footer)
        try:
            write_page(self._path, [report])
        except OSError as error:
            self._fault = f"{self._option}: {self._path} cannot be written: {error.strerror}"
            if session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """Say where the page is, or why it is not."""
        text = self._fault or f"page: {self._path}"
        terminalreporter.write_line(text, red=bool(self._fault))
