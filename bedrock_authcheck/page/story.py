"""What the page tells, from results alone, and without markup."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from bedrock_authcheck.model import Outcome
from bedrock_authcheck.report.summary import EXPECTED, STALE, RuleSummary, summarise
from bedrock_authcheck.report.text import aligned, client_lines, levels_text
from bedrock_authcheck.spec.deviations import load_deviations
from bedrock_authcheck.spec.rules import load_rules, rule_order
from bedrock_authcheck.wire.findings import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bedrock_authcheck.model import Verdict
    from bedrock_authcheck.report.jsonl import Report
    from bedrock_authcheck.report.result import ScenarioResult
    from bedrock_authcheck.spec.deviations import Deviation
    from bedrock_authcheck.spec.rules import Rule

_ROOT: Final = "bedrock-authcheck::"
_LINKED: Final = 8  # scenarios that a rule links to; the filter shows the rest
_REQUESTS: Final = 6  # of one scenario
_VALUE: Final = 160  # characters of a header's value
_TEXT: Final = 2_000  # characters of one text of a verdict or a request
_ALL: Final = 1_700_000  # characters of all evidence, so that a page opens in under a second
_TOLD_HEADERS: Final = re.compile(r"(?i)authorization|host|x-amz-|x-api-key")
_TOLD_FOR_ONE: Final = re.compile(r"(?i)authorization|x-amz-security-token|x-api-key")
_BROKEN: Final = (Outcome.ERROR, Outcome.FAILED, Outcome.WARNING)


@dataclass(frozen=True, slots=True)
class Client:
    """Who was judged, in one run; `number` tells clients apart in addresses of the page."""

    number: int
    name: str
    versions: str
    header: Mapping[str, Any]
    footer: Mapping[str, Any]
    results: tuple[ScenarioResult, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """One scenario: its address on the page, its outcome, and its evidence as text."""

    anchor: str
    name: str
    client: str
    service: str
    outcome: str
    rules: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class RuleStory:
    """One rule with its outcome for each client, and the scenarios that broke it."""

    rule: Rule
    outcomes: tuple[RuleSummary | None, ...]
    links: tuple[Card, ...]
    more: int
    deviations: tuple[Deviation, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """What signed in one scenario of a matrix, and its card; a mark of two or three letters."""

    mark: str
    card: Card


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows by what was present or called, columns by what else; None where nothing was run."""

    client: str
    title: str
    corner: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell | None, ...]], ...]


@dataclass(frozen=True, slots=True)
class Story:
    """The whole page."""

    clients: tuple[Client, ...]
    headline: str
    passed: bool
    counts: tuple[tuple[str, int], ...]
    rules: tuple[RuleStory, ...]
    unchecked: tuple[Rule, ...]
    matrices: tuple[Matrix, ...]
    groups: tuple[tuple[str, tuple[Card, ...]], ...]
    services: tuple[str, ...] = field(default=())


