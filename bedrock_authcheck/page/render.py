"""The story as one HTML file: self-contained, and nothing in what it quotes is markup or runs."""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from bedrock_authcheck import __version__
from bedrock_authcheck.page.story import story_of
from bedrock_authcheck.spec.rules import rule_set

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jinja2 import Environment

    from bedrock_authcheck.report.jsonl import Report

_HIDDEN: Final = ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
"""Categories of Unicode that show nothing, or turn the text around them: shown by number."""
_KEPT: Final = "\n"


class PageError(ValueError):
    """A page that cannot be made: a library is missing, or rule sets differ."""


def write_page(path: Path, reports: Sequence[Report]) -> None:
    """Write the page of one report, or of several of one rule set, whole. PageError, OSError."""
    text = render(reports)
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text, encoding="utf-8", newline="\n")
    partial.replace(path)


def render(reports: Sequence[Report]) -> str:
    """Return the page as text that UTF-8 can encode.

    PageError where Jinja is not installed, or a report is of another rule set than ours, whose
    rules would be shown beside its verdicts.
    """
    for report in reports:
        theirs = report.header.get("rule_set")
        if theirs != rule_set():
            msg = (
                f"results of rule set {theirs} cannot be shown with rule set {rule_set()}: "
                "run the suite again with this version"
            )
            raise PageError(msg)
    environment = _environment()
    style, script = _part("page.css"), _part("page.js")
    return str(
        environment.from_string(_part("page.html")).render(
            story=story_of(reports),
            tool=f"bedrock-authcheck {__version__}",
            rule_set=rule_set(),
            style=style,
            script=script,
            # Only what was written here runs, whatever a client or a server said.
            policy=f"default-src 'none'; style-src '{_digest(style)}'; script-src "
            f"'{_digest(script)}'; base-uri 'none'; form-action 'none'",
        )
    )


def demand_jinja() -> None:
    """Raise PageError where Jinja is not installed."""
    try:
        import jinja2  # noqa: F401, PLC0415 - on use, an extra; to see that it is there
    except ImportError as error:
        raise PageError("a page needs Jinja: pip install 'bedrock-authcheck[html]'") from error


def _environment() -> Environment:
    demand_jinja()
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - on use, an extra
    from markupsafe import Markup  # noqa: PLC0415 - on use, an extra

    def finalize(value: object) -> object:
        """Make all that is put out visible; only the page's own style and script are Markup."""
        return value if isinstance(value, Markup) else visible(str(value))

    return Environment(
        autoescape=True,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def visible(text: str) -> str:
    """Show characters that hide, or turn the text around, by their number in Unicode."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        f"\\u{ord(c):04x}" if unicodedata.category(c) in _HIDDEN and c not in _KEPT else c
        for c in text
    )


def _part(name: str) -> str:
    return files("bedrock_authcheck.page").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
