"""Which operation a request is: method, path and X-Amz-Target against the URI templates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bedrock_authcheck.spec.catalogue import Operation

_LABEL = re.compile(r"\{[^{}+]+(\+?)\}")


@dataclass(frozen=True, slots=True)
class _Route:
    """A URI template ready to match; routes of a smaller `rank` are more specific."""

    operation: Operation
    path: re.Pattern[str]
    query: tuple[tuple[str, str], ...]
    rank: tuple[tuple[int, ...], int]


class Router:
    """Routes the requests of one service to its operations.

    Two services share paths, so that a router is built from the operations of one of them.
    """

    def __init__(self, operations: Iterable[Operation]) -> None:
        """Compile the templates of `operations`."""
        self._targets: dict[str, Operation] = {}
        self._routes: dict[str, list[_Route]] = {}
        for operation in operations:
            if operation.target is not None:
                self._targets[operation.target] = operation
            else:
                self._routes.setdefault(operation.method, []).append(_route(operation))
        for routes in self._routes.values():
            routes.sort(key=lambda route: route.rank)

    def route(self, method: str, target: str, amz_target: str | None = None) -> Operation | None:
        """Find the operation that a request is; None where it is none of them.

        `target` is the request target as received: path and query, still percent-encoded.
        A label stands for one segment, whatever is encoded in it; a greedy one for one or
        more; one trailing slash more or less changes nothing. `amz_target` is the value of
        X-Amz-Target, which alone names an operation of the JSON protocols and means nothing in
        REST.
        """
        if method == "POST" and amz_target in self._targets:
            return self._targets[amz_target]
        path, _, query = target.partition("?")
        pairs = set(parse_qsl(query, keep_blank_values=True))
        names = {name for name, _ in pairs}
        return next(
            (
                route.operation
                for route in self._routes.get(method, ())
                if route.path.fullmatch(path)
                and all(
                    (name, value) in pairs if value else name in names
                    for name, value in route.query
                )
            ),
            None,
        )


def _route(operation: Operation) -> _Route:
    path, _, query = operation.uri.partition("?")
    segments = path.strip("/").split("/")
    literals = tuple(parse_qsl(query, keep_blank_values=True))
    kinds = (*map(_kind, segments), _END)
    detail = sum(2 if value else 1 for _, value in literals)
    pattern = "".join(f"/{_PATTERNS.get(_kind(part), re.escape(part))}" for part in segments)
    return _Route(operation, re.compile(f"{pattern}/?"), literals, (kinds, -detail))


def _kind(segment: str) -> int:
    """0 for a literal, 1 for a label, 2 for a greedy label: what is smaller is tried first."""
    label = _LABEL.fullmatch(segment)
    return 0 if label is None else 1 + len(label[1])


_PATTERNS = {1: "[^/]+", 2: ".+"}
_END = 3  # after a greedy label, whatever still follows is more specific than nothing
