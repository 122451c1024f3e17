"""Traffic of services that hand out credentials: what it is, and what is learned from it."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import boto3
import pytest

from bedrock_authcheck.environments.environment import Environment
from bedrock_authcheck.model import CredentialSource
from bedrock_authcheck.recording.credential_services import harvest, is_credential_traffic
from bedrock_authcheck.recording.in_play import InPlay
from tests.simulated import aws_canary, sigv4_headers

if TYPE_CHECKING:
    from tests.simulated import Services

ROLE = aws_canary(CredentialSource.INSTANCE)
FAKE = "FAKE-value-0123456789"


@pytest.mark.parametrize(
    "uri",
    [
        "http://169.254.169.254/latest/api/token",
        "http://169.254.169.254:80/anything",
        "http://[fd00:ec2::254]/latest/meta-data/",
        "http://[fd00:0ec2:0:0::254]/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/latest/meta-data/",
        "http://instance-data/latest/meta-data/",
        "http://instance-data.ec2.internal/latest/meta-data/",
        "http://169.254.170.2/v2/credentials/x",
        "http://169.254.170.23/v1/credentials",
        "http://[fd00:ec2::23]/v1/credentials",
        "https://sts.amazonaws.com/",
        "https://STS.eu-central-1.amazonaws.com:443/?Action=GetCallerIdentity",
        "https://sts.amazonaws.com./",
        "https://sts.cn-north-1.amazonaws.com.cn/",
        "https://sts-fips.us-gov-west-1.amazonaws.com/",
        "https://sts.eu-west-1.api.aws/",
        "https://sts.us-iso-east-1.c2s.ic.gov/",
        "https://sts.eusc-de-east-1.amazonaws.eu/",
        "https://vpce-0a1b-2c3d.sts.us-east-1.vpce.amazonaws.com/",
        "https://portal.sso.eu-central-1.amazonaws.com/federation/credentials",
        "https://portal.sso.cn-north-1.amazonaws.com.cn/federation/credentials",
        "https://oidc.eu-central-1.amazonaws.com/token",
        "https://oidc-fips.us-gov-west-1.amazonaws.com/token",
        "https://eu-central-1.signin.aws.amazon.com/v1/token",
        "https://cn-north-1.signin.amazonaws.cn/v1/token",
        "https://signin.aws.amazon.com/v1/token",
        "https://eu-central-1.oauth.signin.aws/v1/token",
        "https://cognito-identity.eu-central-1.amazonaws.com/",
        "https://rolesanywhere.eu-central-1.amazonaws.com/sessions",
        "https://eks-auth.eu-central-1.api.aws/clusters/c/assume-role-for-pod-identity",
        "https://c1a2b3.credentials.iot.eu-central-1.amazonaws.com/role-aliases/r/credentials",
        "http://127.0.0.1:4711/latest/api/token",
        "http://localhost:4711/latest/meta-data/iam/security-credentials/",
        "http://127.0.0.1:4711/v2/credentials/bedrock-authcheck",
    ],
)
def test_a_service_that_hands_out_credentials(uri: str) -> None:
    assert is_credential_traffic("GET", uri)
    assert is_credential_traffic("POST", uri)


@pytest.mark.parametrize(
    "uri",
    [
        "https://bedrock-runtime.eu-central-1.amazonaws.com/model/m/converse",
        "https://bedrock.eu-central-1.amazonaws.com/latest/api/token",
        "https://sts.example.com/",
        "https://sts.s3.amazonaws.com/v2/credentials",
        "https://sts.amazonaws.com.example.com/",
        "https://mysts.eu-central-1.amazonaws.com/",
        "https://oidc.example.com/token",
        "https://signin.example.com/",
        "http://127.0.0.1:4711/model/m/converse",
        "http://127.0.0.1:4711/latestapi",
        "http://169.254.1.1/",
        "no URI",
        "https://[/",
        "https://a:b/",
        "",
    ],
)
def test_other_traffic(uri: str) -> None:
    assert not is_credential_traffic("GET", uri)


@pytest.mark.parametrize(
    "variable",
    [
        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_ENDPOINT_URL_STS",
        "AWS_ENDPOINT_URL_SSO",
        "AWS_ENDPOINT_URL_SSO_OIDC",
        "AWS_ENDPOINT_URL_SIGNIN",
    ],
)
def test_what_a_variable_names(variable: str) -> None:
    environ = {
        variable: "http://Credentials.example.com/some/path",
        "AWS_ENDPOINT_URL_X": "http://[",
    }
    assert is_credential_traffic("GET", "http://credentials.example.com:80/", environ)
    assert not is_credential_traffic("GET", "http://credentials.example.com:81/", environ)
    assert not is_credential_traffic("GET", "http://credentials.example.com/")


def test_an_address_that_stands_for_all_services_is_decided_by_the_request() -> None:
    url = "http://127.0.0.1:5000"
    environ = {"AWS_ENDPOINT_URL": url, "AWS_ENDPOINT_URL_STS": url}

    def passes(path: str = "/", body: bytes = b"", **headers: str) -> bool:
        pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        return is_credential_traffic("POST", url + path, environ, headers=pairs, body=body)

    signed = {
        service: sigv4_headers(ROLE, "127.0.0.1:5000", "/", service=service)
        for service in ("sts", "bedrock")
    }
    assert passes(Authorization=signed["sts"]["Authorization"])
    assert not passes(Authorization=signed["bedrock"]["Authorization"])
    assert passes(body=b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=x")
    assert passes("/?Action=GetCallerIdentity&Version=2011-06-15")
    assert not passes(body=b"Action=ListThings&Version=2010-05-08")
    assert not passes(body=b'{"Version": "2011-06-15"}')
    assert passes("/federation/credentials?role_name=r")
    assert passes("/x", X_Amz_Target="AWSCognitoIdentityService.GetCredentialsForIdentity")
    assert passes("/latest/api/token")


def test_a_wrong_client_that_signs_for_sts_at_bedrock_is_recorded() -> None:
    host = "bedrock-runtime.eu-central-1.amazonaws.com"
    headers = tuple(sigv4_headers(ROLE, host, service="sts").items())
    assert not is_credential_traffic("POST", f"https://{host}/model/m/converse", headers=headers)


def expected(level: str) -> dict[str, str]:
    return {ROLE.secret: f"secret of {level}", str(ROLE.session_token): f"session token of {level}"}


DOCUMENT = {"AccessKeyId": ROLE.key_id, "SecretAccessKey": ROLE.secret, "Token": ROLE.session_token}
SSO = {
    "roleCredentials": {
        "accessKeyId": ROLE.key_id,
        "secretAccessKey": ROLE.secret,
        "sessionToken": ROLE.session_token,
        "expiration": 1,
    }
}
STS = (
    '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>'
    "<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn></AssumedRoleUser>"
    f"<Credentials><AccessKeyId>{ROLE.key_id}</AccessKeyId><SecretAccessKey>{ROLE.secret}"
    f"</SecretAccessKey><SessionToken>{ROLE.session_token}</SessionToken></Credentials>"
    "</AssumeRoleResult></AssumeRoleResponse>"
)


@pytest.mark.parametrize(
    ("uri", "body", "level"),
    [
        (
            "http://169.254.169.254/latest/meta-data/iam/security-credentials/r",
            json.dumps(DOCUMENT),
            "instance",
        ),
        (
            "http://127.0.0.1:1/latest/meta-data/iam/security-credentials/r",
            json.dumps(DOCUMENT),
            "instance",
        ),
        ("http://169.254.170.2/v2/credentials/x", json.dumps(DOCUMENT, indent=2), "container"),
        ("http://169.254.170.23/v1/credentials", json.dumps(DOCUMENT), "container"),
        ("https://sts.eu-central-1.amazonaws.com/", STS, "role"),
        ("https://somewhere.example.com/", json.dumps({"Credentials": DOCUMENT}), "role"),
        (
            "https://portal.sso.eu-central-1.amazonaws.com/federation/credentials",
            json.dumps(SSO),
            "sso",
        ),
        (
            "https://eu-central-1.signin.aws.amazon.com/v1/token",
            json.dumps({"accessToken": SSO["roleCredentials"]}),
            "login",
        ),
    ],
)
def test_an_answer_is_learned_from(uri: str, body: str, level: str) -> None:
    for data in (body.encode(), gzip.compress(body.encode()), body.encode() + b"\xff torn"):
        in_play = InPlay()
        harvest(uri, (), data, in_play)
        assert in_play.secrets() == expected(level)
        assert in_play.source_of(ROLE.key_id) == level
        assert in_play.accounts() == ({"123456789012"} if body is STS else set())


def test_tokens_are_learned_from_requests_and_answers() -> None:
    names = ("imds", "sent", "ecs", "sso", "refresh", "old", "client", "web")
    fake = {name: f"FAKE-{name}-0123456789" for name in names}
    in_play = InPlay()
    imds = "http://169.254.169.254/latest"
    harvest(f"{imds}/api/token", (), fake["imds"].encode(), in_play)
    harvest(f"{imds}/x", (("X-aws-ec2-metadata-token", fake["sent"]),), b"404", in_play)
    harvest("http://169.254.170.2/v2", (("Authorization", fake["ecs"]),), b"", in_play)
    oidc = "https://oidc.eu-central-1.amazonaws.com/token"
    answer = json.dumps({"accessToken": fake["sso"], "refreshToken": fake["refresh"]}).encode()
    asked = json.dumps({"refreshToken": fake["old"], "clientSecret": fake["client"]}).encode()
    harvest(oidc, (), answer, in_play, request_body=asked)
    form = f"Action=AssumeRoleWithWebIdentity&WebIdentityToken={fake['web']}".encode()
    harvest("https://sts.amazonaws.com/", (), b"", in_play, request_body=form)
    assert in_play.secrets() == {
        fake["imds"]: "metadata token of instance",
        fake["sent"]: "metadata token of instance",
        fake["ecs"]: "authorization token of container",
        fake["sso"]: "access token of sso",
        fake["refresh"]: "refresh token of sso",
        fake["old"]: "refresh token of sso",
        fake["client"]: "client secret of sso",
        fake["web"]: "identity token of role",
    }


@pytest.mark.parametrize(
    "body", [b"", b"\x1f\x8b torn", b"{" * 100_000, b"\x00\xff" * 100, b"[[]]"]
)
def test_an_answer_that_cannot_be_read_adds_nothing(body: bytes) -> None:
    in_play = InPlay()
    harvest("http://169.254.169.254/latest/meta-data/x", (), body, in_play)
    assert in_play.secrets() == {}


@pytest.mark.parametrize("source", ["instance", "container"])
def test_all_that_botocore_asks_the_simulated_metadata_is_credential_traffic(
    source: str, services: Services
) -> None:
    with Environment(services.loop, services.endpoint) as environment:
        environment.provide(source)
        named = ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
        urls = [environment.variables[name] for name in named if name in environment.variables]
    assert urls
    for url in urls:
        assert is_credential_traffic("GET", url, environment.variables)


def test_every_operation_of_sts_that_botocore_knows_is_an_action_of_sts() -> None:
    model = boto3.Session()._session.get_service_model("sts")
    for operation in model.operation_names:
        form = f"Action={operation}&Version={model.api_version}".encode()
        assert is_credential_traffic("POST", "http://moto.example.com/", body=form), operation
