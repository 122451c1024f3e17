"""A badge of a run, as shields.io reads it: an endpoint badge, schema version 1."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bedrock_authcheck.wire.findings import counted

if TYPE_CHECKING:
    from bedrock_authcheck.report.jsonl import Report


def badge(report: Report) -> str:
    """Write the badge: who was judged, and how many scenarios failed that nobody foresaw."""
    failed = sum(result.unforeseen for result in report.results)
    foreseen = sum(bool(result.deviations) for result in report.results)
    if failed:
        message, colour = f"{failed} of {len(report.results)} failed", "red"
    elif report.footer.get("interrupted") or not report.results:
        message, colour = "not run to its end", "lightgrey"
    elif foreseen:
        message, colour = f"holds, {counted(foreseen, 'known deviation')}", "yellowgreen"
    else:
        message, colour = f"holds in {counted(len(report.results), 'scenario')}", "brightgreen"
    label = f"bedrock auth: {report.header['client']['name']}"
    told = {"schemaVersion": 1, "label": label, "message": message, "color": colour}
    return json.dumps(told, ensure_ascii=False)
