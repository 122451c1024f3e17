"""Attributes replaced for a block, and put back as they were."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@contextmanager
def replaced(changes: Iterable[tuple[Any, str, object]]) -> Iterator[None]:
    """Set attributes, each an (owner, name, value), and restore them whatever the block raises.

    An attribute that the owner only inherits is taken away again.
    """
    wanted = list(changes)
    before = [(owner, name, vars(owner).get(name)) for owner, name, _ in wanted]
    try:
        for owner, name, value in wanted:
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, original in before:
            if original is not None:
                setattr(owner, name, original)
            elif name in vars(owner):
                delattr(owner, name)
