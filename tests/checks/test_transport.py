"""What a proxy can read of a client: what it is asked, and what passes through it."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.checks.transport import not_over_plain_http
from bedrock_authcheck.checks.trial import NothingToJudge
from tests.checks.trials import BY_TOKEN, INSTANCE, SHARED, TOKEN, told, trial_of
from tests.simulated import received, received_from

if TYPE_CHECKING:
    from bedrock_authcheck.checks.trial import Trial
    from bedrock_authcheck.model import Exchange

RIGHT = received_from(TOKEN)
TUNNEL = replace(received(), service="proxy", method="CONNECT", target="127.0.0.1:4711", headers=())
TLS = bytes((22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3))


def proxied(*asked: Exchange) -> Trial:
    return replace(trial_of(RIGHT), proxied=asked)


def observed(*asked: Exchange) -> list[str]:
    both = told(not_over_plain_http, proxied(*asked))
    assert {expected for expected, _ in both} <= {str(BY_TOKEN)}
    return [seen for _, seen in both]


def test_a_tunnel_with_tls_in_it_tells_nothing() -> None:
    assert observed(replace(TUNNEL, body=TLS), replace(TUNNEL, body=TLS)) == []


@pytest.mark.parametrize("encoded", [str.encode, lambda text: base64.b64encode(text.encode())])
def test_each_secret_through_a_tunnel_in_clear_is_told(encoded: object) -> None:
    assert callable(encoded)
    for secret, name in (
        (TOKEN.value, "token of 1 bearer token"),
        (SHARED.secret, "secret of 4 shared credentials file"),
        (INSTANCE.session_token, "session token of 6 instance role"),
    ):
        said = replace(TUNNEL, body=b"POST / HTTP/1.1 x: " + encoded(secret))
        assert observed(TUNNEL, said) == [
            f"the {name} at the proxy, in what passed through it in clear"
        ]


@pytest.mark.parametrize("method", ["CONNECT", "GET"])
def test_a_secret_in_what_is_asked_is_told_with_its_place(method: str) -> None:
    asked = replace(TUNNEL, method=method, headers=(("X-Api-Key", TOKEN.value),))
    assert observed(asked) == [
        f"the token of 1 bearer token at the proxy, in header X-Api-Key of a {method} in clear"
    ]
    in_body = replace(TUNNEL, method="POST", body=TOKEN.value.encode())
    assert observed(in_body) == [
        "the token of 1 bearer token at the proxy, in the body of a POST in clear"
    ]


def test_an_authorization_is_not_for_the_proxy_and_one_for_the_proxy_is() -> None:
    for asked in (
        replace(TUNNEL, headers=(("authorization", "AWS4-HMAC-SHA256 Credential=AKIA0FAKE"),)),
        replace(TUNNEL, body=b"GET / HTTP/1.1 AUTHORIZATION: AWS4-HMAC-SHA256"),
    ):
        assert observed(asked) == ["an Authorization at the proxy, with a CONNECT in clear"]
    own = replace(TUNNEL, headers=(("Proxy-Authorization", "Basic RkFLRTpGQUtF"),))
    assert observed(own) == []


def test_going_past_a_proxy_shows_nothing_and_failing_before_it_is_a_failure() -> None:
    with pytest.raises(NothingToJudge, match="no request was made of the proxy"):
        told(not_over_plain_http, proxied())
    nothing = replace(trial_of(), proxied=())
    assert [seen for _, seen in told(not_over_plain_http, nothing)] == ["no request seen"]
    assert told(not_over_plain_http, trial_of(RIGHT)) == []
