"""Properties that hold, and the wrong implementations that they must find."""

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


def a_part(of: int) -> settings:
    """The profile, with one example where it has that many: for what builds a client for each."""
    return settings(max_examples=settings().max_examples // of)


def holds(
    check: Callable[..., None],
    *same: Any,  # noqa: ANN401 - the arguments of the check
    under: settings | None = None,
    **drawn: SearchStrategy[Any],
) -> None:
    """Assert that a property holds, on what is the same for all examples.

    `@given` makes what is costly for all tests of a session or for each example; this is for
    one machine and one client in all examples of one test, which is marked `hypothesis`.
    """
    (under or settings())(given(**drawn)(_on(check, same)))()


def caught(check: Callable[..., None], *same: Any, **drawn: SearchStrategy[Any]) -> None:  # noqa: ANN401 - the arguments of the check
    """Assert that a property, which holds, fails while something is wrong."""
    with pytest.raises(AssertionError):
        HUNT(given(**drawn)(_on(check, same)))()


def _on(check: Callable[..., None], same: tuple[Any, ...]) -> Callable[..., None]:
    def property_(**values: Any) -> None:  # noqa: ANN401 - as above
        check(*same, **values)

    property_.__name__ = property_.__qualname__ = check.__name__  # names it where it fails
    return property_
