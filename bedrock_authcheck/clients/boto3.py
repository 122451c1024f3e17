"""boto3 in this process: the client that the bundled suite judges."""

from __future__ import annotations

import pickle
import time
from contextlib import closing, contextmanager
from functools import cache, cached_property
from importlib.metadata import version
from threading import Lock
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import boto3
import botocore
import botocore.endpoint
from botocore.config import Config
from botocore.eventstream import EventStream
from botocore.exceptions import UnknownServiceError
from botocore.response import StreamingBody
from botocore.tokens import FrozenAuthToken
from botocore.utils import ContainerMetadataFetcher

from bedrock_authcheck.clients.contract import Call, CallResult, ClientSettings, Preference, Stage
from bedrock_authcheck.clients.handlers import core_session
from bedrock_authcheck.clients.parameters import minimal_of, operation_of
from bedrock_authcheck.clients.printed import PRINTED, printed_with
from bedrock_authcheck.spec.catalogue import documented, shared_loader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.client import BaseClient

    from bedrock_authcheck.clients.contract import Connection

_ATTEMPTS: Final = 2  # one retry shows how a retry is signed; more shows nothing new
AT_ONCE: Final = {"Delay": 0, "MaxAttempts": 3}
"""How often a waiter asks, and that it does not sleep in between."""
_LOCK: Final = Lock()  # for what all clients share: botocore's paths, and how it waits
_CALLING: Final[list[int]] = []  # one for each call that is under way
_BEFORE: Final[list[Any]] = []  # how botocore waited before the first of them


class Boto3Client:
    """boto3 as it is installed; deviations are ranged by the version of botocore."""

    name = "boto3"
    in_process = True

    @cached_property
    def version(self) -> str:
        """The version of botocore, which decides how requests are authenticated."""
        return version("botocore")

    def not_offered(self, call: Call, settings: ClientSettings) -> str | None:
        """Say what this botocore lacks for the call: service, operation or setting."""
        if call.service not in shared_loader().list_available_services("service-2"):
            return f"botocore {self.version} has no service {call.service}"
        if call.service in documented():
            operation = operation_of(call.service, call.operation)
            if operation is None:
                return f"botocore {self.version} has no operation {call.service} {call.operation}"
            if not operation.offered_by_boto3:
                reason = "boto3 offers no operation whose request is an event stream"
                return f"{reason}; {operation.disagreement}" if operation.disagreement else reason
        if call.waiter and call.waiter not in _waiters(call.service):
            return f"botocore {self.version} has no waiter {call.service} {call.waiter}"
        if not _can_ask(settings.preference):
            return f"botocore {self.version} has no setting for {settings.preference}"
        return None

    def connect(self, service: str, settings: ClientSettings) -> Connection:
        """Prepare a client; it is built, in the environment of the moment, at its first call."""
        return Boto3Connection(service, settings)


@cache
def _waiters(service: str) -> frozenset[str]:
    try:
        return frozenset(shared_loader().load_service_model(service, "waiters-2")["waiters"])
    except UnknownServiceError:  # it has no file of them
        return frozenset()


def options_of(settings: ClientSettings) -> dict[str, Any]:
    """Name the options of botocore's Config that the settings come to."""
    options: dict[str, Any] = {"retries": {"mode": "standard", "total_max_attempts": _ATTEMPTS}}
    if settings.proxy:
        options["proxies"] = {"http": settings.proxy, "https": settings.proxy}
    match settings.preference:
        case Preference.SIGV4_BY_VERSION:
            options["signature_version"] = "v4"
        case Preference.BEARER_BY_VERSION:
            options["signature_version"] = "bearer"
        case Preference.SIGV4_BY_PREFERENCE:
            options["auth_scheme_preference"] = "sigv4"
        case Preference.BEARER_BY_PREFERENCE:
            options["auth_scheme_preference"] = "httpBearerAuth"
        case Preference.ANONYMOUS:
            options["signature_version"] = botocore.UNSIGNED
        case None:
            pass
    return options


def _config(settings: ClientSettings) -> Config:
    """Build the config of the settings; TypeError where this botocore lacks the option."""
    return Config(**options_of(settings))


@cache
def _can_ask(preference: Preference | None) -> bool:
    """Whether this botocore has the option of a preference."""
    try:
        _config(ClientSettings(preference=preference))
    except TypeError:
        return False
    return True


