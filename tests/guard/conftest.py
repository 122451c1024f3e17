from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.environments.isolation import steers_a_client
from tests.guard.runs import KEYS
from tests.plugin.conftest import run, temporary
from tests.simulated import running_services, services

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["run", "running_services", "services", "temporary"]


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A machine with nothing on it but what the test sets."""
    for name in [name for name in os.environ if steers_a_client(name)]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    return monkeypatch


@pytest.fixture
def keys(bare: pytest.MonkeyPatch) -> None:
    """The keys of level 3 in variables."""
    bare.setenv("AWS_ACCESS_KEY_ID", KEYS.key_id)
    bare.setenv("AWS_SECRET_ACCESS_KEY", KEYS.secret)
    bare.setenv("AWS_SESSION_TOKEN", KEYS.session_token or "")
