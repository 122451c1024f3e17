"""The recording plan: what `pytest --bedrock-authcheck --record` asks AWS for, as data.

Everything in it reads and changes nothing; whatever a model is asked for has one token of output.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from bedrock_authcheck.model import AuthScheme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

DEFAULT_REGION: Final = "us-east-1"
DEFAULT_MODEL: Final = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
"""A small model whose tokens Bedrock counts as well (CountTokens serves few models)."""

INPUT_TOKENS: Final = 100
OUTPUT_TOKENS: Final = 10
"""More than a step can send and get: `Hi`, its frame, and one token of output."""
INPUT_PRICE: Final = 15.0
OUTPUT_PRICE: Final = 75.0
"""USD for a million tokens: what the dearest text models of Bedrock cost on demand."""
ATTEMPTS: Final = 2
"""How often a request is sent at most: once more where the first attempt failed."""

_GEOGRAPHY: Final = re.compile(r"(?:us-gov|us|eu|apac|au|ca|jp|global)\.(?=[a-z0-9]+\.)")
_TEXT: Final = "Hi"


class PlanError(ValueError):
    """A plan that cannot be made: the text says what is wrong with the model or the Region."""


class Auth(StrEnum):
    """How a step is authenticated; the value is what a person calls it."""

    TOKEN = "the token"  # noqa: S105 - a name, not a secret
    IAM = "IAM credentials"
    INVALID_TOKEN = "a token never issued"  # noqa: S105 - as above
    EMPTY_TOKEN = "an empty token"  # noqa: S105 - as above
    WRONG_SIGNATURE = "a wrong signature"

    @property
    def scheme(self) -> AuthScheme:
        """The scheme that a request of it shows."""
        signed = self in (Auth.IAM, Auth.WRONG_SIGNATURE)
        return AuthScheme.SIGV4 if signed else AuthScheme.BEARER

    @property
    def needs(self) -> Auth | None:
        """The credential that must be there for it, TOKEN or IAM; a fake needs none."""
        if self is Auth.WRONG_SIGNATURE:
            return Auth.IAM  # AWS looks the key id up before it verifies the signature
        return self if self in (Auth.TOKEN, Auth.IAM) else None


@dataclass(frozen=True, slots=True)
class Step:
    """One request of the plan, and the cassette of its name.

    `rules` are those whose ground the answer is. A step that is `raw` goes as plain HTTP, since
    no conforming client sends it. `billed` is whether it costs something where AWS lets it in.
    """

    name: str
    service: str
    operation: str
    parameters: Mapping[str, Any] = field(repr=False)
    auth: Auth
    rules: tuple[str, ...]
    raw: bool = False
    billed: bool = False

    @property
    def largest_cost(self) -> float:
        """USD that it costs at most, whatever the model; 0 where the operation is free."""
        tokens = INPUT_TOKENS * INPUT_PRICE + OUTPUT_TOKENS * OUTPUT_PRICE
        return ATTEMPTS * tokens / 1_000_000 if self.billed else 0.0

    @property
    def action(self) -> str:
        """The IAM action that lets it in: Converse is InvokeModel's."""
        streams = {"Converse": "InvokeModel", "ConverseStream": "InvokeModelWithResponseStream"}
        return f"bedrock:{streams.get(self.operation, self.operation)}"


