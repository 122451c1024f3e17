from __future__ import annotations

import threading

from bedrock_authcheck.environments.canaries import canary
from bedrock_authcheck.model import CredentialSource
from bedrock_authcheck.services.http import Answer
from bedrock_authcheck.services.ledger import Ledger
from bedrock_authcheck.services.steps import as_usual, slow, throttle
from bedrock_authcheck.wire.attribution import Keyring, Observation, observe
from tests.simulated import received_from


def _observation(number: int, status: int | None = None) -> Observation:
    exchange = received_from(canary(CredentialSource.BEARER), number=number, status=status)
    return observe(exchange, Keyring(), region=None, scope_service="bedrock")


def test_requests_stand_in_the_order_in_which_they_began() -> None:
    ledger = Ledger()
    late, early = _observation(8), _observation(7)
    ledger.record(late)
    ledger.record(early)
    assert ledger.observations == (early, late)


def test_a_request_that_is_recorded_again_is_replaced_in_its_place() -> None:
    ledger = Ledger()
    first, second, ended = _observation(1), _observation(2), _observation(1, 200)
    for observation in (first, second, ended):
        ledger.record(observation)
    assert ledger.observations == (ended, second)


def test_clear_forgets_requests_and_keeps_what_is_programmed() -> None:
    ledger, step = Ledger(), throttle()
    ledger.program("bedrock", step)
    ledger.record(_observation(1))
    ledger.clear()
    assert ledger.observations == ()
    assert ledger.next_step("bedrock") is step


def test_steps_are_taken_in_order_by_their_own_service_and_once() -> None:
    ledger, first, second, other = Ledger(), throttle(), as_usual(), slow(0)
    ledger.program("bedrock-runtime", first)
    ledger.program("bedrock-runtime", second)
    ledger.program("bedrock", other)
    assert ledger.next_step("bedrock-runtime") is first
    assert ledger.next_step("sts") is None
    assert ledger.next_step("bedrock") is other
    assert ledger.next_step("bedrock-runtime") is second
    assert ledger.next_step("bedrock-runtime") is None
    usual = Answer(body=b"usual")
    assert second(usual) is usual


def test_steps_that_no_request_took_are_counted() -> None:
    ledger, step = Ledger(), as_usual()
    assert ledger.unused == {}
    ledger.program("bedrock", step, step)
    ledger.program("sts", step)
    ledger.next_step("bedrock")
    ledger.next_step("s3")
    assert ledger.unused == {"bedrock": 1, "sts": 1}
    ledger.next_step("sts")
    assert ledger.unused == {"bedrock": 1}


def test_a_keyring_and_any_region_are_there_from_the_start() -> None:
    ledger = Ledger()
    assert ledger.keyring.credentials == ()
    assert ledger.region is None


def test_many_threads_write_and_none_is_lost() -> None:
    ledger = Ledger()
    step = as_usual()

    def write(base: int) -> None:
        for number in range(base, base + 50):
            ledger.record(_observation(number))
            ledger.program("bedrock", step)

    threads = [threading.Thread(target=write, args=(base,)) for base in (0, 50, 100, 150)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [o.exchange.number for o in ledger.observations] == list(range(200))
    taken = 0
    while ledger.next_step("bedrock"):
        taken += 1
    assert taken == 200
