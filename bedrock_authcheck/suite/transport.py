"""TOKEN-5 and TOKEN-6: plain http, proxies, and answers that lead elsewhere."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.checks.trial import Expectation
from bedrock_authcheck.clients.contract import ClientSettings, Preference
from bedrock_authcheck.model import CredentialSource, Variant
from bedrock_authcheck.services.steps import server_error
from bedrock_authcheck.suite.acts import Redirecting
from bedrock_authcheck.suite.routes import Proxied
from bedrock_authcheck.suite.scenario import (
    CONVERSE,
    CONVERSE_STREAM,
    MAIN_CALLS,
    Scenario,
    expect,
    levels_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_authcheck.model import Origin
    from bedrock_authcheck.services.steps import Step

_TOKEN: Final = CredentialSource.BEARER
_IN_CODE: Final = Variant.TOKEN_IN_CODE
_BELOW: Final = ((), (CredentialSource.ENVIRONMENT,), (CredentialSource.INSTANCE,))
_PROXIED: Final = ((_TOKEN,), (_TOKEN, CredentialSource.ENVIRONMENT), (_IN_CODE, _TOKEN))
_STATUSES: Final = (301, 302, 303, 307, 308)
_STREAMED: Final = 308  # one status for streams: each way to answer is to see a redirect
_ELSEWHERE: Final = {
    "another-port": Redirecting("bedrock"),
    "another-name": Redirecting("bedrock-runtime", host="localhost"),
    "plain-http": Redirecting("bedrock-runtime", plain=True),
}
"""Where a redirect leads, by the name in ids; the first request is to bedrock-runtime, by TLS."""


def plain() -> Iterator[Scenario]:
    """Name an endpoint of plain http in the environment, with the token alone and over IAM."""
    for below in _BELOW:
        for name in MAIN_CALLS:
            yield _plain((_TOKEN, *below), name)
    yield _plain((_IN_CODE, _TOKEN), "converse")
    for preference in (Preference.BEARER_BY_VERSION, Preference.BEARER_BY_PREFERENCE):
        how = preference.partition(" by ")[2].replace(" ", "-")
        origins = (_TOKEN, CredentialSource.ENVIRONMENT)
        yield _plain(origins, f"asked-by-{how}-converse", preference)


def _plain(
    origins: tuple[Origin, ...], name: str, preference: Preference | None = None
) -> Scenario:
    call = next(call for known, call in MAIN_CALLS.items() if name.endswith(known))
    # Keys do not travel in what SigV4 sends: signing with them instead is as right as an error.
    keys = expect((origin for origin in origins if origin.level > 1), call.service)
    return Scenario.of(
        "travel",
        f"plain-http-{levels_name(origins)}-{name}",
        ("TOKEN-5",),
        origins,
        call,
        expectation=Expectation(keys.origins, refusal=True),
        settings=ClientSettings(preference=preference),
        plain=True,
    )


def proxied() -> Iterator[Scenario]:
    """Put a proxy before the endpoint, which is asked in clear: the token is not for its eyes.

    What comes through its tunnel is judged as ever, a redirect there too. One that opens none
    may end in an error, which tells no more than others.
    """
    tunnels = {"variables": Proxied(), "code": Proxied(in_code=True)}
    for by, proxy in tunnels.items():
        for origins in _PROXIED:
            for name in ("converse", "converse-stream"):
                yield _proxied(f"tunnel-by-{by}-{levels_name(origins)}-{name}", origins, proxy)
        yield _proxied(f"tunnel-by-{by}-bearer-list-foundation-models", (_TOKEN,), proxy)
        yield Scenario.of(
            *("travel", f"proxy-tunnel-by-{by}-environment-converse", ("CHAIN-1",)),
            (CredentialSource.ENVIRONMENT,),
            CONVERSE,
            proxy=proxy,
        )
    for status in (HTTPStatus.PROXY_AUTHENTICATION_REQUIRED, HTTPStatus.BAD_GATEWAY):
        for origins in _PROXIED:
            yield _proxied(
                f"{status}-{levels_name(origins)}-converse", origins, Proxied(status), refused=True
            )
    yield Scenario.of(
        *("travel", "proxy-redirect-bearer-307-to-another-name", ("TOKEN-6",), (_TOKEN,), CONVERSE),
        steps=(replace(_ELSEWHERE["another-name"], status=307),),
        proxy=Proxied(),
    )


def _proxied(
    name: str, origins: tuple[Origin, ...], proxy: Proxied, *, refused: bool = False
) -> Scenario:
    call = next(call for known, call in MAIN_CALLS.items() if name.endswith(known))
    return Scenario.of(
        *("travel", f"proxy-{name}", ("TOKEN-5", "TOKEN-7") if refused else ("TOKEN-5",)),
        origins,
        call,
        expectation=Expectation(origins[:1], refusal=refused),
        proxy=proxy,
        log_level="WARNING" if refused else "",
    )


def redirected() -> Iterator[Scenario]:
    """Answer the token by each redirect to each place; then with keys below to be sent there."""
    for where, to in _ELSEWHERE.items():
        for status in _STATUSES:
            yield _redirected((_TOKEN,), f"{status}-to-{where}", to, status)
        yield _redirected((_TOKEN, CredentialSource.ENVIRONMENT), f"307-to-{where}", to, 307)
        yield _redirected((_IN_CODE, _TOKEN), f"308-to-{where}", to, 308)
    for status in (302, 307):
        # At the second attempt, behind a failure: a client that minds the first may not mind this.
        to = _ELSEWHERE["another-name"]
        yield _redirected((_TOKEN,), f"503-then-{status}", to, status, server_error(503))


def _redirected(
    origins: tuple[Origin, ...], name: str, to: Redirecting, status: int, *before: Step
) -> Scenario:
    call = CONVERSE_STREAM if status == _STREAMED else CONVERSE
    return Scenario.of(
        "travel",
        f"redirect-{levels_name(origins)}-{name}",
        ("TOKEN-6",),
        origins,
        call,
        steps=(*before, replace(to, status=status)),
        shared=True,
    )
