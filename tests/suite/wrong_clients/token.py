"""The token: wrong in its header, blank, with white space, or another's."""

from __future__ import annotations

import base64
import http.client
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock
from urllib.parse import quote

from tests.suite.wrong_clients.registry import (
    register,
    wrong,
    wrong_signing,
    wrong_token,
)
from tests.suite.wrong_clients.seams import TOKEN_VARIABLE, signing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.suite.wrong_clients.seams import Signing

_EVERYWHERE = {
    "chain::bearer-converse": "CHAIN-1 AUTH-1",
    "chain::bearer+shared-converse-stream": "CHAIN-1 AUTH-1",
    "auth::bearer-short-term-converse": "CHAIN-1 AUTH-1",
    "limit::bedrock.ListFoundationModels-bearer": "LIMIT-8 AUTH-1",
}
_FORM = {
    "chain::bearer-converse": "AUTH-1",
    "chain::bearer+environment-list-foundation-models": "AUTH-1",
    "auth::bearer-short-term-converse": "AUTH-1",
}


@wrong_token(_EVERYWHERE)
def token_truncated(token: str) -> str:
    """Sends the token without its last character."""
    return f"Bearer {token[:-1]}"


@wrong_token(_EVERYWHERE)
def token_without_prefix(token: str) -> str:
    """Takes the prefix of the token for a scheme of its own and cuts it off."""
    return f"Bearer {token.removeprefix('ABSK').removeprefix('bedrock-api-key-')}"


@wrong_token(_EVERYWHERE)
def token_changed(token: str) -> str:
    """Sends the token with one character changed."""
    middle = len(token) // 2
    other = "A" if token[middle] != "A" else "B"
    return f"Bearer {token[:middle]}{other}{token[middle + 1 :]}"


@wrong_token({"chain::bearer-converse": "CHAIN-1 AUTH-1"})
def token_url_encoded(token: str) -> str:
    """URL-encodes the token: `+`, `/` and `=` become %2B, %2F and %3D."""
    return f"Bearer {quote(token, safe='')}"


@wrong_token({"chain::bearer-converse": "CHAIN-1 AUTH-1"})
def token_url_decoded(token: str) -> str:
    """Takes the token for a form's value: its `+` becomes a space."""
    return f"Bearer {token.replace('+', ' ')}"


@wrong_token({"chain::bearer-converse": "CHAIN-1 AUTH-1"})
def token_without_padding(token: str) -> str:
    """Takes the `=` at the token's end for padding that may go."""
    return f"Bearer {token.rstrip('=')}"


@wrong_token(_EVERYWHERE)
def token_in_base64(token: str) -> str:
    """Sends the token in base64, as Basic would."""
    return f"Bearer {base64.b64encode(token.encode()).decode()}"


@wrong_token(_EVERYWHERE)
def token_quoted(token: str) -> str:
    """Sends the token in quotation marks."""
    return f'Bearer "{token}"'


@wrong_token(_FORM)
def lower_case_scheme(token: str) -> str:
    """Spells the scheme `bearer`."""
    return f"bearer {token}"


@wrong_token(_FORM)
def upper_case_scheme(token: str) -> str:
    """Spells the scheme `BEARER`."""
    return f"BEARER {token}"


@wrong_token({"chain::bearer-converse": "CHAIN-1"})
def no_scheme(token: str) -> str:
    """Sends the token without `Bearer`."""
    return token


@wrong_token({"chain::bearer-converse": "CHAIN-1"})
def scheme_of_another(token: str) -> str:
    """Sends the token behind `Basic`."""
    return f"Basic {token}"


@wrong_token(_FORM)
def two_spaces(token: str) -> str:
    """Puts two spaces between `Bearer` and the token."""
    return f"Bearer  {token}"


@wrong_token(_FORM)
def tab_for_a_space(token: str) -> str:
    """Puts a tab between `Bearer` and the token."""
    return f"Bearer\t{token}"


@wrong_token({"chain::bearer-converse": "CHAIN-1 AUTH-1"})
def joined_with_itself(token: str) -> str:
    """Joins two equal values with a comma, as a proxy does with two headers."""
    return f"Bearer {token}, Bearer {token}"


@wrong_signing(
    {
        "chain::bearer+environment-converse": "CHAIN-1 AUTH-1",
        "chain::bearer+shared-list-foundation-models": "CHAIN-1 AUTH-1",
    },
    spared=("chain::bearer-converse",),
)
def joined_with_a_signature(act: Signing) -> None:
    """Sends the token and a signature in one Authorization, with a comma between."""
    if act.credentials is None or not act.token:
        act.honestly()
        return
    act.by_sigv4()
    signature = act.request.headers["Authorization"]
    act.unsigned()
    act.header("Authorization", f"Bearer {act.token}, {signature}")


@wrong_signing({"chain::bearer+environment-converse": "CHAIN-1 AUTH-1"})
def signature_joined_with_token(act: Signing) -> None:
    """Sends a signature and the token in one Authorization, with a comma between."""
    act.by_sigv4()
    act.header("Authorization", f"{act.request.headers['Authorization']}, Bearer {act.token}")


