"""A cassette served by the loopback endpoint, for clients in any language."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.recording.cassette import Recording
from bedrock_authcheck.recording.misses import RECORD, miss_text
from bedrock_authcheck.recording.places import Place
from bedrock_authcheck.recording.reading import read_cassette
from bedrock_authcheck.recording.session import index_of
from bedrock_authcheck.services.http import Answer

if TYPE_CHECKING:
    from pathlib import Path

    from bedrock_authcheck.model import Exchange
    from bedrock_authcheck.recording.session import Settings

RECORDED_BY: Final = f"{RECORD} TEST (one with bedrock_cassette: replay records nothing)"
"""How what is played here is recorded, for advice."""

_MISS_STATUS: Final = 501  # which no SDK retries


class Player:
    """Answers exchanges at the loopback endpoint from a cassette, whatever the Region.

    The cassette decides, not the simulated authorisation. A request that no recording answers
    is answered 501, and its text kept in `misses`.
    """

    def __init__(self, path: Path, settings: Settings) -> None:
        """Read a cassette; `settings` are as for `recording.session.replaying`.

        CassetteError for one that cannot be read, FileNotFoundError where there is none.
        """
        self.path = path
        self.index = index_of(read_cassette(path), settings, any_region=True)
        self.misses: list[str] = []

    def __call__(self, exchange: Exchange) -> Answer:
        """Find the answer of an exchange."""
        # By its service: a client may call the address by another name (localhost).
        request = Recording(
            exchange.method,
            f"https://{Place(exchange.service).host}{exchange.target}",
            exchange.headers,
            exchange.body,
        )
        found = self.index.play(request)
        if found is None:
            text = miss_text(request, self.index, str(self.path), record=RECORDED_BY)
            self.misses.append(text)
            headers = (("Content-Type", "application/json"), ("x-amzn-ErrorType", "NoRecording"))
            return Answer(_MISS_STATUS, headers, json.dumps({"message": text}).encode())
        chunked = any(name.lower() == "transfer-encoding" for name, _ in found.answer_headers)
        body = (found.answer_body,) if chunked and found.answer_body else found.answer_body
        return Answer(found.status, found.answer_headers, body)
