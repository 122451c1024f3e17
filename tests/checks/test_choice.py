"""CHAIN, LIMIT, TOKEN and PREF: what each check says, to the letter, and where it says nothing."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.checks import choice
from bedrock_authcheck.checks.trial import Expectation, NothingToJudge, Turn
from bedrock_authcheck.clients.contract import CallResult
from bedrock_authcheck.model import CredentialSource
from tests.checks.trials import (
    CALL,
    CONFIG,
    FOREIGN,
    INSTANCE,
    REFUSAL,
    SHARED,
    TOKEN,
    failed,
    seen,
    told,
    trial_of,
)
from tests.simulated import REGION, received, received_from, sigv4_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bedrock_authcheck.checks.trial import Problem, Trial
    from bedrock_authcheck.model import Exchange

HOST = "127.0.0.1:443"
RIGHT = received_from(TOKEN)
BY_SHARED = received_from(SHARED)
UNSIGNED = received()
TOKENS_PLACE = "bearer  AWS_BEARER_TOKEN_BEDROCK"
SHARED_SEEN = f"sigv4  ~/.aws/credentials [default]  AKIA…L4SHARED  bedrock/{REGION}"
SHARED_MAY = Expectation((CredentialSource.SHARED,))
CLEAR = "a clear error and no request"
NO_TOKEN = "no bearer token for this operation"
TOLD = received((("X-Api-Key", TOKEN.value),), service="instance-metadata")
CHECKS_OF_REQUESTS = (
    choice.as_expected,
    choice.half_level_unused,
    choice.blank_token_unsent,
    choice.token_trimmed,
    choice.foreign_token_unread,
)


@pytest.mark.parametrize("check", CHECKS_OF_REQUESTS)
def test_what_was_expected_is_passed_and_anything_else_is_said_once(
    check: Callable[[Trial], Iterator[Problem]],
) -> None:
    assert told(check, trial_of(RIGHT, RIGHT)) == []
    assert told(check, trial_of(RIGHT, BY_SHARED)) == [(TOKENS_PLACE, SHARED_SEEN)]
    assert told(check, trial_of(UNSIGNED)) == [(TOKENS_PLACE, "unsigned")]
    assert told(check, trial_of()) == [(TOKENS_PLACE, "no request seen")]


def test_an_unsigned_request_is_right_where_one_may_follow() -> None:
    anonymous = Expectation(unsigned=True)
    for check in (choice.as_expected, choice.anonymous):
        assert told(check, trial_of(UNSIGNED, expectation=anonymous)) == []
    assert told(choice.as_expected, trial_of(RIGHT, expectation=anonymous)) == [
        ("an unsigned request", TOKENS_PLACE)
    ]


@pytest.mark.parametrize("check", CHECKS_OF_REQUESTS)
def test_a_token_at_another_service_strays(check: Callable[[Trial], Iterator[Problem]]) -> None:
    beside = replace(RIGHT, service="sts")
    assert told(check, trial_of(RIGHT, beside)) == [
        (TOKENS_PLACE, "the bearer token at sts as well")
    ]
    assert told(check, trial_of(RIGHT, replace(UNSIGNED, service="sts"))) == []
    assert told(check, trial_of(RIGHT, metadata=(TOLD,))) == [
        (TOKENS_PLACE, "the bearer token at instance-metadata, in header X-Api-Key")
    ]


def test_a_host_beside_the_right_request_is_named_but_for_those_of_metadata() -> None:
    hosts = ("b.invalid", "169.254.169.254", "a.invalid", "b.invalid")
    assert told(choice.as_expected, trial_of(RIGHT, refused_hosts=hosts)) == [
        (TOKENS_PLACE, "beside it an attempt to reach a.invalid, b.invalid")
    ]
    assert told(choice.as_expected, trial_of(RIGHT, refused_hosts=hosts[1:2])) == []
    assert told(choice.as_expected, trial_of(refused_hosts=hosts, result=failed("x"))) == [
        (
            TOKENS_PLACE,
            (
                "none; the client tried to reach 169.254.169.254, a.invalid, b.invalid "
                "(NoCredentialsError: x)"
            ),
        )
    ]


def turns(trial: Trial, *results: tuple[CallResult, int]) -> Trial:
    """Divide a trial's requests among calls: so many each."""
    made, at = [], 0
    for result, count in results:
        sent = trial.observations[at : at + count]
        made.append(Turn(CALL, trial.expectation, result, sent))
        at += count
    return replace(trial, turns=tuple(made))


