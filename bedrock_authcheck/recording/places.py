"""Which service and Region a host is: AWS's names, and loopback addresses that stand for one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

from bedrock_authcheck.spec.services import SERVICES

if TYPE_CHECKING:
    from collections.abc import Mapping

MANTLE: Final = "bedrock-mantle"

_NAMES: Final = "|".join(map(re.escape, sorted({*SERVICES, MANTLE, "runtime.sagemaker"})))
# VPC endpoints put labels before the service, FIPS endpoints `-fips` behind it; api.aws is the
# dual-stack domain; China and the isolated partitions have domains of their own.
_HOST: Final = re.compile(
    rf"(?:[a-z0-9-]+\.)?(?P<service>{_NAMES})(?P<fips>-fips)?"
    r"(?:\.(?P<region>[a-z]{2,}(?:-[a-z]+)+-[0-9]+))?"
    r"(?:\.vpce)?\.(?:amazonaws\.com(?:\.cn)?|api\.aws|api\.amazonwebservices\.com\.cn)"
)
_ALIASES: Final = {"runtime.sagemaker": "sagemaker-runtime"}
_HOST_LABELS: Final = {name: label for label, name in _ALIASES.items()}


@dataclass(frozen=True, slots=True)
class Place:
    """A service, by its service model's name, in a Region; None where the host names none."""

    service: str
    region: str | None = None

    @property
    def host(self) -> str:
        """The plain host of the service: what a cassette calls it wherever it was reached."""
        label = _HOST_LABELS.get(self.service, self.service)
        domain = "api.aws" if self.service == MANTLE else "amazonaws.com"
        return ".".join(filter(None, (label, self.region, domain)))

    def __str__(self) -> str:
        """`bedrock-runtime in eu-central-1`."""
        return f"{self.service} in {self.region}" if self.region else self.service


def place_of(netloc: str, loopback: Mapping[str, Place] | None = None) -> Place | None:
    """Find the place that a host is; `loopback` are addresses (`127.0.0.1:4711`) known to be one.

    None for any other host.
    """
    lowered = netloc.rpartition("@")[2].lower()
    if loopback and lowered in loopback:
        return loopback[lowered]
    found = _HOST.fullmatch(lowered.removesuffix(":443"))
    if found is None:
        return None
    service = _ALIASES.get(found["service"], found["service"])
    return Place(service, found["region"])


def canonical_uri(uri: str, loopback: Mapping[str, Place] | None = None) -> str:
    """Write the URI of a loopback address as that of the place it stands for; others as they are.

    The port of a loopback address that stands for nothing is left out: the system chose it.
    """
    parts = urlsplit(uri)
    lowered = parts.netloc.rpartition("@")[2].lower()
    if loopback and lowered in loopback:
        return urlunsplit(("https", loopback[lowered].host, *parts[2:]))
    if is_loopback(lowered):
        host = parts.hostname or ""
        return urlunsplit((parts.scheme, f"[{host}]" if ":" in host else host, *parts[2:]))
    return uri


def is_loopback(netloc: str) -> bool:
    """Whether an address is this machine's own."""
    host = urlsplit(f"//{netloc}").hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.") or host.endswith(".localhost")
