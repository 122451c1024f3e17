"""Whether a program keeps to the client contract: what `bedrock-authcheck client check` says.

Nothing here is about authentication: an SDK that signs with the wrong key can keep to the
contract, and the suite says the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.checks.trial import Expectation
from bedrock_authcheck.clients.contract import Call, CallNotOffered, ClientFault
from bedrock_authcheck.clients.manifest import ALL, CALLS, LOG
from bedrock_authcheck.clients.process import ProcessClient
from bedrock_authcheck.model import CredentialSource
from bedrock_authcheck.services.authorization import UNKNOWN_KEY
from bedrock_authcheck.services.endpoint import running
from bedrock_authcheck.services.steps import deny
from bedrock_authcheck.suite.acts import Ask
from bedrock_authcheck.suite.bench import Bench
from bedrock_authcheck.suite.scenario import MAIN_CALLS, Held, Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_authcheck.checks.trial import Trial
    from bedrock_authcheck.clients.manifest import Manifest
    from bedrock_authcheck.clients.program import Bounds

_TOKEN: Final = CredentialSource.BEARER
_KEYS: Final = CredentialSource.ENVIRONMENT
_LEVELS: Final = {"a token": _TOKEN, "keys": _KEYS}
_USUAL: Final = {(call.service, call.operation): call for call in MAIN_CALLS.values()}
_EXAMPLES: Final = {
    "bedrock": ("ListFoundationModels",),
    "bedrock-runtime": ("Converse", "ConverseStream", "InvokeModel"),
    "bedrock-agent": ("ListAgents",),
    "bedrock-agent-runtime": ("ListSessions",),
    "bedrock-data-automation": ("ListDataAutomationProjects",),
    "bedrock-data-automation-runtime": ("GetDataAutomationStatus",),
    "bedrock-agentcore": ("ListSessions",),
    "bedrock-agentcore-control": ("ListAgentRuntimes",),
    "sts": ("GetCallerIdentity",),
    "s3": ("ListBuckets",),
}
"""What is asked of a service all of whose operations are offered."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One part of the contract: whether it is kept, and the sentence about it.

    `ok` is None for what the client says it does not offer.
    """

    part: str
    ok: bool | None
    text: str


def check(manifest: Manifest, bounds: Bounds) -> Iterator[Kept]:
    """Hold a client against each part of the contract, one after the other."""
    client = ProcessClient(manifest, bounds)
    try:
        yield Kept("version", True, client.version)
    except ClientFault as fault:
        yield Kept("version", False, str(fault))
    with running() as services:
        bench = Bench(*services, client)
        try:
            yield from _Conformance(bench, client).kept()
        finally:
            bench.close()


class _Conformance:
    """The parts of the contract, on a bench."""

    def __init__(self, bench: Bench, client: ProcessClient) -> None:
        self._bench = bench
        self._client = client
        self._working: tuple[Call, CredentialSource] | None = None

    def kept(self) -> Iterator[Kept]:
        for call in _offered(self._client.manifest):
            yield self._works(call)
        yield self._fails("no credentials", ())
        if self._working is None:
            text = "no call worked, so that an error and the optional parts could not be looked at"
            yield Kept("a refusal", False, text)
            return
        yield self._fails("a refusal (403)", (self._working[1],))
        if CALLS in self._client.parts:
            yield self._several()
        if LOG in self._client.parts:
            yield self._logs()

    def _run(self, call: Call, *levels: CredentialSource, **beside: object) -> Trial:
        held = tuple(map(Held, levels))
        scenario = Scenario("contract", "check", (), held, (call,), Expectation())
        return self._bench.run(replace(scenario, **beside))  # type: ignore[arg-type]  # fields of a scenario

    def _works(self, call: Call) -> Kept:
        """Call with a token and with keys; one of them must bring the request to the endpoint."""
        part, worked, said = f"{call.service} {call.operation}", [], []
        for name, level in _LEVELS.items():
            try:
                trial = self._run(call, level)
            except ClientFault as fault:
                return Kept(part, False, f"with {name}, {fault}")
            except CallNotOffered as lacking:
                return Kept(part, None, f"not offered: {lacking}")
            (result,) = trial.results
            arrived = [seen.operation or call.operation for seen in trial.requests]
            if result.ok and {*arrived} == {call.operation}:  # the operations of others are unknown
                worked.append(name)
                self._working = self._working or (call, level)
            elif result.ok:
                what = ", ".join(map(str, arrived)) or "nothing"
                said.append(f"with {name} it says ok, and {what} arrived at the endpoint")
            else:
                said.append(f"with {name} {result.error_type}: {result.error[:160]}")
        works = [f"works with {' and with '.join(worked)}"] if worked else []
        return Kept(part, bool(worked), "; ".join((*works, *said)))

    def _fails(self, part: str, levels: tuple[CredentialSource, ...]) -> Kept:
        """Let a call fail: the error is told, with its type and its text."""
        call = self._working[0] if self._working else next(_offered(self._client.manifest))
        steps = (deny(UNKNOWN_KEY, call.service),) * 3 if levels else ()
        try:
            (result,) = self._run(call, *levels, steps=steps).results
        except (ClientFault, CallNotOffered) as fault:
            return Kept(part, False, str(fault))
        if result.ok:
            return Kept(part, False, f"{call.operation} says ok, where the call cannot have worked")
        told = bool(result.error_type.strip() and result.error.strip())
        lack = "" if told else " (a type and a text of the error are wanted)"
        return Kept(part, told, f"{result.error_type}: {result.error[:160]}{lack}")

    def _several(self) -> Kept:
        assert self._working is not None  # noqa: S101 - for the type checker
        call, level = self._working
        try:
            trial = self._run(call, level, acts=(Ask(call), Ask(call), Ask(call, client=1)))
        except (ClientFault, CallNotOffered) as fault:
            return Kept("part `calls`", False, str(fault))
        good = sum(result.ok for result in trial.results)
        return Kept("part `calls`", good == 3, f"{good} of 3 calls in one process worked")  # noqa: PLR2004 - as above

    def _logs(self) -> Kept:
        assert self._working is not None  # noqa: S101 - for the type checker
        call, level = self._working
        try:
            sight = self._run(call, level, log_level="DEBUG").sight
        except (ClientFault, CallNotOffered) as fault:
            return Kept("part `log`", False, str(fault))
        log = sight.log if sight is not None and sight.log is not None else ""
        text = f"{len(log)} characters on standard error at DEBUG"
        return Kept("part `log`", bool(log.strip()), text)


def _offered(manifest: Manifest) -> Iterator[Call]:
    """Name the calls to try: each operation that is named, and examples where all are offered."""
    for service, names in manifest.operations.items():
        named = sorted(names - {ALL}) or _EXAMPLES.get(service, ())
        for operation in named:
            yield _USUAL.get((service, operation), Call(service, operation))
