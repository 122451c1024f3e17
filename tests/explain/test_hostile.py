"""Whatever stands in variables, files and caches: it is explained, and no secret is told."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bedrock_authcheck.explain.explanation import Explanation
from bedrock_authcheck.explain.keys import moment
from bedrock_authcheck.explain.operation import guided
from bedrock_authcheck.explain.told import document, header, lines

SECRET = "FAKE+secret/0123456789abcdefghij+KLMNOPQ"
VARIABLES = (
    *("AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"),
    *("AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION", "AWS_ACCOUNT_ID", "AWS_REGION"),
    *("AWS_DEFAULT_REGION", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_ROLE_ARN"),
    *("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
    *("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_LOGIN_CACHE_DIRECTORY"),
    *("AWS_EC2_METADATA_DISABLED", "AWS_AUTH_SCHEME_PREFERENCE"),
)
SETTINGS = (
    *("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_account_id"),
    *("role_arn", "source_profile", "credential_source", "web_identity_token_file", "region"),
    *("sso_session", "sso_account_id", "sso_role_name", "sso_start_url", "sso_region"),
    *("credential_process", "login_session", "auth_scheme_preference"),
)
LINE = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=12)
VALUES = st.one_of(
    st.just(SECRET),
    st.sampled_from(("", "default", "s", "true", "http://[", "~/x", "\0", "arn:aws:iam::1:role/")),
    LINE,
)
SECTIONS = st.sampled_from(("default", "profile p", "sso-session s", "p", SECRET, 'profile "'))
FILES = st.one_of(
    st.binary(max_size=40),
    st.dictionaries(
        SECTIONS, st.dictionaries(st.sampled_from(SETTINGS), VALUES, max_size=6), max_size=3
    ).map(
        lambda sections: "\n".join(
            line
            for title, values in sections.items()
            for line in (f"[{title}]", *(f"{k} = {v}" for k, v in values.items()))
        ).encode()
    ),
)
CACHES = st.one_of(
    st.binary(max_size=20),
    st.fixed_dictionaries(
        {"expiresAt": VALUES, "accessToken": st.one_of(VALUES, st.just({"expiresAt": SECRET}))}
    ).map(lambda held: json.dumps(held).encode()),
)


@given(
    environ=st.dictionaries(st.sampled_from(VARIABLES), VALUES, max_size=6),
    shared=FILES,
    config=FILES,
    cached=CACHES,
)
@example(environ={"AWS_PROFILE": SECRET}, shared=b"", config=b"[a", cached=b"[1]")
@settings(max_examples=150)
def test_it_is_explained(
    environ: dict[str, str], shared: bytes, config: bytes, cached: bytes
) -> None:
    with TemporaryDirectory() as folder:
        home = Path(folder)
        names = [hashlib.sha1(text.encode()).hexdigest() for text in ("s", SECRET)]
        for path, data in (
            (".aws/credentials", shared),
            (".aws/config", config),
            *((f".aws/sso/cache/{name}.json", cached) for name in names),
        ):
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            (home / path).write_bytes(data)
        for service in ("bedrock-runtime", "bedrock-agent"):
            said = Explanation.of(environ, home, guided(service, ""))
            told = "\n".join((*lines(said), header(said), json.dumps(document(said))))
            assert SECRET not in told
            assert SECRET[5:25] not in told


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "0001-01-01T00:00:00+14:00", "9999-12-31T23:00:00-14:00", None, 7]
)
def test_what_is_no_moment_is_none(text: object) -> None:
    assert moment(text) is None


def test_a_moment_is_in_utc() -> None:
    assert str(moment("2026-01-01T00:00:00UTC")) == "2026-01-01 00:00:00+00:00"
    assert str(moment("2026-01-01T02:00:00+02:00")) == "2026-01-01 00:00:00+00:00"
    assert str(moment("2026-01-01T00:00:00")) == "2026-01-01 00:00:00+00:00"
