"""What a request without a recording is told: the nearest one, what differs, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from bedrock_authcheck.recording.places import canonical_uri, place_of
from bedrock_authcheck.wire.evidence import read_evidence
from bedrock_authcheck.wire.findings import counted
from bedrock_authcheck.wire.redaction import redact_target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_authcheck.model import AuthScheme
    from bedrock_authcheck.recording.cassette import Recording
    from bedrock_authcheck.recording.index import Difference, Index
    from bedrock_authcheck.recording.places import Place

RECORD: Final = "pytest --record"
"""How the cassettes of all tests are recorded; the node id of a test behind it means its own."""

_ANEW: Final = "record it anew: {} --authcheck-record-mode all"
_ADD: Final = "record what is missing: {} --authcheck-record-mode new"
_TARGET_WIDTH: Final = 120
_SHOWN: Final = 10  # recordings of those that were not played


def miss_text(
    request: Recording,
    index: Index | None,
    cassette: str,
    loopback: Mapping[str, Place] | None = None,
    record: str = RECORD,
) -> str:
    """Say which request has no recording in `cassette`, which is nearest and what differs.

    `record` is the command that records the cassette.
    """
    scheme = read_evidence(request.exchange()).scheme
    lines = [
        f"no recording answers {_line(request, scheme, loopback)}",
        f"  cassette  {cassette}",
    ]
    nearest = index.nearest(request) if index is not None else None
    if index is None or nearest is None:
        return "\n".join([*lines, f"  to do     {_ADD.format(record)}"])
    number, found = nearest
    recorded = _line(index.recordings[number], index.schemes[number], loopback)
    lines += [
        f"  holds     {counted(len(index.recordings), 'recording')}",
        f"  nearest   {number + 1}. {recorded}",
    ]
    if not found:
        count = "once" if index.plays[number] == 1 else f"{index.plays[number]} times"
        lines.append(f"  played    {count} already: each recording answers one request")
        return "\n".join([*lines, f"  to do     send it once, or {_ADD.format(record)}"])
    lines += [f"  differs   {d.what}: recorded {d.recorded}, sent {d.sent}" for d in found]
    return "\n".join([*lines, f"  to do     {_advice(found, _ANEW.format(record))}"])


def unplayed_text(index: Index, cassette: str, record: str = RECORD) -> str:
    """Say which recordings of `cassette`, recorded by `record`, nothing asked for."""
    lines = [f"{counted(len(index.unplayed), 'recording')} of {cassette} not played:"]
    first, more = index.unplayed[:_SHOWN], index.unplayed[_SHOWN:]
    lines += [f"  {n + 1}. {_line(index.recordings[n], index.schemes[n])}" for n in first]
    lines += [f"  … and {len(more)} more"] * bool(more)
    return "\n".join([*lines, f"  to do     send the requests, or {_ANEW.format(record)}"])


def _line(
    request: Recording, scheme: AuthScheme | None, loopback: Mapping[str, Place] | None = None
) -> str:
    parts = urlsplit(canonical_uri(request.uri, loopback))
    where = place_of(parts.netloc) or parts.netloc
    target = redact_target((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
    if len(target) > _TARGET_WIDTH:
        target = f"{target[: _TARGET_WIDTH - 1]}…"
    return f"{request.method} {target} ({where}, {scheme or 'auth scheme unknown'})"


def _advice(found: list[Difference], anew: str) -> str:
    (only, *others) = found
    if only.what == "auth scheme" and not others:
        return (
            f"the request is the same but for how it is authenticated: let it be {only.recorded} "
            f"again, or, if {only.sent} is meant, {anew}"
        )
    return f"send what was recorded, or {anew}"
