"""What the suite asks of a client, and all that a client says back."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from traceback import format_exception
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Preference(StrEnum):
    """A choice of auth scheme made in code, and the setting that makes it."""

    SIGV4_BY_VERSION = "sigv4 by signature version"
    SIGV4_BY_PREFERENCE = "sigv4 by auth scheme preference"
    BEARER_BY_VERSION = "bearer by signature version"
    BEARER_BY_PREFERENCE = "bearer by auth scheme preference"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """What is passed in code to a client: keys, Region, preference, addresses.

    `keys` are boto3's names (aws_access_key_id …). `keys_in_session` hands them to the
    session instead of the client. `token` is a bearer token, `profile` the name of one.
    `endpoint` is the URL of the service, `proxy` that of an HTTP proxy before it.
    """

    keys: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    keys_in_session: bool = False
    token: str = field(default="", repr=False, hash=False)
    profile: str | None = None
    region: str | None = None
    preference: Preference | None = None
    endpoint: str | None = None
    proxy: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One call: a service model's name, an operation, its parameters.

    `parameters` of None asks for minimal valid ones. `paginate` follows the pages,
    `waiter` names one of the SDK's that repeats the operation until its answer is the right one.
    """

    service: str
    operation: str
    parameters: Mapping[str, Any] | None = None
    paginate: bool = False
    waiter: str = ""


@dataclass(frozen=True, slots=True)
class CallResult:
    """What came back: an answer, or an error with its type and text; never a verdict.

    `traceback` holds the texts of the errors behind it as well, as Python prints a chain of
    them, without the frames, and their reprs; empty for a client that shows none. `raised` is the
    error itself, for as long as somebody looks at it.
    """

    ok: bool
    error_type: str = ""
    error: str = field(default="", repr=False)
    traceback: str = field(default="", repr=False)
    raised: Exception | None = field(default=None, repr=False, compare=False)

    @property
    def said(self) -> str:
        """Type and text of the error, as a client tells it; it may hold a secret."""
        return f"{self.error_type}: {self.error}"

    @classmethod
    def of(cls, error: Exception) -> Self:
        """Report an error that was raised, with those that it came from."""
        chain = "".join(format_exception(error, limit=0))  # frames would hold no values
        told = "\n".join((chain, *map(repr, _chained(error))))
        return cls(False, type(error).__name__, str(error), told, error)


def _chained(error: BaseException | None) -> Iterator[BaseException]:
    """Follow an error to those that it came from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


class ClientFault(Exception):  # noqa: N818 - a fault of the client under test, not of ours
    """The client could not be asked, or answered nothing that is an answer; the text says why.

    It may hold a secret, for it may quote what the client printed.
    """


class CallNotOffered(Exception):  # noqa: N818 - not an error: the client lacks what it was asked for
    """The client says, when it is asked, that it has no such operation; the text says of what."""


class Stage(StrEnum):
    """What is made before the first call."""

    SESSION = "session"
    CLIENT = "client"


class Connection(Protocol):
    """A client for one service, made at its first call or stage by stage before.

    A call of another service is made by another client of the same session.
    """

    def prepare(self, stage: Stage) -> None:
        """Make what the stage names, and what comes before it; nothing that is made already.

        What it raises is told by the first call as well, which fails then.
        """

    def shown(self) -> Mapping[str, str]:
        """Tell how what was made presents itself: `repr of the client` and the like, as text."""

    def call(self, call: Call) -> CallResult:
        """Make the call, read its answer to the end, report what came back.

        ClientFault where nothing is known of it, CallNotOffered where it cannot be made.
        """

    def close(self) -> None:
        """Drop connections and whatever else the client holds."""


class Client(Protocol):
    """An SDK: named, versioned, and able to connect to a service."""

    @property
    def name(self) -> str:
        """The name that known deviations use."""

    @property
    def version(self) -> str:
        """The version that known deviations are ranged by."""

    @property
    def in_process(self) -> bool:
        """Whether it runs in this process, whose log and environment can be seen."""

    def not_offered(self, call: Call, settings: ClientSettings) -> str | None:
        """Say why this client cannot make the call; None where it can."""

    def connect(self, service: str, settings: ClientSettings) -> Connection:
        """Prepare a client for a service; errors come with the first call."""
