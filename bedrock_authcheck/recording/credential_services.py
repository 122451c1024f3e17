"""Services that hand out credentials: their traffic never enters a cassette, but is learned from.

Sources: AWS SDKs and Tools reference guide (IMDS, container, IAM Identity Center and STS
credential providers); the endpoint rules that botocore ships.
"""

from __future__ import annotations

import ipaddress
import re
import zlib
from html import unescape
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

from bedrock_authcheck.recording.accounts import accounts_in
from bedrock_authcheck.recording.cassette import Recording
from bedrock_authcheck.recording.json_text import json_strings
from bedrock_authcheck.recording.places import is_loopback, place_of
from bedrock_authcheck.recording.secret_names import SECRET_NAMES, normal_name
from bedrock_authcheck.wire.authorization import split_credentials
from bedrock_authcheck.wire.evidence import read_evidence

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.parse import SplitResult

    from bedrock_authcheck.recording.cassette import Headers
    from bedrock_authcheck.recording.in_play import InPlay

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})

_INSTANCE_ADDRESSES: Final = frozenset({"169.254.169.254", "fd00:ec2::254"})
_CONTAINER_ADDRESSES: Final = frozenset({"169.254.170.2", "169.254.170.23", "fd00:ec2::23"})
_INSTANCE_NAMES: Final = re.compile(
    r"instance-data(?:\.ec2\.internal|\.[a-z0-9-]+\.compute\.internal)?"
)
_DOMAIN: Final = (
    r"(?:amazonaws\.com(?:\.cn)?|amazonaws\.eu|api\.aws(?:\.(?:hci\.)?ic\.gov|\.scloud)?"
    r"|api\.amazonwebservices\.(?:com\.cn|eu)|c2s\.ic\.gov|sc2s\.sgov\.gov|csp\.hci\.ic\.gov"
    r"|cloud\.adc-e\.uk|api\.cloud-aws\.adc-e\.uk)"
)
# VPC endpoints put labels before the service, FIPS endpoints `-fips` behind it.
_SERVICE_HOST: Final = re.compile(
    r"(?:[a-z0-9-]+\.)*(?P<service>sts|portal\.sso|oidc|signin|cognito-identity|rolesanywhere"
    r"|eks-auth|credentials\.iot)(?:-fips)?"
    rf"(?:\.[a-z]{{2,}}(?:-[a-z]+)+-[0-9]+)?(?:\.vpce)?\.{_DOMAIN}"
)
_SIGN_IN_HOST: Final = re.compile(
    r"(?:[a-z0-9-]+\.)*signin(?:-fips)?\.(?:aws|aws\.amazon\.com|amazonaws(?:\.cn|-us-gov\.com"
    r"|-eusc\.eu)|[a-z0-9]+home\.(?:ic\.gov|sgov\.gov|hci\.ic\.gov|adc-e\.uk))"
)
_SOURCES: Final = {
    "sts": "role",
    "portal.sso": "sso",
    "oidc": "sso",
    "signin": "login",
}
_NAMED_BY: Final = {
    "AWS_EC2_METADATA_SERVICE_ENDPOINT": "instance",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "container",
    "AWS_ENDPOINT_URL_STS": "role",
    "AWS_ENDPOINT_URL_SSO": "sso",
    "AWS_ENDPOINT_URL_SSO_OIDC": "sso",
    "AWS_ENDPOINT_URL_SIGNIN": "login",
}
_INSTANCE_PATH: Final = re.compile(r"/latest/(?:api/token|meta-data|dynamic|user-data)(?:/|$)")
_CONTAINER_PATH: Final = re.compile(r"/v[0-9]+/credentials(?:/|$)")
_SSO_PATH: Final = re.compile(r"/(?:federation/credentials|assignment/(?:accounts|roles))(?:/|$)")
_SCOPES: Final = {
    "sts": "role",
    "cognito-identity": "role",
    "rolesanywhere": "role",
    "eks-auth": "container",
    "awsssoportal": "sso",
    "sso-oauth": "sso",
    "signin": "login",
}
_STS_VERSION: Final = "2011-06-15"
"""The version of STS's API, which each of its requests names; no other service shares it."""
_ELEMENT: Final = re.compile(r"<(?:\w+:)?(\w+)(?:\s[^<>]*)?>([^<]*)</")
_LARGEST: Final = 1024**2  # bytes of an answer with credentials, decompressed
_HEADERS: Final = {
    "x-aws-ec2-metadata-token": "metadata token",
    "x-amz-sso_bearer_token": "access token",
    "x-amz-security-token": "session token",
}
_BODY_NAMES: Final = {
    "token": "session token",
    "devicecode": "device code",
    "assertion": "identity token",
    "code": "authorization code",
    "codeverifier": "authorization code",
}
"""What is a secret in the requests and answers of these services alone."""


def is_credential_traffic(
    method: str,
    uri: str,
    environ: Mapping[str, str] = _NOTHING,
    *,
    headers: Headers = (),
    body: bytes = b"",
) -> bool:
    """Whether a request goes to a service that hands out credentials.

    Instance metadata, the container endpoints of ECS and EKS, STS, IAM Identity Center and its
    OIDC, sign-in, Cognito identities, Roles Anywhere; by AWS's hosts and addresses, by what
    `environ` calls their endpoint, on loopback by path. `GetCallerIdentity` is STS as well and is
    left out too: it tells the account and the user. Where one address stands for all services
    (`AWS_ENDPOINT_URL`, moto's server) headers and body of the request decide: the scope that it
    is signed for, the action that it asks for.
    """
    return _source(Recording(method, uri, headers, body), environ) is not None


