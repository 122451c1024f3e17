"""`bedrock-authcheck client` and `matrix`, as a shell uses them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from packaging.specifiers import SpecifierSet

from bedrock_authcheck.cli import main
from bedrock_authcheck.clients import install as installing
from bedrock_authcheck.clients.install import find_python, missing
from bedrock_authcheck.clients.manifest import read_manifest
from bedrock_authcheck.report.jsonl import read_report
from bedrock_authcheck.suite.matrix import OF_CLIENTS, MatrixError, clients_here, groups_asked
from tests.clients.reference import written

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_those_that_ship_are_listed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["client", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("boto3 ")
    (js,) = [line for line in lines if line.startswith("js-aws-sdk ")]
    assert "not installed" in js
    (here / ".bedrock-authcheck" / "clients" / "js-aws-sdk").mkdir(parents=True)
    (here / ".bedrock-authcheck" / "clients" / "js-aws-sdk" / "client.toml").touch()
    main(["client", "list"])
    (js,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("js-aws-sd")]
    assert js.split()[-1] == "installed"


def test_one_is_installed_checked_and_left_alone_the_second_time(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path / "source")
    step = [sys.executable, "-c", "open('built', 'w').close()"]
    file.write_text(f"{file.read_text()}\n[install]\nsteps = [{step!r}]\n".replace("\\\\", "/"))
    assert main(["client", "install", str(tmp_path / "source")]) == 0
    copy = here / ".bedrock-authcheck" / "clients" / "reference"
    assert (copy / "built").is_file()
    (copy / "built").unlink()
    assert main(["client", "install", str(tmp_path / "source")]) == 0
    assert not (copy / "built").exists()
    assert "is installed already, of the same files" in capsys.readouterr().err
    assert main(["client", "check", "reference"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["kept", "version", "1.2.3"]
    assert lines[-1] == "reference keeps to the contract"
    assert any("works with a token; with keys NoCredentials" in line for line in lines)


@pytest.mark.parametrize(
    ("wrong", "part"),
    [("judges", "its answer has the keys"), ("sends-nothing", "and nothing arrived at the end")],
)
def test_one_that_breaks_the_contract_is_status_1(
    here: Path, capsys: pytest.CaptureFixture[str], wrong: str, part: str
) -> None:
    assert main(["client", "check", str(written(here / wrong, wrong))]) == 1
    out = capsys.readouterr().out
    assert "BROKEN  bedrock-runtime Converse" in out
    assert part in out
    assert out.endswith("reference does not keep to the contract\n")


@pytest.mark.parametrize("name", ["boto3", "cobol", "js-aws-sdk", "no.toml"])
def test_what_is_no_program_here_is_status_2(
    here: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert main(["client", "check", name]) == 2
    assert name in capsys.readouterr().err
    assert list(here.iterdir()) == []


def test_a_step_that_fails_is_status_2_and_nothing_counts_as_installed(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path / "source")
    step = [sys.executable, "-c", "import sys; print('why'); sys.exit(5)"]
    file.write_text(f"{file.read_text()}\n[install]\nsteps = [{step!r}]\n")
    assert main(["client", "install", str(tmp_path / "source")]) == 2
    err = capsys.readouterr().err
    assert "ended with status 5; its output ends:\n  why\n" in err
    assert not (here / ".bedrock-authcheck" / "clients" / "reference" / "client.toml").exists()


def test_what_the_machine_lacks_is_status_3(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path / "source")
    file.write_text(f'{file.read_text()}\n[install]\nneeds = ["no-such-compiler"]\n')
    assert main(["client", "install", str(tmp_path / "source")]) == 3
    text = "reference is not installed: it needs no-such-compiler on PATH\n"
    assert capsys.readouterr().err == text
    assert list(here.iterdir()) == []


def test_a_python_is_found_by_its_version_or_said_to_lack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_python(SpecifierSet(">=3.11")) == sys.executable
    assert find_python(SpecifierSet(">=99")) is None
    monkeypatch.setattr(installing, "find_python", lambda _: None)
    file = written(tmp_path)
    file.write_text(file.read_text().replace("[offers]", 'python = ">=99"\n\n[offers]', 1))
    assert missing(read_manifest(file)) == "it needs a Python >=99, on PATH or of pyenv"


def test_a_matrix_is_made_of_the_clients_that_are_installed(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(here / ".bedrock-authcheck" / "clients" / "reference")
    arguments = ["--clients", "reference", "--groups", "preference", "-o", "matrix.md"]
    assert main(["matrix", *arguments]) == 0
    page = (here / "matrix.md").read_text("utf-8")
    assert "| reference | reference 1.2.3 |" in page
    results = read_report(here / ".bedrock-authcheck" / "matrix" / "reference.jsonl").results
    assert {result.id.split("::")[1] for result in results} == {"preference"}
    assert "reference: " in capsys.readouterr().err


def test_a_client_that_cannot_be_judged_is_in_the_page_as_such(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clients = here / ".bedrock-authcheck" / "clients"
    file = written(clients / "broken")
    file.write_text(file.read_text().replace('"--version"', '"--be", "dies"'))
    assert main(["matrix", "--clients", "broken", "--groups", "preference", "-o", "m.md"]) == 2
    assert "broken: could not be judged: " in capsys.readouterr().err


def test_what_is_asked_for_and_not_here_is_told(here: Path) -> None:
    with pytest.raises(MatrixError, match="js-aws-sdk cannot be judged: run `bedrock-authcheck c"):
        clients_here(here, ["js-aws-sdk"])
    with pytest.raises(MatrixError, match="cobol cannot be judged: there is boto3"):
        clients_here(here, ["cobol"])
    assert "js-aws-sdk" in clients_here(here).absent
    with pytest.raises(MatrixError, match="'keys' is no group that judges clients: chain, "):
        groups_asked("chain,keys")
    assert groups_asked(None) == OF_CLIENTS
