"""What the rules of level OBSERVE say of what they saw: another thing for another client."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.checks.judge import judge
from bedrock_authcheck.clients.boto3 import Boto3Client
from bedrock_authcheck.model import Outcome
from bedrock_authcheck.services.endpoint import running
from bedrock_authcheck.spec.rules import load_rules
from bedrock_authcheck.suite.bench import Bench
from bedrock_authcheck.suite.catalogue import scenarios_of
from tests.releases import needs_a_right_client
from tests.suite.wrong_clients.seams import sending, signing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.awsrequest import AWSPreparedRequest

    from tests.suite.wrong_clients.seams import Send, Signing

pytestmark = needs_a_right_client


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with running() as services:
        made = Bench(*services, Boto3Client())
        yield made
        made.close()


def observed(bench: Bench, rule: str, group: str, name: str) -> str:
    verdict = judge(load_rules()[rule], bench.run(scenarios_of(group)[name]))
    assert verdict.outcome is Outcome.OBSERVED
    return verdict.observed


def _by_keys(act: Signing) -> None:
    act.by_sigv4()


def _refusing(_: Signing) -> None:
    raise LookupError("no scheme that it knows")


def _honestly(act: Signing) -> None:
    act.honestly()


@pytest.mark.parametrize(
    ("sign", "seen"),
    [
        (_honestly, "bearer  AWS_BEARER_TOKEN_BEDROCK"),
        (_by_keys, "sigv4  AWS_ACCESS_KEY_ID"),
        (_refusing, "LookupError: no scheme that it knows"),
    ],
)
@pytest.mark.parametrize("where", ["environment", "config-file"])
def test_a_preference_outside_the_code_is_told_by_what_signed(
    bench: Bench, sign: Callable[[Signing], None], seen: str, where: str
) -> None:
    with signing(sign):
        said = observed(
            bench, "PREF-2", "preference", f"{where}-prefers-sigv4-bearer+environment-converse"
        )
    assert said.startswith(seen)


def _telling(request: AWSPreparedRequest, send: Send) -> object:
    logging.getLogger("talker").info("headers:\n%s", dict(request.headers.items()))
    return send(request)


def test_what_the_log_tells_is_named_with_who_logged_it(bench: Bench) -> None:
    assert observed(bench, "TOKEN-8", "travel", "bearer-log-info") == "at INFO: no secret"
    with sending(_telling):
        said = observed(bench, "TOKEN-8", "travel", "bearer-log-info")
        assert said == "at INFO: the token of 1 bearer token by talker"
        said = observed(bench, "TOKEN-8", "travel", "environment-log-info")
        assert said == "at INFO: the session token of 3 environment variables by talker"