class Boto3Connection:
    """A session of its own with its boto3 client, and with clients of what else is called."""

    def __init__(self, service: str, settings: ClientSettings) -> None:
        """Note what to build."""
        self._service = service
        self._settings = settings
        self._session: boto3.Session | None = None
        self._clients: dict[str, BaseClient] = {}
        self._failed: Exception | None = None
        self._making = Lock()

    def prepare(self, stage: Stage) -> None:
        """Make the session or, on it, the client; what fails is told by the first call."""
        try:
            self._made_session() if stage is Stage.SESSION else self._made_client()
        except Exception as error:  # noqa: BLE001 - whatever a client raises is its answer
            self._failed = error

    def call(self, call: Call) -> CallResult:
        """Call the operation and read its answer, streams and pages included, to the end."""
        try:
            with _no_back_off():
                _invoke(self._made_client(call.service), call)
        except Exception as error:  # noqa: BLE001 - whatever a client raises is its answer
            return CallResult.of(error)
        return CallResult(ok=True)

    def shown(self) -> Mapping[str, str]:
        """Show session and client as a program, a debugger or a log would."""
        made = {"session": self._session, "client": self._clients.get(self._service)}
        texts: dict[str, str] = {}
        for name, value in made.items():
            if value is not None:
                texts[f"repr of the {name}"] = repr(value)
                texts[f"str of the {name}"] = str(value)
                texts[f"pickle of the {name}"] = _pickled(value)
        if self._session is not None:
            texts[PRINTED] = self._printed(self._session)
        return texts

    def _printed(self, session: boto3.Session) -> str:
        """Print a test that holds the session, its credentials, the client and its config."""
        client = self._clients.get(self._service)
        try:
            credentials = session.get_credentials()
        except Exception:  # noqa: BLE001 - there is none to look at, and a call has told why
            credentials = None
        return printed_with(session, client, client.meta.config if client else None, credentials)

    def _made_session(self) -> boto3.Session:
        if self._session is None:
            core = core_session()
            core.register_component("data_loader", shared_loader())
            if self._settings.token:
                core.register_component("token_provider", TokenInCode(self._settings.token))
            keys = self._settings.keys if self._settings.keys_in_session else {}
            paths = shared_loader().search_paths
            with _LOCK:
                known = len(paths)
                self._session = boto3.Session(
                    botocore_session=core, profile_name=self._settings.profile, **keys
                )
                del paths[known:]  # each boto3 session adds its own resources once more, for good
        return self._session

    def _made_client(self, service: str = "") -> BaseClient:
        service = service or self._service
        with self._making:  # threads that share it make it once
            return self._clients.get(service) or self._make_client(service)

    def _make_client(self, service: str) -> BaseClient:
        failed, self._failed = self._failed, None
        if failed is not None:
            raise failed
        keys = {} if self._settings.keys_in_session else self._settings.keys
        made: BaseClient = self._made_session().client(
            service,  # type: ignore[call-overload] # the stubs list services by literal
            region_name=self._settings.region,
            endpoint_url=self._settings.endpoint,
            config=_config(self._settings),
            **keys,
        )
        self._clients[service] = made
        return made

    def close(self) -> None:
        """Close the connections of its clients."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        self._session = None


class TokenInCode:
    """The token provider of a program that brings its own token (a component of botocore).

    As botocore's own, it provides one for Bedrock alone: for what signs as `bedrock`.
    """

    def __init__(self, token: str) -> None:
        """Take the token."""
        self._token = FrozenAuthToken(token)

    def load_token(self, signing_name: str = "", **_: object) -> FrozenAuthToken | None:
        """Provide the token, or None for a service that does not sign as `bedrock`."""
        return self._token if signing_name == "bedrock" else None


def _pickled(value: object) -> str:
    """Pickle a value, its bytes as Latin-1; what refuses to be pickled tells its error."""
    try:
        return pickle.dumps(value).decode("latin-1")
    except Exception as error:  # noqa: BLE001 - each kind of object refuses in a way of its own
        return f"{type(error).__name__}: {error}"


def _invoke(client: BaseClient, call: Call) -> None:
    parameters = minimal_of(call)
    method = botocore.xform_name(call.operation)
    if call.waiter:
        waiter = client.get_waiter(botocore.xform_name(call.waiter))
        waiter.wait(**parameters, WaiterConfig=AT_ONCE)
        return
    if call.paginate:
        for _ in client.get_paginator(method).paginate(**parameters):
            pass
        return
    response = getattr(client, method)(**parameters)
    for value in response.values():
        if isinstance(value, EventStream | StreamingBody):
            with closing(value):  # one that breaks off is in no pool that the client closes
                for _ in value:
                    pass


@contextmanager
def _no_back_off() -> Iterator[None]:
    """Retry at once: botocore sleeps, by its own module's name of `time`, before a retry.

    And for a second before it asks a container endpoint again.
    """
    module: Any = botocore.endpoint
    containers: Any = ContainerMetadataFetcher
    with _LOCK:
        if not _CALLING:  # the first of those that call at once
            _BEFORE[:] = module.time, containers.SLEEP_TIME
            module.time = SimpleNamespace(sleep=lambda _: None, time=time.time)
            containers.SLEEP_TIME = 0
        _CALLING.append(1)
    try:
        yield
    finally:
        with _LOCK:
            _CALLING.pop()
            if not _CALLING:
                module.time, containers.SLEEP_TIME = _BEFORE
