from __future__ import annotations

import json
import socket
from http.client import IncompleteRead
from urllib.parse import urlsplit

import pytest

from bedrock_authcheck.model import AuthScheme, CredentialSource
from bedrock_authcheck.services.ledger import Ledger
from bedrock_authcheck.services.steps import (
    cut,
    redirect,
    reply,
    reset,
    server_error,
    slow,
    throttle,
)
from bedrock_authcheck.spec.services import SERVICES
from bedrock_authcheck.wire.attribution import Keyring
from tests.simulated import (
    CONVERSE,
    REGION,
    Services,
    aws_canary,
    send,
    sigv4_headers,
    token_canary,
)

from .recorder import wait_until

TOKEN = token_canary(CredentialSource.BEARER)
LONG_TERM = aws_canary(CredentialSource.SHARED, temporary=False)
STRANGE_TOKEN = token_canary(CredentialSource.BEARER)
BEARER = {"Authorization": f"Bearer {TOKEN.value}"}


@pytest.fixture
def ledger(services: Services) -> Ledger:
    return services.endpoint.open(Ledger(Keyring((TOKEN, LONG_TERM)), REGION))


def test_each_service_is_at_a_port_of_its_own_and_knows_its_name(
    services: Services, ledger: Ledger
) -> None:
    urls = services.endpoint.urls()
    assert urls.keys() == SERVICES.keys()
    assert len(set(urls.values())) == len(urls)
    for name in urls:
        services.post({}, "/", service=name)
    assert [o.exchange.service for o in ledger.observations] == list(urls)
    assert {o.evidence.scheme for o in ledger.observations} == {AuthScheme.UNSIGNED}


def test_every_answer_says_that_it_is_simulated_and_has_an_id(
    services: Services, ledger: Ledger
) -> None:
    ledger.program("bedrock-runtime", throttle())
    answers = [services.post(headers) for headers in (BEARER, BEARER, {})]
    assert [a.status for a in answers] == [429, 200, 403]
    assert {a.headers["server"] for a in answers} == {"bedrock-authcheck (SIMULATED)"}
    assert len({a.headers["x-amzn-requestid"] for a in answers}) == 3


def test_a_request_that_is_no_operation_is_not_found_once_it_is_authorised(
    services: Services, ledger: Ledger
) -> None:
    assert services.post({}, "/no/such/path").status == 403
    answer = services.post(BEARER, "/no/such/path")
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (404, "UnknownOperationException")
    assert "SIMULATED" in json.loads(answer.body)["message"]
    assert [(o.operation, o.exchange.status) for o in ledger.observations] == [
        (None, 403),
        (None, 404),
    ]


def test_neighbours_have_no_catalogue_and_answer_whatever_is_asked(
    services: Services, ledger: Ledger
) -> None:
    host = services.host("s3")
    headers = sigv4_headers(LONG_TERM, host, "/any/key", method="GET", service="s3")
    answer = services.post(headers, "/any/key", service="s3", method="GET")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/xml")
    assert ledger.observations[0].source is CredentialSource.SHARED


def test_programmed_answers_are_sent_one_each_and_then_the_usual_one(
    services: Services, ledger: Ledger
) -> None:
    steps = (throttle(), server_error(), server_error(503), redirect("https://127.0.0.1:9/x"))
    ledger.program("bedrock-runtime", *steps, slow(0.0), reply(b'{"own":1}', status=202))
    answers = [services.post(BEARER) for _ in range(7)]
    assert [a.status for a in answers] == [429, 500, 503, 307, 200, 202, 200]
    types = [a.headers.get("x-amzn-errortype") for a in answers[:3]]
    assert types == [
        "ThrottlingException",
        "InternalServerException",
        "ServiceUnavailableException",
    ]
    assert answers[3].headers["location"] == "https://127.0.0.1:9/x"
    assert json.loads(answers[5].body) == {"own": 1}
    assert json.loads(answers[6].body)["stopReason"] == "end_turn"
    assert [o.exchange.status for o in ledger.observations] == [a.status for a in answers]


def test_a_reply_of_ones_own_stands_behind_the_authorisation(
    services: Services, ledger: Ledger
) -> None:
    ledger.program("bedrock-runtime", reply(b"{}"))
    assert services.post({}).status == 403


def test_an_answer_is_cut_or_the_connection_reset(services: Services, ledger: Ledger) -> None:
    ledger.program("bedrock-runtime", cut(), reset())
    with pytest.raises(IncompleteRead):
        services.post(BEARER)
    with pytest.raises(OSError, match=r"."):
        services.post(BEARER)
    assert [o.source for o in ledger.observations] == [CredentialSource.BEARER] * 2


def test_a_request_that_broke_off_is_kept_and_spends_no_step(
    services: Services, ledger: Ledger
) -> None:
    ledger.program("bedrock-runtime", throttle())
    url = urlsplit(services.endpoint.urls(tls=False)["bedrock-runtime"])
    head = f"POST {CONVERSE} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"
    with socket.create_connection((url.hostname, url.port)) as raw:
        raw.sendall(head.encode())
    wait_until(lambda: len(ledger.observations) == 1)
    assert not ledger.observations[0].exchange.complete
    assert ledger.observations[0].exchange.status == 400  # by the HTTP layer
    assert services.post(BEARER).status == 429


def test_a_late_request_is_a_strangers_to_the_ledger_of_the_moment(
    services: Services, ledger: Ledger
) -> None:
    services.post(BEARER)
    later = services.endpoint.open(Ledger(Keyring((LONG_TERM,)), REGION))
    assert services.post(BEARER).status == 403
    assert [o.source for o in ledger.observations] == [CredentialSource.BEARER]
    assert [o.source for o in later.observations] == [None]


def test_levels_that_are_provided_later_are_known(services: Services, ledger: Ledger) -> None:
    headers = {"Authorization": f"Bearer {STRANGE_TOKEN.value}"}
    assert services.post(headers).status == 403
    ledger.keyring = Keyring((STRANGE_TOKEN,))
    assert services.post(headers).status == 200


def test_plain_http_is_there_when_it_is_asked_for(services: Services, ledger: Ledger) -> None:
    encrypted, plain = services.endpoint.urls(), services.endpoint.urls(tls=False)
    assert plain.keys() == encrypted.keys()
    assert {url.partition(":")[0] for url in plain.values()} == {"http"}
    assert set(plain.values()).isdisjoint(encrypted.values())
    assert plain == services.endpoint.urls(tls=False)
    assert send(plain["bedrock-runtime"], CONVERSE, BEARER).status == 200
    assert ledger.observations[0].exchange.tls is None
