"""What a scenario set up, what should follow, and what was seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bedrock_authcheck.model import SIGNATURES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_authcheck.clients.contract import Call, CallResult
    from bedrock_authcheck.model import BearerToken, Credential, Exchange, Origin
    from bedrock_authcheck.wire.attribution import Keyring, Observation


@dataclass(frozen=True, slots=True)
class Expectation:
    """What may follow: requests by one of `origins`, an unsigned one, or a clear error.

    More than one may be allowed: a half level may be skipped or refused.
    """

    origins: tuple[Origin, ...] = ()
    unsigned: bool = False
    refusal: bool = False

    def __str__(self) -> str:
        """One line for people: `bearer  AWS_BEARER_TOKEN_BEDROCK, or a clear error`."""
        choices = [f"{origin.scheme}  {origin.place}" for origin in self.origins]
        if self.unsigned:
            choices.append("an unsigned request")
        if self.refusal:
            choices.append("a clear error and no request")
        return ", or ".join(choices)


@dataclass(frozen=True, slots=True)
class Turn:
    """One call of a scenario: what was expected of it, what came of it, what it sent.

    `observations` are the requests at every endpoint that the call led to. `client` is the
    number of the client that was asked.
    """

    call: Call
    expectation: Expectation
    result: CallResult
    observations: tuple[Observation, ...] = ()
    client: int = 0


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen of the client's own process, for rules of scope process.

    `log` holds what the client logged at `log_level` and above (a name of `logging`), as text
    with tracebacks. `shown` are texts by what was asked for them (`repr of the client`).
    `changed` names environment variables that the client set, changed or removed, `restored`
    those that were as before again when the call or the making was over. Of a client
    elsewhere `log` is None where it shows none, `changed` where it does not tell.
    """

    log_level: str = ""
    log: str | None = field(default="", repr=False)
    shown: Mapping[str, str] = field(default_factory=dict, repr=False)
    changed: tuple[str, ...] | None = ()
    restored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """One scenario after it ran.

    `present` says where complete credentials came from, `broken` where defective ones did.
    `foreign` are credentials that were in sight but must not be read for this service.
    `observations` are the requests at every endpoint, `metadata` those at the environment's
    metadata services, `proxied` those that a proxy was asked, with what passed through it (None
    where there is none), `turns` the calls in their order. `region` is the endpoint's,
    `scope_service` the one its signatures must name. `sight` is None for a client that gives no
    sight of its process.
    """

    call: Call
    present: tuple[Origin, ...]
    expectation: Expectation
    keyring: Keyring
    region: str
    scope_service: str
    turns: tuple[Turn, ...]
    observations: tuple[Observation, ...]
    broken: tuple[Origin, ...] = ()
    foreign: tuple[BearerToken, ...] = ()
    refused_hosts: tuple[str, ...] = ()
    metadata: tuple[Exchange, ...] = ()
    proxied: tuple[Exchange, ...] | None = None
    sight: Sight | None = None

    @property
    def results(self) -> tuple[CallResult, ...]:
        """What the client said of each call."""
        return tuple(turn.result for turn in self.turns)

    @property
    def in_sight(self) -> tuple[Credential, ...]:
        """All credentials that a client could find, those not to be read included."""
        return (*self.keyring.credentials, *self.foreign)

    @property
    def requests(self) -> tuple[Observation, ...]:
        """The requests that reached the service that was called."""
        return tuple(o for o in self.observations if o.exchange.service == self.call.service)

    @property
    def bearer_requests(self) -> tuple[Observation, ...]:
        """Those of them that carry a token behind `Bearer`, other schemes beside it or not."""
        return tuple(o for o in self.requests if o.evidence.tokens)

    @property
    def signed_requests(self) -> tuple[Observation, ...]:
        """Those of them that carry a SigV4 signature."""
        return tuple(o for o in self.requests if o.evidence.scheme in SIGNATURES)


@dataclass(frozen=True, slots=True)
class Problem:
    """What a check found wrong: expected and observed for people, and the request it is about."""

    expected: str
    observed: str
    observation: Observation | None = None


class NotObservable(Exception):  # noqa: N818 - not an error: nobody can see what the rule is about
    """A check needs sight of what this client does not show; the text says of what."""


class NothingToJudge(Exception):  # noqa: N818 - not an error: the rule has no request to speak of
    """A check saw no request that its rule speaks of; the text says which kind it looked for."""
