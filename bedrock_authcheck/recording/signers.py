"""Credentials that show while something is recorded: what signs, and what travels.

A machine's variables and files do not tell the keys that code gives to a client, that a process
hands out, or that a test sets when it has begun.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from bedrock_authcheck.environments.patching import replaced
from bedrock_authcheck.recording.in_play import UNKNOWN
from bedrock_authcheck.wire.authorization import BEARER, authorization_values, split_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bedrock_authcheck.recording.cassette import Recording
    from bedrock_authcheck.recording.in_play import InPlay

_HEADERS: Final = {
    "x-amz-security-token": "session token",
    "x-api-key": "API key",
    "api-key": "API key",
    "cookie": "cookie",
    "set-cookie": "cookie",
    "proxy-authorization": "proxy credentials",
}


def add_travelling(recording: Recording, in_play: InPlay) -> None:
    """Add the secrets that a recorded request and its answer carry in their headers.

    What is known already keeps its level.
    """
    for value in authorization_values(recording.exchange()):
        for part in split_credentials(value):
            if part.scheme == BEARER:
                in_play.add_secret(part.text, f"token of {UNKNOWN}")
    for name, value in (*recording.headers, *recording.answer_headers):
        what = _HEADERS.get(name.lower())
        if what is not None:
            in_play.add_secret(value, f"{what} of {UNKNOWN}")


@contextmanager
def observed_signers(in_play: InPlay) -> Iterator[None]:
    """Add each credential that botocore signs with while the block runs, by any thread.

    aiobotocore signs by the same classes; other libraries are seen by what travels alone.
    """
    from botocore.auth import AUTH_TYPE_MAPS  # noqa: PLC0415 - costly, on use

    # With awscrt installed, signers of its own are among them.
    bases = {base for signer in AUTH_TYPE_MAPS.values() for base in signer.__mro__}
    with replaced(
        (base, "add_auth", _observing(vars(base)["add_auth"], in_play))
        for base in bases
        if "add_auth" in vars(base)
    ):
        yield


def _observing(original: Callable[..., Any], in_play: InPlay) -> Callable[..., Any]:
    def add_auth(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - botocore's signature
        used = getattr(self, "credentials", None)
        if used is not None:
            _add(in_play, used.access_key, used.secret_key, used.token)
        token = getattr(getattr(self, "auth_token", None), "token", None)
        if isinstance(token, str):
            in_play.add_secret(token, f"token of {UNKNOWN}")
        return original(self, *args, **kwargs)

    return add_auth


def _add(in_play: InPlay, key_id: str, secret: str, token: str | None) -> None:
    level = in_play.source_of(key_id) or UNKNOWN
    for what, value in (("secret", secret), ("session token", token)):
        if value:
            in_play.add_secret(value, f"{what} of {level}")
