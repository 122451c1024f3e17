"""What a scenario set up, what should follow, and what was seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bedrock_authcheck.model import AuthScheme, BearerToken, CredentialSource

if TYPE_CHECKING:
    from bedrock_authcheck.clients.contract import Call, CallResult
    from bedrock_authcheck.model import Exchange
    from bedrock_authcheck.wire.attribution import Keyring, Observation


@dataclass(frozen=True, slots=True)
class Expectation:
    """What may follow: requests by one of `sources`, an unsigned one, or a clear error.

    More than one may be allowed: a half level may be skipped or refused.
    """

    sources: tuple[CredentialSource, ...] = ()
    unsigned: bool = False
    refusal: bool = False

    def __str__(self) -> str:
        """One line for people: `bearer  AWS_BEARER_TOKEN_BEDROCK, or a clear error`."""
        choices = [f"{source.scheme}  {source.place}" for source in self.sources]
        if self.unsigned:
            choices.append("an unsigned request")
        if self.refusal:
            choices.append("a clear error and no request")
        return ", or ".join(choices)


@dataclass(frozen=True, slots=True)
class Trial:
    """One scenario after it ran.

    `present` are the sources that hold a complete credential, `broken` those that hold a
    half one. `foreign` are credentials that were in sight but must not be read for this
    service. `observations` are the requests at every endpoint, `metadata` those at the
    environment's metadata services, `results` what the client said of each call, and `sent`
    how many requests each led to. `region` is the endpoint's, `scope_service` the one its
    signatures must name.
    """

    call: Call
    present: tuple[CredentialSource, ...]
    expectation: Expectation
    keyring: Keyring
    region: str
    scope_service: str
    results: tuple[CallResult, ...]
    sent: tuple[int, ...]
    observations: tuple[Observation, ...]
    broken: tuple[CredentialSource, ...] = ()
    foreign: tuple[BearerToken, ...] = ()
    refused_hosts: tuple[str, ...] = ()
    metadata: tuple[Exchange, ...] = ()

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
        schemes = (AuthScheme.SIGV4, AuthScheme.SIGV4_QUERY, AuthScheme.SIGV4A)
        return tuple(o for o in self.requests if o.evidence.scheme in schemes)


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
