"""The pages: links lead somewhere, the tutorial works, what is generated is current."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
FOLDERS = ("docs", "examples", "cassettes", ".github")
PAGES = [
    *sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.md")),
    *(ROOT / "README.md", ROOT / "CHANGELOG.md"),
]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
COUNTS = re.compile(r"\d+ (?:passed|failed)|passed")


def _anchors(page: Path) -> set[str]:
    titles = HEADING.findall(BLOCK.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_inside_leads_somewhere(page: Path) -> None:
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    broken = []
    for link in LINK.findall(text):
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            broken.append(link)
    assert broken == []


def test_every_page_is_reached_from_the_first() -> None:
    seen, todo = set(), [ROOT / "docs" / "index.md"]
    while todo:
        page = todo.pop()
        if page in seen or page.suffix != ".md" or not page.exists():
            continue
        seen.add(page)
        links = (link.partition("#")[0] for link in LINK.findall(page.read_text(encoding="utf-8")))
        todo += [(page.parent / link).resolve() for link in links if link and "://" not in link]
    assert {*(ROOT / "docs").rglob("*.md")} <= seen


def test_what_is_written_from_the_code_is_current() -> None:
    if not hasattr(pytest, "HIDDEN_PARAM"):
        pytest.skip("pytest before 8.4 names fixtures in another way")
    from tests import reference  # noqa: PLC0415 - it needs 8.4

    for name, page in reference.PAGES.items():
        told = f"{name} is old: python -m tests.reference"
        assert (reference.DOCS / name).read_text(encoding="utf-8") == page(), told


def _steps(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield what the tutorial does: files by name and content, commands by what they print."""
    for language, block in BLOCK.findall(text):
        first, _, rest = block.partition("\n")
        if language == "console":
            for command, told in pairwise([*block.splitlines(), ""]):
                if command.startswith("$ pytest"):
                    yield "run", command.removeprefix("$ "), told
        elif first.startswith("# ") and "." in first:
            yield "file", first.removeprefix("# "), rest


def test_the_tutorial_works_word_by_word(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    commands = 0
    for kind, what, then in _steps(text):
        if kind == "file":
            path = tmp_path / what
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(then, encoding="utf-8")
            continue
        commands += 1
        done = subprocess.run(
            [sys.executable, "-m", *shlex.split(what), "-p", "no:cacheprovider"],
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert COUNTS.fullmatch(then), f"what {what!r} prints is told as {then!r}"
        assert then in done.stdout, done.stdout
        assert ("failed" in then) == (done.returncode == pytest.ExitCode.TESTS_FAILED)
    assert commands == 6
