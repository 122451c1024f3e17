"""Short-term keys at the simulated service: by their signature, Region and time alone."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from aws_bedrock_token_generator import BedrockTokenGenerator
from botocore.credentials import Credentials

from bedrock_authcheck.model import BearerToken, CredentialSource
from bedrock_authcheck.services.authorization import (
    CORAL_DENIED,
    EXPIRED_KEY,
    NO_API_KEYS,
    UNKNOWN_KEY,
    Denial,
    authorize,
)
from bedrock_authcheck.services.ledger import Ledger
from bedrock_authcheck.wire.attribution import Keyring, observe
from bedrock_authcheck.wire.tokens import fake_short_term_key
from tests.simulated import REGION, Services, aws_canary, received

if TYPE_CHECKING:
    from bedrock_authcheck.model import AwsCredential
    from bedrock_authcheck.wire.attribution import Observation

SIGNER = aws_canary(CredentialSource.INSTANCE)
OTHER = aws_canary(CredentialSource.CONTAINER)
NOW = datetime.now(UTC)


def key_of(
    signer: AwsCredential = SIGNER,
    *,
    region: str = REGION,
    made: timedelta = timedelta(0),
    expires: int = 3600,
) -> str:
    return fake_short_term_key(signer, region=region, made_at=NOW + made, expires=expires)


def seen(value: str, keys: Keyring, region: str | None = REGION) -> Observation:
    exchange = replace(received({"Authorization": f"Bearer {value}"}), received_at=NOW)
    return observe(exchange, keys, region=region, scope_service="bedrock")


def decide(
    value: str, signer: AwsCredential | None = SIGNER, region: str | None = REGION
) -> Denial | None:
    """What is answered to the very token that a level provides, whatever is wrong with it."""
    held = BearerToken(CredentialSource.BEARER, value, signer=signer)
    observation = seen(value, Keyring((held,)), region)
    assert observation.credential == held
    return authorize(observation, accepts_api_key=True, region=region)


def altered(before: str, after: str) -> str:
    inner = base64.b64decode(key_of().removeprefix("bedrock-api-key-")).decode()
    assert inner.count(before) == 1
    return "bedrock-api-key-" + base64.b64encode(inner.replace(before, after).encode()).decode()


FORGED = {
    "signature": altered("X-Amz-Signature=", "X-Amz-Signature=0"),
    "signed by another": key_of(replace(SIGNER, secret=OTHER.secret)),
    "expiry": altered("X-Amz-Expires=3600", "X-Amz-Expires=7200"),
    "Region": altered("eu-central-1", "eu-central-2"),
    "key id": altered(SIGNER.key_id, OTHER.key_id),
    "unknown signer": key_of(OTHER),
    "another session token": key_of(replace(SIGNER, session_token="FAKE/other")),
    "no session token": key_of(replace(SIGNER, session_token=None)),
    "another host": altered("bedrock.amazonaws.com/", "sts.amazonaws.com/"),
    "no base64": key_of()[:-1] + "?",
}


def test_a_key_that_is_genuine_is_let_in() -> None:
    assert decide(key_of()) is None
    assert decide(f" {key_of()}") is None


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_key_is_refused_in_any_region(name: str) -> None:
    assert decide(FORGED[name]) == UNKNOWN_KEY
    assert decide(FORGED[name], region=None) == UNKNOWN_KEY


def test_a_key_that_is_signed_and_of_another_format_is_refused() -> None:
    for key in (altered("&Version=1", ""), altered("&Version=1", "&Version=2")):
        assert decide(key) == UNKNOWN_KEY


def test_a_key_that_nobody_is_known_to_have_signed_is_refused() -> None:
    assert decide(key_of(), signer=None) == UNKNOWN_KEY


@pytest.mark.parametrize(
    ("key", "denial"),
    [
        (key_of(made=timedelta(seconds=-3599)), None),
        (key_of(made=timedelta(seconds=-3601)), EXPIRED_KEY),
        (key_of(made=timedelta(hours=-1, seconds=-1), region="us-west-2"), UNKNOWN_KEY),
        (key_of(expires=43_200), None),
        (key_of(expires=43_201), UNKNOWN_KEY),
        (key_of(expires=43_201, made=timedelta(hours=-13)), UNKNOWN_KEY),
        (key_of(expires=0), UNKNOWN_KEY),
        (key_of(made=timedelta(minutes=4)), None),
        (key_of(made=timedelta(minutes=6)), UNKNOWN_KEY),
    ],
)
def test_a_key_is_good_for_its_time_and_for_12_hours_at_most(
    key: str, denial: Denial | None
) -> None:
    assert decide(key) == denial


def test_a_key_is_good_in_its_region_alone() -> None:
    assert decide(key_of(), region="us-west-2") == UNKNOWN_KEY
    assert decide(key_of(region="us-west-2"), region="us-west-2") is None
    assert decide(key_of(), region=None) is None


def test_a_key_that_was_made_with_a_credential_in_play_is_its_and_a_forged_one_nobodys() -> None:
    """As AWS, the service has never seen the key before."""
    keys = Keyring((SIGNER,))
    genuine = seen(key_of(), keys)
    assert genuine.credential == BearerToken(CredentialSource.BEARER, key_of(), signer=SIGNER)
    assert authorize(genuine, accepts_api_key=True, region=REGION) is None
    assert authorize(genuine, accepts_api_key=False, region=REGION) == NO_API_KEYS
    for name, key in FORGED.items():
        assert seen(key, keys).credential is None, name
    # Who is known as the signer of one token has made others, too.
    held = BearerToken(CredentialSource.BEARER, key_of(), signer=SIGNER)
    assert seen(key_of(expires=60), Keyring((held,))).credential is not None


def test_a_key_that_the_generator_makes_of_a_role_is_taken_by_the_endpoint(
    services: Services,
) -> None:
    ledger = services.endpoint.open(Ledger(Keyring((SIGNER,)), REGION))
    role = Credentials(SIGNER.key_id, SIGNER.secret, SIGNER.session_token)
    answers = [
        services.post({"Authorization": f"Bearer {key}"})
        for key in (
            BedrockTokenGenerator().get_token(role, REGION),
            BedrockTokenGenerator().get_token(role, "us-west-2"),
            FORGED["expiry"],
            key_of(made=timedelta(hours=-2)),
        )
    ]
    assert [answer.status for answer in answers] == [200, 403, 403, 403]
    assert {answer.headers["x-amzn-errortype"] for answer in answers[1:]} == {CORAL_DENIED}
    messages = [json.loads(answer.body)["Message"] for answer in answers[1:]]
    assert messages == [UNKNOWN_KEY.message, UNKNOWN_KEY.message, EXPIRED_KEY.message]
    assert [o.source for o in ledger.observations] == ["bearer", "bearer", None, "bearer"]


def test_neither_the_key_nor_its_signer_is_shown() -> None:
    held = BearerToken(CredentialSource.BEARER, key_of(), signer=SIGNER)
    observation = seen(FORGED["signature"], Keyring((held,)))
    told = repr((held, observation, decide(key_of()), decide(FORGED["signature"])))
    assert key_of()[16:40] not in told
    assert not [secret for secret in SIGNER.secrets().values() if secret in told]
