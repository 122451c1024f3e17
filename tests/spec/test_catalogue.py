from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import botocore
import botocore.session
import pytest
from botocore import xform_name
from botocore.loaders import Loader

from bedrock_authcheck.spec.catalogue import (
    BEARER_TRAIT,
    SIGV4_TRAIT,
    Catalogue,
    documented,
    shared_loader,
)
from bedrock_authcheck.spec.rules import load_rules

if TYPE_CHECKING:
    from pathlib import Path

    from bedrock_authcheck.spec.catalogue import Operation

BIDIRECTIONAL = "InvokeModelWithBidirectionalStream"


def _operation(catalogue: Catalogue, service: str, name: str) -> Operation:
    found = catalogue.operation(service, name)
    assert found is not None
    return found


def test_every_operation_of_every_installed_model_is_there_once(catalogue: Catalogue) -> None:
    loader = Loader()
    installed = {
        (service, name)
        for service in documented().keys() - catalogue.missing.keys()
        for name in loader.load_service_model(service, "service-2")["operations"]
    }
    assert len(catalogue) == len(installed)
    assert {(operation.service, operation.name) for operation in catalogue} == installed


def test_a_current_botocore_knows_the_whole_family(catalogue: Catalogue) -> None:
    if tuple(map(int, botocore.__version__.split(".")[:2])) < (1, 44):
        pytest.skip("an older botocore knows fewer services")
    assert not catalogue.missing
    assert len(catalogue) > 500


def test_operations_come_in_the_order_of_the_guide_then_by_name(catalogue: Catalogue) -> None:
    services = list(documented())
    order = [(services.index(operation.service), operation.name) for operation in catalogue]
    assert order == sorted(order)


def test_what_is_said_of_converse_stream(catalogue: Catalogue) -> None:
    operation = _operation(catalogue, "bedrock-runtime", "ConverseStream")
    assert str(operation) == "bedrock-runtime.ConverseStream"
    assert (operation.method, operation.uri) == ("POST", "/model/{modelId}/converse-stream")
    assert operation.target is None
    assert operation.signing_name == "bedrock"
    assert operation.event_stream_output
    assert not operation.event_stream_input
    assert not operation.streaming_output
    assert operation.guide_accepts_api_key
    assert operation.guide_rule == "LIMIT-8"
    assert operation.offered_by_boto3


def test_a_streamed_blob_is_no_event_stream(catalogue: Catalogue) -> None:
    operation = _operation(catalogue, "bedrock-runtime", "InvokeModel")
    assert operation.streaming_output
    assert not operation.event_stream_output


def test_the_json_protocol_names_its_operations_in_a_header(catalogue: Catalogue) -> None:
    operation = _operation(catalogue, "bedrock-data-automation-runtime", "ListTagsForResource")
    assert operation.target == "AmazonBedrockKeystoneRuntimeService.ListTagsForResource"
    assert operation.uri == "/"


@pytest.mark.parametrize(
    ("service", "accepts", "rule"),
    [
        ("bedrock", True, "LIMIT-8"),
        ("bedrock-runtime", True, "LIMIT-8"),
        ("bedrock-agent", False, "LIMIT-2"),
        ("bedrock-agent-runtime", False, "LIMIT-2"),
        ("bedrock-data-automation", False, "LIMIT-3"),
        ("bedrock-data-automation-runtime", False, "LIMIT-3"),
        ("bedrock-agentcore", False, "LIMIT-6"),
        ("bedrock-agentcore-control", False, "LIMIT-6"),
    ],
)
def test_the_guides_word_holds_for_the_whole_service(
    catalogue: Catalogue, service: str, accepts: bool, rule: str
) -> None:
    words = {
        (operation.guide_accepts_api_key, operation.guide_rule)
        for operation in catalogue.of(service)
        if operation.name != BIDIRECTIONAL
    }
    assert words == (set() if service in catalogue.missing else {(accepts, rule)})


def test_the_guide_excepts_the_bidirectional_stream_alone(catalogue: Catalogue) -> None:
    excepted = [operation.name for operation in catalogue if operation.guide_rule == "LIMIT-1"]
    assert excepted == [BIDIRECTIONAL]
    assert not _operation(catalogue, "bedrock-runtime", BIDIRECTIONAL).guide_accepts_api_key


def test_every_documented_rule_exists() -> None:
    words = [*documented().values()]
    words += [word for service in words for word in service.get("operations", {}).values()]
    assert {word["rule"] for word in words} <= load_rules().keys()


