"""TOKEN-1 to TOKEN-3: blank tokens, white space around them, other services' variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bedrock_authcheck.checks.trial import Expectation
from bedrock_authcheck.model import CredentialSource
from bedrock_authcheck.suite.scenario import CONVERSE, Held, Scenario, expect, levels_name

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLANK: Final = {
    "empty": "",
    "space": " ",
    "spaces": "    ",
    "tab": "\t",
    "line-feed": "\n",
    "line-end": "\r\n",
    "mixed": " \t\r\n ",
}
_AROUND: Final = {
    "space-before": (" ", ""),
    "spaces-before": ("   ", ""),
    "tab-before": ("\t", ""),
    "line-feed-before": ("\n", ""),
    "line-end-before": ("\r\n", ""),
    "space-after": ("", " "),
    "spaces-after": ("", "   "),
    "tab-after": ("", "\t"),
    "line-feed-after": ("", "\n"),
    "line-end-after": ("", "\r\n"),
    "space-both": (" ", " "),
    "line-feed-both": ("\n", "\n"),
    "header-after": ("", "\r\nX-Injected: yes"),
    "header-after-line-feed": ("", "\nX-Injected: yes"),
    "folded-header-after": ("", "\r\n X-Injected: yes"),
}
FOREIGN: Final = (
    "AWS_BEARER_TOKEN_S3",
    "AWS_BEARER_TOKEN_STS",
    "AWS_BEARER_TOKEN_SAGEMAKER",
    "AWS_BEARER_TOKEN_BEDROCK_AGENTCORE",
    "AWS_BEARER_TOKEN",
)
"""Variables that look like the one, and are another service's or nobody's."""

_BESIDE: Final = ((), (CredentialSource.ENVIRONMENT,), (CredentialSource.INSTANCE,))


def scenarios() -> Iterator[Scenario]:
    """All of the above, alone and beside IAM credentials."""
    yield from _blank()
    yield from _around()
    yield from _foreign()


def _blank() -> Iterator[Scenario]:
    for name, value in _BLANK.items():
        for beside in _BESIDE:
            # A blank token is no token, or a clear error.
            usable = expect(beside, CONVERSE.service)
            yield Scenario.of(
                "token",
                f"blank-{name}+{levels_name(beside)}-converse",
                ("TOKEN-1",),
                beside,
                CONVERSE,
                expectation=Expectation(usable.origins, refusal=True),
                variables={"AWS_BEARER_TOKEN_BEDROCK": value},
            )


def _around() -> Iterator[Scenario]:
    for name, (before, after) in _AROUND.items():
        for beside in ((), (CredentialSource.ENVIRONMENT,)):
            token = Held(CredentialSource.BEARER, before=before, after=after)
            yield Scenario.of(
                "token",
                f"{name}{''.join(f'+{source}' for source in beside)}-converse",
                ("TOKEN-2",),
                (token, *beside),
                CONVERSE,
                expectation=Expectation((CredentialSource.BEARER,), refusal=True),
            )


def _foreign() -> Iterator[Scenario]:
    for variable in FOREIGN:
        for beside in (*_BESIDE, (CredentialSource.BEARER,)):
            yield Scenario.of(
                "token",
                f"{variable.lower().replace('_', '-')}+{levels_name(beside)}-converse",
                ("TOKEN-3",),
                beside,
                CONVERSE,
                foreign_variable=variable,
            )
