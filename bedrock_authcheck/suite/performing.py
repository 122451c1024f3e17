"""A scenario's acts, performed one after the other, and what each call came to."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from threading import Barrier
from typing import TYPE_CHECKING

from bedrock_authcheck.checks.trial import Turn
from bedrock_authcheck.clients.printed import PRINTED, printed_of
from bedrock_authcheck.environments.levels import VARIABLES_OF
from bedrock_authcheck.suite.acts import Ask, Change, Changing, Prepare, Renew, Together
from bedrock_authcheck.suite.sight import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from bedrock_authcheck.checks.trial import Expectation
    from bedrock_authcheck.clients.contract import CallResult, Connection
    from bedrock_authcheck.environments.environment import Environment
    from bedrock_authcheck.services.http import Answer
    from bedrock_authcheck.services.ledger import Ledger
    from bedrock_authcheck.services.steps import Step
    from bedrock_authcheck.suite.acts import Act
    from bedrock_authcheck.wire.attribution import Observation


class Performance:
    """Performs acts on one environment, with connections made by `connect` when they are needed.

    `turns` holds what the calls came to so far, `watch` what the client did to the environment.
    """

    def __init__(
        self,
        environment: Environment,
        ledger: Ledger,
        connect: Callable[[int], Connection],
        *,
        in_sight: bool,
        printing: bool = False,
    ) -> None:
        """Begin with nothing done; the environment is laid over the process already.

        `in_sight` is whether anybody asks for what `watch` saw, which is read for each act, and
        `printing` whether for what pytest prints of an error, which is costly.
        """
        self.turns: list[Turn] = []
        self.variables: MutableMapping[str, str] = os.environ  # the client's, which acts change
        self.watch = Watch()
        self._client_at_work = self.watch.over if in_sight else nullcontext
        self._environment = environment
        self._ledger = ledger
        self._connect = connect
        self._made: dict[int, Connection] = {}
        self._printing = printing
        self._printed: dict[str, str] = {}

    def shown(self) -> dict[str, str]:
        """Ask each client that was used how it and its session present themselves."""
        texts = {
            f"{what} {number}": text
            for number, connection in self._made.items()
            for what, text in connection.shown().items()
        }
        return {**texts, **self._printed}

    def _client(self, number: int) -> Connection:
        return self._made.setdefault(number, self._connect(number))

    def perform(self, act: Act, expectation: Expectation) -> None:
        """Do one act; `expectation` is the scenario's."""
        match act:
            case Ask():
                with self._client_at_work():
                    seen = len(self._ledger.observations)
                    result = self._client(act.client).call(act.call)
                    sent = self._ledger.observations[seen:]
                expected = act.expectation or expectation
                self._take(Turn(act.call, expected, result, sent, act.client))
            case Together():
                self._together(act, expectation)
            case Prepare():
                with self._client_at_work():
                    self._client(act.client).prepare(act.stage)
            case Change():
                self._change(act)
            case Renew():
                self._environment.renew(act.role, act.to)

    def _together(self, act: Together, expectation: Expectation) -> None:
        barrier = Barrier(len(act.asks))

        def ask(one: Ask, connection: Connection) -> CallResult:
            barrier.wait()
            return connection.call(one.call)

        seen = len(self._ledger.observations)
        connections = [self._client(one.client) for one in act.asks]
        with self._client_at_work(), ThreadPoolExecutor(len(act.asks)) as pool:
            results = list(pool.map(ask, act.asks, connections))
        sent = self._ledger.observations[seen:]
        for one, result in zip(act.asks, results, strict=True):
            its = tuple(observation for observation in sent if _is_of(observation, one))
            expected = one.expectation or expectation
            self._take(Turn(one.call, expected, result, its, one.client))

    def _take(self, turn: Turn) -> None:
        """Keep a turn without its error, whose frames hold on to the client and its sockets."""
        raised = turn.result.raised
        if raised is not None:
            if self._printing:
                self._printed[f"{PRINTED} of {turn.result.error_type}"] = printed_of(raised)
            turn = replace(turn, result=replace(turn.result, raised=None))
        self.turns.append(turn)

    def _change(self, act: Change) -> None:
        """Let the variables of the client's process hold what the act says."""
        names = VARIABLES_OF[act.source]
        with self.watch.aside(names):
            for name in names:
                self.variables.pop(name, None)
            if act.to is not None:
                self.variables.update(self._environment.variables_of(act.to))

    def step(self, step: Step | Changing) -> Step:
        """Make a programmed answer of one that comes after a change."""
        return partial(self._changed, step) if isinstance(step, Changing) else step

    def _changed(self, step: Changing, usual: Answer) -> Answer:
        self._change(step.change)
        return step.then(usual)


def _is_of(observation: Observation, ask: Ask) -> bool:
    model = str((ask.call.parameters or {})["modelId"])
    return f"/{model}/" in observation.exchange.target
