"""Leaks in SARIF 2.1.0, which code hosts show beside the lines; no value of a secret is in it."""

from __future__ import annotations

import json
import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from bedrock_authcheck import __version__
from bedrock_authcheck.spec.rules import load_rules

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bedrock_authcheck.recording.scan import FileScan, Leak

_RULES: Final = ("SAFE-1", "SAFE-5")
_LINES: Final = re.compile(r"lines? (\d+)(?: to (\d+))?")
_HOME: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas"


def sarif(scans: Iterable[FileScan]) -> str:
    """Write one run with a result for each leak, and a notification for what was not scanned."""
    scans = list(scans)
    rules = [load_rules()[rule] for rule in _RULES]
    unscanned = [
        {"level": "error", "message": {"text": f"{scan.path}: {scan.error}"}}
        for scan in scans
        if scan.error
    ]
    run = {
        "tool": {
            "driver": {
                "name": "bedrock-authcheck",
                "semanticVersion": __version__,
                "rules": [
                    {
                        "id": rule.id,
                        "shortDescription": {"text": rule.statement},
                        "defaultConfiguration": {"level": "error"},
                    }
                    for rule in rules
                ],
            }
        },
        "invocations": [
            {"executionSuccessful": not unscanned, "toolExecutionNotifications": unscanned}
        ],
        "results": [_result(scan, leak) for scan in scans for leak in scan.leaks],
    }
    document = {"$schema": f"{_HOME}/sarif-schema-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2)


def _result(scan: FileScan, leak: Leak) -> dict[str, Any]:
    rule = "SAFE-5" if leak.where.startswith("interaction") else "SAFE-1"
    where: dict[str, Any] = {"artifactLocation": {"uri": _uri(PurePath(scan.path))}}
    lines = _LINES.search(leak.where)
    if lines:
        first, last = lines.groups()
        where["region"] = {"startLine": int(first), "endLine": int(last or first)}
    return {
        "ruleId": rule,
        "ruleIndex": _RULES.index(rule),
        "level": "error",
        "message": {"text": f"{leak}: revoke it, then take it out of the file and its history"},
        "locations": [{"physicalLocation": where}],
    }


def _uri(path: PurePath) -> str:
    """Write a path as a reference: relative where it is, with what a URI may not hold escaped."""
    if path.is_absolute():
        return path.as_uri()
    return quote(path.as_posix(), errors="surrogateescape")
