"""One Bedrock request of a project's test, as it may be told and carried between processes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from bedrock_authcheck.model import AuthScheme, origin_of

if TYPE_CHECKING:
    from collections.abc import Mapping


class Proof(StrEnum):
    """What shows a request; nothing but RECEIVED is what a server got."""

    RECEIVED = "received by the loopback endpoint"
    HANDED_OVER = "prepared request, handed to the transport"
    ANSWERED = "prepared request, answered before the transport (moto, a handler)"
    STUBBED = "no evidence: the call was stubbed before it was signed"


class Kind(StrEnum):
    """What kind of credential a request shows."""

    LONG_TERM_API_KEY = "long-term-api-key"
    SHORT_TERM_API_KEY = "short-term-api-key"
    LONG_TERM_IAM_KEY = "long-term-iam-key"
    TEMPORARY = "temporary-credentials"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Seen:
    """A request without its secrets: who sent it, what it asked for, whose credential it shows.

    `scheme` is an auth scheme, empty where there is no evidence. `level` is the name of a level or
    of a variant of one, None where the machine shows none. `said` is whether the level is
    botocore's word rather than the machine's. `key` is a key id cut short or a fingerprint.
    `line` is the request for people; `wrong` are the rules that it fails its test by; `mark` is of
    use within one process alone.
    """

    test: str
    client: str
    service: str
    operation: str
    takes_api_key: bool
    proof: Proof
    scheme: str = ""
    level: str | None = None
    said: bool = False
    kind: Kind = Kind.UNKNOWN
    key: str = ""
    scope: str = ""
    line: str = ""
    wrong: tuple[str, ...] = ()
    mark: str = ""

    @property
    def name(self) -> str:
        """The operation, or the service where only its requests are known."""
        return self.operation or f"a request to {self.service}"

    @property
    def credential(self) -> str:
        """The scheme and the level, for people: `sigv4 by level 6 container role`."""
        if not self.scheme or self.scheme == AuthScheme.UNSIGNED:
            return self.scheme or str(self.proof)
        return f"{self.scheme} by {self._level()}"

    def _level(self) -> str:
        if self.level is None:
            return "a credential of no level here"
        origin = origin_of(self.level)
        return f"level {origin.level} {origin.title}"

    def as_json(self) -> dict[str, Any]:
        """Return what is carried between processes."""
        return {name: value for name, value in asdict(self).items() if name != "mark"}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` gave."""
        proof, kind, wrong = Proof(data["proof"]), Kind(data["kind"]), tuple(data["wrong"])
        return cls(**{**data, "proof": proof, "kind": kind, "wrong": wrong})
