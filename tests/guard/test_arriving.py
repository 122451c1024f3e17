"""Modules are told of when they have been loaded, and are loaded as they would be without."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.guard.arriving import Arrivals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType


@pytest.fixture
def told() -> list[ModuleType]:
    return []


@pytest.fixture
def arrivals(
    told: list[ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Arrivals]:
    (tmp_path / "awaited_one.py").write_text("VALUE = 1\n")
    (tmp_path / "awaited_broken.py").write_text("import awaited_one\n1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    names = ("awaited_one", "awaited_broken", "awaited_missing")
    waiting = Arrivals(dict.fromkeys(names, told.append))
    before = list(sys.meta_path)
    yield waiting
    waiting.end()
    assert sys.meta_path == before
    for name in names:
        sys.modules.pop(name, None)


def test_a_module_that_comes_later(arrivals: Arrivals, told: list[ModuleType]) -> None:
    arrivals.begin()
    assert told == []
    module = importlib.import_module("awaited_one")
    assert told == [module]
    assert module.VALUE == 1
    loader = module.__loader__
    assert loader is not None
    assert "exec_module" not in vars(loader)
    importlib.reload(module)
    assert told == [module]


def test_a_module_that_is_there(arrivals: Arrivals, told: list[ModuleType]) -> None:
    module = importlib.import_module("awaited_one")
    arrivals.begin()
    assert told == [module]


def test_a_module_that_cannot_be_loaded_is_not_told_of(
    arrivals: Arrivals, told: list[ModuleType]
) -> None:
    arrivals.begin()
    with pytest.raises(ZeroDivisionError):
        importlib.import_module("awaited_broken")
    assert [module.__name__ for module in told] == ["awaited_one"]
    assert importlib.util.find_spec("awaited_missing") is None


def test_nothing_is_told_after_the_end(arrivals: Arrivals, told: list[ModuleType]) -> None:
    arrivals.begin()
    arrivals.end()
    importlib.import_module("awaited_one")
    assert told == []