@dataclass(frozen=True)
class Plan:
    """The steps for one model in one Region.

    PlanError where the model is none that InvokeModel's body is known for.
    """

    region: str = DEFAULT_REGION
    model: str = DEFAULT_MODEL

    def __post_init__(self) -> None:
        """Refuse what would be a puzzle in AWS's answers."""
        if not re.fullmatch(r"[a-z]{2,}(?:-[a-z]+)+-[0-9]+", self.region):
            raise PlanError(f"{self.region!r} is no Region: expected one such as {DEFAULT_REGION}")
        if not any(family in self.model for family in _BODIES):
            known = " and ".join(f"{family}*" for family in _BODIES)
            raise PlanError(
                f"the model {self.model!r} is none of {known}: the plan does not know what "
                "InvokeModel asks of others"
            )

    @property
    def base_model(self) -> str:
        """The foundation model itself: CountTokens takes no inference profile."""
        name = self.model.rpartition("/")[2]
        geography = _GEOGRAPHY.match(name)
        return name[geography.end() :] if geography else name

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """All steps in their order: calls by the token and by IAM credentials, then probes."""
        return (*self._calls(), *self._probes())

    @property
    def largest_cost(self) -> float:
        """USD that the whole plan costs at most."""
        return sum(step.largest_cost for step in self.steps)

    def _calls(self) -> Iterator[Step]:
        listed = {"byProvider": "Amazon", "byOutputModality": "EMBEDDING"}  # a handful
        body = next(make() for family, make in _BODIES.items() if family in self.model)
        invoked = {
            "modelId": self.model,
            "contentType": "application/json",
            "accept": "application/json",
            "body": json.dumps(body).encode(),
        }
        counted = {"modelId": self.base_model, "input": {"converse": {"messages": _messages()}}}
        runtime = "bedrock-runtime"
        for name, service, operation, parameters, billed in (
            ("converse", runtime, "Converse", self._converse, True),
            ("converse-stream", runtime, "ConverseStream", self._converse, True),
            ("invoke-model", runtime, "InvokeModel", invoked, True),
            ("count-tokens", runtime, "CountTokens", counted, False),
            ("list-foundation-models", "bedrock", "ListFoundationModels", listed, False),
        ):
            for auth, how, rules in (
                (Auth.TOKEN, "bearer", ("AUTH-1", "LIMIT-8")),
                (Auth.IAM, "iam", ("AUTH-3", "AUTH-4")),
            ):
                yield Step(
                    f"{name}-{how}", service, operation, parameters, auth, rules, billed=billed
                )

    def _probes(self) -> Iterator[Step]:
        """Ask what AWS refuses: the token where it is not taken, and what is no credential."""
        retrieved = {"knowledgeBaseId": "AAAAAAAAAA", "retrievalQuery": {"text": _TEXT}}
        automation, agents = "bedrock-data-automation", "bedrock-agent"
        for name, service, operation, parameters, rule in (
            ("list-agents", agents, "ListAgents", {}, "LIMIT-2"),
            ("retrieve", f"{agents}-runtime", "Retrieve", retrieved, "LIMIT-2"),
            ("list-projects", automation, "ListDataAutomationProjects", {}, "LIMIT-3"),
        ):
            yield Step(
                f"bearer-on-{name}", service, operation, parameters, Auth.TOKEN, (rule,), raw=True
            )
        for name, auth, rule in (
            ("invalid-token", Auth.INVALID_TOKEN, "AUTH-1"),
            ("empty-token", Auth.EMPTY_TOKEN, "TOKEN-1"),
            ("wrong-signature", Auth.WRONG_SIGNATURE, "AUTH-3"),
        ):
            yield Step(
                name,
                "bedrock-runtime",
                "Converse",
                self._converse,
                auth,
                (rule,),
                raw=True,
                billed=True,
            )

    @property
    def _converse(self) -> dict[str, Any]:
        return {
            "modelId": self.model,
            "messages": _messages(),
            "inferenceConfig": {"maxTokens": 1},
        }


def _messages() -> list[dict[str, Any]]:
    return [{"role": "user", "content": [{"text": _TEXT}]}]


_BODIES: Final[Mapping[str, Callable[[], dict[str, Any]]]] = {
    "anthropic.claude-": lambda: {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 1,
        "messages": [{"role": "user", "content": _TEXT}],
    },
    "amazon.nova-": lambda: {"messages": _messages(), "inferenceConfig": {"maxTokens": 1}},
}
"""The body of InvokeModel, which each family of models has of its own."""