def test_model_and_guide_disagree_where_the_specification_says_so(catalogue: Catalogue) -> None:
    bidirectional = _operation(catalogue, "bedrock-runtime", BIDIRECTIONAL)
    if not bidirectional.model_accepts_api_key:
        pytest.skip("the models of this botocore know nothing of API keys")
    assert [operation for operation in catalogue if operation.disagreement] == [bidirectional]
    assert bidirectional.disagreement == (
        "the service model lists aws.auth#sigv4, smithy.api#httpBearerAuth; "
        f"the guide says that {BIDIRECTIONAL} does not accept API keys"
    )


def test_an_operation_outranks_its_service_in_the_model_and_silence_is_kept(
    tmp_path: Path,
) -> None:
    model = """{"metadata": {"protocol": "rest-json", "endpointPrefix": "bedrock"%s},
      "operations": {
        "Own": {"name": "Own", "auth": ["smithy.api#noAuth"],
                "http": {"method": "GET", "requestUri": "/own"}},
        "Plain": {"name": "Plain", "http": {"method": "GET", "requestUri": "/plain"}}},
      "shapes": {}}"""
    _write_model(tmp_path / "a", model % f', "auth": ["{SIGV4_TRAIT}", "{BEARER_TRAIT}"]')
    loud = Catalogue.load(_loader(tmp_path / "a"))
    assert _operation(loud, "bedrock", "Own").model_schemes == ("smithy.api#noAuth",)
    assert _operation(loud, "bedrock", "Plain").model_schemes == (SIGV4_TRAIT, BEARER_TRAIT)
    assert _operation(loud, "bedrock", "Own").disagreement == (
        "the service model lists smithy.api#noAuth; the guide says that Own accepts API keys"
    )
    _write_model(tmp_path / "b", model % "")
    silent = Catalogue.load(_loader(tmp_path / "b"))
    assert _operation(silent, "bedrock", "Plain").model_schemes == ()
    assert "lists no auth scheme" in (_operation(silent, "bedrock", "Plain").disagreement or "")


def test_services_that_botocore_does_not_know_are_missing_with_a_reason(tmp_path: Path) -> None:
    catalogue = Catalogue.load(_loader(tmp_path))
    assert len(catalogue) == 0
    assert catalogue.missing.keys() == documented().keys()
    assert catalogue.missing["bedrock-agentcore"] == (
        f"botocore {botocore.__version__} has no model of bedrock-agentcore"
    )
    assert catalogue.of("bedrock") == ()
    assert catalogue.operation("bedrock", "ListFoundationModels") is None


def test_without_botocore_every_service_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore.model", None)
    catalogue = Catalogue.load.__wrapped__(Catalogue)
    assert len(catalogue) == 0
    assert set(catalogue.missing.values()) == {"botocore is not installed"}


def test_boto3_offers_exactly_what_the_catalogue_says(catalogue: Catalogue) -> None:
    session = botocore.session.Session()
    session.register_component("data_loader", shared_loader())
    for service in documented().keys() - catalogue.missing.keys():
        client = session.create_client(
            service, "us-east-1", aws_access_key_id="AKIAFAKE", aws_secret_access_key="fake"
        )
        try:
            for operation in catalogue.of(service):
                offered = hasattr(client, xform_name(operation.name))
                assert offered == operation.offered_by_boto3, str(operation)
        finally:
            client.close()


def test_a_catalogue_is_read_once_and_a_model_too(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Catalogue.load() is Catalogue.load()
    assert shared_loader() is shared_loader()
    loader = shared_loader()
    model = loader.load_service_model("bedrock", "service-2")
    monkeypatch.setattr(loader, "file_loader", None)
    assert loader.load_service_model("bedrock", "service-2") is model


def test_the_machines_own_models_never_stand_in_for_the_installed_ones() -> None:
    assert shared_loader().search_paths[0] == Loader.BUILTIN_DATA_PATH
    assert Loader.CUSTOMER_DATA_PATH not in shared_loader().search_paths


def test_importing_the_catalogue_does_not_import_botocore() -> None:
    code = "import sys, bedrock_authcheck.spec.catalogue; print('botocore' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "False"


def _write_model(root: Path, text: str) -> None:
    folder = root / "bedrock" / "2023-04-20"
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text(text, encoding="utf-8")


def _loader(root: Path) -> Loader:
    return Loader(extra_search_paths=[str(root)], include_default_search_paths=False)
