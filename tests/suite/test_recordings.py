"""The group `recording`: what is told of recordings that are right, wrong, live and simulated."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_authcheck.checks.recorded import (
    Answer,
    answer_of,
    cassette_fault,
    compare,
    not_live,
    request_fault,
)
from bedrock_authcheck.model import Outcome
from bedrock_authcheck.recording.cassette import Cassette, CassetteError, Origin, Recording
from bedrock_authcheck.recording.plan import Plan
from bedrock_authcheck.recording.reading import read_cassette
from bedrock_authcheck.recording.writing import write_cassette
from bedrock_authcheck.suite.planned import shipped_folder
from bedrock_authcheck.suite.shipped import main, record_simulated
from tests.releases import LEAKS
from tests.suite.live import OFFERED, STEPS, WHEN, of_aws, shipped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def headers_of(name: str) -> dict[str, str]:
    return dict(shipped(name).recordings[0].headers)


@pytest.mark.parametrize("name", STEPS)
def test_every_step_has_a_cassette_that_ships_and_says_that_it_is_simulated(name: str) -> None:
    cassette = shipped(name)
    assert cassette.provenance
    assert cassette.provenance.origin is Origin.SIMULATED
    assert cassette.provenance.regions == (Plan().region,)
    assert cassette_fault(STEPS[name], cassette) is None


def test_no_other_file_ships_beside_them() -> None:
    assert {path.name for path in shipped_folder().iterdir()} == {f"{name}.yaml" for name in STEPS}


def undated(cassette: Cassette) -> str:
    """A cassette's text without the time of its recording and the versions of what made it."""
    assert cassette.provenance
    made_by = dict.fromkeys(cassette.provenance.clients, "")
    provenance = replace(cassette.provenance, recorded_at="", clients=made_by, tool="")
    return write_cassette(replace(cassette, provenance=provenance))


def test_what_ships_is_what_the_documented_command_makes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 0
    written = capsys.readouterr().out.split()
    assert written == [str(tmp_path / f"{name}.yaml") for name in OFFERED]
    for name in OFFERED:
        if LEAKS and not STEPS[name].raw:
            continue  # so old a botocore sends other headers
        path = shipped_folder() / f"{name}.yaml"
        made, ships = read_cassette(tmp_path / path.name), read_cassette(path)
        assert undated(made) == undated(ships), f"record it anew: see {shipped_folder().parent}"
        assert path.read_text(encoding="utf-8") == write_cassette(ships)


def test_a_live_recording_is_not_replaced_by_a_simulated_one(tmp_path: Path) -> None:
    path = tmp_path / "converse-bearer.yaml"
    path.write_text(write_cassette(of_aws("converse-bearer")), encoding="utf-8")
    before = path.read_bytes()
    with pytest.raises(CassetteError, match=r"is recorded from AWS: delete it to have a simulated"):
        next(record_simulated(tmp_path))
    assert path.read_bytes() == before


def test_an_answer_is_read_whatever_its_spelling() -> None:
    refused = shipped("bearer-on-retrieve").recordings[0]
    text = "This operation does not support API Keys"
    assert answer_of(refused) == Answer(403, "AccessDeniedException", "Message", text)
    assert str(answer_of(refused)) == f'403 AccessDeniedException {{"Message": "{text}"}}'
    assert str(answer_of(shipped("converse-bearer").recordings[0])) == "200"
    typed = Recording("POST", "/", status=400, answer_body=b'{"__type":"a#B","message":1}')
    assert answer_of(typed) == Answer(400, "B", "message", "1")
    for body in (b"", b"<html>", b"[]", b"\xff"):
        assert answer_of(Recording("POST", "/", status=502, answer_body=body)) == Answer(502)


REFUSAL = STEPS["bearer-on-retrieve"]


def test_what_aws_answers_alike_passes_and_what_it_decides_otherwise_fails() -> None:
    simulated = shipped(REFUSAL.name).recordings[0]
    (live,) = of_aws(REFUSAL.name).recordings
    (verdict,) = compare(REFUSAL, live, simulated, WHEN, strict=False)
    assert (verdict.rule, verdict.outcome) == ("LIMIT-2", Outcome.PASSED)
    assert f"(AWS, {WHEN})" in verdict.observed

    let_in = replace(live, status=200, answer_body=b"{}")
    (verdict,) = compare(REFUSAL, let_in, simulated, WHEN, strict=False)
    assert verdict.outcome is Outcome.FAILED
    assert verdict.reason == (
        "Retrieve with the token: AWS answered 200, otherwise than the simulated service"
    )
    assert verdict.observed == f"200 (AWS, {WHEN})"
    assert verdict.expected.startswith("403 AccessDeniedException {")

    other_type = tuple(h for h in live.answer_headers if h[0].lower() != "x-amzn-errortype")
    untyped = replace(live, answer_headers=other_type)
    (verdict,) = compare(REFUSAL, untyped, simulated, WHEN, strict=False)
    assert verdict.outcome is Outcome.FAILED


