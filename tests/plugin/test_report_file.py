"""The results as JSON Lines: whole or refused, by their schema, and without a secret."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import jsonschema
import pytest

from bedrock_authcheck.model import AuthScheme, CredentialSource, Outcome, Variant
from bedrock_authcheck.report.jsonl import Report, ReportError, read_report
from tests.plugin.conftest import CHAIN, DEVIANT, NOT_OFFERED

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugin.conftest import Run

ON = "--bedrock-authcheck"
NO_CACHE = "no:cacheprovider"
SCHEMA: dict[str, Any] = json.loads(
    (files("bedrock_authcheck.report") / "results.schema.json").read_text(encoding="utf-8")
)
VARIED = (CHAIN, DEVIANT, NOT_OFFERED, CHAIN.replace("bearer+shared", "settings+instance"))
"""Scenarios of every kind: bearer, SigV4 with a session token, a deviation, not offered."""
WITNESS = """
from bedrock_authcheck.suite.bench import Bench
from pathlib import Path
import json, os

run = Bench.run

def witnessed(self, scenario):
    trial = run(self, scenario)
    with Path(os.environ["WITNESS"]).open("a") as file:
        for credential in (*trial.keyring.credentials, *trial.foreign):
            file.writelines(json.dumps(secret) + "\\n" for secret in credential.secrets().values())
    return trial

Bench.run = witnessed
"""


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a report of varied scenarios says."""
    folder = tmp_path_factory.mktemp("report")
    command = [sys.executable, "-m", "pytest", "-p", "bedrock_authcheck.plugin", "-p", NO_CACHE]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    subprocess.run(
        [*command, ON, *VARIED, "--authcheck-report=r.jsonl"],
        cwd=folder,
        env=environment,
        check=True,
        capture_output=True,
    )
    return (folder / "r.jsonl").read_text(encoding="utf-8")


@pytest.fixture
def report(text: str, tmp_path: Path) -> Path:
    """A whole report."""
    path = tmp_path / "r.jsonl"
    path.write_text(text, encoding="utf-8")
    return path


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_line_is_as_the_schema_says(report: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    lines = lines_of(report)
    for line in lines:
        validator.validate(line)
    assert [line["type"] for line in lines] == ["header", *["scenario"] * 4, "footer"]
    assert lines[-1] == {
        "type": "footer",
        "scenarios": 4,
        "outcomes": {"failed": 1, "not offered": 1, "passed": 2},
        "foreseen": 1,
        "interrupted": False,
        "exit_status": 0,
    }
    for broken in ({**lines[1], "more": 1}, {**lines[1], "outcome": "green"}, {"type": "footer"}):
        with pytest.raises(jsonschema.ValidationError):
            validator.validate(broken)


def test_the_schema_names_what_the_model_names() -> None:
    definitions = SCHEMA["$defs"]
    assert definitions["outcome"]["enum"] == [*Outcome]
    assert definitions["source"]["enum"] == [*CredentialSource, *Variant]
    assert definitions["request"]["properties"]["scheme"]["enum"] == [*AuthScheme]


def test_a_whole_report_is_read_back_as_it_was(report: Path) -> None:
    found = read_report(report)
    assert isinstance(found, Report)
    assert [result.id for result in found.results] == [
        line["id"] for line in lines_of(report)[1:-1]
    ]
    assert [{"type": "scenario", **json.loads(json.dumps(r.as_json()))} for r in found.results] == (
        lines_of(report)[1:-1]
    )
    by_id = {result.id: result for result in found.results}
    assert by_id[DEVIANT].deviations == ("boto3-blank-token",)
    (request,) = by_id[CHAIN].requests
    assert (request["scheme"], request["source"]) == ("bearer", "bearer")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda _: [], "is no report: its first line is not a header"),
        (lambda lines: lines[1:], "is no report: its first line is not a header"),
        (lambda lines: lines[:-1], "has no footer: the run that wrote it did not end"),
        (lambda lines: [*lines[:-1], lines[-1][:20]], "line 6: not JSON"),
        (
            lambda lines: [lines[0].replace('"format":1', '"format":9'), *lines[1:]],
            "format 9; this",
        ),
        (lambda lines: [*lines[:2], *lines[3:]], "the footer counts 4 scenarios, not 3"),
        (lambda lines: [*lines[:2], lines[-1], *lines[2:]], "type is 'footer', not 'scenario'"),
        (lambda lines: [*lines[:2], "[1]", *lines[2:]], "line 3: not an object"),
        (lambda lines: [lines[0], '{"type":"scenario"}', *lines[1:]], "line 2: not a scenario"),
        (
            lambda lines: [
                lines[0],
                lines[1].replace('"verdicts":[{', '"verdicts":["x",{'),
                *lines[2:],
            ],
            "line 2: not a scenario",
        ),
        (lambda _: ["\x00garbage"], "line 1: not JSON"),
    ],
)
def test_a_file_that_is_not_whole_is_refused(damage: Any, said: str, report: Path) -> None:  # noqa: ANN401 - a function of lines
    lines = damage(report.read_text(encoding="utf-8").splitlines())
    report.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(ReportError) as caught:
        read_report(report)
    assert said in str(caught.value)
    assert str(report) in str(caught.value)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ReportError, match="not UTF-8"):
        read_report(path)


def test_workers_write_one_whole_file(pytester: pytest.Pytester, run: Run, report: Path) -> None:
    result = run(ON, *VARIED, "-n", "2", "--authcheck-report=n.jsonl", plugins=("xdist.plugin",))
    result.assert_outcomes(passed=2, skipped=1, xfailed=1)
    alone, together = read_report(report), read_report(pytester.path / "n.jsonl")
    assert together.header == alone.header
    assert together.footer == alone.footer
    verdicts = [{r.id: r.verdicts for r in found.results} for found in (alone, together)]
    assert verdicts[0].keys() == verdicts[1].keys()
    for name, expected in verdicts[0].items():
        assert [(v.rule, v.outcome, v.deviation) for v in verdicts[1][name]] == [
            (v.rule, v.outcome, v.deviation) for v in expected
        ]


def test_a_report_of_failures_says_so(pytester: pytest.Pytester, run: Run) -> None:
    run(ON, DEVIANT, "--runxfail", "--authcheck-report=r.jsonl").assert_outcomes(failed=1)
    found = read_report(pytester.path / "r.jsonl")
    assert (found.footer["exit_status"], found.footer["foreseen"]) == (1, 0)
    assert found.results[0].unforeseen


def test_no_secret_is_written_anywhere(
    pytester: pytest.Pytester, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    side = pytester.path / "secrets"
    monkeypatch.setenv("WITNESS", str(side))
    pytester.makepyfile(witness=WITNESS)
    result = run(
        ON,
        "bedrock-authcheck::token",
        *VARIED,
        "-vv",
        "--runxfail",
        "-rA",
        "--showlocals",
        "--authcheck-report=r.jsonl",
        "--junitxml=r.xml",
        plugins=("witness",),
    )
    assert result.parseoutcomes()["failed"] > 10
    shown = result.stdout.str() + result.stderr.str()
    shown += (pytester.path / "r.jsonl").read_text(encoding="utf-8")
    shown += (pytester.path / "r.xml").read_text(encoding="utf-8")
    secrets = {json.loads(line) for line in side.read_text(encoding="utf-8").splitlines()}
    assert len(secrets) > 50
    for secret in secrets:
        encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
        for form in (secret, encoded, quote(secret, safe=""), quote_plus(secret), quote(secret)):
            assert form not in shown
