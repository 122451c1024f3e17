"""A step of the recording plan, recorded: is it what was asked for, and what does it prove.

The rules rest on what AWS answers, which the simulated service only repeats from reports. A
live recording is held against the simulated answer; a simulated one proves nothing of AWS.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.model import AuthScheme, Outcome, Verdict
from bedrock_authcheck.recording.cassette import Origin
from bedrock_authcheck.recording.plan import Auth
from bedrock_authcheck.recording.reached import SIMULATED_SERVER
from bedrock_authcheck.wire.evidence import read_evidence
from bedrock_authcheck.wire.findings import EvidenceCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_authcheck.recording.cassette import Cassette, Recording
    from bedrock_authcheck.recording.plan import Step

NOT_LIVE: Final = {
    Origin.SIMULATED: "recorded from the simulated service, which proves nothing of AWS",
    Origin.OTHER: "recorded from a host that is not proven to be AWS's",
}
"""Why a recording is not observable, by who answered when it was made."""
TO_RECORD: Final = "to record live: pytest --bedrock-authcheck --record"

_SIGV4_TRACES: Final = frozenset(
    {
        EvidenceCode.STRAY_SESSION_TOKEN,
        EvidenceCode.STRAY_DATE,
        EvidenceCode.STRAY_PAYLOAD_HASH,
        EvidenceCode.STRAY_QUERY,
    }
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer decides, and in which words: an error has a type, a key and a text."""

    status: int
    error_type: str = ""
    message_key: str = ""
    message: str = ""

    @property
    def decision(self) -> tuple[int, str]:
        """Whether and why the request was refused, whatever the words."""
        return self.status, self.error_type

    def __str__(self) -> str:
        """Write it as a person reads it: `403 AccessDeniedException {"Message": "…"}`."""
        said = json.dumps({self.message_key: self.message}) if self.message_key else ""
        return " ".join(filter(None, (str(self.status), self.error_type, said)))


def answer_of(recording: Recording) -> Answer:
    """Read the answer of a recording; a good one has a status alone."""
    if recording.status == HTTPStatus.OK:
        return Answer(recording.status)
    headers = {name.lower(): value for name, value in recording.answer_headers}
    try:
        body = json.loads(recording.answer_body)
    except ValueError:
        body = {}
    said = body if isinstance(body, dict) else {}
    named = headers.get("x-amzn-errortype") or str(said.get("__type", ""))
    key = next((name for name in ("message", "Message") if name in said), "")
    error_type = named.partition(":")[0].rpartition("#")[2]
    return Answer(recording.status, error_type, key, str(said.get(key, "")))


def request_fault(step: Step, recording: Recording) -> str | None:
    """Say why a recorded request is not provably authenticated as the step asks; None if it is."""
    evidence = read_evidence(recording.exchange())
    asked = step.auth.scheme
    if evidence.scheme is not asked:
        return f"{step.name} asks for {asked}, and what was recorded is {evidence.scheme}"
    if asked is not AuthScheme.BEARER:
        return None
    traces = [f.text for f in evidence.findings if f.code in _SIGV4_TRACES]
    if traces:
        return f"{step.name} was recorded as bearer, but has traces of SigV4: {'; '.join(traces)}"
    blank = not any(token.strip() for token in evidence.tokens)
    if blank is not (step.auth is Auth.EMPTY_TOKEN):
        what = "none stands" if blank else "one stands"
        return f"{step.name} asks for {step.auth}, and {what} behind the recorded Bearer"
    return None


def cassette_fault(step: Step, cassette: Cassette) -> str | None:
    """Say why a cassette is no recording of a step, whoever answered; None where it is."""
    if cassette.provenance is None:
        return "it is another recorder's: it tells neither who answered nor how it was scrubbed"
    if len(cassette.recordings) != 1:
        return f"it holds {len(cassette.recordings)} recordings, and the step is one request"
    (recording,) = cassette.recordings
    claimed = cassette.provenance.origin
    if claimed is Origin.AWS and _says_simulated(recording):
        return "it claims to be recorded from AWS, and its answer is the simulated service's"
    return request_fault(step, recording)


def _says_simulated(recording: Recording) -> bool:
    return any(
        name.lower() == "server" and value.strip() == SIMULATED_SERVER
        for name, value in recording.answer_headers
    )


def not_live(step: Step, origin: Origin) -> Iterator[Verdict]:
    """Say of each rule that a recording which AWS did not answer shows nothing."""
    for rule in step.rules:
        yield Verdict(rule, Outcome.NOT_OBSERVABLE, reason=f"{NOT_LIVE[origin]}; {TO_RECORD}")


def compare(
    step: Step, recorded: Recording, simulated: Recording, recorded_at: str, *, strict: bool
) -> Iterator[Verdict]:
    """Hold what AWS answered against what the simulated service answers, for each rule.

    Another decision failed: what the rule rests on is not so. The same in other words is a
    warning (failed if `strict`).
    """
    was, expected = answer_of(recorded), answer_of(simulated)
    held, seen = f"{expected} (the simulated service)", f"{was} (AWS, {recorded_at})"
    for rule in step.rules:
        if was == expected:
            yield Verdict(rule, Outcome.PASSED, held, seen)
        elif was.decision == expected.decision and not strict:
            yield Verdict(rule, Outcome.WARNING, held, seen, _reason(step, was, "in other words"))
        else:
            yield Verdict(rule, Outcome.FAILED, held, seen, _reason(step, was, "otherwise"))


def _reason(step: Step, was: Answer, how: str) -> str:
    status = " ".join(filter(None, (str(was.status), was.error_type)))
    answered = f"AWS answered {status}, {how} than the simulated service"
    return f"{step.operation} with {step.auth}: {answered}"
