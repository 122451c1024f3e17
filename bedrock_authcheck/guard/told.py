"""What the guard tells: a breach as a test's failure, and the summary of a run."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.checks.wording import describe_origin
from bedrock_authcheck.explain.explanation import Explanation, home_of
from bedrock_authcheck.explain.found import State
from bedrock_authcheck.explain.operation import guided
from bedrock_authcheck.guard.seen import Proof
from bedrock_authcheck.model import AuthScheme, origin_of
from bedrock_authcheck.spec.rules import load_rules
from bedrock_authcheck.wire.findings import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bedrock_authcheck.guard.expectations import Breach
    from bedrock_authcheck.guard.seen import Seen

_AGAIN: Final = 'pytest --bedrock-authcheck -m "not bedrock_authcheck"'


def machine_text(seen: Seen) -> str:
    """Tell which levels the machine has at this moment: `1 bearer token · 6 container role …`."""
    machine = Explanation.of(os.environ, home_of(os.environ), guided(seen.service, seen.operation))
    present = dict.fromkeys(
        f"{describe_origin(one.origin)}{'' if one.state is State.PRESENT else f' ({one.state})'}"
        for one in machine.found
    )
    return " · ".join(present) or "nothing"


def breach_text(breach: Breach, seen: Seen, present: str) -> str:
    """Tell what is wrong with a request, and what to do; `present` is by `machine_text`."""
    rule = load_rules()[breach.rule]
    lines = [
        f"{breach.rule} failed: {breach.headline}",
        f"  rule      {rule.level}  {rule.statement}",
        f"  present   {present}",
        f"  expected  {breach.expected}",
        f"  observed  {_observed(seen)}",
        f"  request   {seen.service}  {seen.line}",
        f"  evidence  {seen.proof}, by {seen.client}",
        f"  to do     {breach.todo}",
        f"  source    {'; '.join(str(source) for source in rule.sources)}",
        f"  again     {_AGAIN} {_quoted(seen.test)}",
    ]
    return "\n".join(lines)


def _observed(seen: Seen) -> str:
    parts = [seen.scheme, _place(seen), str(seen.kind), seen.key, seen.scope]
    return "  ".join(filter(None, parts))


def _place(seen: Seen) -> str:
    if seen.level is None:
        return "" if seen.scheme == AuthScheme.UNSIGNED else "a credential of no level here"
    place = origin_of(seen.level).place
    return f"{place} (botocore's word)" if seen.said else place


def _quoted(test: str) -> str:
    return f'"{test}"' if os.name == "nt" else shlex.quote(test)


def summary(seen: Sequence[Seen]) -> Iterator[str]:
    """Tell what a run saw: by credential, how often, on what evidence, and the first place."""
    tests = len({one.test for one in seen})
    shown = [one for one in seen if one.scheme]
    schemes = Counter(one.scheme for one in shown)
    told = ", ".join(f"{count} {scheme}" for scheme, count in schemes.most_common())
    text = f"{counted(len(shown), 'request')} to Amazon Bedrock in {counted(tests, 'test')}"
    yield f"{text}{f': {told}' if told else ''}"
    wrong = [one for one in shown if one.wrong]
    if wrong:
        rules = ", ".join(dict.fromkeys(rule for one in wrong for rule in one.wrong))
        yield f"  {len(wrong):>4}  not as wanted ({rules})"
        yield f"        first in {wrong[0].test} ({wrong[0].name}, {wrong[0].client})"
    for credential, group in _grouped(shown):
        kinds = " or ".join(dict.fromkeys(str(one.kind) for one in group))
        proofs = "; ".join(dict.fromkeys(str(one.proof) for one in group))
        yield f"  {len(group):>4}  {credential} ({kinds})"
        yield f"        first in {group[0].test} ({group[0].name}, {group[0].client})"
        yield f"        evidence {proofs}"
    stubbed = [one for one in seen if one.proof is Proof.STUBBED]
    if stubbed:
        calls = counted(len(stubbed), "call")
        yield f"  {calls} with no evidence: stubbed before it was signed"
        yield f"        first in {stubbed[0].test} ({stubbed[0].name}, {stubbed[0].client})"


def _grouped(seen: Iterable[Seen]) -> list[tuple[str, list[Seen]]]:
    groups: dict[str, list[Seen]] = {}
    for one in seen:
        groups.setdefault(one.credential, []).append(one)
    return sorted(groups.items())
