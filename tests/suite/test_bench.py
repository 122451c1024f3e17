"""What a trial is given to see of its scenario, and of no other."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.suite.catalogue import scenarios_of
from bedrock_authcheck.suite.late import Latecomers, LateRequestError
from tests.suite.wrong_clients.seams import copied, sending

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.awsrequest import AWSPreparedRequest

    from bedrock_authcheck.suite.bench import Bench
    from tests.suite.wrong_clients.seams import Send


def test_a_shared_machine_shows_what_its_metadata_was_asked_in_this_scenario_alone(
    bench: Bench,
) -> None:
    scenario = scenarios_of("auth")["instance-temporary-converse"]
    assert scenario.shared
    first, second = bench.run(scenario), bench.run(scenario)
    assert [asked.method for asked in first.metadata] == ["PUT", "GET", "GET"]
    assert {asked.service for asked in first.metadata} == {"instance-metadata"}
    assert second.metadata == ()  # the client is shared, and knows the role's keys by now
    assert all(result.ok for result in (*first.results, *second.results))


class _Postponed:
    """Sends each request, and keeps another like it for a time of the test's choice."""

    def __init__(self, *, unsigned: bool = False) -> None:
        self.kept: list[Callable[[], object]] = []
        self._unsigned = unsigned

    def send(self, request: AWSPreparedRequest, send: Send) -> object:
        headers = {} if self._unsigned else {name: request.headers[name] for name in _SIGNED}
        again = copied(request, **headers)
        self.kept.append(lambda: send(again))
        return send(request)


_SIGNED = ("Authorization",)


@pytest.mark.parametrize("unsigned", [False, True])
def test_a_request_between_two_scenarios_is_told_in_the_second(
    bench: Bench, *, unsigned: bool
) -> None:
    chain, postponed = scenarios_of("chain"), _Postponed(unsigned=unsigned)
    with sending(postponed.send):
        bench.run(chain["bearer-converse"])
        with ThreadPoolExecutor(1) as pool:  # no thread that the scenario started
            pool.submit(postponed.kept.pop()).result()
        with pytest.raises(LateRequestError) as raised:
            bench.run(chain["shared-converse"])
        bench.run(chain["config-converse"])  # is told once
    who = "unsigned" if unsigned else "bearer  AWS_BEARER_TOKEN_BEDROCK"
    first, second = (f"bedrock-authcheck::chain::{name}-converse" for name in ("bearer", "shared"))
    head, observed, request, again = str(raised.value).splitlines()
    assert head == f"not judged: a request of {first} came late, after its call had returned"
    assert observed == f"  observed  {who}"
    assert request.startswith("  request   bedrock-runtime  POST /model/")
    assert again == f"  again     pytest --bedrock-authcheck {first} {second}"


@pytest.mark.parametrize("level", ["bearer", "environment"])
def test_a_request_in_the_next_scenario_is_known_by_its_credential(
    bench: Bench, level: str
) -> None:
    chain, postponed = scenarios_of("chain"), _Postponed()
    with sending(postponed.send):
        bench.run(chain[f"{level}-converse"])
    late = postponed.kept.pop()

    def send_both(request: AWSPreparedRequest, send: Send) -> object:
        late()
        return send(request)

    with sending(send_both), pytest.raises(LateRequestError, match=f"chain::{level}-converse came"):
        bench.run(chain["shared-converse"])


def test_a_thread_that_never_ends_costs_the_run_its_patience_and_no_more() -> None:
    ended = threading.Event()
    latecomers = Latecomers(patience=0.05)
    for _ in range(3):
        with latecomers.awaited():
            threading.Thread(target=ended.wait).start()
    assert latecomers._patience <= 0
    ended.set()
