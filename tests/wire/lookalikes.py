"""Secrets that look like real ones and are nobody's: made when the tests run, in no file."""

from __future__ import annotations

import base64
import random
import string
from datetime import UTC, datetime
from typing import Final

from bedrock_authcheck.model import AwsCredential, CredentialSource
from bedrock_authcheck.wire.placeholders import is_placeholder
from bedrock_authcheck.wire.tokens import fake_short_term_key

BASE64: Final = string.ascii_letters + string.digits + "+/"
BASE64URL: Final = string.ascii_letters + string.digits + "-_"
_MADE: Final = random.Random(40)


def drawn(alphabet: str, length: int) -> str:
    """Characters at random."""
    return "".join(_MADE.choices(alphabet, k=length))


def of(alphabet: str, length: int) -> str:
    """Characters at random, of all kinds, that spell no placeholder by chance."""
    assert length > 9, "as few are a placeholder"
    while is_placeholder(value := "aZ7" + drawn(alphabet, length - 3)):
        pass
    return value


def secret_key() -> str:
    return of(BASE64, 40)


def session_token() -> str:
    return of(BASE64, 398) + "=="


def metadata_token() -> str:
    return "AQA" + of(BASE64URL, 51) + "=="


def long_term_key() -> str:
    inner = f"BedrockAPIKey-ab1c-at-123456789012:{of(BASE64, 44)}"
    return "ABSK" + base64.b64encode(inner.encode()).decode()


def opaque_long_term_key() -> str:
    return "ABSK" + of(BASE64, 128)


def short_term_key(*, temporary: bool = True) -> str:
    credential = AwsCredential(
        CredentialSource.BEARER,
        "ASIA" + of(string.ascii_uppercase + "234567", 16),
        secret_key(),
        session_token() if temporary else None,
    )
    return fake_short_term_key(
        credential, region="eu-central-1", made_at=datetime(2026, 3, 4, tzinfo=UTC)
    )


def presigned_url() -> str:
    return base64.b64decode(
        short_term_key(temporary=False).removeprefix("bedrock-api-key-")
    ).decode()