@pytest.mark.parametrize(
    "body",
    [
        b'{"Message": "No API keys here"}',
        b'{"message": "This operation does not support API Keys"}',
    ],
)
def test_other_words_warn_and_fail_when_strict(body: bytes) -> None:
    simulated = shipped(REFUSAL.name).recordings[0]
    live = of_aws(REFUSAL.name, answer_body=body).recordings[0]
    (verdict,) = compare(REFUSAL, live, simulated, WHEN, strict=False)
    assert verdict.outcome is Outcome.WARNING
    assert "in other words than the simulated service" in verdict.reason
    (verdict,) = compare(REFUSAL, live, simulated, WHEN, strict=True)
    assert verdict.outcome is Outcome.FAILED


@pytest.mark.parametrize("origin", [Origin.SIMULATED, Origin.OTHER])
def test_what_aws_did_not_answer_never_passes(origin: Origin) -> None:
    verdicts = list(not_live(STEPS["converse-bearer"], origin))
    assert [verdict.rule for verdict in verdicts] == ["AUTH-1", "LIMIT-8"]
    assert {verdict.outcome for verdict in verdicts} == {Outcome.NOT_OBSERVABLE}
    assert all("pytest --bedrock-authcheck --record" in verdict.reason for verdict in verdicts)


def with_header(name: str, header: str, value: str) -> Cassette:
    kept = tuple(h for h in shipped(name).recordings[0].headers if h[0].lower() != header.lower())
    return of_aws(name, headers=(*kept, (header, value)))


