"""Requests seen where each library hands them to its transport; nothing of them is changed.

botocore and aiobotocore: where a signed request is about to be answered, by whatever (a handler of
moto, a stub, a cassette, the network). httpx and requests: above their transports and adapters,
for each hop of a redirect. The methods are internal to some of these libraries: one that is
missing is not watched.
"""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from weakref import WeakSet

from bedrock_authcheck.guard.arriving import Arrivals
from bedrock_authcheck.spec.services import BEDROCK_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from types import ModuleType

    Function = Callable[..., Any]


class Sighting(NamedTuple):
    """A request at the boundary: `service` is known of botocore's alone; `headers` hold secrets."""

    client: str
    method: str
    url: str
    headers: Iterable[tuple[object, object]]
    service: str = ""
    operation: str = ""
    handed_over: bool = True


class Watcher(Protocol):
    """Who is told; `watches` is asked before anything is looked at."""

    def watches(self) -> bool:
        """Whether a test is running whose requests are of interest."""

    def saw(self, sighting: Sighting) -> None:
        """Take a request."""

    def saw_stub(self, client: str, service: str, operation: str) -> None:
        """Take a call that came back without a signed request."""

    def heard(self, key_id: str, method: str) -> None:
        """Take botocore's word on where credentials are from that are about to sign."""


class _Call:
    """One call of a botocore client, and whether a request was signed for it."""

    signed = False


