"""TOKEN-7 and TOKEN-8: what a client's process shows of a credential, to whoever looks at it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.checks.travel import secrets_in
from bedrock_authcheck.checks.trial import NotObservable, Problem, Sight, Trial

if TYPE_CHECKING:
    from collections.abc import Iterator

_RECORD: Final = re.compile(r"^(?:DEBUG|INFO|WARNING|ERROR|CRITICAL):([^:\n]+):", re.MULTILINE)
"""How a record begins, as `logging.BASIC_FORMAT` writes it; what it says may be many lines."""
_PRINTED: Final = "print"


def nothing_shown(trial: Trial) -> Iterator[Problem]:
    """TOKEN-7: no secret in the log, in an error's text, in what objects show, in User-Agent."""
    expected = "no token, secret or session token"
    for place, text in _texts(trial, *_sight(trial)):
        for name in secrets_in(text, trial.in_sight):
            yield Problem(expected, f"the {name} in {place}")
    for seen in trial.observations:
        for agent in seen.exchange.header_values("User-Agent"):
            for name in secrets_in(agent, trial.in_sight):
                yield Problem(expected, f"the {name} in the User-Agent", seen)


def _sight(trial: Trial) -> tuple[Sight, str]:
    """Return what was seen of the process, and its log."""
    if trial.sight is None or trial.sight.log is None:
        raise NotObservable("the client runs in a process whose log and objects are not seen")
    return trial.sight, trial.sight.log


def _texts(trial: Trial, sight: Sight, log: str) -> Iterator[tuple[str, str]]:
    yield f"the log at {sight.log_level}", log
    for result in trial.results:
        if not result.ok:
            yield f"the text of {result.error_type}", f"{result.error}\n{result.traceback}"
    yield from sight.shown.items()


def told_by_the_log(trial: Trial) -> str:
    """TOKEN-8: say which secrets the log holds at its level, and who logged them."""
    sight, log = _sight(trial)
    said: dict[str, list[str]] = {}
    for logger, text in _records(log):
        for name in secrets_in(text, trial.in_sight):
            said.setdefault(name, []).append(logger)
    told = [f"the {name} by {', '.join(dict.fromkeys(loggers))}" for name, loggers in said.items()]
    return f"at {sight.log_level}: {'; '.join(told) or 'no secret'}"


def _records(log: str) -> Iterator[tuple[str, str]]:
    """Yield the name of a logger and what it said; what stands before them all was printed."""
    printed, *rest = _RECORD.split(log)
    yield _PRINTED, printed
    yield from zip(rest[::2], rest[1::2], strict=True)
