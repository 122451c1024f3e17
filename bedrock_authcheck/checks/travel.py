"""Where in a request a secret travels: its headers, its URL, its body."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_authcheck.wire.leaks import holds_secret, token_in_target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_authcheck.model import AwsCredential, Exchange

URL = "the URL"
"""What `places_of` calls the request target."""


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
        yield "the body"


def parts_carried(credential: AwsCredential, exchange: Exchange) -> Iterator[str]:
    """Name each part of an IAM credential in a request, and its place."""
    for name, value in {"key id": credential.key_id, **credential.secrets()}.items():
        for place in places_of(value, exchange):
            yield f"the {name} in {place}"
