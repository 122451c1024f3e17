from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from bedrock_authcheck.checks.trial import Expectation, Trial, Turn
from bedrock_authcheck.clients.contract import Call, CallResult
from bedrock_authcheck.model import CredentialSource, Outcome, Verdict
from bedrock_authcheck.report.result import ScenarioResult, request_json, result_of
from bedrock_authcheck.wire.attribution import Keyring, observe
from bedrock_authcheck.wire.redaction import Redactor
from tests.simulated import (
    REGION,
    aws_canary,
    received,
    received_from,
    sigv4_headers,
    token_canary,
)

if TYPE_CHECKING:
    from bedrock_authcheck.model import Exchange

TOKEN = token_canary(CredentialSource.BEARER)
FOREIGN = token_canary(CredentialSource.BEARER)
SHARED = aws_canary(CredentialSource.SHARED, temporary=True)
KEYS = Keyring((TOKEN, SHARED))
SECRETS = [*TOKEN.secrets().values(), *FOREIGN.secrets().values(), *SHARED.secrets().values()]
FAILED = Verdict("CHAIN-1", Outcome.FAILED, "this", "that", "why")
PASSED = Verdict("AUTH-3", Outcome.PASSED)
FORESEEN = Verdict("TOKEN-1", Outcome.FAILED, deviation="boto3-blank-token")


def _result(*verdicts: Verdict, stale: tuple[str, ...] = ()) -> ScenarioResult:
    return ScenarioResult("id", "bedrock", "Op", (), (), verdicts, stale=stale)


CALL = Call("bedrock-runtime", "Converse")
EXPECTED = Expectation((CredentialSource.BEARER,))


def _of(*exchanges: Exchange, verdict: Verdict = PASSED, error: str = "") -> ScenarioResult:
    observations = tuple(
        observe(e, KEYS, region=REGION, scope_service="bedrock", operation="Converse")
        for e in exchanges
    )
    said = CallResult(ok=not error, error_type="Error" if error else "", error=error)
    trial = Trial(
        call=CALL,
        present=(CredentialSource.BEARER,),
        expectation=Expectation((CredentialSource.BEARER,)),
        keyring=KEYS,
        region=REGION,
        scope_service="bedrock",
        turns=(Turn(CALL, EXPECTED, said, observations),),
        observations=observations,
        broken=(CredentialSource.SHARED,),
        foreign=(FOREIGN,),
    )
    return result_of("bedrock-authcheck::g::n", trial, (verdict,), ("stale-one",))


@pytest.mark.parametrize(
    ("outcomes", "gravest"),
    [
        (["passed", "failed", "error"], "error"),
        (["warning", "failed", "passed"], "failed"),
        (["passed", "warning"], "warning"),
        (["skipped", "passed", "not offered"], "passed"),
        (["not observable", "skipped", "not offered"], "not observable"),
        (["not offered", "skipped"], "not offered"),
        (["skipped"], "skipped"),
    ],
)
def test_the_gravest_verdict_is_the_outcome(outcomes: list[str], gravest: str) -> None:
    assert _result(*(Verdict("CHAIN-1", Outcome(o)) for o in outcomes)).outcome == gravest


def test_whether_an_outcome_was_foreseen_is_a_second_axis() -> None:
    foreseen = _result(PASSED, FORESEEN)
    assert (foreseen.outcome, foreseen.unforeseen) == (Outcome.FAILED, False)
    assert foreseen.deviations == ("boto3-blank-token",)
    beside = _result(FORESEEN, FAILED)
    assert (beside.outcome, beside.unforeseen) == (Outcome.FAILED, True)
    stale = _result(PASSED, stale=("x",))
    assert (stale.outcome, stale.unforeseen) == (Outcome.PASSED, True)
    warned = _result(Verdict("AUTH-9", Outcome.WARNING))
    assert (warned.outcome, warned.unforeseen) == (Outcome.WARNING, False)


def test_a_deviation_is_named_once() -> None:
    assert _result(FORESEEN, FORESEEN).deviations == ("boto3-blank-token",)


