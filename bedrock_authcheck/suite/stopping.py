"""Ending a session before its first test, with one sentence."""

from __future__ import annotations

import pytest


def refuse(session: pytest.Session, items: list[pytest.Item], text: str) -> None:
    """Raise UsageError; in a worker of pytest-xdist report the text like a broken module.

    A worker that raises is taken for a crashed one, and its text is lost.
    """
    if not hasattr(session.config, "workerinput"):
        raise pytest.UsageError(text)
    items.clear()
    report = pytest.CollectReport("bedrock-authcheck", "failed", longrepr=text, result=None)
    session.config.hook.pytest_collectreport(report=report)
