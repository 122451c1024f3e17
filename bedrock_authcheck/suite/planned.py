"""The recording plan in this process: what it is set to, where its cassettes are, how it asks."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

import bedrock_authcheck
from bedrock_authcheck.clients.contract import Call, CallResult, ClientSettings, Preference
from bedrock_authcheck.recording.places import Place
from bedrock_authcheck.recording.plan import Auth, Plan, PlanError
from bedrock_authcheck.recording.probes import send_probe
from bedrock_authcheck.suite.scenario import ROOT

if TYPE_CHECKING:
    from bedrock_authcheck.recording.plan import Step
    from bedrock_authcheck.services.endpoint import Endpoint

LEVELS: Final = ("bearer", "environment")
"""What a simulated machine holds for the plan: the token, and temporary IAM credentials."""
_INI: Final = {"region": "authcheck_record_region", "model": "authcheck_record_model"}


def plan_of(config: pytest.Config) -> Plan:
    """Make the plan that the ini keys ask for; UsageError where they ask for none there is."""
    given = {field: str(config.getini(key)).strip() for field, key in _INI.items()}
    try:
        return Plan(**{field: value for field, value in given.items() if value})
    except PlanError as error:
        keys = ", ".join(_INI.values())
        raise pytest.UsageError(f"the recording plan ({keys}): {error}") from error


def own_folder(config: pytest.Config) -> Path:
    """Find the folder of the plan's cassettes in the project under test."""
    return config.rootpath / (config.getini("authcheck_cassettes") or "cassettes") / ROOT


def shipped_folder() -> Path:
    """Find the folder of the cassettes that ship: in the package, or beside it in a checkout."""
    package = Path(bedrock_authcheck.__file__).parent
    inside = package / "cassettes"
    return (inside if inside.is_dir() else package.parent / "cassettes") / ROOT


def loopback_of(endpoint: Endpoint, region: str) -> dict[str, Place]:
    """Say which service in which Region each address of the endpoint stands for."""
    return {netloc: Place(name, region) for netloc, name in endpoint.addresses().items()}


def call_of(step: Step) -> Call:
    """Say what a step asks a client for."""
    return Call(step.service, step.operation, step.parameters)


def ask(step: Step, region: str) -> CallResult:
    """Send a step from this machine, as its environment is; an answer that refuses is an answer.

    ImportError where boto3 is not installed.
    """
    if step.raw:
        try:
            status = send_probe(step, region)
        except Exception as error:  # noqa: BLE001 - whatever sends it raises
            return CallResult(ok=False, error_type=type(error).__name__, error=str(error))
        return CallResult(ok=status == HTTPStatus.OK)
    from bedrock_authcheck.clients.boto3 import Boto3Client  # noqa: PLC0415 - costly, on use

    connection = Boto3Client().connect(step.service, _settings(step, region))
    try:
        return connection.call(call_of(step))
    finally:
        connection.close()


def not_offered(step: Step) -> str | None:
    """Say what the installed botocore lacks for a step; ImportError where there is none."""
    from bedrock_authcheck.clients.boto3 import Boto3Client  # noqa: PLC0415 - costly, on use

    return Boto3Client().not_offered(call_of(step), _settings(step, None))


def _settings(step: Step, region: str | None) -> ClientSettings:
    # Asked for, or the token would win where there is one (PREF-1).
    preference = Preference.SIGV4_BY_VERSION if step.auth is Auth.IAM else None
    return ClientSettings(region=region, preference=preference)
