"""A scenario: rules, levels, calls, and what may follow from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self, TypedDict

from bedrock_authcheck.checks.trial import Expectation
from bedrock_authcheck.clients.contract import Call, ClientSettings
from bedrock_authcheck.model import AuthScheme, CredentialSource
from bedrock_authcheck.spec.catalogue import takes_api_keys
from bedrock_authcheck.suite.acts import Ask
from bedrock_authcheck.suite.routes import NamedBy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Unpack

    from bedrock_authcheck.environments.levels import Defect
    from bedrock_authcheck.model import Origin
    from bedrock_authcheck.services.steps import Step
    from bedrock_authcheck.suite.acts import Act, Changing, Redirecting
    from bedrock_authcheck.suite.routes import Proxied

ROOT: Final = "bedrock-authcheck"
"""The name of the suite: the first part of every scenario's id."""


IAM_SOURCES: Final = tuple(s for s in CredentialSource if s is not CredentialSource.BEARER)
"""Sources from level 2 down, whose credentials sign with SigV4."""


@dataclass(frozen=True, slots=True)
class Held:
    """A credential that a scenario provides, and how it differs from the usual one.

    `before` and `after` stand around a token's text. A `defect` makes its level a broken one.
    A `spare` one is known, and provided by an act of the scenario. An `expiring` one is a role's.
    """

    origin: Origin
    temporary: bool | None = None
    defect: Defect | None = None
    spare: bool = False
    before: str = ""
    after: str = ""
    token_file: bool = False
    short_term: bool = False
    expiring: bool = False

    @property
    def whole(self) -> bool:
        """Whether it is there from the start, and of use."""
        return self.defect is None and not self.spare


class Beside(TypedDict, total=False):
    """The fields of a scenario that have defaults."""

    settings: ClientSettings
    variables: Mapping[str, str]
    config: Mapping[str, str]
    foreign_variable: str | None
    plain: bool
    named_by: NamedBy
    proxy: Proxied | None
    steps: tuple[Step | Changing | Redirecting, ...]
    acts: tuple[Act, ...]
    log_level: str
    printed: bool
    shared: bool


@dataclass(frozen=True, slots=True)
class Scenario:
    """One experiment: on a machine with these levels, make these calls, hold these rules.

    `variables` are set beside the levels, `config` are settings in the config file, `named_by`
    says what names the endpoint, a `plain` one names endpoints of plain http, and one with a
    `proxy` puts it before them (all of a scenario that is not shared); `foreign_variable` is given
    a token of its own that must not be read. `steps` program the called service's next answers.
    What happens are the `acts` or, without any, the `calls` one after the other. With a
    `log_level` (a name of `logging`) the client's process is looked at too, and in a `printed`
    one what pytest prints of its errors. A `shared` scenario runs on an environment and a client
    that others with the same levels use too.
    """

    group: str
    name: str
    rules: tuple[str, ...]
    held: tuple[Held, ...]
    calls: tuple[Call, ...]
    expectation: Expectation
    settings: ClientSettings = field(default_factory=ClientSettings)
    variables: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, str] = field(default_factory=dict)
    foreign_variable: str | None = None
    plain: bool = False
    named_by: NamedBy = NamedBy.SERVICE_VARIABLE
    proxy: Proxied | None = None
    steps: tuple[Step | Changing | Redirecting, ...] = ()
    acts: tuple[Act, ...] = ()
    log_level: str = ""
    printed: bool = False
    shared: bool = False

    @classmethod
    def of(
        cls,
        group: str,
        name: str,
        rules: tuple[str, ...],
        levels: Iterable[Origin | Held],
        call: Call,
        *,
        expectation: Expectation | None = None,
        **beside: Unpack[Beside],
    ) -> Self:
        """Make a scenario of one call, held to `rules` and to those of the requests it expects.

        A level that is named by its origin alone is as usual. Unless told otherwise, the highest
        that is whole is expected.
        """
        held = tuple(level if isinstance(level, Held) else Held(level) for level in levels)
        if expectation is None:
            whole = (level.origin for level in held if level.whole)
            expectation = expect(whole, call.service)
        rules = (*rules, *request_rules(expectation, held))
        return cls(group, name, rules, held, (call,), expectation, **beside)

    @property
    def id(self) -> str:
        """The node id, `bedrock-authcheck::chain::bearer+shared-converse`."""
        return f"{ROOT}::{self.group}::{self.name}"

    @property
    def present(self) -> tuple[Origin, ...]:
        """Where complete credentials come from."""
        return tuple(held.origin for held in self.held if held.whole)

    @property
    def broken(self) -> tuple[Origin, ...]:
        """Where defective credentials come from."""
        return tuple(held.origin for held in self.held if held.defect is not None)

    @property
    def performed(self) -> tuple[Act, ...]:
        """Its acts, or its calls as acts."""
        return self.acts or tuple(map(Ask, self.calls))


CONVERSE: Final = Call(
    "bedrock-runtime",
    "Converse",
    {
        "modelId": "simulated.model-v1:0",
        "messages": [{"role": "user", "content": [{"text": "hello"}]}],
    },
)
CONVERSE_STREAM: Final = Call("bedrock-runtime", "ConverseStream", CONVERSE.parameters)
INVOKE_MODEL: Final = Call(
    "bedrock-runtime", "InvokeModel", {"modelId": "simulated.model-v1:0", "body": b"{}"}
)
LIST_MODELS: Final = Call("bedrock", "ListFoundationModels", {})
MAIN_CALLS: Final = {
    "converse": CONVERSE,
    "converse-stream": CONVERSE_STREAM,
    "invoke-model": INVOKE_MODEL,
    "list-foundation-models": LIST_MODELS,
}
"""Calls by their name in ids: plain JSON, a stream, a blob, and the control plane."""

_BEARER_RULES: Final = ("AUTH-1", "AUTH-2", "AUTH-7", "AUTH-9")
_SIGV4_RULES: Final = ("AUTH-3", "AUTH-4", "AUTH-5", "AUTH-8")


def winner(present: Iterable[Origin], service: str) -> Origin | None:
    """Find the highest level present; the token does not count where API keys are not taken."""
    eligible = [
        origin
        for origin in present
        if origin.scheme is not AuthScheme.BEARER or takes_api_keys(service)
    ]
    return min(eligible, key=lambda origin: origin.level, default=None)


def expect(present: Iterable[Origin], service: str) -> Expectation:
    """Say what CHAIN-1, CHAIN-2, LIMIT-4 and LIMIT-5 expect together."""
    origin = winner(present, service)
    return Expectation(refusal=True) if origin is None else Expectation((origin,))


def request_rules(expectation: Expectation, held: Iterable[Held]) -> tuple[str, ...]:
    """Name the AUTH rules, and CHAIN-3, that the requests of an expectation are held to."""
    rules: list[str] = []
    if any(origin.scheme is AuthScheme.BEARER for origin in expectation.origins):
        rules += _BEARER_RULES
    if any(origin.scheme is AuthScheme.SIGV4 for origin in expectation.origins):
        rules += _SIGV4_RULES
        held = tuple(held)
        if sum(level.origin.scheme is AuthScheme.SIGV4 for level in held) > 1:
            rules.append("CHAIN-3")
        if any(level.origin.scheme is AuthScheme.BEARER for level in held):
            rules.append("AUTH-7")
    return tuple(dict.fromkeys(rules))


def levels_name(origins: Iterable[Origin]) -> str:
    """`bearer+shared`, or `none`."""
    return "+".join(origins) or "none"