SIGNATURE = headers_of("converse-iam")["Authorization"]
WRONG: dict[str, tuple[Cassette, str]] = {
    # A probe that was recorded as bearer and was SigV4, told and untold.
    "bearer-on-list-projects": (
        with_header("bearer-on-list-projects", "Authorization", SIGNATURE),
        "bearer-on-list-projects asks for bearer, and what was recorded is sigv4",
    ),
    "invalid-token": (
        with_header("invalid-token", "X-Amz-Date", "20000101T000000Z"),
        "invalid-token was recorded as bearer, but has traces of SigV4: ",
    ),
    "empty-token": (
        with_header("empty-token", "Authorization", headers_of("invalid-token")["Authorization"]),
        "empty-token asks for an empty token, and one stands behind the recorded Bearer",
    ),
    "bearer-on-list-agents": (
        with_header("bearer-on-list-agents", "Authorization", "Bearer "),
        "bearer-on-list-agents asks for the token, and none stands behind the recorded Bearer",
    ),
    "invoke-model-iam": (
        of_aws("invoke-model-iam", headers=()),
        "invoke-model-iam asks for sigv4, and what was recorded is unsigned",
    ),
    # A simulated one that claims to be live.
    "wrong-signature": (
        replace(of_aws("wrong-signature"), recordings=shipped("wrong-signature").recordings),
        "it claims to be recorded from AWS, and its answer is the simulated service's",
    ),
    "converse-iam": (
        replace(of_aws("converse-iam"), recordings=of_aws("converse-iam").recordings * 2),
        "it holds 2 recordings, and the step is one request",
    ),
    "list-foundation-models-iam": (
        replace(of_aws("list-foundation-models-iam"), provenance=None),
        "it is another recorder's: ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_recording_that_is_not_the_steps_is_told(name: str) -> None:
    cassette, fault = WRONG[name]
    assert (cassette_fault(STEPS[name], cassette) or "").startswith(fault)


@pytest.mark.parametrize("name", STEPS)
def test_the_right_ones_have_no_fault(name: str) -> None:
    live = of_aws(name)
    assert cassette_fault(STEPS[name], live) is None
    assert request_fault(STEPS[name], live.recordings[0]) is None


def project(folder: Path) -> None:
    """A project with recordings of its own: two right ones, and each thing that can be wrong."""
    folder.mkdir(parents=True)

    def put(name: str, cassette: Cassette) -> None:
        (folder / f"{name}.yaml").write_text(write_cassette(cassette), encoding="utf-8")

    for name, (cassette, _) in WRONG.items():
        if cassette.provenance is not None:
            put(name, cassette)
    plain = (shipped_folder() / "list-foundation-models-iam.yaml").read_text(encoding="utf-8")
    start, end = plain.index("interactions:"), plain.index("bedrock_authcheck_end:")
    (folder / "list-foundation-models-iam.yaml").write_text(plain[start:end], encoding="utf-8")
    put("converse-bearer", of_aws("converse-bearer"))
    put("bearer-on-retrieve", of_aws("bearer-on-retrieve", status=200, answer_body=b"{}"))
    worded = b'{"message": "x"}'
    put("invoke-model-bearer", of_aws("invoke-model-bearer", status=403, answer_body=worded))
    uri = shipped("converse-stream-iam").recordings[0].uri.replace("haiku", "other")
    put("converse-stream-iam", of_aws("converse-stream-iam", uri=uri))
    other = of_aws("converse-stream-bearer")
    assert other.provenance
    put(
        "converse-stream-bearer",
        replace(other, provenance=replace(other.provenance, origin=Origin.OTHER)),
    )
    path = folder / "list-foundation-models-bearer.yaml"
    text = (shipped_folder() / path.name).read_text(encoding="utf-8")
    path.write_text(text.replace("origin: simulated", "origin: aws"), encoding="utf-8")


EXPECTED = {
    **{name: ("failed", fault) for name, (_, fault) in WRONG.items()},
    "converse-bearer": ("passed", ""),
    "bearer-on-retrieve": ("failed", "200 (AWS, "),
    "invoke-model-bearer": ("failed", '403 {"message": "x"} (AWS, '),
    "converse-stream-iam": ("failed", "its replay failed: no recording answers POST /model/"),
    "converse-stream-bearer": ("not observable", "recorded from a host that is not proven to be"),
    "list-foundation-models-bearer": ("failed", "was changed after it was recorded: "),
    "count-tokens-bearer": ("not observable", "recorded from the simulated service, which proves"),
    "count-tokens-iam": ("not observable", "recorded from the simulated service, which proves"),
}


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    for name in [name for name in os.environ if name.startswith(("PYTEST_XDIST_", "COV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def start(*args: str) -> pytest.RunResult:
        plugins = ("-p", "bedrock_authcheck.plugin", "-p", "xdist")
        return pytester.runpytest_subprocess(
            *plugins, "--bedrock-authcheck", "--authcheck-report=r.jsonl", *args, timeout=120
        )

    return start


def results(pytester: pytest.Pytester) -> dict[str, dict[str, Any]]:
    lines = map(json.loads, (pytester.path / "r.jsonl").read_text(encoding="utf-8").splitlines())
    return {line["id"].rpartition("::")[2]: line for line in lines if line["type"] == "scenario"}


def test_recordings_of_the_project_are_judged_one_by_one(
    pytester: pytest.Pytester, run: Callable[..., pytest.RunResult]
) -> None:
    assert EXPECTED.keys() == STEPS.keys()
    project(pytester.path / "cassettes/bedrock-authcheck")
    result = run("bedrock-authcheck::recording")
    found = results(pytester)
    for name in OFFERED:
        outcome, words = EXPECTED[name]
        assert found[name]["outcome"] == outcome, name
        for verdict in found[name]["verdicts"]:
            assert verdict["outcome"] == outcome, name
            assert words in verdict["observed"] + verdict["reason"], name
        assert [v["rule"] for v in found[name]["verdicts"]] == [*STEPS[name].rules]
    text = result.stdout.str()
    assert (
        "LIMIT-2 failed: Retrieve with the token: AWS answered 200, otherwise than the simulated "
        "service"
    ) in text
    assert "again     pytest --bedrock-authcheck bedrock-authcheck::recording::bearer-on" in text
    assert "the recording bedrock-authcheck/wrong-signature.yaml proves nothing" in text


def test_what_ships_is_not_observable_and_never_passes(
    pytester: pytest.Pytester, run: Callable[..., pytest.RunResult]
) -> None:
    result = run("bedrock-authcheck::recording", "-n", "2", "-rs")
    result.assert_outcomes(skipped=len(STEPS))
    assert {line["outcome"] for name, line in results(pytester).items() if name in OFFERED} == {
        "not observable"
    }
    assert "proves nothing of AWS; to record live: pytest --bedrock-authcheck --record" in (
        result.stdout.str()
    )


def test_a_recording_of_another_model_is_replayed_by_the_plan_of_the_project(
    pytester: pytest.Pytester, run: Callable[..., pytest.RunResult]
) -> None:
    """Its ini keys say which; without them the recording is missed, and told what differs."""
    folder = pytester.path / "cassettes/bedrock-authcheck"
    folder.mkdir(parents=True)
    uri = shipped("converse-bearer").recordings[0].uri.replace("haiku", "other")
    text = write_cassette(of_aws("converse-bearer", uri=uri))
    (folder / "converse-bearer.yaml").write_text(text, encoding="utf-8")
    one = "bedrock-authcheck::recording::converse-bearer"
    model = Plan().model.replace("haiku", "other")
    run(one, "-o", f"authcheck_record_model={model}")
    assert results(pytester)["converse-bearer"]["outcome"] == "passed"
    run(one)
    assert results(pytester)["converse-bearer"]["outcome"] == "failed"
    result = run(one, "-o", "authcheck_record_model=unheard-of")
    assert results(pytester)["converse-bearer"]["outcome"] == "error"
    assert "the recording plan (authcheck_record_region, authcheck_record_model): the model " in (
        result.stdout.str()
    )
