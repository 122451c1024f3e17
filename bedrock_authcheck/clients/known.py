"""The clients that the bundled suite can judge, by name; none is imported before it is used."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Final, NamedTuple, cast

if TYPE_CHECKING:
    from bedrock_authcheck.clients.contract import Client


class KnownClient(NamedTuple):
    """Where a client's class is, and the packages that it is made of, itself first."""

    module: str
    class_name: str
    packages: tuple[str, ...]

    def versions(self) -> dict[str, str]:
        """Return the versions of its packages without importing them; absent ones left out."""
        found = {}
        for name in self.packages:
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                continue
        return found

    def made(self) -> Client:
        """Make the client; ImportError where it is not installed."""
        return cast("Client", getattr(import_module(self.module), self.class_name)())


_ROOM: Final = "bedrock_authcheck.clients"
KNOWN: Final = {
    "boto3": KnownClient(f"{_ROOM}.boto3", "Boto3Client", ("boto3", "botocore")),
    "aiobotocore": KnownClient(
        f"{_ROOM}.aiobotocore", "AiobotocoreClient", ("aiobotocore", "botocore")
    ),
}
"""By the name that `--authcheck-client` takes; the first is judged unless another is named."""