def test_a_call_that_failed_without_a_request_of_its_own_gave_up() -> None:
    fine = CallResult(ok=True)
    given_up = turns(trial_of(RIGHT), (fine, 1), (failed("x"), 0))
    assert told(choice.as_expected, given_up) == [
        (TOKENS_PLACE, "no request seen for one call (NoCredentialsError: x)")
    ]
    may = Expectation((CredentialSource.BEARER,), refusal=True)
    allowed = turns(trial_of(RIGHT, expectation=may), (fine, 1), (failed("x"), 0))
    assert told(choice.as_expected, allowed) == []
    after = turns(trial_of(RIGHT), (failed("x"), 1))
    assert told(choice.as_expected, after) == [
        (TOKENS_PLACE, "given up after a good answer (NoCredentialsError: x)")
    ]
    throttled = replace(RIGHT, status=HTTPStatus.TOO_MANY_REQUESTS)
    assert told(choice.as_expected, turns(trial_of(throttled), (failed("x"), 1))) == []


@pytest.mark.parametrize("check", [choice.refused, choice.as_expected])
def test_a_clear_error_is_passed(check: Callable[[Trial], Iterator[Problem]]) -> None:
    assert told(check, trial_of(expectation=REFUSAL, result=failed())) == []


@pytest.mark.parametrize(
    ("trial", "problems"),
    [
        (
            trial_of(expectation=REFUSAL),
            [(CLEAR, "the call succeeded without any request")],
        ),
        (
            trial_of(expectation=REFUSAL, result=failed(" ")),
            [(CLEAR, "NoCredentialsError without a text")],
        ),
        (
            trial_of(expectation=REFUSAL, result=failed(f"{SHARED.secret} {TOKEN.value}")),
            [
                ("an error text without a secret", "the text holds token of 1 bearer token"),
                (
                    "an error text without a secret",
                    "the text holds secret of 4 shared credentials file",
                ),
            ],
        ),
        (
            trial_of(expectation=REFUSAL, result=failed(FOREIGN.value), foreign=(FOREIGN,)),
            [("an error text without a secret", "the text holds token of 1 bearer token")],
        ),
        (
            trial_of(
                expectation=REFUSAL,
                result=failed(),
                refused_hosts=("sts.invalid", "169.254.170.2"),
            ),
            [(CLEAR, "an attempt to reach sts.invalid")],
        ),
    ],
    ids=["succeeded", "no text", "secrets", "a foreign token", "a host"],
)
def test_what_is_no_clear_error_is_said(trial: Trial, problems: list[tuple[str, str]]) -> None:
    assert told(choice.refused, trial) == problems
    assert told(choice.as_expected, trial) == problems


def test_a_request_where_none_may_leave_is_said_wherever_it_went() -> None:
    trial = trial_of(replace(UNSIGNED, service="sts"), expectation=REFUSAL, result=failed())
    assert told(choice.refused, trial) == [
        (CLEAR, "unsigned"),
        (CLEAR, "a request to sts: unsigned"),
    ]
    assert told(choice.as_expected, trial) == [(CLEAR, "a request to sts: unsigned")]


def test_parts_of_two_levels_are_said_to_be_mixed() -> None:
    expected = "key id, secret and session token of one level"
    of_config = received(sigv4_headers(replace(SHARED, secret=CONFIG.secret), HOST))
    token_of = received(sigv4_headers(replace(INSTANCE, session_token=CONFIG.session_token), HOST))
    ((_, by_secret), (_, by_token)) = told(choice.not_mixed, trial_of(of_config, token_of))
    assert by_secret == (
        f"{SHARED_SEEN}: the key id is that of shared credentials file, but the secret of config "
        "file made the signature"
    )
    assert by_token.endswith(f"bedrock/{REGION} with the session token of 5 config file")
    assert {told(choice.not_mixed, trial_of(one))[0][0] for one in (of_config, token_of)} == {
        expected
    }


