"""Mantle, for who offers it: the rules about the token and about requests hold there as well.

Which of a token in the environment and of keys in code wins there differs between its clients
on purpose: either is right, and nothing may be mixed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bedrock_authcheck.checks.trial import Expectation
from bedrock_authcheck.clients.contract import Call, ClientSettings
from bedrock_authcheck.model import CredentialSource, Variant
from bedrock_authcheck.services.authorization import EXPIRED_KEY, UNKNOWN_KEY
from bedrock_authcheck.services.steps import deny, server_error
from bedrock_authcheck.spec.services import MANTLE
from bedrock_authcheck.suite.acts import Redirecting
from bedrock_authcheck.suite.api_key import FOREIGN
from bedrock_authcheck.suite.scenario import IAM_SOURCES, Held, Scenario, expect, levels_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Unpack

    from bedrock_authcheck.model import Origin
    from bedrock_authcheck.suite.scenario import Beside

_ASKED: Final[dict[str, Any]] = {"messages": [{"role": "user", "content": "hello"}]}
_CHAT: Final = {"model": "openai.simulated", **_ASKED}
_MESSAGE: Final = {"model": "anthropic.simulated", "max_tokens": 16, **_ASKED}
_RESPONSE: Final = {"model": "openai.simulated", "input": "hello"}

CALLS: Final = {
    name: Call(MANTLE.name, operation, parameters)
    for name, operation, parameters in (
        ("chat", "ChatCompletions", _CHAT),
        ("chat-stream", "ChatCompletions", {**_CHAT, "stream": True}),
        ("responses", "Responses", _RESPONSE),
        ("responses-stream", "Responses", {**_RESPONSE, "stream": True}),
        ("messages", "Messages", _MESSAGE),
        ("messages-stream", "Messages", {**_MESSAGE, "stream": True}),
        ("list-models", "ListModels", {}),
    )
}
"""Calls by their name in ids; their parameters are those of the APIs of OpenAI and Anthropic."""

_MAIN: Final = ("chat", "messages")  # one call of each API, where there are many scenarios
_TOKEN: Final = CredentialSource.BEARER
_KEYS: Final = CredentialSource.ENVIRONMENT
_IN_CODE: Final = Variant.TOKEN_IN_CODE
_LEVELS: Final = ((_TOKEN,), (_TOKEN, _KEYS), (_KEYS,))
_MORE_LEVELS: Final = (
    (_TOKEN, CredentialSource.SHARED),
    *((source,) for source in IAM_SOURCES if source is not _KEYS),
    (_KEYS, CredentialSource.SHARED),
)
_BLANK: Final = {"empty": "", "spaces": "  ", "line-feed": "\n"}
_AROUND: Final = {
    "space-before": (" ", ""),
    "space-after": ("", " "),
    "line-feed-after": ("", "\n"),
    "header-after": ("", "\r\nX-Injected: yes"),
}


def scenarios() -> Iterator[Scenario]:
    """Levels, then what is given in code, then tokens that are none, then what is answered."""
    for name, call in CALLS.items():
        yield _scenario(f"none-{name}", ("CHAIN-2",), (), call, shared=True)
        for sources in (*_LEVELS, *(_MORE_LEVELS if name in _MAIN else ())):
            full = f"{levels_name(sources)}-{name}"
            yield _scenario(full, ("CHAIN-1",), sources, call, shared=True)
    for name in _MAIN:
        call = CALLS[name]
        yield from _forms(name, call)
        yield from _given_in_code(name, call)
        yield from _no_tokens(name, call)
        yield from _answered(name, call)


def _scenario(
    name: str,
    rules: tuple[str, ...],
    levels: tuple[Origin | Held, ...],
    call: Call,
    expectation: Expectation | None = None,
    **beside: Unpack[Beside],
) -> Scenario:
    return Scenario.of("mantle", name, rules, levels, call, expectation=expectation, **beside)


def _forms(name: str, call: Call) -> Iterator[Scenario]:
    """Take a short-term key, long-term IAM credentials, and a Region in code."""
    short, long = Held(_TOKEN, short_term=True), Held(_KEYS, temporary=False)
    yield _scenario(f"short-term-{name}", ("CHAIN-1",), (short,), call, shared=True)
    yield _scenario(f"long-term-{name}", ("CHAIN-1",), (long,), call, shared=True)
    for source in (_TOKEN, _KEYS):
        region = ClientSettings(region="ap-southeast-2")
        yield _scenario(
            f"region-in-code-{source}-{name}", ("CHAIN-1",), (source,), call, settings=region
        )


def _given_in_code(name: str, call: Call) -> Iterator[Scenario]:
    """TOKEN-4; and keys in code below a token, where either may sign."""
    for below in ((), (_KEYS,)):
        sources = (_IN_CODE, _TOKEN, *below)
        expected = Expectation((_IN_CODE,))
        yield _scenario(
            f"{levels_name(sources)}-{name}", ("TOKEN-4",), sources, call, expected, shared=True
        )
    settings = CredentialSource.SETTINGS
    levels, either = (_TOKEN, settings, _KEYS), Expectation((_TOKEN, settings))
    full = f"{levels_name(levels)}-{name}"
    yield _scenario(full, ("CHAIN-3",), levels, call, either, shared=True)


def _no_tokens(name: str, call: Call) -> Iterator[Scenario]:
    """TOKEN-1 to TOKEN-3: blank tokens, white space, another service's variable."""
    for beside in ((), (_KEYS,)):
        end = f"{''.join(f'+{source}' for source in beside)}-{name}"
        usable = Expectation(expect(beside, call.service).origins, refusal=True)
        for blank, value in _BLANK.items():
            variables = {"AWS_BEARER_TOKEN_BEDROCK": value}
            yield _scenario(
                f"blank-{blank}{end}", ("TOKEN-1",), beside, call, usable, variables=variables
            )
        for around, (before, after) in _AROUND.items():
            token = Held(_TOKEN, before=before, after=after)
            trimmed = Expectation((_TOKEN,), refusal=True)
            yield _scenario(f"{around}{end}", ("TOKEN-2",), (token, *beside), call, trimmed)
        for variable in FOREIGN[:2]:
            yield _scenario(
                f"{variable.lower().replace('_', '-')}{end}",
                ("TOKEN-3",),
                beside,
                call,
                foreign_variable=variable,
            )


