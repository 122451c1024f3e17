"""botocore's own event handlers, registered once and given to each session as a copy.

Half of what a new client costs is botocore inspecting, naming and copying these handlers. What
is done here comes to the same handlers, called for the same events in the same order.
"""

from __future__ import annotations

import copy
from functools import lru_cache
from inspect import CO_VARKEYWORDS
from typing import TYPE_CHECKING, Any

import botocore.handlers
import botocore.session
from botocore.hooks import EventAliaser, HierarchicalEmitter

if TYPE_CHECKING:
    from collections.abc import Mapping


def core_session() -> botocore.session.Session:
    """Make a session as botocore does, in a tenth of the time.

    The handlers are registered once, and each session is given a copy of that registry, as
    botocore itself gives one to each client. Handlers or a way to register them that were
    replaced since are registered anew.
    """
    handlers = tuple(botocore.handlers.BUILTIN_HANDLERS)
    registered = _registered(handlers, botocore.session.Session.register)
    events = copy.copy(registered)
    session = botocore.session.Session(event_hooks=events, include_builtin_handlers=False)
    # It wraps what it is given into an EventAliaser; this one looks faster, and nothing else.
    session._events = _Names(events)  # type: ignore[attr-defined]  # noqa: SLF001 - botocore offers no other way
    session.register_component("event_emitter", session._events)  # type: ignore[attr-defined]  # noqa: SLF001 - as above
    return session


@lru_cache(maxsize=1)
def _registered(_handlers: tuple[object, ...], _register: object) -> HierarchicalEmitter:
    """Let botocore register its handlers; the arguments are what the result depends on."""
    events = _Handlers()
    botocore.session.Session(event_hooks=events)
    return events


class _Names(EventAliaser):
    """botocore's former names of events, looked up in a few steps instead of some hundred."""

    def _alias_event_name(self, event_name: str) -> str:
        """Ask botocore where one of its conditions for a former name holds."""
        aliases: Mapping[str, str] = self._event_aliases  # type: ignore[attr-defined] # not in the stubs
        if aliases.keys().isdisjoint(event_name.split(".")) and not any(
            old in event_name for old in _dotted(tuple(aliases))
        ):
            return event_name
        name: str = super()._alias_event_name(event_name)  # type: ignore[misc] # not in the stubs
        return name


@lru_cache(maxsize=1)
def _dotted(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if "." in name)


class _Handlers(HierarchicalEmitter):
    """A registry whose copies share the nodes of its tree until they change them.

    botocore copies some 400 nodes for each session and again for each client, which then
    register a handful of handlers of their own.
    """

    _handlers: Any  # botocore's tree: nodes are dicts with `children`, by a part of the name

    def _verify_accept_kwargs(self, func: Any) -> bool | None:  # noqa: ANN401 - botocore asks of whatever it is given
        """Look at the code of a function instead of working out its signature."""
        code = getattr(func, "__code__", None)
        if code is not None and code.co_flags & CO_VARKEYWORDS:
            return None
        return super()._verify_accept_kwargs(func)  # type: ignore[misc,no-any-return] # not in the stubs

    def _register_section(self, event_name: str, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - handed on as they come
        self._own(event_name)
        super()._register_section(event_name, *args, **kwargs)  # type: ignore[misc] # not in the stubs

    def unregister(self, event_name: str, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - handed on as they come
        """Remove a handler from this registry, and from none that it was copied from."""
        self._own(event_name)
        super().unregister(event_name, *args, **kwargs)

    def _own(self, event_name: str) -> None:
        """Copy the nodes that a change of an event's handlers may touch."""
        tree, shared = type(self._handlers)(), self._handlers
        node = tree._root = _copied(shared._root)  # noqa: SLF001 - botocore offers no other way
        self._handlers = tree
        for part in event_name.split("."):
            if part not in node["children"]:
                return
            node["children"][part] = node = _copied(node["children"][part])

    def __copy__(self) -> _Handlers:
        """Share the tree; both copy what they change."""
        other = type(self)()
        own = copy.copy(self._unique_id_handlers)  # type: ignore[attr-defined] # not in the stubs
        vars(other).update(vars(self), _unique_id_handlers=own)
        return other


def _copied(node: dict[str, Any]) -> dict[str, Any]:
    """Copy a node, its list of handlers and its table of children; the children stay shared."""
    return {key: copy.copy(value) for key, value in node.items()}
