"""pytest as a user starts it: in a process of its own, with the plugins that are named."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Run = Callable[..., pytest.RunResult]

CHAIN = "bedrock-authcheck::chain::bearer+shared-converse"
"""A scenario that passes."""
DEVIANT = "bedrock-authcheck::token::blank-empty+none-converse"
"""A scenario that fails as a known deviation foresees."""
NOT_OFFERED = "bedrock-authcheck::limit::bedrock-runtime.InvokeModelWithBidirectionalStream-bearer"
"""A scenario that boto3 does not offer."""


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """The folder for temporary files of the runs."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


@pytest.fixture
def application(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Let the runs import `tests.plugin.application`."""
    monkeypatch.setenv("PYTHONPATH", str(request.config.rootpath), prepend=os.pathsep)


@pytest.fixture
def run(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, temporary: Path
) -> Iterator[Run]:
    """Run pytest with arguments; `plugins` are modules to load beside this plugin.

    Whatever a run did, it leaves no temporary file of ours behind.
    """
    for name in [name for name in os.environ if name.startswith(("PYTEST_XDIST_", "COV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("COLUMNS", "120")
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(temporary))
    monkeypatch.setenv("PYTHONPATH", str(pytester.path), prepend=os.pathsep)  # for `plugins`

    def start(*args: str, plugins: tuple[str, ...] = ()) -> pytest.RunResult:
        names = ("bedrock_authcheck.plugin", *plugins)
        loaded = [option for name in names for option in ("-p", name)]
        return pytester.runpytest_subprocess(*loaded, *args, timeout=600)

    yield start
    assert sorted(temporary.glob("bedrock-authcheck-*")) == []
