"""The wrong clients rule by rule, as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_authcheck.checks.judge import CHECKS
from bedrock_authcheck.spec.rules import load_rules, rule_order
from tests.suite.wrong_clients import WRONG_CLIENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD = """\
# Wrong clients

A check that cannot fail is a defect.
For each rule that is decided by requests or by the client's process there are clients that
break it on purpose.
The project's tests run each of them through the scenarios named here, demand that the suite says
so, and that a right client passes there.
Rules of level OBSERVE cannot be broken.
SAFE-2 to SAFE-4 have wrong environments, in `tests/suite/test_keys.py`.

Written by `python -m tests.suite.wrong_clients`; a test holds it to the clients that there are.
"""


def table() -> str:
    """Write the page: a table for each rule, in the rules' order."""
    return "\n".join([_HEAD, *_sections()])


def _sections() -> Iterator[str]:
    rules = load_rules()
    for rule in sorted(CHECKS, key=rule_order):
        rows = list(_rows(rule))
        if rows:
            yield f"## {rule}\n\n{rules[rule].level}: {rules[rule].statement}\n"
            yield "| wrong client | its fault | caught in |\n|---|---|---|"
            yield from rows
            yield ""


def _rows(rule: str) -> Iterator[str]:
    for wrong in WRONG_CLIENTS:
        caught = [name for name, broken in wrong.caught.items() if rule in broken]
        if caught:
            fault = wrong.fault.replace("|", "\\|")
            more = f" and {len(caught) - 1} more" if caught[1:] else ""
            yield f"| {wrong.name} | {fault} | `{caught[0]}`{more} |"
