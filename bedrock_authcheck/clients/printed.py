"""What pytest prints of a failing test: arguments, locals, and the texts of its errors.

As `pytest --showlocals --tb=long` does, which cuts each value at 240 characters or so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from typing import NoReturn

PRINTED: Final = "what pytest prints"
"""What `Connection.shown` calls the text of a failing test."""


def printed_of(error: BaseException) -> str:
    """Print an error with every frame that it came through, and with the locals of each."""
    told = pytest.ExceptionInfo.from_exception(error)
    return str(told.getrepr(showlocals=True, style="long", funcargs=True))


def printed_with(session: object, client: object, config: object, credentials: object) -> str:
    """Print a test that fails while it holds these."""
    try:
        _test(session, client, config, credentials)
    except AssertionError as error:
        return printed_of(error)


def _test(session: object, client: object, config: object, credentials: object) -> NoReturn:  # noqa: ARG001 - they are printed
    raise AssertionError
