"""Reports to make pages of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.model import Outcome, Verdict
from bedrock_authcheck.report.jsonl import Report
from bedrock_authcheck.report.result import ScenarioResult
from bedrock_authcheck.spec.rules import rule_set

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[..., Report]


def request(**changes: object) -> dict[str, object]:
    """One request as results hold it."""
    return {
        "line": "bedrock-runtime  POST /model/m/converse  (HTTP/1.1, TLSv1.3) → 200",
        "headers": [
            ["Host", "127.0.0.1:40000"],
            ["Authorization", "Bearer bedrock-api-key-<bearer-token>"],
            ["User-Agent", "Boto3/1.44.8"],
        ],
        "scheme": "bearer",
        "source": "bearer",
        **changes,
    }


def result(
    name: str = "chain::bearer-converse",
    outcome: Outcome = Outcome.PASSED,
    *,
    rule: str = "CHAIN-1",
    said: str = "",
    **changes: object,
) -> ScenarioResult:
    """One scenario's result; `said` stands in every text of it."""
    verdict = Verdict(rule, outcome, f"bearer{said}", f"sigv4{said}", reason=f"Converse{said}")
    fields: dict[str, object] = {
        "service": "bedrock-runtime",
        "operation": "Converse",
        "present": ("bearer",),
        "broken": (),
        "verdicts": (verdict,),
        "requests": (request(),),
        "results": ({"ok": False, "error_type": f"Error{said}", "error": f"denied{said}"},),
        **changes,
    }
    return ScenarioResult(f"bedrock-authcheck::{name}", **fields)  # type: ignore[arg-type] # as JSON


def report(*results: ScenarioResult, client: str = "boto3", **header: object) -> Report:
    """One client's report."""
    return Report(
        {
            "client": {"name": client, "versions": {client: "1.44.8"}},
            "rule_set": rule_set(),
            **header,
        },
        results,
        {"interrupted": False, "exit_status": 0},
    )


@pytest.fixture
def chain() -> Report:
    """Levels by operation with a failure, and a limit."""
    levels = (("bearer",), ("environment",), ("bearer", "environment"), ())
    results = [
        result(
            f"chain::{'+'.join(present) or 'none'}-{operation.lower()}",
            Outcome.FAILED if present == ("environment",) else Outcome.PASSED,
            present=present,
            operation=operation,
            requests=(request(),) if present else (),
        )
        for present in levels
        for operation in ("Converse", "InvokeModel")
    ]
    results.append(result("limit::ListAgents-bearer", rule="LIMIT-2", service="bedrock-agent"))
    return report(*results)
