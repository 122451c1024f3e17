"""The plan's cassettes that ship, and what AWS might have answered in their place."""

from __future__ import annotations

from dataclasses import replace

from bedrock_authcheck.recording.cassette import Cassette, Origin
from bedrock_authcheck.recording.plan import Plan
from bedrock_authcheck.recording.reading import read_cassette
from bedrock_authcheck.suite.planned import not_offered, shipped_folder

STEPS = {step.name: step for step in Plan().steps}
OFFERED = [name for name, step in STEPS.items() if not not_offered(step)]
WHEN = "2026-11-24T13:40:00Z"


def shipped(name: str) -> Cassette:
    return read_cassette(shipped_folder() / f"{name}.yaml")


def of_aws(name: str, **changes: object) -> Cassette:
    """What AWS might have answered: the shipped recording without the simulated service's word."""
    cassette = shipped(name)
    assert cassette.provenance
    (recording,) = cassette.recordings
    headers = tuple(h for h in recording.answer_headers if h[0].lower() != "server")
    recording = replace(replace(recording, answer_headers=headers), **changes)  # type: ignore[arg-type] # fields
    provenance = replace(cassette.provenance, origin=Origin.AWS, recorded_at=WHEN)
    return Cassette((recording,), provenance)
