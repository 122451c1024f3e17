"""`bedrock-authcheck versions`, with the releases judged by a stand-in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.cli import RELEASES, main
from bedrock_authcheck.suite import releases, versions
from bedrock_authcheck.suite.releases import ReleaseError, Workshop
from tests.report.releases import plain_http, report

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bedrock_authcheck.report.jsonl import Report


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Sequence[str], Workshop]]:
    """What was asked of the stand-in; it knows no release before 1."""
    seen: list[tuple[Sequence[str], Workshop]] = []

    def judge(names: Sequence[str], workshop: Workshop) -> Iterator[tuple[str, Report]]:
        seen.append((names, workshop))
        for name in names:
            number = "1.44.8" if name == releases.NEWEST else name
            if number.startswith("0"):
                raise ReleaseError(f"botocore {number}: pip install failed")
            yield number, report(number, plain_http(sent=number < "1.44"))

    monkeypatch.setattr(versions, "judge_releases", judge)
    return seen


def test_the_page_is_written_with_the_command_that_makes_it_again(
    asked: list[tuple[Sequence[str], Workshop]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("docs").mkdir()
    assert main(["versions"]) == 0
    text = Path("docs/versions.md").read_text("utf-8")
    assert "by `bedrock-authcheck versions`: bedrock-authcheck 0.1.0" in text
    assert "### 1.44.0, after 1.43.0\n\n**TOKEN-5** (SHOULD), **warning** → passed" in text
    assert "| 1.44.8 (newest) |" in text
    assert asked[0][0] == [*RELEASES]
    assert asked[0][1].at_once == 2
    told = capsys.readouterr()
    assert told.out == f"{Path('docs/versions.md')} is written\n"
    assert told.err.splitlines()[0] == "botocore 1.38.46: 1 scenario, 0 unforeseen failures"
    assert list(Path("docs").iterdir()) == [Path("docs/versions.md")]


def test_what_is_asked_for_is_in_the_command_and_no_folder_of_this_machine(
    asked: list[tuple[Sequence[str], Workshop]], tmp_path: Path
) -> None:
    output = tmp_path / "page.md"
    arguments = ["versions", "1.43.0", "newest", "--rules", "TOKEN-5", "--jobs", "1"]
    assert main([*arguments, "-o", str(output), "--work", str(tmp_path / "work")]) == 0
    text = output.read_text("utf-8")
    assert "`bedrock-authcheck versions 1.43.0 newest --rules TOKEN-5`" in text
    assert str(tmp_path) not in text
    ((_, workshop),) = asked
    assert workshop == Workshop((tmp_path / "work").resolve(), "TOKEN-5", 1)


@pytest.mark.parametrize("name", ["missing/page.md", "folder"])
def test_a_page_that_cannot_be_written_is_found_out_before_the_long_part(
    asked: list[tuple[Sequence[str], Workshop]],
    name: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "folder").mkdir()
    assert main(["versions", "1.43.0", "--output", str(tmp_path / name)]) == 2
    assert "bedrock-authcheck versions: " in capsys.readouterr().err
    assert asked == []
    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["1.43.0", "0.1.0"], "botocore 0.1.0: pip install failed"),
        (["1.43.0", "1.43.0"], "two reports are of botocore 1.43.0"),
    ],
)
def test_a_page_that_was_there_stays_until_a_new_one_is_whole(
    names: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "page.md"
    output.write_text("old", "utf-8")
    assert main(["versions", *names, "-o", str(output)]) == 2
    assert told in capsys.readouterr().err
    assert [(path, path.read_text("utf-8")) for path in tmp_path.iterdir()] == [(output, "old")]


@pytest.mark.parametrize("jobs", ["0", "-1", "two", "1.5"])
def test_no_release_at_a_time_is_wrong_usage(jobs: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["versions", f"--jobs={jobs}"])
    assert stopped.value.code == 2
    assert f"{jobs!r} is no number from 1 on" in capsys.readouterr().err


def test_the_releases_judged_by_default_are_around_the_known_turning_points() -> None:
    around = {"1.38.46", "1.39.0", "1.39.12", "1.43.0", "1.44.0", releases.NEWEST}
    assert around <= {*RELEASES}
