"""Modules that are patched when they are there, or when a test imports them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


class Arrivals:
    """A finder that tells of modules when they have been loaded, and leaves them as they are."""

    def __init__(self, told: Mapping[str, Callable[[ModuleType], None]]) -> None:
        """Note whom to tell, by the name of the module."""
        self._told = dict(told)
        self._looking: set[str] = set()

    def begin(self) -> None:
        """Tell of the modules that are there, and from now on of those that come."""
        sys.meta_path.insert(0, self)
        for name in tuple(self._told):
            module = sys.modules.get(name)
            # One that is being imported at this moment, by another thread, is told of later.
            if module is not None and not getattr(module.__spec__, "_initializing", False):
                self._tell(name, module)

    def end(self) -> None:
        """Look no more."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def _tell(self, name: str, module: ModuleType) -> None:
        told = self._told.pop(name, None)
        if told is not None:
            told(module)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module that is waited for as the other finders do, and have its loading told."""
        if name not in self._told or name in self._looking:
            return None
        self._looking.add(name)
        try:
            spec = self._by_others(name, path, target)
        finally:
            self._looking.discard(name)
        loader: Any = spec.loader if spec is not None else None
        original = getattr(loader, "exec_module", None)
        if original is None:
            return spec

        def exec_module(module: ModuleType) -> None:
            del loader.exec_module  # the loader is as it was
            original(module)
            self._tell(name, module)

        try:
            loader.exec_module = exec_module
        except (AttributeError, TypeError):  # a loader that takes no attributes is left alone
            return spec
        return spec

    def _by_others(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        for finder in tuple(sys.meta_path):
            if finder is self:
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                return spec
        return None