def _answered(name: str, call: Call) -> Iterator[Scenario]:
    """AUTH-6 and TOKEN-13 behind a failure and a refusal; TOKEN-5 and TOKEN-6 on the way."""
    for sources in ((_TOKEN,), (_TOKEN, _KEYS), (_KEYS, CredentialSource.SHARED)):
        yield _scenario(
            f"error-503-{levels_name(sources)}-{name}",
            ("AUTH-6",),
            sources,
            call,
            steps=(server_error(503),),
            shared=True,
        )
    for sources in ((_TOKEN,), (_TOKEN, _KEYS)):
        end = f"{levels_name(sources)}-{name}"
        for said, denial in (("expired", EXPIRED_KEY), ("unknown", UNKNOWN_KEY)):
            yield _scenario(
                f"key-{said}-{end}",
                ("TOKEN-13",),
                sources,
                call,
                Expectation((_TOKEN,)),
                steps=(deny(denial, MANTLE.name),),
                shared=True,
            )
        keys = expect(sources[1:], call.service)
        yield _scenario(
            f"plain-http-{end}",
            ("TOKEN-5",),
            sources,
            call,
            Expectation(keys.origins, refusal=True),
            plain=True,
        )
        to = Redirecting(MANTLE.name, host="localhost")
        yield _scenario(f"redirect-{end}", ("TOKEN-6",), sources, call, steps=(to,), shared=True)
