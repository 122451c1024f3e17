"""Shapes: what looks like a secret is one, what stands in its place is none."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_authcheck.environments.canaries import canary
from bedrock_authcheck.model import AwsCredential, BearerToken, CredentialSource, Exchange
from bedrock_authcheck.wire.placeholders import is_placeholder
from bedrock_authcheck.wire.redaction import redact_exchange
from bedrock_authcheck.wire.shapes import (
    BEARER,
    LONG_TERM,
    METADATA_TOKEN,
    PASSWORD,
    SESSION_TOKEN,
    SHORT_TERM,
    SIGNATURE,
    shape_of,
    shapes_in,
)
from tests.wire import lookalikes

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET_KEY = "a secret access key"
CONTAINER = "a container authorization token"
SIGNED = (
    "Authorization: AWS4-HMAC-SHA256 Credential={}/20260304/eu-west-1/bedrock/aws4_request, "
    "SignedHeaders=host;x-amz-date;x-amz-security-token, Signature={}"
)


def kinds(text: str) -> set[str]:
    return {shape.what for shape in shapes_in(text.encode())}


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lookalikes.long_term_key, LONG_TERM),
        (lookalikes.opaque_long_term_key, LONG_TERM),
        (lookalikes.short_term_key, SHORT_TERM),
        (lookalikes.metadata_token, METADATA_TOKEN),
        (lookalikes.presigned_url, SIGNATURE),
    ],
)
@pytest.mark.parametrize(
    "form", ["{}", "Bearer {}", '{{"a": "{}"}}', "x={}&y", "<k>{}</k>", "\n{}\n"]
)
def test_a_secret_that_names_itself_is_found_anywhere(
    make: Callable[[], str], what: str, form: str
) -> None:
    value = make()
    found = {shape.what: shape.value for shape in shapes_in(form.format(value).encode())}
    assert found.keys() >= {what}
    assert found[what] in value


def test_a_long_term_key_is_found_where_something_is_glued_to_it() -> None:
    assert kinds(f"authABSK+{lookalikes.long_term_key()}tail") == {LONG_TERM}


@pytest.mark.parametrize(
    "form",
    [
        '"SecretAccessKey": "{}"',
        '"SecretAccessKey" : "{}",',
        "secretAccessKey={}&a=b",
        "<SecretAccessKey>{}</SecretAccessKey>",
        "aws_secret_access_key = {}\n",
        "export AWS_SECRET_ACCESS_KEY='{}'",
        "{{'secret_key': b'{}'}}",
        '["secret-access-key", "{}"]',
        '{{"name": "SecretAccessKey", "value": "{}"}}',
        "- SecretAccessKey:\n    - {}\n",
        '\\"SecretAccessKey\\":\\"{}\\"',
        "SecretAccessKey => {}",
    ],
)
def test_a_secret_key_is_found_behind_its_name(form: str) -> None:
    assert kinds(form.format(lookalikes.secret_key())) == {SECRET_KEY}


@pytest.mark.parametrize(
    ("name", "make", "what"),
    [
        ("x-amz-security-token", lookalikes.session_token, SESSION_TOKEN),
        ("X-Amz-Security-Token", lookalikes.session_token, SESSION_TOKEN),
        ("AWS_SESSION_TOKEN", lookalikes.session_token, SESSION_TOKEN),
        ("SessionToken", lookalikes.session_token, SESSION_TOKEN),
        (
            "x-aws-ec2-metadata-token",
            lambda: lookalikes.of(lookalikes.BASE64URL, 40),
            METADATA_TOKEN,
        ),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", lookalikes.secret_key, CONTAINER),
        ("Authorization", lookalikes.secret_key, CONTAINER),
        ("Authorization", lambda: "Bearer " + lookalikes.secret_key(), BEARER),
        ("authorization", lambda: "bearer  " + lookalikes.of(lookalikes.BASE64URL, 20), BEARER),
        ("AWS_BEARER_TOKEN_BEDROCK", lambda: lookalikes.of(lookalikes.BASE64, 30), BEARER),
        ("x-api-key", lambda: lookalikes.of(lookalikes.BASE64URL, 40), "an API key"),
        (
            "Proxy-Authorization",
            lambda: "Basic " + base64.b64encode(f"me:{lookalikes.secret_key()}".encode()).decode(),
            PASSWORD,
        ),
        ("accessToken", lookalikes.session_token, "a token of single sign-on"),
    ],
)
@pytest.mark.parametrize("form", ["{}: {}\n", '"{}": "{}"', '"{}": ["{}"]', "{}={}"])
def test_a_value_is_found_behind_the_name_of_its_field(
    name: str, make: Callable[[], str], what: str, form: str
) -> None:
    value = make()
    assert what in kinds(form.format(name, value))
    whole = shape_of(name, value.encode())
    assert whole is not None
    assert whole.what == what


def test_the_token_of_instance_metadata_is_one_beside_its_key_id_alone() -> None:
    token = lookalikes.session_token()
    assert kinds(json.dumps({"AccessKeyId": "ASIA", "Token": token})) == {SESSION_TOKEN}
    assert kinds(json.dumps({"Token": token, "nextToken": token})) == set()


def test_the_second_of_two_joined_headers_is_seen() -> None:
    joined = f"AWS4-HMAC-SHA256 Credential=AKIA, Bearer {lookalikes.secret_key()}"
    whole = shape_of("Authorization", joined.encode())
    assert whole is not None
    assert whole.what == BEARER


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer <bearer long-term, 88 characters>",
        SIGNED.format("AKIA…L4SHARED", "<signature of 64 characters>"),
        SIGNED.format("AKIA0FAKE", "8d2fe1960ab7c345" * 4),
        "X-Amz-Security-Token: <session token of 400 characters>",
        "Authorization: Bearer x",
        "Authorization: Bearer **REDACTED**",
        "Authorization: [REDACTED_BY_THE_RECORDER_2026]",
        "Authorization: Bearer REDACTED_REDACTED_123",
        "authorization: Bearer test_aws_authorization",
        "Authorization: Bearer your-api-key-goes-here-1",
        "Authorization: Bearer ${AWS_BEARER_TOKEN_BEDROCK}",
        "Authorization: Basic dXNlcjpwYXNzd29yZA==",
        "authorization: see https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html",
        '"X-Amz-Security-Token": ["' + "X" * 100 + '"]',
        "x-aws-ec2-metadata-token-ttl-seconds: 21600",
        "x-aws-ec2-metadata-token: mock-metadata-token-1",
        "aws_secret_access_key = " + "wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY",
        "aws_access_key_id = " + "AKIA" + "IOSFODNN7EXAMPLE",
        "AKIA" + "2QWERTZUIOPASDFG",
        "secret_access_key=self.credentials.get_frozen().secret_key_of_that",
        "session_token=session.get_credentials().get_frozen_credentials().token_of_a_session_of_it",
        "AWS_BEARER_TOKEN_BEDROCK: 'keys',\n    CredentialSource.SETTINGS: 'others'",
        '{"usage": {"inputTokens": 12, "outputTokens": 4096}, "max_tokens": 1000000000000000}',
        "ABSK and bedrock-api-key- are prefixes; ABSKABSKABSK; bedrock-api-key-management",
        "x" * 30 + "ABSK" + "abcd" * 30,
    ],
)
def test_what_stands_in_the_place_of_a_secret_is_none(text: str) -> None:
    assert kinds(text) == set()


@pytest.mark.parametrize("source", CredentialSource)
def test_a_canary_is_passed_over_by_its_shape_and_so_is_what_redaction_leaves(
    source: CredentialSource,
) -> None:
    credential = canary(source)
    exchange = Exchange(
        "bedrock",
        "POST",
        "/?X-Amz-Security-Token=" + lookalikes.session_token(),
        (
            ("Authorization", f"Bearer {lookalikes.long_term_key()}"),
            ("X-Amz-Security-Token", lookalikes.session_token()),
            ("x-api-key", lookalikes.secret_key()),
        ),
    )
    redacted = redact_exchange(exchange)
    text = "\n".join(f"{name}: {value}" for name, value in redacted.headers) + redacted.target
    assert kinds(text) == set()
    if isinstance(credential, BearerToken):
        assert kinds(f"Authorization: Bearer {credential.value}") == set()
    else:
        assert isinstance(credential, AwsCredential)
        both = {"SecretAccessKey": credential.secret, "SessionToken": credential.session_token}
        assert kinds(json.dumps(both)) == set()


def test_a_presigned_url_of_a_canary_is_nobodys() -> None:
    credential = canary(CredentialSource.SHARED)
    assert isinstance(credential, AwsCredential)
    url = lookalikes.presigned_url()
    signer = url.partition("X-Amz-Credential=")[2].partition("%2F")[0]
    assert kinds(url) == {SIGNATURE}
    assert kinds(url.replace(signer, credential.key_id)) == set()


def test_random_values_are_seldom_taken_for_placeholders() -> None:
    """By luck a real secret may hold a word; it must be so seldom that nobody sees it."""
    values = (lookalikes.drawn(lookalikes.BASE64, length) for length in (40, 56, 400) * 3000)
    assert sum(map(is_placeholder, values)) <= 9


NAMES = ["token", "SecretAccessKey", "Authorization", "x-amz-signature", "x-api-key", "ABSK"]
MARKS = [*NAMES, "bedrock-api-key-", ": ", "=", '"', "Bearer ", "Basic ", "%2F", "abcdEFGH1234+/-_"]


@given(st.lists(st.sampled_from(MARKS) | st.characters(codec="utf-8"), max_size=30).map("".join))
def test_no_text_is_refused(text: str) -> None:
    for name in NAMES:
        shape_of(name, text.encode())
    assert kinds(text) is not None


def test_what_was_found_is_not_shown() -> None:
    key = lookalikes.long_term_key()
    (shape,) = shapes_in(key.encode())
    assert key[8:30] not in repr(shape)


@pytest.mark.parametrize(
    "text",
    [
        "token" * 50_000,
        "secret_access_key" + " " * 200_000,
        "token=" * 40_000,
        '"token\\"' * 30_000,
        "ABSK" * 60_000,
        "bedrock-api-key-" * 15_000,
        "x-amz-signature x-amz-credential" * 8_000,
    ],
    ids=[
        "token",
        "secret_access_key",
        "token=",
        "token escaped",
        "ABSK",
        "bedrock-api-key-",
        "x-amz-signature",
    ],
)
def test_a_text_full_of_names_is_read_once(text: str) -> None:
    assert kinds(text) <= {SHORT_TERM}
