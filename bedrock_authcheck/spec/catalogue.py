"""Every operation of the Bedrock family, as the installed botocore's service models list them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Self

from bedrock_authcheck.spec.services import MANTLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.loaders import Loader
    from botocore.model import OperationModel, ServiceModel, StructureShape

SIGV4_TRAIT = "aws.auth#sigv4"
BEARER_TRAIT = "smithy.api#httpBearerAuth"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of one service model, with what the model and the guide say of it.

    `service` is the name of the service model (`bedrock-runtime`), `uri` the template of path
    and query (`/model/{modelId}/converse`), `target` the X-Amz-Target that names the operation
    in the JSON protocols and None in REST. `model_schemes` holds the auth traits in the
    model's order, those of the operation before those of its service; it is empty where the
    model is silent. `guide_rule` is the rule that the guide's word stands for.
    """

    service: str
    name: str
    method: str
    uri: str
    target: str | None
    signing_name: str
    event_stream_input: bool
    event_stream_output: bool
    streaming_output: bool
    model_schemes: tuple[str, ...]
    guide_accepts_api_key: bool
    guide_rule: str

    def __str__(self) -> str:
        """Service and name, `bedrock-runtime.Converse`."""
        return f"{self.service}.{self.name}"

    @property
    def model_accepts_api_key(self) -> bool:
        """Whether the service model lists bearer authentication."""
        return BEARER_TRAIT in self.model_schemes

    @property
    def disagreement(self) -> str | None:
        """A sentence about where model and guide part; None where they agree."""
        if self.model_accepts_api_key == self.guide_accepts_api_key:
            return None
        listed = ", ".join(self.model_schemes) or "no auth scheme"
        verb = "accepts" if self.guide_accepts_api_key else "does not accept"
        return f"the service model lists {listed}; the guide says that {self.name} {verb} API keys"

    @property
    def offered_by_boto3(self) -> bool:
        """Whether a boto3 client has a method for it: none takes an event stream as input."""
        return not self.event_stream_input


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The operations that the installed botocore knows, and the services that it does not.

    `operations` are in the order of documented.toml, then by name. `missing` maps a service
    to the reason why none of its operations is here.
    """

    operations: tuple[Operation, ...]
    missing: Mapping[str, str]
    _models: Mapping[str, ServiceModel] = field(repr=False)

    @classmethod
    @lru_cache(maxsize=4)
    def load(cls, loader: Loader | None = None) -> Self:
        """Read the service models through `loader`, by default the shared one; once for each.

        Services that cannot be read are listed as missing, never raised: botocore is too old
        for them, or is not installed.
        """
        try:
            import botocore  # noqa: PLC0415 - costs 0.3 s, which only a run of the suite pays
            from botocore.exceptions import DataNotFoundError  # noqa: PLC0415 - as above
            from botocore.model import ServiceModel  # noqa: PLC0415 - as above
        except ImportError:
            return cls((), dict.fromkeys(documented(), "botocore is not installed"), {})
        loader = loader or shared_loader()
        operations: list[Operation] = []
        missing: dict[str, str] = {}
        models: dict[str, ServiceModel] = {}
        for service, guide in documented().items():
            try:
                description = loader.load_service_model(service, "service-2")
            except DataNotFoundError:
                missing[service] = f"botocore {botocore.__version__} has no model of {service}"
                continue
            model = models[service] = ServiceModel(description, service)
            operations += (
                _operation(model.operation_model(name), guide)
                for name in sorted(model.operation_names)
            )
        return cls(tuple(operations), missing, models)

    def __iter__(self) -> Iterator[Operation]:
        """All operations."""
        return iter(self.operations)

    def __len__(self) -> int:
        """How many operations there are."""
        return len(self.operations)

    def of(self, service: str) -> tuple[Operation, ...]:
        """Return the operations of one service; none where it is missing or unknown."""
        return tuple(operation for operation in self if operation.service == service)

    def operation(self, service: str, name: str) -> Operation | None:
        """Find an operation by its name (`ConverseStream`); None where there is none."""
        return next((found for found in self.of(service) if found.name == name), None)

    def input_shape(self, operation: Operation) -> StructureShape | None:
        """Return the shape of an operation's input; None where it takes none."""
        return self._models[operation.service].operation_model(operation.name).input_shape


@cache
def shared_loader() -> Loader:
    """Return the one botocore loader of this process: a model is read once.

    It reads the models that botocore ships and neither `~/.aws/models` nor AWS_DATA_PATH, so
    that a machine's own models never stand in for the installed ones.
    """
    from botocore.loaders import Loader  # noqa: PLC0415 - only a run of the suite pays for it

    return Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)


@cache
def documented() -> Mapping[str, Mapping[str, Any]]:
    """Return the guide's word by service: `accepts_api_key`, `rule`, `operations` that differ."""
    text = (files(__package__) / "documented.toml").read_text(encoding="utf-8")
    services: dict[str, dict[str, Any]] = tomllib.loads(text)["services"]
    return services


def takes_api_keys(service: str) -> bool:
    """Whether the guide says that API keys work with a service, single operations aside."""
    if service == MANTLE.name:  # which no service model describes
        return True
    return bool(documented().get(service, {}).get("accepts_api_key", False))


def _operation(model: OperationModel, guide: Mapping[str, Any]) -> Operation:
    service = model.service_model
    word = guide.get("operations", {}).get(model.name, guide)
    prefix = service.metadata.get("targetPrefix")
    return Operation(
        service=service.service_name,
        name=model.name,
        method=model.http["method"],
        uri=model.http["requestUri"],
        target=f"{prefix}.{model.name}" if prefix else None,
        signing_name=service.signing_name,
        event_stream_input=model.has_event_stream_input,
        event_stream_output=model.has_event_stream_output,
        streaming_output=model.has_streaming_output,
        model_schemes=tuple(model.auth or service.metadata.get("auth", ())),
        guide_accepts_api_key=word["accepts_api_key"],
        guide_rule=word["rule"],
    )
