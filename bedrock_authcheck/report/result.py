"""What a scenario came to, as data without a secret: the one truth of every report."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from bedrock_authcheck.checks.wording import request_line
from bedrock_authcheck.model import Outcome, Verdict
from bedrock_authcheck.wire.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bedrock_authcheck.checks.trial import Trial
    from bedrock_authcheck.spec.rules import Rule
    from bedrock_authcheck.wire.attribution import Observation


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """One scenario's verdicts with the evidence behind them; all of it is JSON.

    `present` and `broken` are names of origins. `requests` and `results` hold what was seen
    and what the client said, redacted. `stale` names known deviations that no longer deviate.
    """

    id: str
    service: str
    operation: str
    present: tuple[str, ...]
    broken: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    requests: tuple[dict[str, Any], ...] = ()
    results: tuple[dict[str, Any], ...] = ()
    stale: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """The gravest outcome of its verdicts, whether it was foreseen or not."""
        return _gravest(self.verdicts)

    @property
    def unforeseen(self) -> bool:
        """Whether it fails the run: by a failure no deviation foresaw, or by a stale deviation."""
        outcome = _gravest(v for v in self.verdicts if v.deviation is None)
        return bool(self.stale) or outcome in (Outcome.FAILED, Outcome.ERROR)

    @property
    def deviations(self) -> tuple[str, ...]:
        """The known deviations that its failures were foreseen by."""
        return tuple(dict.fromkeys(v.deviation for v in self.verdicts if v.deviation))

    def as_json(self) -> dict[str, Any]:
        """Return the fields as JSON has them, `outcome` and `unforeseen` added for readers."""
        return {
            **{name: getattr(self, name) for name in self.__slots__},
            "verdicts": [asdict(verdict) for verdict in self.verdicts],
            "outcome": self.outcome,
            "unforeseen": self.unforeseen,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Rebuild a result from `as_json`."""
        derived = ("outcome", "unforeseen")
        fields = {key: _as_tuple(value) for key, value in data.items() if key not in derived}
        fields["verdicts"] = tuple(
            Verdict(**{**verdict, "outcome": Outcome(verdict["outcome"])})
            for verdict in data["verdicts"]
        )
        return cls(**fields)


def junit_properties(result: ScenarioResult, rules: Mapping[str, Rule]) -> list[tuple[str, object]]:
    """List the rules of a result as properties of JUnit XML: `CHAIN-1`, `MUST passed`."""
    return [(v.rule, f"{rules[v.rule].level} {v.outcome}") for v in result.verdicts]


GRAVEST_FIRST = (
    Outcome.ERROR,
    Outcome.FAILED,
    Outcome.WARNING,
    Outcome.PASSED,
    Outcome.OBSERVED,
    Outcome.NOT_OBSERVABLE,
    Outcome.NOT_OFFERED,
    Outcome.SKIPPED,
)


def _gravest(verdicts: Iterable[Verdict]) -> Outcome:
    outcomes = {verdict.outcome for verdict in verdicts}
    return next((o for o in GRAVEST_FIRST if o in outcomes), Outcome.PASSED)


def _as_tuple(value: object) -> Any:  # noqa: ANN401 - as JSON, whose types only its reader knows
    return tuple(value) if isinstance(value, list) else value


def request_json(observation: Observation, redactor: Redactor) -> dict[str, Any]:
    """One request as a report keeps it: as received, with every secret redacted.

    `body_bytes` counts what was received, and is all that is kept of the body.
    """
    exchange = redactor.exchange(replace(observation.exchange, body=b""))
    evidence = observation.evidence
    scope, clean = evidence.scope, redactor.text
    return {
        "line": request_line(exchange),
        "service": exchange.service,
        "operation": observation.operation,
        "method": clean(exchange.method),
        "target": exchange.target,
        "headers": [[clean(name), value] for name, value in exchange.headers],
        "protocol": exchange.protocol,
        "tls": exchange.tls,
        "received_at": exchange.received_at.isoformat() if exchange.received_at else None,
        "complete": exchange.complete,
        "status": exchange.status,
        "body_bytes": len(observation.exchange.body),
        "scheme": str(evidence.scheme),
        "source": str(observation.origin) if observation.origin else None,
        "scope": clean(f"{scope.date}/{scope.region}/{scope.service}") if scope else None,
        "signed_headers": [clean(name) for name in evidence.signed_headers],
        "signature_valid": observation.signature.valid if observation.signature else None,
        "findings": [clean(finding.text) for finding in evidence.findings],
    }


def result_of(
    scenario_id: str, trial: Trial, verdicts: tuple[Verdict, ...], stale: tuple[str, ...]
) -> ScenarioResult:
    """Turn a judged trial into a result, with every secret of its environment redacted."""
    redactor = Redactor(trial.in_sight)
    clean = redactor.text
    return ScenarioResult(
        scenario_id,
        trial.call.service,
        trial.call.operation,
        tuple(trial.present),
        tuple(trial.broken),
        tuple(
            replace(
                verdict,
                expected=clean(verdict.expected),
                observed=clean(verdict.observed),
                reason=clean(verdict.reason),
            )
            for verdict in verdicts
        ),
        tuple(request_json(observation, redactor) for observation in trial.observations),
        tuple(
            {"ok": r.ok, "error_type": clean(r.error_type), "error": clean(r.error)}
            for r in trial.results
        ),
        stale,
    )
