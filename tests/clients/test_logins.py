"""Who is offered a session of `aws login`: told by what is installed, never guessed."""

from __future__ import annotations

from unittest import mock

import botocore.compat
import botocore.credentials
import pytest

from bedrock_authcheck.clients.boto3 import Boto3Client
from bedrock_authcheck.clients.logins import login_not_offered
from bedrock_authcheck.model import Variant
from bedrock_authcheck.suite.catalogue import scenarios_of
from bedrock_authcheck.suite.elsewhere import not_offered


class Program(Boto3Client):
    name = "a-program"
    in_process = False


def test_an_old_botocore_knows_no_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(botocore.credentials, "LoginProvider", raising=False)
    reason = login_not_offered(Boto3Client())
    assert reason == f"botocore {Boto3Client().version} knows no sessions of `aws login`"


@pytest.mark.parametrize(
    ("installed", "reason"),
    [
        (None, "sessions of `aws login` need botocore[crt], which is not installed"),
        (object(), None),
    ],
)
def test_a_login_needs_the_extra_of_botocore(installed: object, reason: str | None) -> None:
    with (
        mock.patch.object(botocore.credentials, "LoginProvider", create=True),
        mock.patch.object(botocore.compat, "EC", installed, create=True),
    ):
        assert login_not_offered(Boto3Client()) == reason
        scenario = scenarios_of("variant")[f"{Variant.REFRESHED_LOGIN}-converse"]
        assert not_offered(scenario, Boto3Client()) == reason


def test_of_a_program_nothing_says_it() -> None:
    assert login_not_offered(Program()) == (
        "nothing says whether a-program knows sessions of `aws login`"
    )
    others = scenarios_of("variant")[f"{Variant.SSO}-converse"]
    assert "aws login" not in (not_offered(others, Program()) or "")