def test_what_is_of_one_level_is_not_mixed_though_it_be_wrong() -> None:
    late = received(sigv4_headers(replace(SHARED, secret="fake-of-nobody"), HOST))
    nobodys = received(sigv4_headers(replace(SHARED, session_token="FAKE-nobody"), HOST))
    for right in (BY_SHARED, received_from(INSTANCE), late, nobodys):
        assert told(choice.not_mixed, trial_of(right)) == []
    stranger = received(sigv4_headers(replace(SHARED, key_id="AKIA0FAKESTRANGER000"), HOST))
    for none in ((), (RIGHT,), (stranger,)):
        with pytest.raises(NothingToJudge) as nothing:
            told(choice.not_mixed, trial_of(*none))
        assert str(nothing.value) == "no request was signed with a key id of this environment"


def test_a_half_level_that_signs_is_said_to_be_half() -> None:
    trial = trial_of(BY_SHARED, expectation=SHARED_MAY, broken=(CredentialSource.SHARED,))
    assert told(choice.half_level_unused, trial) == [
        ("sigv4  ~/.aws/credentials [default]", f"{SHARED_SEEN}, which is half")
    ]
    spared = trial_of(RIGHT, broken=(CredentialSource.SHARED,))
    assert told(choice.half_level_unused, spared) == []


def carrying(where: str) -> Exchange:
    """A request signed by the shared file that carries the token as well."""
    if where == "body":
        return replace(BY_SHARED, body=TOKEN.value.encode())
    return replace(BY_SHARED, headers=(*BY_SHARED.headers, ("User-Agent", TOKEN.value)))


@pytest.mark.parametrize("check", [choice.token_not_carried, choice.token_passed_over])
def test_a_token_where_it_may_not_go_is_said(check: Callable[[Trial], Iterator[Problem]]) -> None:
    for wrong in (carrying("body"), carrying("header")):
        trial = trial_of(wrong, BY_SHARED, expectation=SHARED_MAY)
        assert told(check, trial) == [(NO_TOKEN, SHARED_SEEN)]
    blank = received((("Authorization", "Bearer "),))
    assert (NO_TOKEN, "bearer  a credential of no level here") in told(
        check, trial_of(blank, expectation=SHARED_MAY)
    )
    elsewhere = replace(RIGHT, service="sts")
    assert (NO_TOKEN, TOKENS_PLACE) in told(
        check, trial_of(BY_SHARED, elsewhere, expectation=SHARED_MAY)
    )
    assert (NO_TOKEN, "the bearer token at instance-metadata, in header X-Api-Key") in told(
        check, trial_of(BY_SHARED, expectation=SHARED_MAY, metadata=(TOLD,))
    )


@pytest.mark.parametrize("check", [choice.token_not_carried, choice.token_passed_over])
def test_without_the_token_there_is_nothing_to_say(
    check: Callable[[Trial], Iterator[Problem]],
) -> None:
    assert told(check, trial_of(BY_SHARED, expectation=SHARED_MAY)) == []
    assert told(check, trial_of(expectation=REFUSAL, result=failed())) == []
    with pytest.raises(NothingToJudge, match=r"\Ano request was seen\Z"):
        told(check, trial_of(expectation=SHARED_MAY))
    with pytest.raises(NothingToJudge, match=r"\Ano request was seen\Z"):
        told(check, trial_of(replace(UNSIGNED, service="sts"), expectation=SHARED_MAY))


def test_what_goes_in_the_tokens_stead_is_judged_where_it_was_asked_for() -> None:
    trial = trial_of(carrying("body"), UNSIGNED, expectation=SHARED_MAY)
    assert told(choice.token_not_carried, trial) == [(NO_TOKEN, SHARED_SEEN)]
    assert told(choice.token_passed_over, trial) == [
        (NO_TOKEN, SHARED_SEEN),
        (str(SHARED_MAY), "unsigned"),
    ]


