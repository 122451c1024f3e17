"""SAFE-1 and SAFE-5: no key is written into the project's files, none into its cassettes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.model import Outcome, Verdict
from bedrock_authcheck.wire.findings import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bedrock_authcheck.recording.scan import FileScan
    from bedrock_authcheck.spec.rules import Rule

_SHOWN: Final = 20  # leaks of a rule; the command shows all
_CASSETTES: Final = (".yaml", ".yml", ".json", ".yaml.gz", ".yml.gz", ".json.gz")


@dataclass(frozen=True, slots=True)
class ProjectScan:
    """What a scan of the project's files came to; paths are relative to its root.

    `unscanned` says why nothing was scanned, and what to do; empty where all was.
    """

    scans: tuple[FileScan, ...] = ()
    unscanned: str = ""


def is_cassette(scan: FileScan) -> bool:
    """Whether a file is a cassette: it lies in a folder of that name, or reads as one."""
    path = PurePath(scan.path)
    named = "cassettes" in path.parts[:-1] and path.name.lower().endswith(_CASSETTES)
    return named or any(leak.where.startswith("interaction") for leak in scan.leaks)


PROJECT_CHECKS: Final[dict[str, tuple[str, Callable[[FileScan], bool]]]] = {
    "SAFE-1": ("no key in source, tests or cassettes", lambda _: True),
    "SAFE-5": ("no secret in a cassette, in any encoding", is_cassette),
}
"""By rule: what is expected, and of which files."""


def judge_project(rule: Rule, found: ProjectScan, *, strict: bool = False) -> Verdict:
    """Hold a rule against the scan; what was not scanned is not observable, never passed."""
    expected, concerns = PROJECT_CHECKS[rule.id]
    if found.unscanned:
        return Verdict(rule.id, Outcome.NOT_OBSERVABLE, expected, reason=found.unscanned)
    scans = [scan for scan in found.scans if concerns(scan)]
    leaking = [f"{scan.path}: {leak}" for scan in scans for leak in scan.leaks]
    unread = [f"{scan.path}: {scan.error}" for scan in scans if scan.error]
    if leaking:
        reason = f"{counted(len(leaking), 'secret')} in the project's files"
        outcome = rule.level.broken(strict=strict)
        return Verdict(rule.id, outcome, expected, _listed([*leaking, *unread]), reason)
    if unread:
        reason = f"{counted(len(unread), 'file')} could not be scanned: {unread[0]}"
        return Verdict(rule.id, Outcome.NOT_OBSERVABLE, expected, _listed(unread), reason)
    if not scans:
        return Verdict(rule.id, Outcome.SKIPPED, expected, reason="git lists no such file here")
    observed = f"{counted(len(scans), 'file')} scanned, decoded, and no secret in them"
    return Verdict(rule.id, Outcome.PASSED, expected, observed)


def _listed(lines: Sequence[str]) -> str:
    more = [f"… and {len(lines) - _SHOWN} more: bedrock-authcheck scan ."] * (len(lines) > _SHOWN)
    return "\n".join([*lines[:_SHOWN], *more])
