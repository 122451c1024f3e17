"""Whether a property would find a fault: each has a wrong implementation that it must catch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

HUNT = settings(
    max_examples=500,
    deadline=None,
    derandomize=True,  # what is caught once is caught always
    database=None,
    phases=[Phase.generate],  # that there is a fault is enough
    suppress_health_check=[HealthCheck.too_slow],
)


def caught(check: Callable[..., None], **drawn: SearchStrategy[Any]) -> None:
    """Assert that a property, which holds, fails while something is wrong."""
    with pytest.raises(AssertionError):
        HUNT(given(**drawn)(check))()
