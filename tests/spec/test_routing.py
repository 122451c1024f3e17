from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.awsrequest import create_request_object, prepare_request_dict
from botocore.model import ServiceModel
from botocore.serialize import create_serializer

from bedrock_authcheck.spec.catalogue import Catalogue, Operation, documented, shared_loader
from bedrock_authcheck.spec.parameters import minimal_parameters
from bedrock_authcheck.spec.routing import Router

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest


def _operation(name: str, method: str, uri: str, target: str | None = None) -> Operation:
    return Operation(
        service="made-up",
        name=name,
        method=method,
        uri=uri,
        target=target,
        signing_name="bedrock",
        event_stream_input=False,
        event_stream_output=False,
        streaming_output=False,
        model_schemes=(),
        guide_accepts_api_key=False,
        guide_rule="LIMIT-2",
    )


REST = Router(
    [
        _operation("GetThing", "GET", "/things/{thingId}"),
        _operation("GetDefault", "GET", "/things/default"),
        _operation("ListThings", "GET", "/things/"),
        _operation("CreateThing", "PUT", "/things/"),
        _operation("GetPart", "GET", "/things/{thingId}/{partId}"),
        _operation("ListParts", "GET", "/things/{thingId}/parts"),
        _operation("GetFile", "GET", "/files/{path+}"),
        _operation("GetFileTags", "GET", "/files/{path+}/tags"),
        _operation("DescribeThing", "GET", "/things/{thingId}?describe"),
        _operation("DescribeBriefly", "GET", "/things/{thingId}?describe=brief"),
        _operation("GetRoot", "GET", "/"),
    ]
)


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("GET", "/things/abc", "GetThing"),
        ("GET", "/things/default", "GetDefault"),
        ("GET", "/things/default2", "GetThing"),
        ("GET", "/things/abc/", "GetThing"),
        ("GET", "/things", "ListThings"),
        ("GET", "/things/", "ListThings"),
        ("GET", "/things?maxResults=3", "ListThings"),
        ("PUT", "/things", "CreateThing"),
        ("GET", "/things/abc/parts", "ListParts"),
        ("GET", "/things/abc/part", "GetPart"),
        ("GET", "/things/arn%3Aaws%3Abedrock%3A%3A000000000000%3Athing%2Fparts", "GetThing"),
        ("GET", "/things/arn:aws:bedrock::000000000000:thing%2Fx/parts", "ListParts"),
        ("GET", "/things/a%3Fb%23c", "GetThing"),
        ("GET", "/files/a/b/c", "GetFile"),
        ("GET", "/files/a", "GetFile"),
        ("GET", "/files/a/b/tags", "GetFileTags"),
        ("GET", "/things/abc?describe", "DescribeThing"),
        ("GET", "/things/abc?x=1&describe=", "DescribeThing"),
        ("GET", "/things/abc?describe=long", "DescribeThing"),
        ("GET", "/things/abc?describe=brief", "DescribeBriefly"),
        ("GET", "/", "GetRoot"),
        ("POST", "/things/abc", None),
        ("PUT", "/things/abc", None),
        ("GET", "/thing", None),
        ("GET", "/things/abc/parts/more", None),
        ("GET", "/things//parts", None),
        ("GET", "/files/", None),
        ("GET", "/x/things/abc", None),
        ("GET", "things/abc", None),
        ("GET", "", None),
    ],
)
def test_a_request_is_the_most_specific_operation_that_it_matches(
    method: str, target: str, expected: str | None
) -> None:
    found = REST.route(method, target)
    assert (found and found.name) == expected


def test_the_order_of_the_operations_does_not_matter() -> None:
    general = _operation("GetThing", "GET", "/things/{thingId}")
    literal = _operation("GetDefault", "GET", "/things/default")
    greedy = _operation("GetAny", "GET", "/things/{any+}")
    for operations in ([general, literal, greedy], [greedy, literal, general]):
        router = Router(operations)
        assert router.route("GET", "/things/default") is literal
        assert router.route("GET", "/things/a") is general
        assert router.route("GET", "/things/a/b") is greedy


def test_dots_and_signs_of_a_template_stand_for_themselves() -> None:
    router = Router([_operation("GetCard", "GET", "/things/{id}/.well-known/card.json")])
    assert router.route("GET", "/things/a/.well-known/card.json") is not None
    assert router.route("GET", "/things/a/xwell-known/card.json") is None


def test_the_json_protocol_routes_by_its_header_alone() -> None:
    start = _operation("Start", "POST", "/", "Prefix.Start")
    stop = _operation("Stop", "POST", "/", "Prefix.Stop")
    router = Router([start, stop])
    assert router.route("POST", "/", "Prefix.Stop") is stop
    assert router.route("POST", "/", "Prefix.Start") is start
    assert router.route("POST", "/", "Other.Start") is None
    assert router.route("POST", "/") is None
    assert router.route("GET", "/", "Prefix.Start") is None


def test_the_header_of_the_json_protocol_means_nothing_in_rest() -> None:
    found = REST.route("PUT", "/things/", "Prefix.Start")
    assert found is not None
    assert found.name == "CreateThing"
    posted = _operation("PostThing", "POST", "/things/")
    assert Router([posted]).route("POST", "/things/", "Prefix.Start") is posted


def test_no_two_operations_of_a_service_share_a_route(catalogue: Catalogue) -> None:
    for service in documented():
        operations = catalogue.of(service)
        for operation in operations:
            alone = Router(operations)
            found = alone.route(operation.method, _filled(operation), operation.target)
            assert found is operation, str(operation)


@pytest.mark.parametrize("service", documented())
def test_every_operation_routes_to_itself_over_the_wire_format(
    catalogue: Catalogue, service: str
) -> None:
    router = Router(catalogue.of(service))
    if service in catalogue.missing:
        pytest.skip(catalogue.missing[service])
    model = _model(service)
    for operation in catalogue.of(service):
        request = _serialized(
            model, operation, minimal_parameters(catalogue.input_shape(operation))
        )
        found = router.route(
            request.method, _target(request.url), request.headers.get("X-Amz-Target")
        )
        assert found is operation, f"{operation}: {request.method} {request.url} is {found}"


def test_an_arn_in_a_label_is_one_segment_over_the_wire_format(catalogue: Catalogue) -> None:
    operation = catalogue.operation("bedrock-runtime", "Converse")
    assert operation is not None
    arn = "arn:aws:bedrock:us-east-1:000000000000:inference-profile/us.example.model-v1:0"
    request = _serialized(_model("bedrock-runtime"), operation, {"modelId": arn})
    assert "inference-profile%2F" in request.url
    router = Router(catalogue.of("bedrock-runtime"))
    assert router.route(request.method, _target(request.url)) is operation


def _filled(operation: Operation) -> str:
    return operation.uri.replace("{", "a%2Fb-").replace("}", "")


def _model(service: str) -> ServiceModel:
    return ServiceModel(shared_loader().load_service_model(service, "service-2"), service)


def _serialized(
    model: ServiceModel, operation: Operation, parameters: dict[str, Any]
) -> AWSPreparedRequest:
    serializer = create_serializer(model.metadata["protocol"], include_validation=False)
    request = serializer.serialize_to_request(parameters, model.operation_model(operation.name))
    prepare_request_dict(request, endpoint_url="https://127.0.0.1:1")
    prepared: AWSPreparedRequest = create_request_object(request).prepare()
    return prepared


def _target(url: str) -> str:
    return url.removeprefix("https://127.0.0.1:1")
