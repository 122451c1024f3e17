"""The parameters of a call, which clients in this process and programs are given alike."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from bedrock_authcheck.spec.catalogue import Catalogue
from bedrock_authcheck.spec.parameters import minimal_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_authcheck.clients.contract import Call
    from bedrock_authcheck.spec.catalogue import Operation


@cache
def operation_of(service: str, name: str) -> Operation | None:
    """Find an operation in the catalogue; None where it has none of that name."""
    return Catalogue.load().operation(service, name)


def minimal_of(call: Call) -> Mapping[str, Any]:
    """Return the parameters of a call, minimal ones where it leaves them open."""
    if call.parameters is not None:
        return call.parameters
    return _minimal_parameters(call.service, call.operation)


@cache
def _minimal_parameters(service: str, name: str) -> dict[str, Any]:
    operation = operation_of(service, name)
    return minimal_parameters(Catalogue.load().input_shape(operation) if operation else None)
