"""AUTH-1 to AUTH-9: what the requests of one level look like, from the first to the retried.

They run on shared clients: a client that lives through faults, pages and streams must still
authenticate as it did at first.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.clients.contract import Call, ClientSettings
from bedrock_authcheck.model import CredentialSource
from bedrock_authcheck.services.steps import as_usual, reply, reset, server_error, throttle
from bedrock_authcheck.suite.scenario import (
    CONVERSE,
    CONVERSE_STREAM,
    INVOKE_MODEL,
    MAIN_CALLS,
    Held,
    Scenario,
    expect,
    request_rules,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_authcheck.services.steps import Step

_AWKWARD_MODELS: Final = {
    "arn": "arn:aws:bedrock:eu-central-1:000000000000:inference-profile/eu.simulated.model-v1:0",
    "percent": "simulated.model%2Fv1%3A0",
    "space": "simulated model+v1~0",
}
"""Model ids whose way through the URL encodings decides whether a signature verifies."""

_INVOKE_STREAM: Final = Call(
    "bedrock-runtime", "InvokeModelWithResponseStream", INVOKE_MODEL.parameters
)
_PAGES: Final = Call("bedrock", "ListInferenceProfiles", {}, paginate=True)
_PAGE_TOKENS: Final = {"pages": "page-2", "pages-awkward": "p+2/=&%2F~*'()é"}
"""Tokens of a second page, by the scenario's name; the awkward one tries the query's encoding."""

_STACKED: Final = (
    (CredentialSource.BEARER, CredentialSource.ENVIRONMENT),
    (CredentialSource.ENVIRONMENT, CredentialSource.SHARED),
    (CredentialSource.CONFIG, CredentialSource.INSTANCE),
)
"""Levels with another below: what falls back in a retry needs one to fall back to."""

_REGION_IN_CODE: Final = "ap-southeast-2"


def _scenario(
    name: str,
    held: Held,
    *calls: Call,
    above: CredentialSource | None = None,
    rules: tuple[str, ...] = (),
    settings: ClientSettings | None = None,
    steps: tuple[Step, ...] = (),
) -> Scenario:
    """Provide one level, and the one that it stands `above`: a reason to stray from it."""
    levels = (held, Held(above)) if above else (held,)
    expectation = expect((level.origin for level in levels), calls[0].service)
    return Scenario(
        "auth",
        f"{held.origin}-{f'over-{above}-' if above else ''}{name}",
        ("CHAIN-1", *request_rules(expectation, levels), *rules),
        levels,
        calls,
        expectation,
        settings=settings or ClientSettings(),
        steps=steps,
        shared=True,
    )


def scenarios() -> Iterator[Scenario]:
    """Each level alone: forms of its credential, Regions, paths, streams, pages and retries."""
    for source in CredentialSource:
        held = Held(source)
        yield from _forms(source)
        yield _scenario(
            "region-in-code", held, CONVERSE, settings=ClientSettings(region=_REGION_IN_CODE)
        )
        for name, model in _AWKWARD_MODELS.items():
            call = Call(CONVERSE.service, "Converse", {**_parameters(), "modelId": model})
            yield _scenario(f"model-{name}", held, call)
        yield from _life(held)
    for upper, lower in _STACKED:
        yield from _life(Held(upper), lower)


def _parameters() -> dict[str, object]:
    return dict(CONVERSE.parameters or {})


def _forms(source: CredentialSource) -> Iterator[Scenario]:
    if source is CredentialSource.BEARER:
        for name, call in MAIN_CALLS.items():
            yield _scenario(f"short-term-{name}", Held(source, short_term=True), call)
        return
    kinds = (True,) if source.level == 6 else (True, False)  # noqa: PLR2004 - roles are temporary
    for temporary in kinds:
        kind = "temporary" if temporary else "long-term"
        for name, call in MAIN_CALLS.items():
            yield _scenario(f"{kind}-{name}", Held(source, temporary=temporary), call)
    if source is CredentialSource.CONTAINER:
        yield _scenario("token-in-file-converse", Held(source, token_file=True), CONVERSE)


def _life(held: Held, above: CredentialSource | None = None) -> Iterator[Scenario]:
    """AUTH-6: a plain request first, then streams, pages and retries of the same client."""
    again = ("AUTH-6",)
    yield _scenario(
        "plain-then-streams",
        held,
        CONVERSE,
        CONVERSE_STREAM,
        _INVOKE_STREAM,
        above=above,
        rules=again,
    )
    last = reply(json.dumps({"inferenceProfileSummaries": []}).encode())
    for name, token in _PAGE_TOKENS.items():
        first = reply(json.dumps({"inferenceProfileSummaries": [], "nextToken": token}).encode())
        yield _scenario(name, held, _PAGES, above=above, rules=again, steps=(first, last))
    faults = {
        "throttled": throttle(),
        "error-500": server_error(500),
        "error-503": server_error(503),
        "reset": reset(),
    }
    for name, fault in faults.items():
        for call_name, call in (("converse", CONVERSE), ("converse-stream", CONVERSE_STREAM)):
            yield _scenario(
                f"{name}-{call_name}", held, call, above=above, rules=again, steps=(fault,)
            )
    yield _scenario(
        "retried-after-plain",
        held,
        CONVERSE,
        CONVERSE,
        above=above,
        rules=again,
        steps=(as_usual(), throttle()),
    )
