"""AUTH: what each check says of a request that is wrong, to the letter, and of which request."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from bedrock_authcheck.checks import signing
from bedrock_authcheck.checks.trial import NothingToJudge
from tests.checks.trials import CONFIG, FOREIGN, INSTANCE, SHARED, TOKEN, told, trial_of
from tests.simulated import REGION, received, received_from, sigv4_headers, token_canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bedrock_authcheck.checks.trial import Problem, Trial
    from bedrock_authcheck.model import Exchange

HOST = "127.0.0.1:443"
BEARER = ("Authorization", f"Bearer {TOKEN.value}")
STRANGER = token_canary(TOKEN.source)
RIGHT = received_from(TOKEN)
BY_SHARED = received_from(SHARED)
BY_INSTANCE = received_from(INSTANCE)
ALL = (
    signing.one_authorization,
    signing.no_sigv4_credential,
    signing.no_sigv4_traces,
    signing.signature_verifies,
    signing.scope_and_date,
    signing.session_token,
    signing.proxied_headers_unsigned,
)
OF_BEARER = ALL[:3]
ONE = "one Authorization header: Bearer and the token byte for byte"
BYTES = "the token byte for byte"
ALONE = "the token in Authorization alone"
NONE_OF_IAM = "no part of an IAM credential"
VERIFIES = "a signature that verifies with the secret of the level that its key id names"


def also(*headers: tuple[str, str], target: str | None = None, body: bytes = b"") -> Exchange:
    """A right bearer request with more in it."""
    return replace(
        RIGHT, headers=(*RIGHT.headers, *headers), target=target or RIGHT.target, body=body
    )


def with_authorization(value: str) -> Exchange:
    return received((("Authorization", value),))


@pytest.mark.parametrize("check", OF_BEARER)
def test_a_bearer_request_that_is_right_is_passed(
    check: Callable[[Trial], Iterator[Problem]],
) -> None:
    assert told(check, trial_of(RIGHT, RIGHT)) == []
    with pytest.raises(NothingToJudge, match=r"\Ano request carried a bearer token\Z"):
        told(check, trial_of(BY_SHARED))


@pytest.mark.parametrize("check", ALL[3:])
@pytest.mark.parametrize("right", [BY_SHARED, BY_INSTANCE], ids=["long-term", "temporary"])
def test_a_signed_request_that_is_right_is_passed(
    check: Callable[[Trial], Iterator[Problem]], right: Exchange
) -> None:
    assert told(check, trial_of(right, right)) == []
    with pytest.raises(NothingToJudge, match=r"\Ano request carried a SigV4 signature\Z"):
        told(check, trial_of(RIGHT))


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (also(BEARER), (ONE, "2 Authorization headers")),
        (with_authorization(f"bearer {TOKEN.value}"), (ONE, "the scheme is not spelled `Bearer `")),
        (with_authorization(f"Bearer {TOKEN.value}, Bearer"), (ONE, "more than one scheme in it")),
        (
            with_authorization(f"Bearer {TOKEN.value[:-5]}"),
            (
                BYTES,
                f"the token cut to {len(TOKEN.value) - 5} of {len(TOKEN.value)} characters",
            ),
        ),
        (
            with_authorization(f"Bearer x{TOKEN.value}"),
            (BYTES, "the token with other characters around it"),
        ),
        (
            with_authorization(f"Bearer {STRANGER.value}"),
            (BYTES, f"{len(STRANGER.value)} characters that are no token of this environment"),
        ),
        (
            with_authorization("Bearer "),
            (BYTES, "0 characters that are no token of this environment"),
        ),
        (
            with_authorization(f"Bearer {TOKEN.value} "),
            (BYTES, "white space around it, not its own"),
        ),
        (also(("X-Api-Key", TOKEN.value)), (ALONE, "also in header X-Api-Key")),
        (also(body=TOKEN.value.encode()), (ALONE, "also in the body")),
    ],
)
def test_what_is_wrong_with_one_authorization(wrong: Exchange, problem: tuple[str, str]) -> None:
    (found,) = signing.one_authorization(trial_of(RIGHT, wrong, RIGHT))
    assert (found.expected, found.observed) == problem
    assert found.observation is not None
    assert found.observation.exchange.number == 2


def test_a_token_in_the_url_as_well_is_another_rules() -> None:
    in_url = also(target=f"/?key={quote(TOKEN.value, safe='')}")
    assert told(signing.one_authorization, trial_of(in_url)) == []
    assert told(signing.token_not_in_url, trial_of(in_url)) == [
        ("no token in the URL", "the bearer token is part of it")
    ]


@pytest.mark.parametrize(
    ("wrong", "problems"),
    [
        (
            also(("X-Amz-Security-Token", "FAKE")),
            [("no X-Amz-Security-Token header", "one beside the bearer token")],
        ),
        (
            also(target="/?X-Amz-Date=x&x-amz-algorithm=y&b=X-Amz-C"),
            [("no X-Amz-* in the query", "x-amz-algorithm, x-amz-date in the query")],
        ),
        (
            also(("X-Who", SHARED.key_id)),
            [(NONE_OF_IAM, "the key id in header X-Who")],
        ),
        (
            also(body=INSTANCE.secret.encode()),
            [(NONE_OF_IAM, "the secret in the body")],
        ),
        (also(("X-Amz-Date", "x")), []),
    ],
)
def test_what_of_a_sigv4_credential_a_bearer_request_carries(
    wrong: Exchange, problems: list[tuple[str, str]]
) -> None:
    assert told(signing.no_sigv4_credential, trial_of(wrong)) == problems


def test_the_traces_of_sigv4_on_a_bearer_request() -> None:
    traces = also(("x-amz-date", "x"), ("X-Amz-Content-Sha256", "y"))
    assert told(signing.no_sigv4_traces, trial_of(traces)) == [
        ("no X-Amz-Date header", "one beside the bearer token"),
        ("no X-Amz-Content-Sha256 header", "one beside the bearer token"),
    ]


def test_a_signature_that_does_not_verify_is_said_to_be_wrong_and_why() -> None:
    forged = received(sigv4_headers(replace(SHARED, secret="fake-of-nobody"), HOST))
    stranger = received(sigv4_headers(replace(SHARED, key_id="AKIA0FAKESTRANGER000"), HOST))
    mixed = received(sigv4_headers(replace(SHARED, secret=CONFIG.secret), HOST))
    assert told(signing.signature_verifies, trial_of(forged, stranger, mixed)) == [
        (
            VERIFIES,
            "canonical request: the signature matches no known way of signing this request",
        ),
        (VERIFIES, "a key id that is no level's of this environment"),
        (
            VERIFIES,
            (
                "secret: the key id is that of shared credentials file, but the secret of config "
                "file made the signature"
            ),
        ),
    ]


def test_a_signed_request_never_carries_the_secret_itself() -> None:
    told_all = replace(BY_SHARED, headers=(*BY_SHARED.headers, ("X-Debug", INSTANCE.secret)))
    assert told(signing.signature_verifies, trial_of(told_all)) == [
        ("a secret that never travels", "one in header X-Debug")
    ]


@pytest.mark.parametrize(
    ("service", "region"), [("bedrock", "us-west-2"), ("sts", REGION), ("sts", "us-west-2")]
)
def test_a_wrong_scope_is_that_rules_alone(service: str, region: str) -> None:
    wrong = trial_of(received(sigv4_headers(SHARED, HOST, service=service, region=region)))
    assert told(signing.scope_and_date, wrong) == [
        (f"the scope bedrock/{REGION}", f"{service}/{region}")
    ]
    assert told(signing.signature_verifies, wrong) == []


def test_a_scope_that_cannot_be_read_and_a_date_that_is_old() -> None:
    (value,) = BY_SHARED.header_values("Authorization")
    unread = received((("Authorization", value.replace("/aws4_request", "")),))
    assert told(signing.scope_and_date, trial_of(unread)) == [
        (f"the scope bedrock/{REGION}", "no readable credential scope")
    ]
    assert BY_SHARED.received_at is not None
    late = replace(BY_SHARED, received_at=BY_SHARED.received_at + timedelta(minutes=6))
    ((expected, observed),) = told(signing.scope_and_date, trial_of(late))
    assert expected == f"the scope bedrock/{REGION} and a current date"
    assert observed.startswith("X-Amz-Date is ")
    assert observed.endswith("the signature was good for 0:05:00")


OWN, NO_TOKEN = "its own session token", "no session token"


@pytest.mark.parametrize(
    ("credential", "sent", "problem"),
    [
        (INSTANCE, None, (OWN, "no session token")),
        (INSTANCE, CONFIG.session_token, (OWN, "the session token of 5 config file")),
        (INSTANCE, "FAKE-nobody", (OWN, "a session token that is no level's")),
        (SHARED, CONFIG.session_token, (NO_TOKEN, "the session token of 5 config file")),
        (SHARED, "FAKE-nobody", (NO_TOKEN, "a session token that is no level's")),
    ],
    ids=["missing", "another's", "nobody's", "another's beside none", "nobody's beside none"],
)
def test_whose_session_token_is_sent(
    credential: object, sent: str | None, problem: tuple[str, str]
) -> None:
    chosen = INSTANCE if credential is INSTANCE else SHARED
    wrong = received(sigv4_headers(replace(chosen, session_token=sent), HOST))
    assert told(signing.session_token, trial_of(wrong)) == [problem]


def test_a_session_token_has_to_be_signed_and_stand_in_its_header_alone() -> None:
    plain = sigv4_headers(replace(INSTANCE, session_token=None), HOST)
    added = received({**plain, "X-Amz-Security-Token": INSTANCE.session_token or ""})
    assert told(signing.session_token, trial_of(added)) == [
        ("a signature that covers the session token", "it does not")
    ]
    twice = replace(BY_INSTANCE, body=(INSTANCE.session_token or "").encode())
    assert told(signing.session_token, trial_of(twice)) == [
        ("the session token in X-Amz-Security-Token alone", "also in the body")
    ]
    in_url = replace(BY_INSTANCE, target=f"/?t={quote(INSTANCE.session_token or '', safe='')}")
    assert told(signing.session_token, trial_of(in_url)) == [
        ("the session token in X-Amz-Security-Token alone", "also in the URL")
    ]


def test_a_key_id_of_nobody_has_no_session_token_to_send() -> None:
    stranger = received(sigv4_headers(replace(SHARED, key_id="AKIA0FAKESTRANGER000"), HOST))
    assert told(signing.session_token, trial_of(stranger)) == [
        ("a known key id", "a key id that is no level's")
    ]


def test_a_later_request_is_held_against_the_first() -> None:
    both = trial_of(RIGHT, RIGHT, BY_SHARED)
    (problem,) = signing.same_level_throughout(both)
    assert problem.expected == "as the first request: bearer  AWS_BEARER_TOKEN_BEDROCK"
    assert problem.observed.startswith("sigv4  ~/.aws/credentials [default]")
    assert problem.observation is both.requests[2]
    assert told(signing.same_level_throughout, trial_of(BY_SHARED, BY_SHARED)) == []
    other = received_from(STRANGER)
    assert len(told(signing.same_level_throughout, trial_of(RIGHT, other))) == 1
    for few in ((), (RIGHT,)):
        with pytest.raises(NothingToJudge, match=r"\Ano second request was sent\Z"):
            told(signing.same_level_throughout, trial_of(*few))


def test_a_token_in_a_url_is_found_wherever_it_was_sent() -> None:
    target = f"/{quote(FOREIGN.value, safe='')}"
    elsewhere = received(service="sts", target=target)
    asked = received(service="instance-metadata", target=target)
    trial = trial_of(elsewhere, RIGHT, metadata=(asked,), foreign=(FOREIGN,))
    assert told(signing.token_not_in_url, trial) == [
        ("no token in the URL", "the bearer token is part of that of instance-metadata"),
        ("no token in the URL", "the bearer token is part of it"),
    ]
    assert told(signing.token_not_in_url, trial_of(RIGHT)) == []
    with pytest.raises(NothingToJudge, match=r"\Ano request was seen\Z"):
        told(signing.token_not_in_url, trial_of())


@pytest.mark.parametrize(
    ("name", "risky"),
    [
        ("user-agent", True),
        ("via", True),
        ("x-forwarded-for", True),
        ("x-forwarded-proto", True),
        ("connection", True),
        ("x-amzn-trace-id", True),
        ("content-type", False),
        ("forwarded-x", False),
        ("amz-sdk-invocation-id", False),
    ],
)
def test_a_header_that_a_proxy_rewrites_is_not_to_be_signed(name: str, risky: bool) -> None:
    (value,) = BY_SHARED.header_values("Authorization")
    for spelling in (name, name.upper()):
        more = value.replace("SignedHeaders=", f"SignedHeaders={spelling};te;")
        wrong = received((("Authorization", more),))
        names = f"{spelling}, te" if risky else "te"
        assert told(signing.proxied_headers_unsigned, trial_of(BY_SHARED, wrong)) == [
            ("no header among the signed ones that a proxy may rewrite", f"{names} among them")
        ]
