"""What counts as a turning point, and what is told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.report.turning import ABSENT, TurningPoint, turning_points
from bedrock_authcheck.spec.rules import load_rules
from tests.report.releases import BEARER, REFUSED, plain_http, report, scenario, verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_authcheck.report.result import ScenarioResult

    Results = Sequence[ScenarioResult]

RULES = load_rules()
OLD, NEW = "1.43.0", "1.44.0"


def turned(before: Results, after: Results) -> tuple[TurningPoint, ...]:
    return turning_points(report(OLD, *before), report(NEW, *after), RULES)


def one(before: Results, after: Results) -> TurningPoint:
    (point,) = turned(before, after)
    return point


def test_a_token_that_is_refused_over_plain_http_since_a_release_is_told() -> None:
    point = one([plain_http(sent=True)], [plain_http(sent=False)])
    (change,) = point.changes
    assert (point.rule.id, point.before, point.after) == ("TOKEN-5", "warning", "passed")
    assert (change.expected, change.was, change.became) == (REFUSED, BEARER, REFUSED)
    assert change.services == ("bedrock-runtime",)


def test_releases_that_are_alike_turn_nothing() -> None:
    assert turned([plain_http(sent=True)], [plain_http(sent=True)]) == ()


def test_scenarios_that_changed_alike_are_one_change_and_the_shortest_is_the_example() -> None:
    def leaking(outcome: str) -> Results:
        return [
            scenario(f"limit::{name}", verdict("LIMIT-2", outcome), service=name.partition(".")[0])
            for name in ("agent.ListAgents", "agent.Get", "runtime.Ask")
        ] + [scenario("limit::agent.B", verdict("LIMIT-2", "passed"))]

    (change,) = one(leaking("failed"), leaking("passed")).changes
    assert change.example == "bedrock-authcheck::limit::agent.Get"
    assert len(change.scenarios) == 3
    assert change.services == ("agent", "runtime")


def test_one_of_many_scenarios_that_is_mended_is_told_though_the_rule_still_fails() -> None:
    still = scenario("limit::a", verdict("LIMIT-2", "failed"))
    point = one(
        [still, scenario("limit::b", verdict("LIMIT-2", "failed"))],
        [still, scenario("limit::b", verdict("LIMIT-2", "passed"))],
    )
    assert (point.before, point.after) == ("failed", "failed")
    assert [c.scenarios for c in point.changes] == [("bedrock-authcheck::limit::b",)]


def test_a_failure_that_is_foreseen_since_a_release_is_another_word() -> None:
    before = scenario("token::blank", verdict("TOKEN-1", "failed"))
    after = scenario("token::blank", verdict("TOKEN-1", "failed", deviation="boto3-blank-token"))
    point = one([before], [after])
    assert (point.before, point.after) == ("failed", "known deviation")


def test_a_deviation_that_went_stale_is_told() -> None:
    before = scenario("token::blank", verdict("TOKEN-1", "failed", deviation="boto3-blank-token"))
    after = scenario("token::blank", verdict("TOKEN-1", "passed"), stale=("boto3-blank-token",))
    assert one([before], [after]).after == "stale deviation"


@pytest.mark.parametrize("word", ["skipped", "not offered", "not observable"])
def test_a_scenario_that_is_judged_since_a_release_is_told_only_where_the_rule_was_not(
    word: str,
) -> None:
    first, last = verdict("AUTH-2", word, reason="why"), verdict("AUTH-2", "passed", BEARER)
    (change,) = one([scenario("a::b", first)], [scenario("a::b", last)]).changes
    assert (change.before, change.was, change.after) == (word, "why", "passed")
    held = scenario("a::c", verdict("AUTH-2", "passed"))
    assert turned([held, scenario("a::b", first)], [held, scenario("a::b", last)]) == ()


def test_a_new_scenario_is_told_where_it_fails_and_only_there() -> None:
    held = scenario("limit::a", verdict("LIMIT-2", "failed"))
    (change,) = one([held], [held, scenario("limit::n", verdict("LIMIT-2", "failed"))]).changes
    assert (change.before, change.was, change.after) == (ABSENT, "", "failed")
    assert turned([held], [held, scenario("limit::n", verdict("LIMIT-2", "passed"))]) == ()


def test_a_rule_that_is_held_since_a_release_was_not_there() -> None:
    held = plain_http(sent=False)
    point = one([held], [held, scenario("token::redirect", verdict("TOKEN-6", "passed"))])
    assert (point.rule.id, point.before, point.after) == ("TOKEN-6", ABSENT, "passed")


def test_what_an_observing_rule_saw_is_compared_as_it_has_no_verdict() -> None:
    def rotated(*seen: str) -> Results:
        return [
            scenario(f"token::rotated-{n}", verdict("TOKEN-12", "passed", text))
            for n, text in enumerate(seen)
        ]

    point = one(rotated("next client", "never", "x"), rotated("next request", "next request", "x"))
    assert [(c.was, c.became) for c in point.changes] == [
        ("next client", "next request"),
        ("never", "next request"),
    ]
    assert turned(rotated("never"), rotated("never")) == ()


def test_details_of_what_was_seen_are_left_out_since_they_may_name_files() -> None:
    seen = "no recording answers\n  cassette  somewhere\nsecond"
    before = scenario("a::b", verdict("AUTH-1", "failed", seen))
    (change,) = one([before], [scenario("a::b", verdict("AUTH-1", "passed"))]).changes
    assert change.was == "no recording answers / second"


def test_rules_stand_in_their_own_order() -> None:
    def all_of(outcome: str) -> Results:
        names = ("TOKEN-13", "TOKEN-2", "CHAIN-1")
        return [scenario("a::b", *(verdict(name, outcome) for name in names))]

    points = turned(all_of("failed"), all_of("passed"))
    assert [point.rule.id for point in points] == ["CHAIN-1", "TOKEN-2", "TOKEN-13"]
