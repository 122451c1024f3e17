"""A command line, judged by whatever it calls: levels of an environment, and what may disturb them.

It runs once for each scenario. What it calls is its own affair: each request is held to what
the environment implies for its operation, and none may leave where no level is present.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.checks.judge import judge
from bedrock_authcheck.checks.trial import Expectation
from bedrock_authcheck.clients.contract import Call
from bedrock_authcheck.environments.levels import Defect
from bedrock_authcheck.model import AuthScheme, CredentialSource, Outcome, Verdict
from bedrock_authcheck.report.result import GRAVEST_FIRST
from bedrock_authcheck.spec.catalogue import Catalogue, documented, takes_api_keys
from bedrock_authcheck.spec.rules import load_rules
from bedrock_authcheck.spec.services import BEDROCK_NAMES, SERVICES
from bedrock_authcheck.suite.items import ScenarioItem
from bedrock_authcheck.suite.running import bench_of
from bedrock_authcheck.suite.scenario import Held, Scenario, levels_name, winner

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bedrock_authcheck.checks.trial import Trial
    from bedrock_authcheck.model import Origin
    from bedrock_authcheck.wire.attribution import Observation

_SOURCES: Final = tuple(s for s in CredentialSource if s is not CredentialSource.SETTINGS)
"""What an environment can provide: all levels but the keys that code hands over."""
_TOKEN: Final = CredentialSource.BEARER
_KEYS: Final = CredentialSource.ENVIRONMENT
_SIXTH: Final = (CredentialSource.INSTANCE, CredentialSource.CONTAINER)
_CALL: Final = Call("bedrock-runtime", "any", {})
_OF_REQUESTS: Final = tuple(f"AUTH-{n}" for n in (1, 2, 3, 4, 5, 7, 8, 9))
_LIMITS: Final = ("LIMIT-1", "LIMIT-2", "LIMIT-3", "LIMIT-4", "LIMIT-5", "LIMIT-6")
_NONE_SENT: Final = "no request of such an operation was seen"


def scenarios() -> Iterator[Scenario]:
    """All 64 subsets; then tokens that are none or another's, and broken levels below one."""
    for size in range(len(_SOURCES) + 1):
        for sources in combinations(_SOURCES, size):
            rules = ("CHAIN-1", "CHAIN-3") if sources else ("CHAIN-2",)
            yield _scenario(levels_name(sources), rules, map(Held, sources), shared=True)
    for whole in ((), (_KEYS,), (CredentialSource.INSTANCE,)):
        name = f"blank-token+{levels_name(whole)}"
        made = _scenario(name, ("TOKEN-1",), map(Held, whole))
        yield replace(made, variables={"AWS_BEARER_TOKEN_BEDROCK": " "})
        other = _scenario(f"foreign-token+{levels_name(whole)}", ("TOKEN-3",), map(Held, whole))
        yield replace(other, foreign_variable="AWS_BEARER_TOKEN_S3")
    for source, defect in (
        (_KEYS, Defect.NO_SECRET),
        (CredentialSource.SHARED, Defect.NO_SECRET),
        (CredentialSource.SHARED, Defect.MALFORMED),
        (CredentialSource.CONFIG, Defect.NO_PROFILE),
    ):
        held = (Held(_TOKEN), Held(source, defect=defect))
        yield _scenario(f"bearer-over-{source}-{defect}", ("CHAIN-5",), held)


def _scenario(
    name: str, rules: tuple[str, ...], held: Iterable[Held], *, shared: bool = False
) -> Scenario:
    levels = tuple(held)
    rules = (*rules, *_OF_REQUESTS, *_LIMITS)
    expectation = _expected(tuple(level.origin for level in levels if level.whole), keys=True)
    return Scenario("command", name, rules, levels, (_CALL,), expectation, shared=shared)


def _expected(present: tuple[Origin, ...], *, keys: bool) -> Expectation:
    """Say who may sign a request; `keys` is whether its operation takes API keys."""
    highest = winner(present, "bedrock-runtime" if keys else "")
    if highest is None:
        return Expectation(refusal=True)
    # Two of one level: which of them wins is each client's own choice (CHAIN-7).
    same = tuple(o for o in present if o.level == highest.level)
    return Expectation(same)


class CommandItem(ScenarioItem):
    """One run of the command as a test."""

    def verdicts_of(self, trial: Trial, *, strict: bool) -> list[Verdict]:
        """Judge each kind of request by the rules that are about it; the gravest verdict counts."""
        found: dict[str, list[Verdict]] = {}
        rules = load_rules()
        for part, about in self._parts(trial):
            for rule in about:
                if rule in self.rules:
                    verdict = judge(rules[rule], part, strict=strict)
                    found.setdefault(rule, []).append(verdict)
        return [_gravest(found.get(rule, [_skipped(rule)])) for rule in self.rules]

    def _parts(self, trial: Trial) -> Iterator[tuple[Trial, tuple[str, ...]]]:
        """Split a trial into its kinds of requests, each with the rules that it is held to."""
        trial = replace(trial, turns=())  # how the program ends is its own affair
        own = tuple(rule for rule in self.rules if not rule.startswith(("AUTH-", "LIMIT-")))
        kinds: dict[tuple[str, bool], list[Observation]] = {}
        for seen in trial.observations:
            service = seen.exchange.service
            if service in BEDROCK_NAMES:
                kinds.setdefault((service, _takes_keys(seen)), []).append(seen)
        if not kinds:
            if self._calls_others_alone(trial):
                yield replace(trial, expectation=Expectation(refusal=True)), ("LIMIT-5",)
            else:
                yield trial, own
            return
        for (service, keys), observations in kinds.items():
            part = replace(
                trial,
                call=Call(service, observations[0].operation or "any"),
                expectation=_expected(trial.present, keys=keys),
                scope_service=SERVICES[service].signing_name,
                observations=tuple(observations),
            )
            yield part, (*(own if keys else _limits(part)), *_OF_REQUESTS)

    def _calls_others_alone(self, trial: Trial) -> bool:
        """Whether the program, given IAM credentials, calls what takes no API keys and no more.

        It sends nothing with a token alone then, and is right. It is asked by running it again.
        """
        if {origin.scheme for origin in trial.present} != {AuthScheme.BEARER}:
            return False
        probe = replace(self.scenario, held=(Held(_KEYS),), variables={}, foreign_variable=None)
        seen = bench_of(self.session).run(probe).observations
        of_bedrock = [o for o in seen if o.exchange.service in BEDROCK_NAMES]
        return bool(of_bedrock) and not any(map(_takes_keys, of_bedrock))


def _takes_keys(seen: Observation) -> bool:
    service = seen.exchange.service
    operation = Catalogue.load().operation(service, seen.operation or "")
    return operation.guide_accepts_api_key if operation else takes_api_keys(service)


def _limits(part: Trial) -> tuple[str, ...]:
    """Name the rules of an operation that takes no API keys."""
    operation = Catalogue.load().operation(part.call.service, part.call.operation)
    guide = operation.guide_rule if operation else str(documented()[part.call.service]["rule"])
    return (guide, "LIMIT-5" if part.expectation.refusal else "LIMIT-4")


def _skipped(rule: str) -> Verdict:
    return Verdict(rule, Outcome.SKIPPED, reason=_NONE_SENT)


def _gravest(verdicts: list[Verdict]) -> Verdict:
    return min(verdicts, key=lambda verdict: GRAVEST_FIRST.index(verdict.outcome))


ITEM = CommandItem
