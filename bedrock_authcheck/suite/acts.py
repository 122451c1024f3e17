"""What happens in a scenario, one act after the other: make, change, ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bedrock_authcheck.checks.trial import Expectation
    from bedrock_authcheck.clients.contract import Call, Stage
    from bedrock_authcheck.model import CredentialSource, Origin
    from bedrock_authcheck.services.steps import Step


@dataclass(frozen=True, slots=True)
class Ask:
    """Make a call with one of the scenario's clients, which are numbered from 0.

    `expectation` is that of this call where it is not the scenario's.
    """

    call: Call
    client: int = 0
    expectation: Expectation | None = None


@dataclass(frozen=True, slots=True)
class Together:
    """Make calls at once, each in a thread of its own.

    Their requests are told apart by their model ids, which must differ.
    """

    asks: tuple[Ask, ...]


@dataclass(frozen=True, slots=True)
class Prepare:
    """Make the session or the client of one of the scenario's clients."""

    stage: Stage
    client: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """Let the variables of a source hold another credential from now on, or none.

    The origin `to` is one that the scenario holds, spare ones included.
    """

    source: CredentialSource
    to: Origin | None = None


@dataclass(frozen=True, slots=True)
class Renew:
    """Let the service of a role give another credential from now on, which the scenario holds."""

    role: Origin
    to: Origin


@dataclass(frozen=True, slots=True)
class Changing:
    """A programmed answer that comes after a change: the client waits for it meanwhile."""

    change: Change
    then: Step


@dataclass(frozen=True, slots=True)
class Redirecting:
    """A programmed answer that leads to another address of the endpoint.

    `service` listens there, `host` is what the address calls this machine, `plain` is http.
    """

    service: str
    status: int = 307
    plain: bool = False
    host: str = "127.0.0.1"


Act = Ask | Together | Prepare | Change | Renew