@contextmanager
def _authorization_lines(lines: Callable[[bytes], list[bytes]]) -> Iterator[None]:
    """Write the lines that a function gives for each Authorization of the token."""
    honest: Any = http.client.HTTPConnection.putheader

    def putheader(
        connection: http.client.HTTPConnection, header: str | bytes, *values: str | bytes
    ) -> None:
        name = header.decode() if isinstance(header, bytes) else header
        value = values[0].encode() if isinstance(values[0], str) else values[0]
        if name.lower() != "authorization" or not value.startswith(b"Bearer "):
            honest(connection, header, *values)
            return
        for line in lines(value):
            honest(connection, header, line)

    with mock.patch.object(http.client.HTTPConnection, "putheader", putheader):
        yield


@wrong({"chain::bearer-converse": "CHAIN-1 AUTH-1"})
def two_equal_headers() -> Iterator[None]:
    """Sends the same Authorization header twice."""
    with _authorization_lines(lambda value: [value, value]):
        yield


@wrong({"chain::bearer-converse": "CHAIN-1 AUTH-1"})
def two_different_headers() -> Iterator[None]:
    """Sends two Authorization headers, the second with another token."""
    with _authorization_lines(lambda value: [value, b"Bearer FAKE-other"]):
        yield


def _foreign(variable: str) -> None:
    def sign(act: Signing) -> None:
        value = os.environ.get(variable)
        if value and not act.token:
            act.header("Authorization", f"Bearer {value}")
        else:
            act.honestly()

    name = variable.lower().replace("_", "-")
    register(
        f"reads-{name}",
        f"Takes the token of {variable} where Bedrock has none.",
        {
            f"token::{name}+none-converse": "TOKEN-3",
            f"token::{name}+environment-converse": "TOKEN-3",
        },
        lambda: signing(sign),
        spared=("chain::bearer-converse", f"token::{name}+bearer-converse"),
    )


for _variable in ("AWS_BEARER_TOKEN_S3", "AWS_BEARER_TOKEN"):
    _foreign(_variable)


@wrong_signing(
    {
        "token::aws-bearer-token-s3+environment-converse": "TOKEN-3",
        "token::aws-bearer-token-s3+bearer-converse": "TOKEN-3",
    }
)
def foreign_token_beside(act: Signing) -> None:
    """Authenticates rightly, and sends the token of AWS_BEARER_TOKEN_S3 in X-Api-Key."""
    act.honestly()
    if "AWS_BEARER_TOKEN_S3" in os.environ:
        act.header("X-Api-Key", os.environ["AWS_BEARER_TOKEN_S3"])


@wrong_signing({"token::aws-bearer-token-s3+bearer-converse": "TOKEN-3"})
def foreign_token_first(act: Signing) -> None:
    """Prefers the token of AWS_BEARER_TOKEN_S3 to Bedrock's own."""
    act.honestly()
    if "AWS_BEARER_TOKEN_S3" in os.environ:
        act.header("Authorization", f"Bearer {os.environ['AWS_BEARER_TOKEN_S3']}")


@wrong_signing(
    {
        "token::blank-empty+none-converse": "TOKEN-1",
        "token::blank-spaces+environment-converse": "TOKEN-1",
        "token::blank-mixed+instance-converse": "TOKEN-1",
    }
)
def blank_token_sent(act: Signing) -> None:
    """Sends `Bearer` with nothing behind it for a blank token."""
    if TOKEN_VARIABLE in os.environ and not act.token.strip():
        act.unsigned()
        act.header("Authorization", f"Bearer {act.token.strip()}")
    else:
        act.honestly()


@wrong_signing(
    {
        "token::blank-empty+environment-converse": "TOKEN-1",
        "token::blank-space+none-converse": "TOKEN-1",
    }
)
def blank_token_means_unsigned(act: Signing) -> None:
    """Takes a blank token for the wish to be nobody: sends the request unsigned."""
    if TOKEN_VARIABLE in os.environ and not act.token.strip():
        act.unsigned()
    else:
        act.honestly()


@wrong_signing(
    {
        "token::space-before-converse": "TOKEN-2",
        "token::tab-after+environment-converse": "TOKEN-2",
        "token::spaces-before-converse": "TOKEN-2",
    },
    spared=("chain::bearer-converse",),
)
def white_space_sent(act: Signing) -> None:
    """Sends the white space around the token."""
    act.unsigned()
    act.header("Authorization", f"Bearer {act.token}")


@wrong(
    {
        "token::header-after-converse": "TOKEN-2",
        "token::header-after-line-feed+environment-converse": "TOKEN-2",
        "token::folded-header-after-converse": "TOKEN-2",
    },
    spared=("chain::bearer-converse",),
)
def line_ends_sent() -> Iterator[None]:
    """Writes the token's line ends into the head, and with them whatever stands behind."""
    never = mock.Mock(return_value=None)
    with mock.patch.object(http.client, "_is_illegal_header_value", never):
        yield


@wrong(
    {
        "chain::bearer-converse-stream": "CHAIN-1 AUTH-1",
        "auth::bearer-short-term-converse": "CHAIN-1 AUTH-1",
    }
)
def first_token_remembered() -> Iterator[None]:
    """Remembers the first token that it saw and sends it for ever."""
    seen = ["FAKE-of-an-earlier-client"]

    def sign(act: Signing) -> None:
        act.honestly()
        if act.is_bearer:
            act.header("Authorization", f"Bearer {seen[0]}")

    with signing(sign):
        yield
