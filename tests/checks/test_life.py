"""TOKEN-9 to TOKEN-13 and CHAIN-5 to CHAIN-7, PREF-2: several calls, and what lies below."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

import pytest

from bedrock_authcheck.checks import below, life, wishes
from bedrock_authcheck.checks.judge import CHECKS
from bedrock_authcheck.checks.trial import (
    Expectation,
    NothingToJudge,
    NotObservable,
    Sight,
    Trial,
    Turn,
)
from bedrock_authcheck.clients.contract import CallResult
from bedrock_authcheck.model import CredentialSource, Variant
from tests.checks.trials import (
    BY_TOKEN,
    CALL,
    FOREIGN,
    INSTANCE,
    SHARED,
    TOKEN,
    failed,
    seen,
    told,
    trial_of,
)
from tests.simulated import REGION, received, received_from

OK = CallResult(ok=True)
SHARED_MAY = Expectation((CredentialSource.SHARED,))
EITHER = Expectation((CredentialSource.BEARER,), refusal=True)
PLACE = "bearer  AWS_BEARER_TOKEN_BEDROCK"
SHARED_SEEN = f"sigv4  ~/.aws/credentials [default]  AKIA…L4SHARED  bedrock/{REGION}"
ONE = seen(received_from(TOKEN), 1)
TWO = seen(received_from(SHARED), 2)
THREE = seen(received_from(SHARED), 3)
REJECTED = seen(received_from(TOKEN, status=HTTPStatus.FORBIDDEN), 1)
ROTATED = replace(ONE, credential=replace(TOKEN, variant=Variant.ROTATED_TOKEN))


def turn(
    *observations: object, may: Expectation = BY_TOKEN, result: CallResult = OK, client: int = 0
) -> Turn:
    return Turn(CALL, may, result, observations, client)  # type: ignore[arg-type] # Observations


def of(*turns: Turn, beside: tuple[object, ...] = ()) -> Trial:
    """A trial of these calls; `beside` was sent outside of them."""
    sent = (*(one for each in turns for one in each.observations), *beside)
    return replace(trial_of(), turns=turns, observations=sent)  # type: ignore[arg-type] # as above


def test_each_call_is_judged_by_what_it_may_do() -> None:
    assert told(life.turn_by_turn, of(turn(ONE), turn(TWO, may=SHARED_MAY))) == []
    swapped = of(turn(ONE, may=SHARED_MAY), turn(TWO))
    assert told(life.turn_by_turn, swapped) == [
        (str(SHARED_MAY), PLACE),
        (PLACE, SHARED_SEEN),
    ]
    silent = of(turn(ONE), turn(may=SHARED_MAY))
    assert told(life.turn_by_turn, silent) == [(str(SHARED_MAY), "no request seen")]


def test_a_request_outside_of_every_call_is_nobodys() -> None:
    trial = of(turn(ONE), turn(TWO, may=SHARED_MAY), beside=(THREE,))
    (problem,) = life.turn_by_turn(trial)
    assert problem.expected == "no request outside of the calls"
    assert (problem.observed, problem.observation) == (SHARED_SEEN, THREE)
    alike = of(turn(ONE), beside=(THREE,))
    assert told(life.turn_by_turn, alike) == [(PLACE, SHARED_SEEN)]


def test_an_error_may_end_a_call_where_one_may_follow() -> None:
    ended = of(turn(ONE, may=EITHER, result=failed()))
    assert told(life.turn_by_turn, ended) == []
    given_up = of(turn(ONE, result=failed("x")))
    assert told(life.turn_by_turn, given_up) == [
        (PLACE, "given up after a good answer (NoCredentialsError: x)")
    ]


def test_what_was_built_with_a_token_ends_in_a_clear_error_or_goes_on() -> None:
    assert told(life.bearer_or_error, of(turn(ONE))) == []
    assert told(life.bearer_or_error, of(turn(ONE, may=EITHER, result=failed()))) == []
    turned = of(turn(ONE, may=EITHER), turn(TWO, may=EITHER))
    assert [observed for _, observed in told(life.bearer_or_error, turned)] == [SHARED_SEEN]
    dumb = of(turn(ONE, may=EITHER, result=failed(" ")))
    assert told(life.bearer_or_error, dumb) == [
        ("a clear error", "NoCredentialsError without a text")
    ]


@pytest.mark.parametrize("secret", [TOKEN.value, INSTANCE.session_token, FOREIGN.value])
def test_an_error_that_holds_a_secret_is_said_without_it(secret: str) -> None:
    trial = of(turn(ONE, may=EITHER, result=failed(f"no {secret}")))
    assert told(life.bearer_or_error, replace(trial, foreign=(FOREIGN,))) == [
        ("an error text without a secret", "NoCredentialsError holds one")
    ]


def test_each_variable_that_was_changed_is_named() -> None:
    trial = replace(of(turn(ONE)), sight=Sight(changed=("A", "B"), restored=("C",)))
    assert told(life.environment_unchanged, trial) == [
        ("an environment that is unchanged", "A was changed"),
        ("an environment that is unchanged", "B was changed"),
        ("an environment that is unchanged", "C was changed for a while"),
    ]
    assert told(life.environment_unchanged, replace(trial, sight=Sight())) == []
    unseen = "the environment of the client's process cannot be seen"
    with pytest.raises(NotObservable, match=rf"\A{unseen}\Z"):
        told(life.environment_unchanged, of(turn(ONE)))


CLEAR = "one request by the token, and a clear error"


def test_a_rejected_key_ends_in_one_clear_error() -> None:
    assert told(life.rejected_once, of(turn(REJECTED, result=failed("Invalid")))) == []
    with pytest.raises(NothingToJudge, match=r"\Ano request was rejected\Z"):
        told(life.rejected_once, of(turn(ONE)))


def test_what_follows_a_rejected_key_is_said() -> None:
    again = seen(received_from(TOKEN, status=HTTPStatus.FORBIDDEN), 2)
    assert told(life.rejected_once, of(turn(REJECTED, again, result=failed()))) == [
        (CLEAR, f"then {PLACE}")
    ]
    assert told(life.rejected_once, of(turn(REJECTED, TWO))) == [
        (CLEAR, f"then {SHARED_SEEN}"),
        (CLEAR, "a call that succeeded"),
        (CLEAR, SHARED_SEEN),
    ]
    assert told(life.rejected_once, of(turn(REJECTED, result=failed("")))) == [
        ("a clear error", "NoCredentialsError without a text")
    ]
    beside = of(turn(REJECTED, result=failed()), beside=(TWO,))
    assert told(life.rejected_once, beside) == [(CLEAR, SHARED_SEEN)]


def test_a_call_that_was_not_rejected_is_not_asked_for_an_error() -> None:
    fine = of(turn(REJECTED, result=failed()), turn(seen(received_from(TOKEN), 2)))
    assert told(life.rejected_once, fine) == []


@pytest.mark.parametrize(
    ("turns", "text"),
    [
        ((turn(ONE), turn(ONE)), f"never: {PLACE}"),
        ((turn(ONE), turn(result=failed())), "never: fails (NoCredentialsError)"),
        ((turn(ONE), turn()), "never: sends nothing"),
        ((turn(ONE), turn(ROTATED)), "with the first request after it"),
        ((turn(ONE), turn(ONE, ROTATED)), "with the first request after it, within one call"),
        (
            (turn(ONE), turn(ROTATED, client=1)),
            f"with the next client; the one made before: {PLACE}",
        ),
        (
            (turn(ONE), turn(result=failed()), turn(ROTATED, client=1)),
            "with the next client; the one made before: fails (NoCredentialsError)",
        ),
    ],
    ids=["never", "fails", "nothing", "next request", "within a call", "next client", "then fails"],
)
def test_when_a_rotated_token_takes_effect_is_said(turns: tuple[Turn, ...], text: str) -> None:
    assert life.when_it_takes_effect(of(*turns)) == text


def test_a_broken_level_below_does_not_break_the_call() -> None:
    assert told(CHECKS["CHAIN-5"], of(turn(ONE))) == []
    assert told(CHECKS["CHAIN-5"], of(turn(result=failed("x")))) == [
        (PLACE, "no request seen (NoCredentialsError: x)")
    ]


def test_whoever_is_asked_below_a_usable_token_is_named_once() -> None:
    sts = seen(received(service="sts"), 7)
    asked = received(service="instance-metadata")
    trial = replace(
        of(turn(ONE), beside=(sts, sts)),
        metadata=(asked, asked),
        refused_hosts=("169.254.170.2", "a.invalid", "169.254.170.2"),
    )
    expected = "no request to a metadata or token service"
    assert told(below.nobody_asked, trial) == [
        (expected, "instance-metadata was asked"),
        (expected, "sts was asked"),
        (expected, "an attempt to reach 169.254.170.2"),
    ]
    assert told(below.nobody_asked, of(turn(ONE))) == []
    for alone in ({"metadata": (asked,)}, {"refused_hosts": ("169.254.170.2",)}):
        silent = replace(of(turn(result=failed())), **alone)
        assert len(told(below.nobody_asked, silent)) == 1
    with pytest.raises(NothingToJudge, match=r"\Ano request was seen\Z"):
        told(below.nobody_asked, of(turn(result=failed())))


def test_the_winner_among_variants_is_named() -> None:
    profile = replace(TWO, credential=replace(SHARED, variant=Variant.SHARED_PROFILE))
    among = (CredentialSource.SHARED, Variant.PROCESS)
    trial = replace(of(turn(profile)), present=among)
    choice = "shared credentials file or credential process"
    assert below.winner_among_variants(trial) == (
        f"profile of the shared credentials file, of {choice}"
    )
    nobody = replace(of(turn(seen(received()))), present=among)
    assert below.winner_among_variants(nobody) == f"unsigned, of {choice}"
    none = replace(of(turn(result=failed())), present=among)
    assert below.winner_among_variants(none) == f"none of {choice}: NoCredentialsError"
    twice = replace(of(turn(result=failed()), turn(result=failed())), present=among)
    assert below.winner_among_variants(twice) == (
        f"none of {choice}: NoCredentialsError; NoCredentialsError"
    )
    assert below.winner_among_variants(replace(of(turn()), present=among)) == (
        f"none of {choice}: no request"
    )


def test_who_signed_is_said_once_and_so_is_what_was_raised() -> None:
    assert wishes.who_signed(of(turn(ONE, ONE), turn(TWO))) == f"{PLACE}; {SHARED_SEEN}"
    assert wishes.who_signed(of(turn(ONE), turn(result=failed("x")))) == (
        f"{PLACE}; NoCredentialsError: x"
    )
    assert wishes.who_signed(of(turn())) == "no request and no error"
