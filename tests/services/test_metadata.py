from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.services.listener import Listener
from bedrock_authcheck.services.metadata import ROLE, ContainerCredentials, InstanceMetadata
from tests.simulated import REGION, Response, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_authcheck.services.loop import BackgroundLoop

DOCUMENT = {"AccessKeyId": "ASIA0FAKE", "SecretAccessKey": "FAKE/secret", "Token": "FAKE/token"}
TOKEN = "/latest/api/token"
ROLES = "/latest/meta-data/iam/security-credentials/"
TTL = "X-aws-ec2-metadata-token-ttl-seconds"
HELD = "X-aws-ec2-metadata-token"


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Served:
    """A metadata service and the address that it is at."""

    def __init__(self, service: InstanceMetadata | ContainerCredentials, url: str) -> None:
        self.service = service
        self.url = url
        self.clock = Clock()
        service._clock = self.clock

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None) -> Response:
        return send(self.url, path, headers or {}, method=method)

    def token(self, ttl: int = 300) -> str:
        return self.ask("PUT", TOKEN, {TTL: str(ttl)}).body.decode()


@pytest.fixture
def instance(loop: BackgroundLoop) -> Iterator[Served]:
    service = InstanceMetadata(DOCUMENT, REGION)
    with Listener(service, loop) as listener:
        yield Served(service, listener.url)


@pytest.fixture
def container(loop: BackgroundLoop) -> Iterator[Served]:
    service = ContainerCredentials(DOCUMENT, "FAKE-authorization")
    with Listener(service, loop) as listener:
        yield Served(service, listener.url)


@pytest.mark.parametrize("ttl", ["1", "300", "21600"])
def test_a_token_is_given_by_put_with_a_lifetime(instance: Served, ttl: str) -> None:
    answer = instance.ask("PUT", TOKEN, {TTL: ttl})
    assert answer.status == 200
    assert answer.headers["x-aws-ec2-metadata-token-ttl-seconds"] == ttl
    assert len(answer.body) > 20


@pytest.mark.parametrize(
    "ttl", [None, "", "0", "-1", "21601", "1.5", "six", "\u00b2", "9" * 5000, " "]
)
def test_a_wrong_lifetime_is_a_bad_request(instance: Served, ttl: str | None) -> None:
    headers = {} if ttl is None else {TTL: ttl}
    assert instance.ask("PUT", TOKEN, headers).status == 400
    assert not instance.service._tokens  # type: ignore[union-attr] # an InstanceMetadata


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_token_is_given_by_nothing_but_put(instance: Served, method: str) -> None:
    assert instance.ask(method, TOKEN, {TTL: "60"}).status == 405


def test_no_two_tokens_are_alike(instance: Served) -> None:
    assert instance.token() != instance.token()


@pytest.mark.parametrize("path", [ROLES, ROLES + ROLE, "/latest/meta-data/placement/region"])
def test_nothing_is_told_without_the_token(instance: Served, path: str) -> None:
    instance.token()
    for headers in ({}, {HELD: "wrong"}, {HELD: ""}):
        answer = instance.ask("GET", path, headers)
        assert answer.status == 401
        assert b"FAKE" not in answer.body


def test_a_token_expires(instance: Served) -> None:
    held = {HELD: instance.token(ttl=60)}
    instance.clock.now += timedelta(seconds=59)
    assert instance.ask("GET", ROLES, held).status == 200
    instance.clock.now += timedelta(seconds=1)
    assert instance.ask("GET", ROLES, held).status == 401
    assert instance.ask("GET", ROLES, {HELD: instance.token()}).status == 200


def test_what_passed_a_proxy_is_forbidden(instance: Served) -> None:
    passed = {"X-Forwarded-For": "10.0.0.1"}
    assert instance.ask("PUT", TOKEN, {TTL: "60"} | passed).status == 403
    assert instance.ask("GET", ROLES, {HELD: instance.token()} | passed).status == 403


@pytest.mark.parametrize("path", [ROLES, ROLES.rstrip("/"), f"{ROLES}?x=1"])
def test_the_role_is_listed(instance: Served, path: str) -> None:
    answer = instance.ask("GET", path, {HELD: instance.token()})
    assert (answer.status, answer.body.decode()) == (200, ROLE)


def test_the_credentials_of_the_role_expire_in_hours(instance: Served) -> None:
    answer = instance.ask("GET", ROLES + ROLE, {HELD: instance.token()})
    assert json.loads(answer.body) == {
        "Code": "Success",
        "Type": "AWS-HMAC",
        "LastUpdated": "2026-03-04T05:06:07Z",
        **DOCUMENT,
        "Expiration": "2026-03-04T11:06:07Z",
    }


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/latest/meta-data/placement/region", REGION),
        ("/latest/meta-data/placement/availability-zone", f"{REGION}a"),
    ],
)
def test_the_place_is_told(instance: Served, path: str, text: str) -> None:
    assert instance.ask("GET", path, {HELD: instance.token()}).body.decode() == text


@pytest.mark.parametrize("path", [f"{ROLES}another-role", f"{ROLES}{ROLE}/x", "/latest", "/"])
def test_what_is_not_there_is_not_found(instance: Served, path: str) -> None:
    assert instance.ask("GET", path, {HELD: instance.token()}).status == 404


def test_metadata_is_read_only(instance: Served) -> None:
    assert instance.ask("POST", ROLES, {HELD: instance.token()}).status == 405


def test_every_request_is_kept_with_its_status(instance: Served) -> None:
    instance.ask("GET", ROLES)
    instance.ask("GET", ROLES, {HELD: instance.token()})
    kept = [(e.method, e.status, e.service) for e in instance.service.exchanges]
    name = "instance-metadata"
    assert kept == [("GET", 401, name), ("PUT", 200, name), ("GET", 200, name)]


def test_a_container_role_is_told_to_who_is_authorised(container: Served) -> None:
    path = ContainerCredentials.path
    answer = container.ask("GET", path, {"Authorization": "FAKE-authorization"})
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.body) == {
        "RoleArn": f"arn:aws:iam::000000000000:role/{ROLE}",
        **DOCUMENT,
        "Expiration": "2026-03-04T11:06:07Z",
    }


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", ContainerCredentials.path, {}, 401),
        ("GET", ContainerCredentials.path, {"Authorization": "wrong"}, 401),
        ("GET", ContainerCredentials.path, {"Authorization": "Bearer FAKE-authorization"}, 401),
        ("GET", "/v2/credentials/other", {"Authorization": "FAKE-authorization"}, 404),
        ("GET", "/", {}, 404),
        ("PUT", ContainerCredentials.path, {"Authorization": "FAKE-authorization"}, 405),
    ],
)
def test_a_container_role_is_told_to_nobody_else(
    container: Served, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    answer = container.ask(method, path, headers)
    assert answer.status == status
    assert b"FAKE" not in answer.body
    assert [e.status for e in container.service.exchanges] == [status]


@pytest.mark.parametrize("left_out", list(DOCUMENT))
def test_a_half_document_is_served_as_half(loop: BackgroundLoop, left_out: str) -> None:
    document = {name: value for name, value in DOCUMENT.items() if name != left_out}
    with Listener(ContainerCredentials(document, "FAKE"), loop) as listener:
        answer = send(
            listener.url, ContainerCredentials.path, {"Authorization": "FAKE"}, method="GET"
        )
    assert left_out not in json.loads(answer.body)
    assert document.items() <= json.loads(answer.body).items()
