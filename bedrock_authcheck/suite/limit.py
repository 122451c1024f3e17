"""LIMIT-1 to LIMIT-8: where API keys work, and where the token must never be seen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.clients.contract import Call, ClientSettings, Preference
from bedrock_authcheck.model import CredentialSource, Variant
from bedrock_authcheck.services.steps import reply, server_error
from bedrock_authcheck.spec.catalogue import Catalogue, documented
from bedrock_authcheck.suite.scenario import IAM_SOURCES, Scenario, expect, levels_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_authcheck.model import Origin

_TOKEN: Final = (CredentialSource.BEARER,)
_TOKEN_AND_IAM: Final = (
    CredentialSource.BEARER,
    CredentialSource.ENVIRONMENT,
    CredentialSource.SHARED,
)

_WISHED: Final[tuple[tuple[Origin, ...], ...]] = (
    _TOKEN,
    (CredentialSource.BEARER, CredentialSource.ENVIRONMENT),
    (Variant.TOKEN_IN_CODE,),
    (Variant.TOKEN_IN_CODE, CredentialSource.ENVIRONMENT),
)
"""What is there when bearer is asked for: the token in the variable or in code."""

NEIGHBOURS: Final = (
    Call("sts", "GetCallerIdentity", {}),
    Call("s3", "ListBuckets", {}),
    Call("sagemaker-runtime", "InvokeEndpoint", {"EndpointName": "simulated", "Body": b"{}"}),
)
"""One call of each service that must never see the token."""

_EXAMPLES: Final = {
    "bedrock-agent": "ListAgents",
    "bedrock-agent-runtime": "ListSessions",
    "bedrock-data-automation": "ListDataAutomationProjects",
    "bedrock-data-automation-runtime": "GetDataAutomationStatus",
    "bedrock-agentcore": "ListSessions",
    "bedrock-agentcore-control": "ListAgentRuntimes",
}
"""One operation of each service that takes no API keys, for the scenarios over all levels."""


def scenarios() -> Iterator[Scenario]:
    """Every operation with the token alone and with IAM beside it; then levels, then wishes."""
    catalogue = Catalogue.load()
    for operation in catalogue:
        call = Call(operation.service, operation.name)
        for sources in (_TOKEN, _TOKEN_AND_IAM):
            yield _of_operation(str(operation), call, operation.guide_rule, sources)
    for service in catalogue.missing:
        # Every service of the catalogue shows in the report, the absent ones as not offered.
        call = Call(service, "any")
        yield _of_operation(service, call, documented()[service]["rule"], _TOKEN)
    yield from _neighbours()
    yield from _levels_below()
    yield from _retried()
    yield from _wishes()
    yield from _wishes_of_environment()


def _of_operation(
    name: str, call: Call, rule: str, sources: tuple[CredentialSource, ...]
) -> Scenario:
    return Scenario.of(
        "limit",
        f"{name}-{levels_name(sources)}",
        (rule, *_consequence(rule, sources)),
        sources,
        call,
        # Not by the service alone: one operation of a service that takes the token does not.
        expectation=expect(sources, call.service if rule == "LIMIT-8" else ""),
        shared=True,
    )


def _consequence(rule: str, sources: tuple[CredentialSource, ...]) -> tuple[str, ...]:
    """Say what follows where the token may not go: SigV4 by IAM, or a clear error without it."""
    alone = sources == _TOKEN
    if rule == "LIMIT-8":
        return ()
    if alone:
        return ("CHAIN-2",) if rule == "LIMIT-6" else ("LIMIT-5",)
    return ("LIMIT-4",)


def _neighbours() -> Iterator[Scenario]:
    for call in NEIGHBOURS:
        for sources in (_TOKEN, _TOKEN_AND_IAM):
            yield _of_operation(f"{call.service}.{call.operation}", call, "LIMIT-6", sources)


def _examples() -> Iterator[tuple[Call, str]]:
    for service, operation in _EXAMPLES.items():
        yield Call(service, operation), documented()[service]["rule"]


def _levels_below() -> Iterator[Scenario]:
    """LIMIT-4 for each level from 2 down, alone and above the next, with the token on top."""
    for source in IAM_SOURCES:
        lower = tuple(s for s in IAM_SOURCES if s.level > source.level)[:1]
        for below in dict.fromkeys(((), lower)):  # not a set: workers must agree on an order
            sources = (CredentialSource.BEARER, source, *below)
            if sources == _TOKEN_AND_IAM:
                continue  # every operation has this one
            for call, rule in _examples():  # each has a client of its own on the shared machine
                rules = (rule, *_consequence(rule, sources))
                name = f"{call.service}.{call.operation}-{levels_name(sources)}"
                yield Scenario.of("limit", name, rules, sources, call, shared=True)


def _retried() -> Iterator[Scenario]:
    """Fail once, or have a second page: the token is no second try either."""
    sources = (CredentialSource.BEARER, CredentialSource.ENVIRONMENT)
    for call, rule in _examples():
        rules = (rule, *_consequence(rule, sources), "AUTH-6")
        name = f"{call.service}.{call.operation}-{levels_name(sources)}-error-503"
        steps = (server_error(503),)
        yield Scenario.of("limit", name, rules, sources, call, steps=steps, shared=True)
        if call.operation.startswith("List"):
            # Each with the first page's token in its answer; the last answer has none.
            paged, first = replace(call, paginate=True), reply(b'{"nextToken": "page-2"}')
            name = f"{call.service}.{call.operation}-{levels_name(sources)}-pages"
            yield Scenario.of("limit", name, rules, sources, paged, steps=(first,), shared=True)


def _wishes() -> Iterator[Scenario]:
    """LIMIT-7: bearer asked for in code, where the token may not go."""
    wishes = {
        Preference.BEARER_BY_VERSION: "signature-version",
        Preference.BEARER_BY_PREFERENCE: "auth-scheme-preference",
    }
    for call in (*(call for call, _ in _examples()), *NEIGHBOURS):
        for preference, how in wishes.items():
            for sources in _WISHED:
                yield Scenario.of(
                    "limit",
                    f"{call.service}.{call.operation}-{levels_name(sources)}-asks-bearer-by-{how}",
                    ("LIMIT-7",),
                    sources,
                    call,
                    # Who asks for bearer where there is none may be told so: an error is right too.
                    expectation=replace(expect(sources, call.service), refusal=True),
                    settings=ClientSettings(preference=preference),
                    shared=True,  # the machine; wish and service give each a client of its own
                )


def _wishes_of_environment() -> Iterator[Scenario]:
    """Prefer bearer in the environment: no more reason to send the token than code's wish is."""
    for call, rule in (*_examples(), *((call, "LIMIT-6") for call in NEIGHBOURS)):
        for sources in (_TOKEN, (CredentialSource.BEARER, CredentialSource.ENVIRONMENT)):
            yield Scenario.of(
                "limit",
                f"{call.service}.{call.operation}-{levels_name(sources)}-environment-asks-bearer",
                (rule,),
                sources,
                call,
                expectation=replace(expect(sources, call.service), refusal=True),
                variables={"AWS_AUTH_SCHEME_PREFERENCE": "httpBearerAuth"},
            )
