from __future__ import annotations

import gc
import json
import time
from typing import TYPE_CHECKING, Any

import botocore
import botocore.endpoint
import pytest
from botocore.config import Config

from bedrock_authcheck.clients import boto3 as room
from bedrock_authcheck.clients.boto3 import Boto3Client, Boto3Connection
from bedrock_authcheck.clients.contract import Call, CallResult, ClientSettings, Preference
from bedrock_authcheck.environments.environment import Environment
from bedrock_authcheck.environments.isolation import isolated
from bedrock_authcheck.model import AuthScheme, CredentialSource
from bedrock_authcheck.services.ledger import Ledger
from bedrock_authcheck.services.steps import cut, reply, reset, server_error, throttle
from bedrock_authcheck.spec.catalogue import shared_loader
from tests.services.recorder import belongings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_authcheck.services.steps import Step
    from bedrock_authcheck.wire.attribution import Observation
    from tests.simulated import Services

CONVERSE = Call("bedrock-runtime", "Converse")
PAGES = Call("bedrock", "ListInferenceProfiles", {}, paginate=True)


@pytest.fixture
def environment(services: Services) -> Iterator[Environment]:
    with Environment(services.loop, services.endpoint) as made:
        yield made


def _run(
    services: Services,
    environment: Environment,
    *calls: Call,
    settings: ClientSettings | None = None,
    steps: tuple[Step, ...] = (),
) -> tuple[list[CallResult], tuple[Observation, ...]]:
    ledger = services.endpoint.open(Ledger(environment.keyring))
    ledger.program(calls[0].service, *steps)
    connection = Boto3Client().connect(calls[0].service, settings or ClientSettings())
    with isolated(environment):
        results = [connection.call(call) for call in calls]
    connection.close()
    return results, ledger.observations


def test_it_is_named_and_versioned_as_deviations_have_it() -> None:
    client = Boto3Client()
    assert (client.name, client.version) == ("boto3", botocore.__version__)


@pytest.mark.parametrize("in_session", [False, True])
def test_keys_are_given_to_the_client_or_to_the_session(
    services: Services, environment: Environment, in_session: bool
) -> None:
    environment.provide("settings", "environment")
    settings = ClientSettings(keys=environment.settings, keys_in_session=in_session)
    results, (seen,) = _run(services, environment, CONVERSE, settings=settings)
    assert results == [CallResult(ok=True)]
    assert seen.source is CredentialSource.SETTINGS


def test_it_is_built_in_the_environment_of_its_first_call(
    services: Services, environment: Environment
) -> None:
    connection = Boto3Client().connect("bedrock-runtime", ClientSettings())
    environment.provide("bearer")
    ledger = services.endpoint.open(Ledger(environment.keyring))
    with isolated(environment):
        assert connection.call(CONVERSE).ok
        assert connection.call(CONVERSE).ok
    connection.close()
    assert [o.source for o in ledger.observations] == [CredentialSource.BEARER] * 2
    assert len({o.exchange.connection for o in ledger.observations}) == 1


def test_a_region_in_code_is_what_signs(services: Services, environment: Environment) -> None:
    environment.provide("shared")
    settings = ClientSettings(region="ap-southeast-2")
    _, (seen,) = _run(services, environment, CONVERSE, settings=settings)
    assert seen.evidence.scope is not None
    assert seen.evidence.scope.region == "ap-southeast-2"


@pytest.mark.parametrize(
    ("preference", "scheme"),
    [
        (None, AuthScheme.BEARER),
        (Preference.SIGV4_BY_VERSION, AuthScheme.SIGV4),
        (Preference.SIGV4_BY_PREFERENCE, AuthScheme.SIGV4),
        (Preference.BEARER_BY_VERSION, AuthScheme.BEARER),
        (Preference.BEARER_BY_PREFERENCE, AuthScheme.BEARER),
        (Preference.ANONYMOUS, AuthScheme.UNSIGNED),
    ],
)
def test_a_preference_reaches_boto3(
    services: Services, environment: Environment, preference: Preference, scheme: AuthScheme
) -> None:
    environment.provide("bearer", "shared")
    settings = ClientSettings(preference=preference)
    _, (seen,) = _run(services, environment, CONVERSE, settings=settings)
    assert seen.evidence.scheme is scheme


def test_answers_are_read_to_their_end(services: Services, environment: Environment) -> None:
    environment.provide("environment")
    streams = ("ConverseStream", "InvokeModel", "InvokeModelWithResponseStream")
    calls = [Call("bedrock-runtime", name) for name in streams]
    for call in calls:
        results, _ = _run(services, environment, call, steps=(cut(),))
        assert not results[0].ok, call
        assert results[0].error
    results, seen = _run(services, environment, *calls)
    assert results == [CallResult(ok=True)] * 3
    assert len({o.exchange.connection for o in seen}) == 1  # each answer was read: kept alive


def test_pages_are_followed(services: Services, environment: Environment) -> None:
    environment.provide("environment")
    first = reply(json.dumps({"inferenceProfileSummaries": [], "nextToken": "p2"}).encode())
    last = reply(json.dumps({"inferenceProfileSummaries": []}).encode())
    results, seen = _run(services, environment, PAGES, steps=(first, last))
    assert results == [CallResult(ok=True)]
    assert ["p2" in o.exchange.target for o in seen] == [False, True]


