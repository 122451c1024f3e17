"""How a client comes to its endpoint: what names it, and the proxy before it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING

from bedrock_authcheck.services.listener import Listener
from bedrock_authcheck.services.proxy import Proxy
from bedrock_authcheck.spec.services import SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_authcheck.clients.contract import ClientSettings
    from bedrock_authcheck.environments.environment import Environment
    from bedrock_authcheck.model import Exchange
    from bedrock_authcheck.services.endpoint import Endpoint
    from bedrock_authcheck.services.loop import BackgroundLoop
    from bedrock_authcheck.suite.scenario import Scenario


class NamedBy(StrEnum):
    """What names the endpoint of the service that is called (SDKs and Tools reference guide)."""

    SERVICE_VARIABLE = "service-variable"  # AWS_ENDPOINT_URL_<SERVICE>, of every service
    VARIABLE = "variable"  # AWS_ENDPOINT_URL
    SERVICES_SECTION = "services-section"  # `services` of the profile, a section in the config file
    PROFILE = "profile"  # `endpoint_url` of the profile, in the config file
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Proxied:
    """A proxy before the endpoint: how it answers a CONNECT, and who names it.

    `status` is 200, which opens a tunnel, or what it refuses by. It is named `in_code`, or in
    the variables that programs know.
    """

    status: int = HTTPStatus.OK
    in_code: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """The way of a scenario: settings and variables that lead there, and the proxy on it."""

    settings: ClientSettings
    variables: dict[str, str]
    proxy: Proxy | None = None

    @property
    def proxied(self) -> tuple[Exchange, ...] | None:
        """What the proxy was asked, None where there is none."""
        return self.proxy.exchanges if self.proxy else None


@contextmanager
def route_of(
    scenario: Scenario, environment: Environment, endpoint: Endpoint, loop: BackgroundLoop
) -> Iterator[Route]:
    """Lay the way of a scenario; one that is not the usual one changes the environment."""
    route = _addressed(scenario, environment, endpoint)
    if scenario.proxy is None:
        yield route
        return
    proxy = Proxy(scenario.proxy.status)
    with Listener(proxy, loop) as listener:
        yield _through(route, proxy, listener.url, scenario.proxy)
        listener.check()


def _addressed(scenario: Scenario, environment: Environment, endpoint: Endpoint) -> Route:
    settings, service = scenario.settings, scenario.calls[0].service
    urls = endpoint.urls(tls=not scenario.plain)
    if scenario.named_by is NamedBy.SERVICE_VARIABLE:
        # The machine has the others.
        return Route(settings, _in_plain(environment, endpoint) if scenario.plain else {})
    for facts in SERVICES.values():
        environment.variables.pop(facts.endpoint_variable)
    url, variables = urls[service], {}
    match scenario.named_by:
        case NamedBy.VARIABLE:
            variables["AWS_ENDPOINT_URL"] = url
        case NamedBy.SERVICES_SECTION:
            key = SERVICES[service].endpoint_variable.removeprefix("AWS_ENDPOINT_URL_").lower()
            environment.configure({"services": "local"})
            environment.configure({key: f"\nendpoint_url = {url}"}, section="services local")
        case NamedBy.PROFILE:
            environment.configure({"endpoint_url": url})
        case NamedBy.CODE:
            settings = replace(settings, endpoint=url)
    return Route(settings, variables)


def _in_plain(environment: Environment, endpoint: Endpoint) -> dict[str, str]:
    """Name endpoints of plain http in each variable that names one: libraries have their own."""
    plain = endpoint.urls(tls=False)
    bases = {url: plain[name] for name, url in endpoint.urls().items()}
    return {
        name: bases[url] + value.removeprefix(url)
        for name, value in environment.variables.items()
        for url in bases
        if value == url or value.startswith(f"{url}/")
    }


def _through(route: Route, proxy: Proxy, url: str, proxied: Proxied) -> Route:
    if proxied.in_code:
        return replace(route, settings=replace(route.settings, proxy=url), proxy=proxy)
    named = {"HTTPS_PROXY": url, "HTTP_PROXY": url, "NO_PROXY": ""}
    return replace(route, variables={**route.variables, **named}, proxy=proxy)