def story_of(reports: Sequence[Report]) -> Story:
    """Tell what reports of one rule set come to; a client is named apart where it comes twice."""
    clients = tuple(_client(number, report) for number, report in enumerate(reports))
    room = min(_TEXT * 4, _ALL // max(1, sum(len(client.results) for client in clients)))
    cards = {
        (client.number, result.id): _card(client, result, room, several=len(clients) > 1)
        for client in clients
        for result in client.results
    }
    groups: dict[str, list[Card]] = {}
    for (_, scenario), card in cards.items():
        groups.setdefault(scenario.split("::")[1], []).append(card)
    counts = Counter(card.outcome for card in cards.values())
    told = _rules(clients, cards)
    return Story(
        clients,
        *_headline(clients),
        tuple((name, counts[name]) for name in _ORDER if counts[name]),
        told,
        tuple(r for r in load_rules().values() if r.id not in {t.rule.id for t in told}),
        tuple(_matrices(clients, cards)),
        tuple((name, tuple(sorted(group, key=_gravity))) for name, group in groups.items()),
        tuple(sorted({result.service for client in clients for result in client.results})),
    )


_ORDER: Final = (
    *(Outcome.ERROR, STALE, Outcome.FAILED, Outcome.WARNING, EXPECTED, Outcome.PASSED),
    *(Outcome.OBSERVED, Outcome.NOT_OBSERVABLE, Outcome.NOT_OFFERED, Outcome.SKIPPED),
)
"""Outcomes as the page shows them, the gravest first."""


def _gravity(card: Card) -> int:
    return [str(name) for name in _ORDER].index(card.outcome)


def _client(number: int, report: Report) -> Client:
    told = report.header.get("client", {})
    versions = " ".join(f"{name} {v}" for name, v in told.get("versions", {}).items())
    name = str(told.get("name", "client"))
    return Client(number, name, versions or name, report.header, report.footer, report.results)


def _headline(clients: Sequence[Client]) -> tuple[str, bool]:
    broken = sum(result.unforeseen for client in clients for result in client.results)
    stopped = any(client.footer.get("interrupted") for client in clients)
    total = sum(len(client.results) for client in clients)
    if broken:
        return f"{counted(broken, 'scenario')} of {total} failed", False
    if stopped:
        return f"The run was interrupted after {counted(total, 'scenario')}", False
    return f"{counted(total, 'scenario')}, no unforeseen failure", total > 0


def _outcome(result: ScenarioResult) -> str:
    if result.stale:
        return STALE
    return EXPECTED if result.deviations and not result.unforeseen else str(result.outcome)


def _card(client: Client, result: ScenarioResult, room: int, *, several: bool) -> Card:
    name = result.id.removeprefix(_ROOT)
    return Card(
        f"{client.number}::{name}" if several else name,
        name,
        client.name if several else "",
        result.service,
        _outcome(result),
        tuple(dict.fromkeys(verdict.rule for verdict in result.verdicts)),
        f"{_cut(chr(10).join(_evidence(result)), room)}\n{_again(result)}",
    )


def _evidence(result: ScenarioResult) -> Iterator[str]:
    """Write what a scenario shows: each verdict worth a line, the levels, the requests as sent."""
    broken = [verdict for verdict in result.verdicts if verdict.outcome in _BROKEN]
    others = [v for v in result.verdicts if v.outcome is Outcome.OBSERVED] or result.verdicts[:1]
    for verdict in broken or others:
        yield _verdict_line(verdict)
        yield from aligned(
            [("expected", _cut(verdict.expected)), ("observed", _cut(verdict.observed))]
        )
    lines = [("present", levels_text(result.present))]
    if result.broken:
        lines.append(("broken", levels_text(result.broken)))
    told = _TOLD_HEADERS if len(result.requests) == 1 and broken else _TOLD_FOR_ONE
    for request in result.requests[:_REQUESTS]:
        lines.append(("request", _cut(request["line"])))
        lines += (
            ("", f"{name}: {_cut(value, _VALUE)}")
            for name, value in request["headers"]
            if told.match(name)
        )
    if len(result.requests) > _REQUESTS:
        lines.append(("", f"… and {len(result.requests) - _REQUESTS} more requests"))
    lines += (("client", line) for line in client_lines(result))
    yield from aligned(lines)


def _again(result: ScenarioResult) -> str:
    return "\n".join(aligned([("again", f"pytest --bedrock-authcheck {result.id}")]))


def _verdict_line(verdict: Verdict) -> str:
    known = f" (known deviation {verdict.deviation})" if verdict.deviation else ""
    reason = f": {_cut(verdict.reason)}" if verdict.reason else ""
    return f"{verdict.rule} {verdict.outcome}{known}{reason}"


def _cut(value: str, room: int = _TEXT) -> str:
    left_out = len(value) - room
    return value if left_out <= 0 else f"{value[:room]}… ({left_out} characters left out)"


def _rules(
    clients: Sequence[Client], cards: Mapping[tuple[int, str], Card]
) -> tuple[RuleStory, ...]:
    rules = load_rules()
    known = {deviation.id: deviation for deviation in load_deviations()}
    by_client = [{s.rule.id: s for s in summarise(c.results, rules)} for c in clients]
    broken: dict[str, list[Card]] = {}
    seen: dict[str, dict[str, None]] = {}
    for client in clients:
        for result in client.results:
            for verdict in result.verdicts:
                if verdict.outcome in _BROKEN and not verdict.deviation:
                    broken.setdefault(verdict.rule, []).append(cards[client.number, result.id])
                if verdict.deviation:
                    seen.setdefault(verdict.rule, {})[verdict.deviation] = None
    held = sorted({name for summaries in by_client for name in summaries}, key=rule_order)
    return tuple(
        RuleStory(
            rules[name],
            tuple(summaries.get(name) for summaries in by_client),
            tuple(broken.get(name, ())[:_LINKED]),
            len(broken.get(name, ())[_LINKED:]),
            tuple(known[d] for d in seen.get(name, ()) if d in known),
        )
        for name in held
    )


def _matrices(clients: Sequence[Client], cards: Mapping[tuple[int, str], Card]) -> Iterator[Matrix]:
    for client in clients:
        chain = _of_group(client, "chain")
        yield from _matrix(
            client, "Levels by operation", "present", chain, cards, by_operation=False
        )
        limit = _of_group(client, "limit")
        yield from _matrix(
            client, "Operations by levels", "operation", limit, cards, by_operation=True
        )


def _of_group(client: Client, group: str) -> list[ScenarioResult]:
    prefix = f"{_ROOT}{group}::"
    return [r for r in client.results if r.id.startswith(prefix) and not r.broken]


def _matrix(
    client: Client,
    title: str,
    corner: str,
    results: Iterable[ScenarioResult],
    cards: Mapping[tuple[int, str], Card],
    *,
    by_operation: bool,
) -> Iterator[Matrix]:
    """Lay results out by levels and operation; of several for one cell the gravest is shown."""
    cells: dict[str, dict[str, Cell]] = {}
    columns: Counter[str] = Counter()
    for result in results:
        levels, operation = _present(result), f"{result.service} {result.operation}"
        row, column = (operation, levels) if by_operation else (levels, operation)
        cell = Cell(_mark(result), cards[client.number, result.id])
        held = cells.setdefault(row, {}).setdefault(column, cell)
        if _gravity(cell.card) < _gravity(held.card):
            cells[row][column] = cell
        columns[column] += 1
    shown = [name for name, count in columns.most_common(8) if count * 8 >= len(cells)]
    if len(cells) > 1 and shown:
        yield Matrix(
            f"{client.name} {client.versions}",
            title,
            corner,
            tuple(shown),
            tuple((row, tuple(held.get(name) for name in shown)) for row, held in cells.items()),
        )


def _present(result: ScenarioResult) -> str:
    return " + ".join(result.present) or "nothing"


_MARKS: Final = {"unsigned": "unsigned"}


def _mark(result: ScenarioResult) -> str:
    """Say who signed: sources by name, `unsigned`, `?` for none that is known, `none` sent."""
    if not result.requests:
        return "n/a" if result.outcome is Outcome.NOT_OFFERED else "none"
    sources = dict.fromkeys(
        request["source"] or _MARKS.get(request["scheme"], "?") for request in result.requests
    )
    return "+".join(sources)