@pytest.mark.parametrize("fault", [throttle(), server_error(), server_error(503), reset()])
def test_a_retry_is_made_at_once_and_only_one(
    services: Services, environment: Environment, fault: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    environment.provide("environment")
    results, seen = _run(services, environment, CONVERSE, steps=(fault,))
    assert results == [CallResult(ok=True)]
    assert len(seen) == 2
    results, seen = _run(services, environment, CONVERSE, steps=(fault, fault))
    assert not results[0].ok
    assert len(seen) == 2
    assert slept == []
    assert botocore.endpoint.time is time  # type: ignore[attr-defined] # the stubs hide it


def test_an_error_is_told_by_type_and_text(services: Services, environment: Environment) -> None:
    (result,), seen = _run(services, environment, CONVERSE)
    assert result == CallResult(
        ok=False,
        error_type="NoCredentialsError",
        error="Unable to locate credentials",
        traceback="botocore.exceptions.NoCredentialsError: Unable to locate credentials\n"
        "\nNoCredentialsError('Unable to locate credentials')",
    )
    assert seen == ()
    environment.provide("environment")
    (result,), _ = _run(services, environment, CONVERSE, steps=(throttle(), throttle()))
    assert result.error_type == "ThrottlingException"
    assert "Too many requests" in result.error


def test_wrong_parameters_are_an_error_and_no_request(
    services: Services, environment: Environment
) -> None:
    environment.provide("environment")
    call = Call("bedrock-runtime", "Converse", {"modelId": 1})
    (result,), seen = _run(services, environment, call)
    assert (result.ok, result.error_type, seen) == (False, "ParamValidationError", ())


@pytest.fixture
def uncollected(services: Services, environment: Environment) -> Iterator[None]:
    """What is loaded once is loaded, and nothing is closed by chance."""
    environment.provide("environment")
    _run(services, environment, CONVERSE)
    services.settle()
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
def test_close_drops_the_connections(services: Services, environment: Environment) -> None:
    before = belongings(collected=False)
    connection = Boto3Client().connect("bedrock-runtime", ClientSettings())
    assert isinstance(connection, Boto3Connection)
    with isolated(environment):
        connection.call(CONVERSE)
        connection.call(Call("bedrock-runtime", "ConverseStream"))
    assert belongings(collected=False) != before
    kept = connection._made_client()  # else its connections would go with it
    connection.close()
    connection.close()  # once more changes nothing
    assert kept is not None
    services.settle(collected=False)
    assert belongings(collected=False) == before


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("name", ["ConverseStream", "InvokeModel"])
@pytest.mark.parametrize("fault", [cut(), throttle(), reset()], ids=["cut", "throttled", "reset"])
def test_a_call_that_failed_drops_them_too(
    services: Services, environment: Environment, name: str, fault: Step
) -> None:
    before = belongings(collected=False)
    results, _ = _run(services, environment, Call("bedrock-runtime", name), steps=(fault, fault))
    assert not results[0].ok
    del results  # it holds the error for what pytest would print, and its frames the connection
    gc.collect()
    services.settle(collected=False)
    assert belongings(collected=False) == before


def test_a_connection_that_was_closed_is_built_anew(
    services: Services, environment: Environment
) -> None:
    environment.provide("environment")
    services.endpoint.open(Ledger(environment.keyring))
    connection = Boto3Client().connect("bedrock-runtime", ClientSettings())
    for _ in range(2):
        with isolated(environment):
            assert connection.call(CONVERSE).ok
        connection.close()


def test_sessions_leave_nothing_in_the_shared_loader(
    services: Services, environment: Environment
) -> None:
    _run(services, environment, CONVERSE)
    before = list(shared_loader().search_paths)
    for _ in range(3):
        _run(services, environment, CONVERSE)
    assert shared_loader().search_paths == before


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (CONVERSE, None),
        (Call("bedrock-nonsense", "Any"), "has no service bedrock-nonsense"),
        (Call("bedrock", "FlyToTheMoon"), "has no operation bedrock FlyToTheMoon"),
        (
            Call("bedrock-agentcore-control", "GetMemory", waiter="MemoryCreated"),
            None,
        ),
        (
            Call("bedrock", "ListFoundationModels", waiter="ModelMade"),
            "has no waiter bedrock ModelMade",
        ),
        (Call("s3", "ListBuckets", waiter="Any"), "has no waiter s3 Any"),
        (
            Call("bedrock-runtime", "InvokeModelWithBidirectionalStream"),
            "boto3 offers no operation whose request is an event stream",
        ),
    ],
)
def test_what_is_not_offered_is_said_with_the_reason(call: Call, reason: str | None) -> None:
    said = Boto3Client().not_offered(call, ClientSettings())
    if reason is None and "has no service" in (said or ""):
        pytest.skip(str(said))
    assert (said is None) if reason is None else (said is not None and reason in said)


def test_a_setting_that_this_botocore_lacks_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    def old(**options: Any) -> Config:  # noqa: ANN401 - as Config has it
        if "auth_scheme_preference" in options:
            raise TypeError("Got unexpected keyword argument 'auth_scheme_preference'")
        return Config(**options)

    monkeypatch.setattr(room, "Config", old)
    wish = ClientSettings(preference=Preference.SIGV4_BY_PREFERENCE)
    said = Boto3Client().not_offered(CONVERSE, wish)
    expected = f"botocore {botocore.__version__} has no setting for sigv4 by auth scheme preference"
    assert said == expected
    other = ClientSettings(preference=Preference.SIGV4_BY_VERSION)
    assert Boto3Client().not_offered(CONVERSE, other) is None