def test_a_result_survives_the_way_through_json() -> None:
    result = _of(received_from(TOKEN), received_from(SHARED, number=2), verdict=FAILED, error="no")
    line = json.dumps(result.as_json())
    assert ScenarioResult.from_json(json.loads(line)) == result
    assert json.loads(line)["outcome"] == "failed"
    assert json.loads(line)["unforeseen"] is True


def test_a_request_is_kept_as_received_with_its_evidence() -> None:
    (kept,) = _of(received_from(SHARED, body=b"twelve bytes")).requests
    assert kept["line"].startswith("bedrock-runtime  POST /model/")
    assert (kept["service"], kept["operation"]) == ("bedrock-runtime", "Converse")
    assert (kept["scheme"], kept["source"]) == ("sigv4", "shared")
    assert kept["scope"].endswith(f"/{REGION}/bedrock")
    assert "host" in kept["signed_headers"]
    assert kept["signature_valid"] is True
    assert kept["body_bytes"] == 12
    assert (kept["protocol"], kept["tls"], kept["complete"]) == ("HTTP/1.1", "TLSv1.3", True)
    assert kept["received_at"].endswith("+00:00")
    assert [name for name, _ in kept["headers"]][:2] == ["Host", "X-Amz-Date"]


def test_a_request_by_nobody_has_nobodys_evidence() -> None:
    (kept,) = _of(received()).requests
    assert (kept["scheme"], kept["source"], kept["scope"]) == ("unsigned", None, None)
    assert kept["signature_valid"] is None


@pytest.mark.parametrize("secret", SECRETS, ids=range(len(SECRETS)))
def test_no_secret_is_in_a_result_wherever_it_travelled(secret: str) -> None:
    encoded = base64.b64encode(f"x{secret}".encode()).decode()
    exchanges = (
        received_from(TOKEN),
        received_from(SHARED),
        received({"X-Custom": f"a {secret} b", "X-Encoded": encoded, "Authorization": secret}),
        received(target=f"/model/{quote(secret, safe='')}/converse?key={quote(secret)}"),
        received({"Authorization": f"Bearer {secret}, Bearer {secret}"}, body=secret.encode()),
    )
    verdict = Verdict("AUTH-1", Outcome.FAILED, f"e {secret}", f"o {secret}", f"r {secret}")
    told = json.dumps(_of(*exchanges, verdict=verdict, error=f"invalid {secret!r}").as_json())
    assert secret not in told
    assert secret not in json.loads(json.dumps(told))
    assert encoded not in told
    assert quote(secret, safe="") not in told


def test_redaction_keeps_who_it_was() -> None:
    result = _of(received_from(SHARED), error=f"the secret {SHARED.secret} is wrong")
    assert result.results[0]["error"] == "the secret <secret of shared> is wrong"
    authorization = dict(map(tuple, result.requests[0]["headers"]))["Authorization"]
    assert "AWS4-HMAC-SHA256" in authorization
    assert "L4SHARED" in authorization


def test_no_repr_of_a_request_shows_what_travels_in_its_url() -> None:
    exchange = received(target=f"/model/m/converse?key={TOKEN.value}")
    assert TOKEN.value not in repr(observe(exchange, KEYS, region=None, scope_service="bedrock"))


def test_the_scenario_and_its_levels_are_names() -> None:
    result = _of()
    assert (result.id, result.service, result.operation) == (
        "bedrock-authcheck::g::n",
        "bedrock-runtime",
        "Converse",
    )
    assert (result.present, result.broken, result.stale) == (
        ("bearer",),
        ("shared",),
        ("stale-one",),
    )
    assert result.results == ({"ok": True, "error_type": "", "error": ""},)


def test_a_presigned_request_is_kept_without_its_signature() -> None:
    signature = "ab" * 32
    exchange = received(
        sigv4_headers(SHARED, "127.0.0.1:443"), target=f"/?X-Amz-Signature={signature}"
    )
    observation = observe(exchange, KEYS, region=REGION, scope_service="bedrock")
    assert signature not in json.dumps(request_json(observation, Redactor(KEYS.credentials)))
