"""What a prepared request shows, on the machine of the moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.guard.reading import Words, exchange_of, mark_of, seen_of, service_of
from bedrock_authcheck.guard.seen import Kind, Proof, Seen
from bedrock_authcheck.model import CredentialSource
from tests.guard.runs import LONG_TERM, TOKEN
from tests.simulated import aws_canary

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("bare")
HOST = "https://bedrock-runtime.eu-central-1.amazonaws.com"
LONG = aws_canary(CredentialSource.SHARED, temporary=False)
ROLE = aws_canary(CredentialSource.CONTAINER)


def signed(key_id: str, words: Words | None = None, **headers: str) -> Seen:
    scope = f"{key_id}/20260101/eu-central-1/bedrock/aws4_request"
    value = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={'0' * 64}"
    return seen(value, words, **headers)


def seen(authorization: str, words: Words | None = None, **headers: str) -> Seen:
    pairs = [(b"Authorization", authorization.encode()), *headers.items()]
    exchange = exchange_of("bedrock-runtime", "POST", f"{HOST}/model/m/converse", pairs)
    return seen_of(
        exchange,
        "Converse",
        test="t",
        client="httpx",
        proof=Proof.HANDED_OVER,
        words=words or Words(),
    )


@pytest.mark.parametrize(
    ("url", "service"),
    [
        (f"{HOST}/model/m/converse", "bedrock-runtime"),
        ("https://bedrock.us-east-1.amazonaws.com", "bedrock"),
        ("https://bedrock-runtime-fips.us-east-1.amazonaws.com:443/", "bedrock-runtime"),
        ("https://bedrock-agent-runtime.eu-west-1.amazonaws.com/", "bedrock-agent-runtime"),
        ("https://bedrock-mantle.us-east-1.api.aws/v1/chat", "bedrock-mantle"),
        ("https://127.0.0.1:4711/x", "bedrock-agent"),
        ("https://proxy.example:8443/model", "bedrock-runtime"),
        ("https://anthropic.example/model", "bedrock-runtime"),
        ("https://sts.us-east-1.amazonaws.com/", None),
        ("https://s3.us-east-1.amazonaws.com/", None),
        ("https://127.0.0.1:4712/x", None),
        ("https://bedrock-runtime.us-east-1.amazonaws.com.example/", None),
        ("https://[", None),
        ("", None),
    ],
)
def test_which_hosts_are_of_bedrock(url: str, service: str | None) -> None:
    environ = {
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "https://proxy.example:8443",
        "AWS_ENDPOINT_URL_S3": "https://127.0.0.1:4712",
        "ANTHROPIC_BEDROCK_BASE_URL": "https://anthropic.example/",
        "AWS_ENDPOINT_URL_BEDROCK": "https://[",
    }
    assert service_of(url, {"127.0.0.1:4711": "bedrock-agent"}, environ) == service


def test_a_token_of_the_variable_and_another(bare: pytest.MonkeyPatch) -> None:
    bare.setenv(TOKEN, LONG_TERM)
    told = seen(f"Bearer {LONG_TERM}")
    assert (told.level, told.kind, told.said) == ("bearer", Kind.LONG_TERM_API_KEY, False)
    assert told.key.startswith("k1:")
    other = seen("Bearer something-else")
    assert (other.level, other.kind, other.key) == ("token-in-code", Kind.UNKNOWN, "")
    assert LONG_TERM[4:20] not in f"{told!r}{told.as_json()}"


def test_a_key_id_is_found_where_the_machine_has_it(
    bare: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "credentials"
    file.write_text(f"[other]\naws_access_key_id={LONG.key_id}\naws_secret_access_key=x\n")
    assert signed(LONG.key_id).level is None
    bare.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    told = signed(LONG.key_id)
    assert (told.level, told.kind, told.scope) == (
        "shared",
        Kind.LONG_TERM_IAM_KEY,
        "bedrock/eu-central-1",
    )
    bare.setenv("AWS_ACCESS_KEY_ID", LONG.key_id)
    assert signed(LONG.key_id).level == "environment"


def test_what_no_machine_shows_is_botocores_word() -> None:
    words = Words()
    words.add(ROLE.key_id, "container-role")
    words.add(LONG.key_id, "a method of tomorrow")
    told = signed(ROLE.key_id, words)
    assert (told.level, told.said, told.kind) == ("container", True, Kind.TEMPORARY)
    assert signed(LONG.key_id, words).level is None
    assert ROLE.key_id not in repr(vars(words))


def test_what_is_not_signed_has_no_level() -> None:
    unsigned = seen("")
    assert (unsigned.scheme, unsigned.level, unsigned.kind) == ("unrecognised", None, Kind.UNKNOWN)
    assert signed("", None).level is None


def test_the_line_holds_no_secret_of_the_url() -> None:
    url = f"{HOST}/model/m/converse?X-Amz-Signature={'0' * 64}&X-Amz-Security-Token=tokentoken"
    told = seen_of(
        exchange_of("bedrock-runtime", "GET", f"https://user:password@{url[8:]}", []),
        "",
        test="t",
        client="requests",
        proof=Proof.HANDED_OVER,
        words=Words(),
    )
    assert told.line.startswith(f"GET {HOST}/model/m/converse?")
    assert not [secret for secret in ("0" * 64, "tokentoken", "password") if secret in told.line]


def test_two_sightings_of_one_request_have_one_mark() -> None:
    one = exchange_of("bedrock", "GET", f"{HOST}/a?b=c", [("authorization", "Bearer x ")])
    two = exchange_of("bedrock", "GET", "http://other/a?b=c", [(b"Authorization", b"Bearer x")])
    other = exchange_of("bedrock", "GET", "http://other/a?b=c", [(b"Authorization", b"Bearer y")])
    assert mark_of(one) == mark_of(two) != mark_of(other)
