"""TOKEN-7 and TOKEN-8: what a process shows, by place and by who said it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bedrock_authcheck.checks.exposure import nothing_shown, told_by_the_log
from bedrock_authcheck.checks.trial import NotObservable, Sight, Trial
from tests.checks.trials import FOREIGN, INSTANCE, SHARED, TOKEN, failed, told, trial_of
from tests.simulated import received, received_from

NOTHING = "no token, secret or session token"
BY = "the token of 1 bearer token"
RIGHT = received_from(TOKEN)


def shown(trial: Trial, sight: Sight) -> list[str]:
    found = told(nothing_shown, replace(trial, sight=sight))
    assert {expected for expected, _ in found} <= {NOTHING}
    return [observed for _, observed in found]


def test_a_process_that_nobody_sees_is_not_judged() -> None:
    for look in (
        lambda: told(nothing_shown, trial_of(RIGHT)),
        lambda: [told_by_the_log(trial_of())],
    ):
        with pytest.raises(NotObservable) as unseen:
            look()
        assert str(unseen.value) == (
            "the client runs in a process whose log and objects are not seen"
        )


def test_a_process_that_shows_nothing_is_passed() -> None:
    sight = Sight("INFO", "INFO:x:nothing", {"repr of the client": "<client>"})
    assert shown(trial_of(RIGHT), sight) == []


def test_each_place_that_shows_a_secret_is_named() -> None:
    objects = {"repr of the client": SHARED.secret, "repr of the session": "-"}
    sight = Sight("INFO", f"INFO:x:{TOKEN.value}", objects)
    agent = replace(RIGHT, headers=(*RIGHT.headers, ("user-agent", INSTANCE.session_token or "")))
    assert shown(trial_of(agent, result=failed(TOKEN.value)), sight) == [
        f"{BY} in the log at INFO",
        f"{BY} in the text of NoCredentialsError",
        "the secret of 4 shared credentials file in repr of the client",
        "the session token of 6 instance role in the User-Agent",
    ]


def test_a_token_of_another_service_is_one_too() -> None:
    trial = trial_of(RIGHT, foreign=(FOREIGN,))
    assert shown(trial, Sight("INFO", FOREIGN.value)) == [f"{BY} in the log at INFO"]
    assert shown(trial_of(RIGHT), Sight("INFO", FOREIGN.value)) == []


def test_a_key_id_is_no_secret_and_other_headers_are_other_rules() -> None:
    carried = received((("X-Key", TOKEN.value),))
    assert shown(trial_of(RIGHT, carried), Sight("INFO", SHARED.key_id)) == []


def test_who_logged_a_secret_is_said_once_for_each() -> None:
    log = (
        f"printed {SHARED.secret}\n"
        f"DEBUG:a.b:{TOKEN.value}\n"
        f"DEBUG:c:first line\n{TOKEN.value}\n"
        f"INFO:a.b:again {TOKEN.value}\n"
        "WARNING:d:no more\n"
    )
    assert told_by_the_log(replace(trial_of(RIGHT), sight=Sight("DEBUG", log))) == (
        f"at DEBUG: the secret of 4 shared credentials file by print; {BY} by a.b, c"
    )
    quiet = replace(trial_of(RIGHT), sight=Sight("DEBUG", "DEBUG:a:nothing"))
    assert told_by_the_log(quiet) == "at DEBUG: no secret"
