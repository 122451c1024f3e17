"""What is judged of a failing test is what pytest prints of one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bedrock_authcheck.clients.contract import CallResult
from bedrock_authcheck.clients.printed import printed_of, printed_with

if TYPE_CHECKING:
    import pytest

FAILING = """
class Shown:
    def __repr__(self):
        return "Shown(said)"

def test_it():
    client, headers = Shown(), {"X-Long": "-" * 300}
    raise LookupError("lost")
"""


def test_it_has_the_lines_of_locals_that_pytest_has(pytester: pytest.Pytester) -> None:
    path = pytester.makepyfile(FAILING)
    run = pytester.runpytest("--showlocals", "-p", "no:cacheprovider")
    held: dict[str, object] = {}
    exec(compile(path.read_text("utf-8"), path, "exec"), held)
    try:
        held["test_it"]()  # type: ignore[operator] # it is a function
    except LookupError as error:
        text = printed_of(error)
    lines = [line for line in run.outlines if re.match(r"(client|headers) +=|E +LookupError", line)]
    assert len(lines) == 3
    assert [line for line in lines if line not in text.splitlines()] == []


def test_each_thing_that_a_test_holds_is_printed() -> None:
    class Named:
        def __init__(self, name: str) -> None:
            self.name = name

        def __repr__(self) -> str:
            return f"<the {self.name}>"

    names = ("session", "client", "config", "credentials")
    text = printed_with(*map(Named, names))
    for name in names:
        assert re.search(rf"^{name} += <the {name}>$", text, re.MULTILINE), name


def test_an_error_is_told_with_the_reprs_of_those_behind_it() -> None:
    class QuietError(Exception):
        def __str__(self) -> str:
            return "quiet"

    second = QuietError("second")
    second.__cause__ = QuietError("first")
    result = CallResult.of(second)
    assert (result.error_type, result.error) == ("QuietError", "quiet")
    assert "QuietError('first')" in result.traceback
    assert "QuietError('second')" in result.traceback
    assert result.raised is second
    assert "second" not in repr(result)
