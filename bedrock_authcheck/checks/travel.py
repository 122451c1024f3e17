"""Where a secret is: in a request's headers, its URL, its body, and in what is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_authcheck.checks.wording import describe_origin
from bedrock_authcheck.wire.leaks import holds_secret, token_in_target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bedrock_authcheck.model import AwsCredential, Credential, Exchange

URL = "the URL"
"""What `places_of` calls the request target."""
BODY = "the body"
"""What it calls the body."""


def places_of(secret: str, exchange: Exchange, *, besides: str = "") -> Iterator[str]:
    """Name each place that holds a secret, in whatever encoding; none for a blank one.

    `header X-Api-Key`, `the URL`, `the body`; a header called `besides` is left out.
    """
    value = secret.strip()
    if not value:
        return
    for name, content in exchange.headers:
        if name.lower() != besides.lower() and holds_secret(f"{name}: {content}", value):
            yield f"header {name}"
    if token_in_target(exchange.target, value):
        yield URL
    if holds_secret(exchange.body.decode("latin-1"), value):
        yield BODY


def secrets_in(text: str, credentials: Iterable[Credential]) -> Iterator[str]:
    """Name each secret that a text holds: `session token of 3 environment variables`."""
    for credential in credentials:
        for name, value in credential.secrets().items():
            if holds_secret(text, value):
                yield f"{name} of {describe_origin(credential.origin)}"


def parts_carried(credential: AwsCredential, exchange: Exchange) -> Iterator[str]:
    """Name each part of an IAM credential in a request, and its place."""
    for name, value in {"key id": credential.key_id, **credential.secrets()}.items():
        for place in places_of(value, exchange):
            yield f"the {name} in {place}"
