from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bedrock_authcheck.model import (
    AuthScheme,
    BearerToken,
    CredentialSource,
    SignaturePart,
)
from bedrock_authcheck.wire.attribution import Keyring, observe
from bedrock_authcheck.wire.tokens import fake_short_term_key
from tests.simulated import REGION, aws_canary, received, received_from, sigv4_headers, token_canary

TOKEN = token_canary(CredentialSource.BEARER)
SHARED = aws_canary(CredentialSource.SHARED, temporary=False)
CONFIG = aws_canary(CredentialSource.CONFIG)
KEYS = Keyring((TOKEN, SHARED, CONFIG))
HOST = "127.0.0.1:443"


def test_credentials_are_found_by_what_a_request_shows() -> None:
    assert KEYS.token(TOKEN.value) is TOKEN
    assert KEYS.token(f" \t{TOKEN.value}\r\n") is TOKEN
    assert KEYS.key(SHARED.key_id) is SHARED
    assert KEYS.tokens == (TOKEN,)
    assert KEYS.aws == (SHARED, CONFIG)


def test_strangers_are_not_found() -> None:
    assert KEYS.token(TOKEN.value[:-1]) is None
    assert KEYS.token("") is None
    assert KEYS.key(SHARED.key_id.lower()) is None
    assert KEYS.key(None) is None
    assert Keyring().credentials == ()


@pytest.mark.parametrize("value", ["", " ", "\t\r\n"])
def test_a_blank_token_names_nobody(value: str) -> None:
    keys = Keyring((BearerToken(CredentialSource.BEARER, value),))
    assert keys.token(value) is None
    assert keys.token("") is None
    bare = received({"Authorization": "Bearer "})
    assert observe(bare, keys, region=None, scope_service="bedrock").source is None


def test_a_token_is_attributed_and_has_no_signature() -> None:
    seen = observe(received_from(TOKEN), KEYS, region=REGION, scope_service="bedrock")
    assert (seen.source, seen.signature) == (CredentialSource.BEARER, None)
    assert seen.evidence.scheme is AuthScheme.BEARER


@pytest.mark.parametrize("credential", [SHARED, CONFIG], ids=["long-term", "temporary"])
def test_a_signature_is_attributed_by_its_key_id_and_verified(
    credential: BearerToken,
) -> None:
    seen = observe(received_from(credential), KEYS, region=REGION, scope_service="bedrock")
    assert seen.credential is credential
    assert seen.signature is not None
    assert (seen.signature.valid, seen.signature.differs) == (True, None)


def test_who_is_named_and_who_signed_are_two_things() -> None:
    forged = replace(SHARED, secret=CONFIG.secret)
    seen = observe(received_from(forged), KEYS, region=REGION, scope_service="bedrock")
    assert seen.source is CredentialSource.SHARED
    assert seen.signature is not None
    assert not seen.signature.valid
    assert seen.signature.differs is SignaturePart.SECRET
    assert "config file" in seen.signature.text


def test_a_session_token_of_another_level_is_told_by_its_level() -> None:
    mixed = replace(SHARED, session_token=CONFIG.session_token)
    seen = observe(received_from(mixed), KEYS, region=REGION, scope_service="bedrock")
    assert seen.signature is not None
    assert seen.signature.differs is SignaturePart.SESSION_TOKEN
    assert "config file" in seen.signature.text


def test_any_region_or_the_one_that_is_asked_for() -> None:
    exchange = received(sigv4_headers(SHARED, HOST, region="us-west-2"))
    anywhere = observe(exchange, KEYS, region=None, scope_service="bedrock")
    here = observe(exchange, KEYS, region=REGION, scope_service="bedrock")
    assert anywhere.signature is not None
    assert anywhere.signature.differs is None
    assert here.signature is not None
    assert here.signature.differs is SignaturePart.SCOPE


def test_a_stranger_is_nobody_and_is_not_verified() -> None:
    stranger = aws_canary(CredentialSource.SHARED)
    seen = observe(received_from(stranger), KEYS, region=REGION, scope_service="bedrock")
    assert (seen.credential, seen.source, seen.signature) == (None, None, None)
    assert seen.evidence.key_id == stranger.key_id


