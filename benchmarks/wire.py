"""Verifying a SigV4 signature beside botocore that makes it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bedrock_authcheck.environments.canaries import canary
from bedrock_authcheck.model import AwsCredential, CredentialSource, Exchange
from bedrock_authcheck.wire.attribution import Keyring, Observation, observe
from benchmarks.measuring import Target, in_turns, row

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS: Final = 300
SIZES: Final = {"1 KB": 1_024, "1 MB": 1_048_576}
_URL: Final = "https://bedrock-runtime.eu-central-1.amazonaws.com/model/m/converse"


def measure() -> Iterator[bool]:
    """Sign and verify bodies of two sizes, in turns."""
    credential = canary(CredentialSource.ENVIRONMENT)
    if not isinstance(credential, AwsCredential):
        raise TypeError("an environment canary is an AWS credential")
    keys = Credentials(credential.key_id, credential.secret, credential.session_token)
    keyring = Keyring((credential,))

    def observed(exchange: Exchange) -> Observation:
        return observe(exchange, keyring, region="eu-central-1", scope_service="bedrock")

    for name, size in SIZES.items():
        body = b"x" * size

        def sign(body: bytes = body) -> AWSRequest:
            request = AWSRequest("POST", _URL, {"Content-Type": "application/json"}, body)
            SigV4Auth(keys, "bedrock", "eu-central-1").add_auth(request)
            return request

        signed = sign()
        parts = urlsplit(_URL)
        headers = (("Host", parts.netloc), *signed.headers.items())
        exchange = Exchange(
            "bedrock-runtime",
            "POST",
            parts.path,
            headers,
            body,
            authority=parts.netloc,
            received_at=datetime.now(UTC),
        )
        observation = observed(exchange)
        if observation.signature is None or not observation.signature.valid:
            raise AssertionError(f"not verified: {observation.signature}")
        verify, made = in_turns(ROUNDS, partial(observed, exchange), sign)
        yield row(f"verify, {name}", verify, "botocore signs", made, Target(most=2))
