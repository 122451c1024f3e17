"""What the token services give, and to whom they give nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest

from bedrock_authcheck.model import CredentialSource, Exchange, Variant
from bedrock_authcheck.services.grants import Grants
from bedrock_authcheck.services.ledger import Ledger
from bedrock_authcheck.services.metadata import ACCOUNT, ROLE, ROLE_ARN
from bedrock_authcheck.wire.attribution import Keyring
from tests.simulated import REGION, aws_canary, send, sigv4_headers

if TYPE_CHECKING:
    from bedrock_authcheck.model import Origin
    from bedrock_authcheck.services.http import Answer
    from tests.simulated import Response, Services

GRANTED = aws_canary(CredentialSource.CONFIG, temporary=True)
SIGNER = aws_canary(CredentialSource.SHARED)
OTHER = aws_canary(CredentialSource.ENVIRONMENT)
PORTAL = f"/federation/credentials?role_name={ROLE}&account_id={ACCOUNT}"


def sts(action: str, **parameters: str) -> Exchange:
    fields = {"Action": action, "Version": "2011-06-15", "RoleArn": ROLE_ARN, **parameters}
    return Exchange("sts", "POST", "/", (), urlencode(fields).encode())


def body(answer: Answer | None) -> bytes:
    assert answer is not None
    assert isinstance(answer.body, bytes)
    return answer.body


def handed_out(text: bytes) -> dict[str, str | None]:
    fields = {element.tag.partition("}")[2]: element.text for element in ET.fromstring(text).iter()}
    return {name: fields.get(name) for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")}


WHOLE = {
    "AccessKeyId": GRANTED.key_id,
    "SecretAccessKey": GRANTED.secret,
    "SessionToken": GRANTED.session_token,
}


def test_a_role_is_given_to_the_keys_that_may_assume_it() -> None:
    grants = Grants(roles={Variant.SOURCE_PROFILE: GRANTED})
    given = grants.answer(sts("AssumeRole", RoleSessionName="a<b"), Variant.SOURCE_PROFILE)
    assert handed_out(body(given)) == WHOLE


@pytest.mark.parametrize("signer", [None, CredentialSource.CONFIG])
def test_a_role_is_given_to_nobody_else(signer: Origin | None) -> None:
    grants = Grants(roles={Variant.SOURCE_PROFILE: GRANTED})
    refused = grants.answer(sts("AssumeRole"), signer)
    assert refused is not None
    assert refused.status == 403
    assert GRANTED.key_id.encode() not in body(refused)


def test_another_role_is_given_to_nobody() -> None:
    grants = Grants(roles={Variant.SOURCE_PROFILE: GRANTED})
    another = sts("AssumeRole", RoleArn=f"{ROLE_ARN}-of-another")
    refused = grants.answer(another, Variant.SOURCE_PROFILE)
    assert refused is not None
    assert refused.status == 403


def test_a_web_identity_needs_its_token_and_no_signature() -> None:
    grants = Grants(web_identities={"right": GRANTED})
    action = "AssumeRoleWithWebIdentity"
    assert handed_out(body(grants.answer(sts(action, WebIdentityToken="right"), None))) == WHOLE
    for others in ({"WebIdentityToken": "wrong"}, {}):
        refused = grants.answer(sts(action, **others), Variant.SOURCE_PROFILE)
        assert refused is not None
        assert refused.status == 403


@pytest.mark.parametrize(
    ("token", "target", "status"),
    [
        ("right", PORTAL, 200),
        ("wrong", PORTAL, 401),
        ("", PORTAL, 401),
        ("right", PORTAL.replace(ACCOUNT, "111111111111"), 401),
        ("right", PORTAL.replace(ROLE, "other"), 401),
    ],
)
def test_the_portal_gives_a_role_of_the_account_to_the_access_token(
    token: str, target: str, status: int
) -> None:
    headers = (("x-amz-sso_bearer_token", token),) if token else ()
    answer = Grants(portal={"right": GRANTED}).answer(Exchange("sso", "GET", target, headers), None)
    assert answer is not None
    assert answer.status == status
    given = json.loads(body(answer)).get("roleCredentials", {})
    assert (given.get("secretAccessKey") == GRANTED.secret) is (status == 200)


@pytest.mark.parametrize(
    "exchange",
    [
        sts("GetCallerIdentity"),
        replace(sts("AssumeRole"), service="bedrock-runtime"),
        Exchange("sso", "POST", "/logout", ()),
    ],
)
def test_nothing_else_is_answered(exchange: Exchange) -> None:
    grants = Grants(roles={Variant.SOURCE_PROFILE: GRANTED}, portal={"right": GRANTED})
    assert grants.answer(exchange, Variant.SOURCE_PROFILE) is None


def assume(services: Services, secret_of_another: bool) -> Response:
    content = sts("AssumeRole", RoleSessionName="test").body
    keys = replace(SIGNER, secret=OTHER.secret) if secret_of_another else SIGNER
    headers = sigv4_headers(keys, services.host("sts"), "/", body=content, service="sts")
    url, bundle = services.endpoint.urls()["sts"], services.endpoint.ca_bundle
    return send(url, "/", headers, ca=bundle, body=content)


@pytest.mark.parametrize("wrong", [False, True])
def test_the_signature_of_who_assumes_a_role_is_verified(
    services: Services, *, wrong: bool
) -> None:
    grants = Grants(roles={CredentialSource.SHARED: GRANTED})
    services.endpoint.open(Ledger(Keyring((SIGNER, OTHER)), REGION, grants))
    answer = assume(services, secret_of_another=wrong)
    assert answer.status == (403 if wrong else 200)
    assert (GRANTED.secret.encode() in answer.body) is not wrong
