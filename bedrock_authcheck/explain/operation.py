"""The operation that is asked about, and whether API keys work with it."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.spec.catalogue import Catalogue, documented
from bedrock_authcheck.spec.services import BEDROCK

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_SERVICE: Final = "bedrock-runtime"
DEFAULT_OPERATION: Final = "Converse"


class UnknownOperationError(ValueError):
    """A service or an operation that does not exist; the text names the nearest ones."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation and the guide's word on it: whether it takes API keys, and by which rule."""

    service: str
    operation: str
    takes_api_key: bool
    rule: str

    def __str__(self) -> str:
        """Service and operation: `bedrock-runtime.Converse`."""
        return f"{self.service}.{self.operation}" if self.operation else self.service


def guided(service: str, operation: str) -> Asked:
    """Find the guide's word on an operation, known to be one; Mantle takes API keys.

    Unlike `asked` it reads no service model, which costs a second.
    """
    guide = documented().get(service, {"accepts_api_key": True, "rule": "CHAIN-1"})
    word = guide.get("operations", {}).get(operation, guide)
    return Asked(service, operation, word["accepts_api_key"], word["rule"])


def asked(service: str | None, operation: str | None) -> Asked:
    """Find what is asked about: Converse where nothing is named, else by the installed botocore.

    An operation alone is looked for in all services, a service alone is asked about as a whole.
    Names are taken in any case. UnknownOperationError lists the nearest ones.
    """
    if service is None and operation is None:
        return guided(DEFAULT_SERVICE, DEFAULT_OPERATION)
    services = [facts.name for facts in BEDROCK]
    if service is not None and service.lower() not in services:
        raise UnknownOperationError(_unknown("service", service, services))
    catalogue = Catalogue.load()
    wanted = services if service is None else [service.lower()]
    if service is not None and wanted[0] in catalogue.missing:
        raise UnknownOperationError(catalogue.missing[wanted[0]])
    if operation is None:
        return guided(wanted[0], "")
    operations = [found for name in wanted for found in catalogue.of(name)]
    for found in operations:
        if found.name.lower() == operation.lower():
            return guided(found.service, found.name)
    elsewhere = [one.service for one in catalogue if one.name.lower() == operation.lower()]
    if elsewhere:
        text = f"there is no such operation of {wanted[0]}: it is one of {', '.join(elsewhere)}"
        raise UnknownOperationError(text)
    where = f"operation of {wanted[0]}" if service is not None else "operation"
    raise UnknownOperationError(_unknown(where, operation, [found.name for found in operations]))


def _unknown(what: str, name: str, known: Sequence[str]) -> str:
    near = {one.lower(): one for one in known}
    close = [near[one] for one in get_close_matches(name.lower(), near, n=3, cutoff=0.5)]
    close += [one for one in known if one.lower().startswith(name.lower()[:6])]
    close = list(dict.fromkeys(close))[:5]
    shown = name if len(name) <= 80 and name.isprintable() else "what is given"  # noqa: PLR2004
    nearest = f"the nearest are {', '.join(close)}" if close else f"there is {', '.join(known[:8])}"
    return f"there is no {what} {shown!r}: {nearest}"
