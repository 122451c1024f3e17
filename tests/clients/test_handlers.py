"""The registry that sessions are given does what botocore's own would, and is nobody else's."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import botocore.handlers
import botocore.session
import pytest
from botocore.hooks import EventAliaser, HierarchicalEmitter
from botocore.utils import EVENT_ALIASES

from bedrock_authcheck.clients.handlers import core_session

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICES = ("bedrock-runtime", "s3", "sagemaker-runtime")


def _called(emitter: Any, name: str) -> list[str]:  # noqa: ANN401 - botocore's emitters are not typed
    """The handlers that an event would call, in their order."""
    found = emitter._emitter._handlers.prefix_search(emitter._alias_event_name(name))
    # An object that handles events is one of its kind: each registry has its own.
    return [getattr(handler, "__qualname__", type(handler).__qualname__) for handler in found]


def _names() -> Iterator[str]:
    yield from (name.replace("*", "Any") for name, *_ in botocore.handlers.BUILTIN_HANDLERS)
    yield from EVENT_ALIASES
    for service in SERVICES:
        for event in ("before-call", "request-created", "before-sign", "needs-retry", "after-call"):
            yield f"{event}.{service}.ListBuckets"


def _events(session: botocore.session.Session) -> Iterator[Any]:
    yield session.get_component("event_emitter")
    for service in SERVICES:
        client = session.create_client(
            service, "eu-central-1", aws_access_key_id="none", aws_secret_access_key="none"
        )
        yield client.meta.events


def test_the_same_handlers_are_called_in_the_same_order() -> None:
    plain = _events(botocore.session.Session())
    for ours, theirs in zip(_events(core_session()), plain, strict=True):
        for name in _names():
            assert _called(ours, name) == _called(theirs, name), name


@pytest.mark.parametrize(
    "where", ["{}", "before-call.{}", "{}.Operation", "before-call.{}.x", "{}x"]
)
def test_former_names_of_events_are_botocore_s(where: str) -> None:
    ours: Any = core_session().get_component("event_emitter")
    theirs: Any = EventAliaser(HierarchicalEmitter())
    for alias in (*EVENT_ALIASES, *SERVICES):
        name = where.format(alias)
        assert ours._alias_event_name(name) == theirs._alias_event_name(name)


@pytest.mark.parametrize("change", ["register", "register_first", "register_last"])
def test_what_one_copy_registers_no_other_calls(change: str) -> None:
    before: Any = core_session().get_component("event_emitter")
    before.register("an.event", _first)
    one, other = copy.copy(before), copy.copy(before)
    getattr(one, change)("an.event", _second)
    getattr(before, change)("an.event.below", _third)
    assert _responses(one) == {"first", "second"}
    assert _responses(other) == {"first"}
    assert _responses(before) == {"first", "third"}
    one.unregister("an.event", _first)
    assert _responses(one) == {"second"}
    assert _responses(other) == {"first"}
    assert _responses(copy.copy(core_session().get_component("event_emitter"))) == set()


def test_a_handler_registered_once_by_its_id_is_each_copy_s_own() -> None:
    before: Any = core_session().get_component("event_emitter")
    one = copy.copy(before)
    one.register("an.event", _first, unique_id="once")
    one.register("an.event", _first, unique_id="once")
    before.register("an.event", _second, unique_id="once")
    assert one.emit("an.event.below") == [(_first, "first")]
    assert before.emit("an.event.below") == [(_second, "second")]


def test_a_handler_that_takes_no_keywords_is_refused() -> None:
    events: Any = core_session().get_component("event_emitter")
    with pytest.raises(ValueError, match="must accept keyword arguments"):
        events.register("an.event", lambda: None)


def test_handlers_replaced_since_are_registered_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    core_session()
    monkeypatch.setattr(botocore.handlers, "BUILTIN_HANDLERS", [("an.event.below", _first)])
    events: Any = core_session().get_component("event_emitter")
    assert _responses(events) == {"first"}


def _responses(events: Any) -> set[object]:  # noqa: ANN401 - as above
    return {response for _, response in events.emit("an.event.below")}


def _first(**_: object) -> str:
    return "first"


def _second(**_: object) -> str:
    return "second"


def _third(**_: object) -> str:
    return "third"