@pytest.mark.parametrize("blank", ["", " ", "\t "])
def test_a_bearer_with_nothing_behind_it_is_said_once(blank: str) -> None:
    wrong = received((("Authorization", f"Bearer {blank}"),))
    assert told(choice.blank_token_unsent, trial_of(wrong)) == [
        (TOKENS_PLACE, "`Bearer` with nothing behind it")
    ]
    assert told(choice.blank_token_unsent, trial_of(wrong, BY_SHARED)) == [
        (TOKENS_PLACE, "`Bearer` with nothing behind it"),
        (TOKENS_PLACE, SHARED_SEEN),
    ]


TRIMMED = "the token trimmed, or a clear error"


@pytest.mark.parametrize(
    ("value", "problems"),
    [
        (TOKEN.value, []),
        (f" \t{TOKEN.value}", [(TRIMMED, r"the token with ' \t' before it")]),
        (f"{TOKEN.value} ", [(TRIMMED, "the token with ' ' behind it")]),
        (f" {TOKEN.value}\r\n", [(TRIMMED, r"the token with ' ' before it and '\r\n' behind it")]),
        (f"{TOKEN.value}\nx", [("no line end in a header", "one inside the token")]),
        (f"{TOKEN.value}\rx", [("no line end in a header", "one inside the token")]),
    ],
)
def test_white_space_around_a_token_is_shown_and_nothing_of_the_token(
    value: str, problems: list[tuple[str, str]]
) -> None:
    sent = received((("Authorization", f"Bearer {value}"),))
    said = told(choice.token_trimmed, trial_of(sent))
    assert [one for one in said if one[0] != TOKENS_PLACE] == problems
    assert TOKEN.value not in str(said)


def test_a_header_out_of_the_tokens_text_is_said() -> None:
    injected = replace(RIGHT, headers=(*RIGHT.headers, ("x-injected", "FAKE")))
    assert told(choice.token_trimmed, trial_of(injected)) == [
        ("no header out of the token's text", "X-Injected: …")
    ]


def test_another_services_token_is_said_where_it_is_carried() -> None:
    wrong = replace(RIGHT, headers=(*RIGHT.headers, ("X-Other", FOREIGN.value)))
    assert told(choice.foreign_token_unread, trial_of(wrong, foreign=(FOREIGN,))) == [
        (TOKENS_PLACE, "the token of another service's variable")
    ]
    assert told(choice.foreign_token_unread, trial_of(RIGHT, foreign=(FOREIGN,))) == []
    asked = received((("X-Other", FOREIGN.value),), service="instance-metadata")
    trial = trial_of(RIGHT, metadata=(asked,), foreign=(FOREIGN,))
    assert told(choice.foreign_token_unread, trial) == [
        (
            TOKENS_PLACE,
            (
                "the bearer token at instance-metadata, in header X-Other: that of another "
                "service's variable"
            ),
        )
    ]


def test_anonymous_sends_nothing_that_names_anybody() -> None:
    expectation = Expectation(unsigned=True)
    none = "an unsigned request"
    with_token = received((("X-Api-Key", TOKEN.value),))
    with_key_id = received(body=SHARED.key_id.encode())
    with_secret = received((("X-Secret", INSTANCE.secret),))
    trial = trial_of(with_token, with_key_id, with_secret, expectation=expectation)
    assert told(choice.anonymous, trial) == [
        (none, "the bearer token in an unsigned request"),
        (none, "the key id in the body, unsigned"),
        (none, "the secret in header X-Secret, unsigned"),
    ]
    assert (none, TOKENS_PLACE) in told(choice.anonymous, trial_of(RIGHT, expectation=expectation))


def test_a_problem_names_the_request_that_it_is_about() -> None:
    trial = trial_of(RIGHT, BY_SHARED)
    (problem,) = choice.as_expected(trial)
    assert problem.observation == trial.observations[1] == seen(BY_SHARED, 2)
