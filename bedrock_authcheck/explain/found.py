"""What is found of one level on a machine: where, in which state, and what may be told of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bedrock_authcheck.model import AuthScheme, Origin


class State(StrEnum):
    """Whether a level provides a credential, as far as that is seen without asking anyone."""

    PRESENT = "present"
    NOT_ASKED = "may be there"  # a service would have to be asked
    HALF = "half"  # a key id without its secret, or the other way round
    BROKEN = "broken"

    @property
    def counts(self) -> bool:
        """Whether it may sign: half and broken levels are skipped or end in an error."""
        return self in (State.PRESENT, State.NOT_ASKED)


@dataclass(frozen=True, slots=True)
class Found:
    """A level or a variant of one, as it is found on a machine; no secret is in it.

    `key` is what may be shown of the credential: a key id cut short. `fingerprint` is an API
    key's. `kind` is of people's words: `long-term API key`. `expires` is aware. `note` says what
    is wrong or was not asked.
    """

    origin: Origin
    state: State
    place: str
    kind: str = ""
    key: str = ""
    fingerprint: str | None = None
    account: str | None = None
    region: str | None = None
    expires: datetime | None = None
    note: str = ""

    @property
    def level(self) -> int:
        """The level of the chain, 1 to 6."""
        return self.origin.level

    @property
    def scheme(self) -> AuthScheme:
        """The scheme that its credential signs with."""
        return self.origin.scheme
