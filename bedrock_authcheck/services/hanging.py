"""Where a helper program hangs: it asks, and gets its answer when nobody should wait any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bedrock_authcheck.services.http import Answer
from bedrock_authcheck.services.observing import Observing

if TYPE_CHECKING:
    from bedrock_authcheck.model import Exchange

BOUND: Final = 0.3  # seconds that a client may be held; one that does not wait needs none of them
WAIT_PATH: Final = "/wait"
GAVE_UP_PATH: Final = "/gave-up"


class HangingHelper(Observing):
    """Holds a helper for `bound` seconds, or until its own end, which drops the connection.

    A helper that was held to the end of that says so by asking for GAVE_UP_PATH: whoever sends a
    request later than this has waited for it.
    """

    name = "credential-process"

    bound = BOUND

    def _reply(self, exchange: Exchange) -> Answer:
        return Answer(204, delay=self.bound if exchange.target == WAIT_PATH else 0.0)