def harvest(
    uri: str,
    request_headers: Headers,
    answer_body: bytes,
    in_play: InPlay,
    environ: Mapping[str, str] = _NOTHING,
    *,
    request_body: bytes = b"",
) -> None:
    """Add the secrets that a request to such a service and its answer hold, with their level.

    The level is `instance`, `container`, `role` (STS and what is like it), `sso` or `login`.
    What is not readable as JSON or XML adds what can be found in it.
    """
    request = Recording("", uri, request_headers, request_body)
    level = _source(request, environ) or "role"
    _harvest_headers(request, level, in_play)
    parts = urlsplit(uri)
    for text in (parts.query, request_body.decode("utf-8", "replace")):
        for name, value in [*parse_qsl(text), *json_strings(text)]:
            _add(name, value, level, in_play)
    answer = _inflated(answer_body).decode("utf-8", "replace")
    if parts.path == "/latest/api/token":
        in_play.add_secret(answer, f"metadata token of {level}")
    elements = ((name, unescape(value)) for name, value in _ELEMENT.findall(answer))
    for name, value in [*json_strings(answer), *elements]:
        _add(name, value, level, in_play)
    for account in accounts_in(answer):
        in_play.add_account(account)


def _source(request: Recording, environ: Mapping[str, str]) -> str | None:
    """Find the level that a request's answer provides; None for other traffic."""
    try:
        parts = urlsplit(request.uri)
        host, netloc = (parts.hostname or "").removesuffix("."), _netloc(request.uri)
    except ValueError:
        return None
    address = _address(host)
    if address in _INSTANCE_ADDRESSES or _INSTANCE_NAMES.fullmatch(host):
        return "instance"
    if address in _CONTAINER_ADDRESSES:
        return "container"
    service = _SERVICE_HOST.fullmatch(host)
    if service is not None:
        return _SOURCES.get(service["service"], "role")
    if _SIGN_IN_HOST.fullmatch(host):
        return "login"
    named = _named(environ).get(netloc)
    if named is None and is_loopback(netloc):
        named = _by_path(parts.path)
    if named is None and place_of(parts.netloc) is None:  # what asks Bedrock for STS is kept
        named = _by_content(request, parts)
    return named


def _netloc(uri: str) -> str:
    parts = urlsplit(uri)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return f"{(parts.hostname or '').removesuffix('.')}:{parts.port or default}"


def _address(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return str(getattr(address, "ipv4_mapped", None) or address)


def _named(environ: Mapping[str, str]) -> dict[str, str]:
    """Find the addresses that variables name; not those that stand for Bedrock as well."""
    named: dict[str, str] = {}
    shared: set[str] = set()
    for name, value in environ.items():
        upper = name.upper()
        try:
            if upper in _NAMED_BY and value:
                named.setdefault(_netloc(value), _NAMED_BY[upper])
            elif upper.startswith("AWS_ENDPOINT_URL") and value:
                shared.add(_netloc(value))
        except ValueError:
            continue  # no URL: no client can follow it either
    return {netloc: level for netloc, level in named.items() if netloc not in shared}


def _by_path(path: str) -> str | None:
    if _INSTANCE_PATH.match(path):
        return "instance"
    return "container" if _CONTAINER_PATH.match(path) else None


def _by_content(request: Recording, parts: SplitResult) -> str | None:
    evidence = read_evidence(request.exchange())
    if evidence.scope is not None and evidence.scope.service in _SCOPES:
        return _SCOPES[evidence.scope.service]
    if request.header("x-amz-sso_bearer_token") is not None or _SSO_PATH.match(parts.path):
        return "sso"
    if request.header("x-aws-ec2-metadata-token") is not None:
        return "instance"
    if (request.header("X-Amz-Target") or "").startswith("AWSCognitoIdentityService."):
        return "role"
    form = (
        request.body.decode("latin-1") if _STS_VERSION.encode() in request.body[:_LARGEST] else ""
    )
    for name, value in parse_qsl(parts.query) + parse_qsl(form):
        if name == "Version" and value == _STS_VERSION:
            return "role"
    return None


def _harvest_headers(request: Recording, level: str, in_play: InPlay) -> None:
    for name, value in request.headers:
        lowered = name.lower()
        if lowered in _HEADERS:
            in_play.add_secret(value, f"{_HEADERS[lowered]} of {level}")
        elif lowered == "authorization" and level == "container":
            in_play.add_secret(value, f"authorization token of {level}")
        elif lowered == "authorization":
            for part in split_credentials(value):
                if part.scheme == "bearer":
                    in_play.add_secret(part.text, f"access token of {level}")


def _add(name: str, value: str, level: str, in_play: InPlay) -> None:
    normal = normal_name(name)
    if normal == "accesskeyid":
        in_play.add_key_id(value, level)
    elif normal in {"account", "accountid"}:
        in_play.add_account(value)
    elif what := SECRET_NAMES.get(normal) or _BODY_NAMES.get(normal):
        in_play.add_secret(value, f"{what} of {level}")


def _inflated(body: bytes) -> bytes:
    if not body.startswith(b"\x1f\x8b"):
        return body
    try:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(body, _LARGEST)
    except zlib.error:
        return body
