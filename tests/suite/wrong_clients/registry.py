"""What a wrong client is: its fault, the rules that it breaks, and how it comes to be."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from unittest import mock

import botocore.auth

from bedrock_authcheck.clients.boto3 import Boto3Client
from tests.suite.wrong_clients.seams import sending, signing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from botocore.auth import BaseSigner
    from botocore.awsrequest import AWSPreparedRequest

    from bedrock_authcheck.clients.contract import Client
    from tests.suite.wrong_clients.seams import Send, Signing

    Caught = Mapping[str, str]
    """Scenarios (`group::name`) and the rules, with spaces between, that must be broken there."""

Named = TypeVar("Named", bound="Callable[..., object]")


@dataclass(frozen=True)
class WrongClient:
    """One fault. `caught` and `spared` name scenarios; in those spared every rule holds.

    `made` yields the client to run and keeps it wrong for the length of a block. `honest`
    is its right counterpart, which passes wherever the wrong one is caught.
    """

    name: str
    fault: str
    caught: Mapping[str, tuple[str, ...]]
    spared: tuple[str, ...]
    made: Callable[[], AbstractContextManager[Client]]
    honest: Callable[[], Client] = Boto3Client


WRONG_CLIENTS: list[WrongClient] = []
"""All of them; each module of this package adds its own when it is imported."""


def register(
    name: str,
    fault: str,
    caught: Caught,
    made: Callable[[], AbstractContextManager[object]],
    *,
    spared: tuple[str, ...] = (),
) -> None:
    """Add boto3 as it is wrong inside the block that `made` opens."""

    @contextmanager
    def client() -> Iterator[Client]:
        with made():
            yield Boto3Client()

    WRONG_CLIENTS.append(WrongClient(name, fault, _split(caught), spared, client))


def wrong(
    caught: Caught, *, spared: tuple[str, ...] = ()
) -> Callable[[Callable[[], Iterator[None]]], Callable[[], Iterator[None]]]:
    """Add boto3 as it is inside a block; for a generator function with one `yield`."""

    def add(block: Callable[[], Iterator[None]]) -> Callable[[], Iterator[None]]:
        register(*_named(block), caught, contextmanager(block), spared=spared)
        return block

    return add


def wrong_signing(
    caught: Caught, *, spared: tuple[str, ...] = ()
) -> Callable[[Callable[[Signing], None]], Callable[[Signing], None]]:
    """Add boto3 that signs each request as a function does."""

    def add(sign: Callable[[Signing], None]) -> Callable[[Signing], None]:
        register(*_named(sign), caught, lambda: signing(sign), spared=spared)
        return sign

    return add


def wrong_sending(
    caught: Caught, *, spared: tuple[str, ...] = ()
) -> Callable[[Callable[[AWSPreparedRequest, Send], object]], None]:
    """Add boto3 that sends each signed request as a function does."""

    def add(send: Callable[[AWSPreparedRequest, Send], object]) -> None:
        register(*_named(send), caught, lambda: sending(send), spared=spared)

    return add


def wrong_token(caught: Caught) -> Callable[[Callable[[str], str]], Callable[[str], str]]:
    """Add boto3 whose Authorization for the token is what a function makes of it."""

    def add(value: Callable[[str], str]) -> Callable[[str], str]:
        def sign(act: Signing) -> None:
            act.honestly()
            if act.is_bearer:
                act.header("Authorization", value(act.token))

        register(*_named(value), caught, lambda: signing(sign))
        return value

    return add


def wrong_sigv4(caught: Caught) -> Callable[[type[BaseSigner]], type[BaseSigner]]:
    """Add boto3 whose SigV4 signer is a wrong class."""

    def add(signer: type[BaseSigner]) -> type[BaseSigner]:
        made = mock.patch.dict(botocore.auth.AUTH_TYPE_MAPS, v4=signer)
        register(*_named(signer), caught, lambda: made)
        return signer

    return add


def wrong_client(
    caught: Caught, honest: Callable[[], Client] = Boto3Client
) -> Callable[[type[Client]], None]:
    """Add a client of its own."""

    def add(client: type[Client]) -> None:
        WRONG_CLIENTS.append(
            WrongClient(*_named(client), _split(caught), (), lambda: nullcontext(client()), honest)
        )

    return add


def _split(caught: Caught) -> dict[str, tuple[str, ...]]:
    return {scenario: tuple(rules.split()) for scenario, rules in caught.items()}


def _named(thing: Callable[..., object]) -> tuple[str, str]:
    """The name with hyphens, `TokenInQuery` and `token_in_query` alike, and the fault."""
    words = "".join(f"_{c.lower()}" if c.isupper() else c for c in thing.__name__)
    return words.strip("_").replace("_", "-"), (thing.__doc__ or "").strip()
