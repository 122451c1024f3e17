from __future__ import annotations

from bedrock_authcheck.clients.contract import Call, CallResult, ClientSettings, Preference


def test_no_repr_shows_what_may_hold_a_secret() -> None:
    secret = "FAKE/secret"
    settings = ClientSettings(keys={"aws_secret_access_key": secret}, region="eu-central-1")
    result = CallResult(ok=False, error_type="ValueError", error=f"header {secret}")
    assert secret not in repr(settings) + repr(result)
    assert "eu-central-1" in repr(settings)
    assert "ValueError" in repr(result)


def test_a_call_asks_for_minimal_parameters_unless_told_otherwise() -> None:
    call = Call("bedrock-runtime", "Converse")
    assert call.parameters is None
    assert not call.paginate


def test_every_preference_reads_as_a_sentence_part() -> None:
    assert {str(preference) for preference in Preference} == {
        "sigv4 by signature version",
        "sigv4 by auth scheme preference",
        "bearer by signature version",
        "bearer by auth scheme preference",
        "anonymous",
    }