@pytest.mark.parametrize(
    ("headers", "scheme"),
    [
        ({}, AuthScheme.UNSIGNED),
        ({"Authorization": "Basic RkFLRQ=="}, AuthScheme.UNRECOGNISED),
        ({"Authorization": "AWS4-HMAC-SHA256 nonsense"}, AuthScheme.SIGV4),
        (
            (
                *sigv4_headers(SHARED, HOST).items(),
                ("Authorization", f"Bearer {TOKEN.value}"),
            ),
            AuthScheme.CONFLICTING,
        ),
    ],
)
def test_what_names_nobody_is_nobodys(
    headers: dict[str, str] | tuple[tuple[str, str], ...], scheme: AuthScheme
) -> None:
    seen = observe(received(headers), KEYS, region=REGION, scope_service="bedrock")
    assert seen.evidence.scheme is scheme
    assert seen.source is None


def test_the_status_is_noted_on_a_copy() -> None:
    exchange = received_from(TOKEN, status=None)
    seen = observe(exchange, KEYS, region=None, scope_service="bedrock", operation="Converse")
    answered = seen.answered(403)
    assert (seen.exchange.status, answered.exchange.status) == (None, 403)
    assert replace(answered, exchange=exchange) == seen
    assert answered.operation == "Converse"


def test_no_repr_shows_a_secret() -> None:
    for credential in (TOKEN, SHARED, CONFIG):
        shown = repr(observe(received_from(credential), KEYS, region=None, scope_service="bedrock"))
        assert not any(value in shown for value in credential.secrets().values())


def test_a_key_id_that_is_not_there_is_nobodys_though_a_level_has_none_either() -> None:
    half = replace(SHARED, key_id="")
    keys = Keyring((half,))
    assert keys.key(None) is None
    assert keys.key("") is None
    malformed = received({"Authorization": "AWS4-HMAC-SHA256 nonsense"})
    assert observe(malformed, keys, region=REGION, scope_service="bedrock").credential is None


def test_a_stranger_is_none_and_not_something_else_that_is_false() -> None:
    assert observe(received({}), KEYS, region=None, scope_service="bedrock").credential is None


MADE = fake_short_term_key(CONFIG, region=REGION, made_at=datetime(2026, 3, 4, tzinfo=UTC))


def test_a_short_term_key_is_of_who_made_it_though_nobody_knew_it() -> None:
    found = KEYS.token(f" {MADE}\n")
    assert found is not None
    assert (found.source, found.value, found.signer) == (CredentialSource.BEARER, MADE, CONFIG)
    seen = observe(
        received({"Authorization": f"Bearer {MADE}"}), KEYS, region=REGION, scope_service="bedrock"
    )
    assert seen.credential == found


def test_a_short_term_key_of_the_signer_of_a_known_one_is_found() -> None:
    known = BearerToken(CredentialSource.BEARER, "FAKE-known", signer=CONFIG)
    found = Keyring((known,)).token(MADE)
    assert found is not None
    assert found.signer == CONFIG


@pytest.mark.parametrize(
    ("key", "keys"),
    [
        (MADE, Keyring((TOKEN, SHARED))),
        (MADE, Keyring((replace(CONFIG, secret=SHARED.secret),))),
        (MADE, Keyring((replace(CONFIG, key_id=SHARED.key_id),))),
        (MADE, Keyring((replace(CONFIG, session_token=None),))),
        (MADE, Keyring((replace(CONFIG, key_id=""),))),
        (MADE[:-4], KEYS),
        ("bedrock-api-key-", KEYS),
        ("bedrock-api-key-", Keyring((replace(CONFIG, key_id=""),))),
        (MADE.removeprefix("bedrock-api-key-"), KEYS),
    ],
    ids=[
        "unknown signer",
        "another secret",
        "another key id",
        "no session token",
        "no key id",
        "cut",
        "empty",
        "empty beside a half level",
        "no prefix",
    ],
)
def test_a_short_term_key_that_nobody_made_is_a_strangers(key: str, keys: Keyring) -> None:
    assert keys.token(key) is None
