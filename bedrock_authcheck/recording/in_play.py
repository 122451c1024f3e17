"""The credentials in play while something is recorded: what must not reach a cassette."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, Self

from bedrock_authcheck.model import AwsCredential
from bedrock_authcheck.recording.machine import read_machine
from bedrock_authcheck.recording.markers import is_word_of_ours, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from bedrock_authcheck.model import Credential

_SHORTEST: Final = 8  # characters
_FEWEST_KINDS: Final = 4  # different characters

UNKNOWN: Final = "unknown"
"""The level of a credential that stands in no variable and no file."""


class InPlay:
    """The secrets that are known while something is recorded, by any thread.

    What was told first about a value or a key id holds: of two levels that hold the same
    credential, the one that was added first.
    """

    def __init__(self, credentials: Iterable[Credential] = ()) -> None:
        """Begin with these credentials."""
        self._lock = threading.Lock()
        self._secrets: dict[str, str] = {}
        self._key_ids: dict[str, str] = {}
        self._spared: set[str] = set()
        self._accounts: set[str] = set()
        self._unread: list[str] = []
        for credential in credentials:
            self.add(credential)

    @classmethod
    def of_machine(cls, environ: Mapping[str, str], home: Path) -> Self:
        """Read what a machine shows without asking a service: variables, files and caches.

        Nothing is run and nothing is refreshed. What cannot be read raises nothing: `unread`
        says so.
        """
        in_play = cls()
        read_machine(in_play, environ, home)
        return in_play

    def add(self, credential: Credential) -> None:
        """Add what a level provides: its secrets, and the level that its key id names."""
        for what, value in credential.secrets().items():
            self.add_secret(value, f"{what} of {credential.source}")
        if isinstance(credential, AwsCredential):
            self.add_key_id(credential.key_id, str(credential.source))

    def add_secret(self, value: str, what: str) -> None:
        """Add a value that must not reach a cassette, and what it is: `token of bearer`.

        `what` stands in markers, so that characters beyond letters, digits, space, `.`, `_` and
        `-` become `-`.
        """
        self._keep(self._secrets, value.strip(), what)

    def add_key_id(self, key_id: str, level: str) -> None:
        """Add an access key id and the level that it is of: no secret, but it names an account."""
        self._keep(self._key_ids, key_id.strip(), level)

    def _keep(self, known: dict[str, str], value: str, what: str) -> None:
        if value:
            with self._lock:
                known.setdefault(value, plain(what))
                if not _worth_replacing(value):
                    self._spared.add(value)

    def add_account(self, account: str) -> None:
        """Add an account id, 12 digits, which is normalised wherever it stands by itself."""
        if len(account) == _ACCOUNT_LENGTH and account.isascii() and account.isdecimal():
            with self._lock:
                self._accounts.add(account)

    def add_unread(self, sentence: str) -> None:
        """Say what could not be read, so that its secrets are not known."""
        with self._lock:
            self._unread.append(sentence)

    def secrets(self) -> Mapping[str, str]:
        """Return each secret value and what it is: `secret of environment`, `token of bearer`.

        Values of less than 8 characters, or of less than 4 different ones, are left out, and so
        are words that markers are made of: `testing`, `xxxxxxxx` and `environment` are nobody's
        secret (AWS issues 40 characters and more), and to replace them everywhere would destroy
        what was recorded.
        """
        with self._lock:
            return {v: what for v, what in self._secrets.items() if v not in self._spared}

    def key_ids(self) -> Mapping[str, str]:
        """Return each access key id and its level, but for those that `secrets` would leave out."""
        with self._lock:
            return {v: level for v, level in self._key_ids.items() if v not in self._spared}

    def accounts(self) -> frozenset[str]:
        """Return the account ids that are known."""
        with self._lock:
            return frozenset(self._accounts)

    @property
    def unread(self) -> tuple[str, ...]:
        """What could not be read, a sentence for each."""
        with self._lock:
            return tuple(self._unread)

    def learn(self, other: InPlay) -> None:
        """Add all that another knows; what is known already holds, unless of an unknown level."""
        for value, what in other.secrets().items():
            if (self.what_is(value) or "").endswith(f" of {UNKNOWN}"):
                with self._lock:
                    del self._secrets[value]
            self.add_secret(value, what)
        for key_id, level in other.key_ids().items():
            if self.source_of(key_id) is None:
                self.add_key_id(key_id, level)

    def source_of(self, key_id: str) -> str | None:
        """Find the level of an access key id: a source, `role` or `sso`; None if unknown."""
        with self._lock:
            return self._key_ids.get(key_id.strip())

    def what_is(self, value: str) -> str | None:
        """Find what a value is, white space around it aside: `session token of instance`."""
        with self._lock:
            return self._secrets.get(value.strip())

    def token_source(self, token: str) -> str | None:
        """Find the level of a token: `bearer`, or the variable of another service's token."""
        what = self.what_is(token)
        if what is None or not what.startswith(_TOKEN_OF):
            return None
        return what.removeprefix(_TOKEN_OF)


_ACCOUNT_LENGTH: Final = 12
_TOKEN_OF: Final = "token of "  # noqa: S105 - how a token is named


def _worth_replacing(value: str) -> bool:
    return (
        len(value) >= _SHORTEST and len(set(value)) >= _FEWEST_KINDS and not is_word_of_ours(value)
    )
