"""Clients that run in another process: what of a scenario they can do, and what surrounds them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from bedrock_authcheck.checks.trial import Sight
from bedrock_authcheck.clients.contract import CallNotOffered, ClientFault, Preference
from bedrock_authcheck.clients.logins import login_not_offered
from bedrock_authcheck.clients.manifest import CALLS, LOG
from bedrock_authcheck.clients.process import ProcessClient
from bedrock_authcheck.model import CredentialSource, Variant
from bedrock_authcheck.services.listener import Listener
from bedrock_authcheck.services.proxy import Proxy
from bedrock_authcheck.suite.acts import Change, Changing, Prepare, Together
from bedrock_authcheck.suite.routes import NamedBy
from bedrock_authcheck.wire.redaction import redact_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bedrock_authcheck.clients.contract import Client, ClientSettings
    from bedrock_authcheck.clients.interceptor import Interceptor
    from bedrock_authcheck.clients.process import Surroundings
    from bedrock_authcheck.environments.environment import Environment
    from bedrock_authcheck.model import Exchange
    from bedrock_authcheck.services.loop import BackgroundLoop
    from bedrock_authcheck.suite.performing import Performance
    from bedrock_authcheck.suite.scenario import Scenario

_TOKENS: Final = (Variant.TOKEN_IN_CODE, Variant.OTHER_TOKEN_IN_CODE)
_LOGINS: Final = frozenset({Variant.LOGIN, Variant.REFRESHED_LOGIN})
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_KNOWN_TO_ALL: Final = (NamedBy.SERVICE_VARIABLE, NamedBy.CODE)


def not_offered(scenario: Scenario, client: Client) -> str | None:
    """Say why a client cannot run a scenario; None where it can. Nothing is started for it."""
    settings = scenario.settings
    if not _LOGINS.isdisjoint(level.origin for level in scenario.held):
        lacking = login_not_offered(client)
        if lacking is not None:
            return lacking
    if not client.in_process:
        if settings.keys_in_session:
            return "a session that holds the keys, apart from the client, is boto3's"
        settings = _with_levels(scenario)
    reasons = (client.not_offered(call, settings) for call in scenario.calls)
    return next((reason for reason in reasons if reason), None)


def _with_levels(scenario: Scenario) -> ClientSettings:
    """Add what the levels of a scenario will hand over in code, and how it names the endpoint."""
    origins, settings = {held.origin for held in scenario.held}, scenario.settings
    if CredentialSource.SETTINGS in origins:
        settings = replace(settings, keys={"aws_access_key_id": "…"})
    if not origins.isdisjoint(_TOKENS):
        # A token in code is the wish itself, but for boto3.
        wish = settings.preference
        wish = None if wish is Preference.BEARER_BY_VERSION else wish
        settings = replace(settings, token="…", preference=wish)  # noqa: S106 - stands for one
    if scenario.named_by is NamedBy.CODE:
        settings = replace(settings, endpoint="…")
    if scenario.proxy is not None and scenario.proxy.in_code:
        settings = replace(settings, proxy="…")
    return settings


def not_observable(  # noqa: PLR0911 - a reason each
    scenario: Scenario, client: Client, *, intercepting: bool = False
) -> str | None:
    """Say what of a scenario a client in another process gives no sight of; None for nothing."""
    if not isinstance(client, ProcessClient):
        return None
    if intercepting and (scenario.plain or scenario.proxy is not None):
        return "the interceptor is the proxy, and leads to https alone"
    acts = scenario.performed
    if any(isinstance(step, Changing) for step in scenario.steps):
        return "nobody changes the environment of a process that waits for an answer"
    if any(isinstance(act, Together) for act in acts):
        return "a program answers one call after the other: two at once need a client in process"
    if scenario.named_by not in _KNOWN_TO_ALL:
        return "of a program that does not find the endpoint nothing would hold a request back"
    # What is changed before anything is made is there when the only process starts.
    made = [act for act in acts if not isinstance(act, Change)]
    lives_on = len(made) > 1 or any(isinstance(act, Prepare) for act in made)
    if lives_on and CALLS not in client.parts:
        return f"{client.name} makes each call in a process of its own: it keeps no part `calls`"
    return None


class Elsewhere:
    """Lays environments over a program, and refuses what it sends to other machines.

    Nobody holds back the connections of another process; one that knows proxies is given one
    that opens tunnels on this machine alone, and so tells which hosts it was asked for.
    """

    def __init__(
        self, client: ProcessClient, loop: BackgroundLoop, interceptor: Interceptor | None = None
    ) -> None:
        """Hold what is needed; the proxy starts with the first scenario.

        An `interceptor` is the proxy instead, and no endpoint is named then; it is closed here.
        """
        self._interceptor = interceptor
        self._client = client
        self._loop = loop
        self._dead_end = Proxy()
        self._listener: Listener | None = None
        self.sight: Sight | None = None  # of the scenario that ran last

    @contextmanager
    def over(
        self,
        scenario: Scenario,
        environment: Environment,
        variables: Mapping[str, str],
        performance: Performance,
    ) -> Iterator[list[str]]:
        """Surround the client by an environment; the list holds, afterwards, the hosts it sought.

        ClientFault and CallNotOffered as the client raises them, without a secret.
        """
        sought: list[str] = []
        refused_before, self.sight = len(self._refused()), None
        around = self._around(environment) | dict(variables)
        try:
            with self._client.surrounded(around, scenario.log_level) as surroundings:
                performance.variables = surroundings.variables
                yield sought
        except (ClientFault, CallNotOffered) as said:
            text = redact_text(str(said), environment.keyring.credentials)
            raise type(said)(text) from None  # what it came from quotes it again
        sought += [host for host in self._refused()[refused_before:] if host not in _LOOPBACK]
        self.sight = _sight(surroundings, self._client)

    def _refused(self) -> list[str]:
        if self._interceptor is not None:
            return self._interceptor.refused()
        return [_host_of(asked) for asked in self._dead_end.exchanges]

    def _around(self, environment: Environment) -> dict[str, str]:
        if self._interceptor is not None:
            return self._interceptor.laid_over(environment.env())
        return self._proxy() | environment.env()

    def _proxy(self) -> dict[str, str]:
        if self._listener is None:
            self._listener = Listener(self._dead_end, self._loop)
            self._listener.open()
        return {"HTTPS_PROXY": self._listener.url, "HTTP_PROXY": self._listener.url}

    def close(self) -> None:
        """Close the proxy."""
        if self._interceptor is not None:
            self._interceptor.close()
        if self._listener is not None:
            self._listener.close()


def _host_of(asked: Exchange) -> str:
    """Name the host of a CONNECT, or of a request that is to be passed on in clear."""
    target = asked.target
    url = f"//{target}" if asked.method == "CONNECT" else target
    return urlsplit(url).hostname or target


def _sight(around: Surroundings, client: ProcessClient) -> Sight | None:
    """Tell what was seen of the process; None where the client offers no sight that was asked."""
    log = around.log if LOG in client.parts else None
    changed = None if around.changed is None else tuple(around.changed)
    if not around.log_level or (log is None and changed is None):
        return None
    return Sight(around.log_level, log, {}, changed)