class Watch:
    """The patches of one pytest session."""

    def __init__(self, watcher: Watcher) -> None:
        """Note who is told."""
        self._watcher = watcher
        self._patched: list[tuple[Any, str, Any, Any]] = []
        self._over = False
        self._call: ContextVar[_Call | None] = ContextVar("call", default=None)
        self._within: ContextVar[bool] = ContextVar("within", default=False)
        self._sent: WeakSet[Any] = WeakSet()
        self._arrivals = Arrivals(
            {
                "botocore.endpoint": lambda m: self._endpoint(m, "Endpoint", "botocore"),
                "botocore.client": lambda m: self._client(m, "BaseClient", "botocore"),
                "aiobotocore.endpoint": lambda m: self._endpoint(m, "AioEndpoint", "aiobotocore"),
                "aiobotocore.client": lambda m: self._client(m, "AioBaseClient", "aiobotocore"),
                "botocore.credentials": self._credentials,
                "aiobotocore.credentials": self._credentials,
                "httpx": self._httpx,
                "requests.sessions": self._requests,
            }
        )

    def begin(self) -> None:
        """Patch what is imported, and what will be."""
        self._arrivals.begin()

    def end(self) -> None:
        """Put back what was there, but for what somebody has patched since."""
        self._over = True
        self._arrivals.end()
        for owner, name, original, ours in reversed(self._patched):
            if vars(owner).get(name) is ours:
                setattr(owner, name, original)
        self._patched.clear()

    def _patch(self, owner: Any, name: str, wrap: Callable[[Function], Function]) -> None:  # noqa: ANN401 - a class
        original = vars(owner).get(name)
        if inspect.isfunction(original):
            ours = wraps(original)(wrap(original))
            setattr(owner, name, ours)
            self._patched.append((owner, name, original, ours))

    @property
    def _idle(self) -> bool:
        return self._over or not self._watcher.watches()

    def _endpoint(self, module: ModuleType, name: str, client: str) -> None:
        owner = getattr(module, name, None)
        if owner is not None:
            self._patch(owner, "_do_get_response", lambda f: self._answered(f, client))
            self._patch(owner, "_send", self._handed_over)

    def _answered(self, original: Function, client: str) -> Function:
        """See a signed request once it is answered: whether it was handed over is known then."""

        @contextmanager
        def seen(request: Any, model: Any) -> Iterator[None]:  # noqa: ANN401 - botocore's
            sighting, token = self._signed(client, request, model), self._within.set(True)
            try:
                yield
            finally:
                self._within.reset(token)
                if sighting is not None:
                    handed_over = request in self._sent
                    if handed_over:  # by then a handler may have changed it
                        sighting = sighting._replace(headers=tuple(request.headers.items()))
                    self._watcher.saw(sighting._replace(handed_over=handed_over))

        return self._around(original, lambda _, request, model, *__: seen(request, model))

    def _signed(self, client: str, request: Any, model: Any) -> Sighting | None:  # noqa: ANN401 - botocore's
        service, call = model.service_model.service_name, self._call.get()
        if call is not None:
            call.signed = True
        if service not in BEDROCK_NAMES:
            return None
        headers = tuple(request.headers.items())  # now: whoever answers may change them
        return Sighting(client, request.method, request.url, headers, service, model.name)

    def _around(
        self, original: Function, block: Callable[..., AbstractContextManager[None]]
    ) -> Function:
        """Run a function, or a coroutine function, inside a block made of its arguments."""
        if inspect.iscoroutinefunction(original):

            async def waiting(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - botocore's
                if self._idle:
                    return await original(*args, **kwargs)
                with block(*args, **kwargs):
                    return await original(*args, **kwargs)

            return waiting

        def calling(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - botocore's
            if self._idle:
                return original(*args, **kwargs)
            with block(*args, **kwargs):
                return original(*args, **kwargs)

        return calling

    def _handed_over(self, original: Function) -> Function:
        def sending(endpoint: Any, request: Any) -> Any:  # noqa: ANN401 - botocore's
            if not self._idle:
                self._sent.add(request)
            return original(endpoint, request)  # a coroutine, where it is aiobotocore's

        return sending

    def _client(self, module: ModuleType, name: str, client: str) -> None:
        owner = getattr(module, name, None)
        if owner is not None:
            self._patch(owner, "_make_api_call", lambda f: self._called(f, client))

    def _called(self, original: Function, client: str) -> Function:
        @contextmanager
        def seen(caller: Any, operation_name: str, *_: object) -> Iterator[None]:  # noqa: ANN401 - botocore's
            service = str(caller.meta.service_model.service_name)
            call = _Call()
            token, answered = self._call.set(call), False
            try:
                yield
                answered = True
            except Exception as error:
                answered = hasattr(error, "response")  # any other came before a request
                raise
            finally:
                self._call.reset(token)
                if answered and not call.signed and service in BEDROCK_NAMES:
                    self._watcher.saw_stub(client, service, operation_name)

        return self._around(original, seen)

    def _credentials(self, module: ModuleType) -> None:
        for name in ("Credentials", "RefreshableCredentials"):
            for prefix in ("", "Aio"):
                owner = getattr(module, f"{prefix}{name}", None)
                if owner is not None and owner.__module__ == module.__name__:
                    self._patch(owner, "get_frozen_credentials", self._frozen)

    def _frozen(self, original: Function) -> Function:
        """Hear whose credentials are taken to sign, by this library or by one that uses it."""

        def heard(credentials: Any, frozen: Any) -> Any:  # noqa: ANN401 - botocore's
            method = getattr(credentials, "method", None)
            key_id = getattr(frozen, "access_key", None)
            if not self._idle and isinstance(method, str) and isinstance(key_id, str):
                self._watcher.heard(key_id, method)
            return frozen

        if inspect.iscoroutinefunction(original):

            async def waiting(credentials: Any) -> Any:  # noqa: ANN401 - botocore's
                return heard(credentials, await original(credentials))

            return waiting

        def freezing(credentials: Any) -> Any:  # noqa: ANN401 - botocore's
            return heard(credentials, original(credentials))

        return freezing

    def _httpx(self, module: ModuleType) -> None:
        for name in ("Client", "AsyncClient"):
            self._patch(getattr(module, name), "_send_single_request", self._hop("httpx"))

    def _requests(self, module: ModuleType) -> None:
        self._patch(module.Session, "send", self._hop("requests"))

    def _hop(self, client: str) -> Callable[[Function], Function]:
        def wrap(original: Function) -> Function:
            def hop(sender: Any, request: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - of two libraries
                # Where botocore sends by such a library, it was seen as botocore's.
                if not self._idle and not self._within.get():
                    headers = request.headers
                    pairs = getattr(headers, "multi_items", headers.items)()  # httpx: one by one
                    url = str(request.url)
                    self._watcher.saw(Sighting(client, request.method, url, tuple(pairs)))
                return original(sender, request, *args, **kwargs)

            return hop

        return wrap
