"""`assert_signed_by`: its whole text, for each way to be wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bedrock_authcheck.checks.signed_by import failure
from bedrock_authcheck.model import CredentialSource
from bedrock_authcheck.wire.attribution import observe
from tests.checks.trials import CONFIG, INSTANCE, KEYS, SHARED, TOKEN, seen
from tests.simulated import REGION, aws_canary, received, received_from, sigv4_headers

HOST = "127.0.0.1:443"
BY_TOKEN = seen(received_from(TOKEN), 1)
BY_SHARED = seen(received_from(SHARED), 2)
UNSIGNED = seen(received(), 3)
PRESENT = (CredentialSource.BEARER, CredentialSource.SHARED)
REQUEST = "bedrock-runtime  POST /model/simulated.model-v1%3A0/converse  (HTTP/1.1, TLSv1.3) → 200"
SHARED_SEEN = f"sigv4  ~/.aws/credentials [default]  AKIA…L4SHARED  bedrock/{REGION}"


@pytest.mark.parametrize(
    ("by", "right"),
    [("bearer", BY_TOKEN), ("shared", BY_SHARED), ("sigv4", BY_SHARED), ("unsigned", UNSIGNED)],
)
def test_what_is_signed_by_that_level_or_scheme_is_no_failure(by: str, right: object) -> None:
    for one in (BY_TOKEN, BY_SHARED, UNSIGNED):
        told = failure(by, [one], present=PRESENT)
        assert (told is None) is (one is right)


def test_another_level_is_told_in_full() -> None:
    operation = replace(BY_SHARED, operation="Converse")
    assert failure("bearer", [BY_TOKEN, operation], present=PRESENT) == (
        "Converse was authenticated by level 4 shared credentials file, expected bearer\n"
        "  present   1 bearer token · 4 shared credentials file\n"
        "  expected  bearer  AWS_BEARER_TOKEN_BEDROCK\n"
        f"  observed  {SHARED_SEEN}\n"
        f"  request   {REQUEST}\n"
        "  which     request 2 of 2"
    )


def test_nobody_is_told_in_full() -> None:
    assert failure("sigv4", [UNSIGNED], present=()) == (
        "the request was sent unsigned, expected sigv4\n"
        "  present   nothing\n"
        "  expected  sigv4\n"
        "  observed  unsigned\n"
        f"  request   {REQUEST}"
    )


@pytest.mark.parametrize("by", ["shared", "sigv4"])
def test_the_right_level_with_a_wrong_signature_is_told(by: str) -> None:
    elsewhere = seen(received(sigv4_headers(SHARED, HOST, region="us-west-2")))
    told = failure(by, [elsewhere], present=PRESENT)
    assert told is not None
    assert (
        "bedrock/us-west-2\n            wrong scope: the Region of the scope is 'us-west-2', "
        f"expected '{REGION}'\n"
    ) in told


def test_a_scheme_by_a_stranger_cannot_be_verified_and_is_told() -> None:
    stranger = seen(received_from(aws_canary(CredentialSource.CONFIG)))
    told = failure("sigv4", [stranger], present=PRESENT)
    assert told is not None
    assert (
        "a credential of no level here  ASIA…L5CONFIG  bedrock/eu-central-1\n"
        "            a signature that cannot be verified: its key id is no level's here\n"
    ) in told


def test_one_request_of_several_is_chosen_by_its_index_and_service() -> None:
    elsewhere = replace(BY_SHARED, exchange=replace(BY_SHARED.exchange, service="sts"))
    both = [BY_TOKEN, elsewhere, BY_SHARED]
    assert failure("bearer", both, present=PRESENT, request=0) is None
    assert failure("shared", both, present=PRESENT, request=-1) is None
    assert failure("shared", both, present=PRESENT, service="sts") is None
    told = failure("bearer", both, present=PRESENT, service="bedrock-runtime")
    assert told is not None
    assert told.endswith("  which     request 2 of 2")
    assert failure("bearer", both, present=PRESENT, service="bedrock-runtime", request=0) is None


def test_a_request_that_is_not_there_is_an_error_that_says_how_many_are() -> None:
    with pytest.raises(IndexError, match=r"\Athere is no request 2: 2 seen\Z"):
        failure("bearer", [BY_TOKEN, BY_TOKEN], present=PRESENT, request=2)


def test_no_request_and_none_to_a_service_are_told_with_what_to_do() -> None:
    told = failure("bearer", [], present=PRESENT)
    assert told == (
        "no request seen: nothing reached the loopback endpoint\n"
        "  A client that was built before the fixture ran, or that was given an endpoint of its\n"
        "  own, does not know this endpoint. Build the client inside the test, or in a fixture "
        "that asks\n"
        '  for bedrock_endpoint, or hand it bedrock_endpoint.url("bedrock-runtime").'
    )
    told = failure("bearer", [], present=PRESENT, refused_hosts=("b", "a", "b"))
    assert told is not None
    assert "endpoint\n  A connection to a, b was attempted and refused.\n  A client" in told
    sts = replace(BY_TOKEN, exchange=replace(BY_TOKEN.exchange, service="sts"))
    s3 = replace(BY_TOKEN, exchange=replace(BY_TOKEN.exchange, service="s3"))
    told = failure("bearer", [sts, s3, sts], present=PRESENT, service="bedrock")
    assert told == "no request to bedrock seen, but to s3, sts"


def test_what_is_neither_level_nor_scheme_is_an_error_that_lists_both() -> None:
    with pytest.raises(ValueError, match="choose from") as caught:
        failure("Bearer", [], present=())
    assert str(caught.value) == (
        "'Bearer' is no level and no auth scheme: choose from bearer, settings, environment, "
        "shared, config, instance, container, sigv4, sigv4-query, sigv4a, unsigned, conflicting, "
        "unrecognised"
    )


def test_no_secret_of_any_request_is_in_the_text() -> None:
    secrets = [*TOKEN.secrets().values(), *INSTANCE.secrets().values(), *CONFIG.secrets().values()]
    in_url = received_from(INSTANCE, target=f"/{TOKEN.value}/{INSTANCE.secret}")
    odd = observe(in_url, KEYS, region=REGION, scope_service="bedrock")
    told = failure("config", [BY_TOKEN, odd], present=PRESENT, request=1)
    assert told is not None
    assert not [secret for secret in secrets if secret in told]
    assert "<token of bearer>" in told
