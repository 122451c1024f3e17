"""SigV4: wrong scope, date, session token, body, headers or canonical request."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from botocore.auth import SigV4Auth
from botocore.credentials import Credentials

from tests.suite.wrong_clients.registry import wrong_sending, wrong_signing, wrong_sigv4
from tests.suite.wrong_clients.seams import Signer, body_of, replace_body

if TYPE_CHECKING:
    from http.client import HTTPMessage

    from botocore.awsrequest import AWSPreparedRequest, AWSRequest

    from tests.suite.wrong_clients.seams import Send, Signing

_REGION = "eu-central-1"  # the environment's

_SIGNATURE = {
    "chain::environment-converse": "AUTH-3",
    "chain::shared-list-foundation-models": "AUTH-3",
    "limit::bedrock-agent.CreateAgent-bearer+environment+shared": "AUTH-3",
}
_SCOPE = {
    "chain::environment-converse": "AUTH-4",
    "auth::instance-region-in-code": "AUTH-4",
    "limit::bedrock-agent.ListAgents-bearer+environment+shared": "AUTH-4",
}


@wrong_sigv4(_SCOPE)
class RegionHardCoded(Signer):
    """Signs for us-east-1, wherever the endpoint is."""

    def region(self, _: str) -> str:
        return "us-east-1"


@wrong_sigv4(
    {
        "auth::environment-region-in-code": "AUTH-4",
        "auth::container-region-in-code": "AUTH-4",
    }
)
class RegionOfEnvironment(Signer):
    """Signs for the environment's Region where code names another."""

    def region(self, _: str) -> str:
        return _REGION


@wrong_sigv4(_SCOPE)
class ServiceIsEndpoint(Signer):
    """Signs for the name in the endpoint, bedrock-runtime, instead of bedrock."""

    def service(self, name: str) -> str:
        return f"{name}-runtime"


@wrong_sigv4({"limit::bedrock-agentcore.ListSessions-bearer+environment+shared": "AUTH-4"})
class AgentcoreAsBedrock(Signer):
    """Signs for bedrock at AgentCore."""

    def service(self, name: str) -> str:
        return name.removesuffix("-agentcore")


@wrong_sigv4({"chain::environment-converse": "AUTH-4"})
class OtherTerminator(SigV4Auth):
    """Ends the credential scope in aws5_request, and signs that."""

    def scope(self, request: AWSRequest) -> str:
        return str(super().scope(request)).replace("aws4_request", "aws5_request")

    def credential_scope(self, request: AWSRequest) -> str:
        return str(super().credential_scope(request)).replace("aws4_request", "aws5_request")

    def signature(self, string_to_sign: str, request: AWSRequest) -> str:
        stamp = request.context["timestamp"][:8]
        key = f"AWS4{self.credentials.secret_key}".encode()
        for part in (stamp, _REGION, "bedrock", "aws5_request", string_to_sign):
            key = hmac.digest(key, part.encode(), "sha256")
        return key.hex()


@wrong_sigv4({"chain::environment-converse": "CHAIN-1 AUTH-4"})
class ScopeCutShort(SigV4Auth):
    """Leaves the service out of the credential scope."""

    def scope(self, request: AWSRequest) -> str:
        return str(super().scope(request)).replace("/bedrock/", "/")


class _Shifted(SigV4Auth):
    """Signs for a time that is `minutes` away."""

    minutes = 0

    def canonical_request(self, request: AWSRequest) -> str:
        then = datetime.now(UTC) + timedelta(minutes=self.minutes)
        stamp = then.strftime("%Y%m%dT%H%M%SZ")
        request.context["timestamp"] = stamp
        del request.headers["X-Amz-Date"]
        request.headers["X-Amz-Date"] = stamp
        return str(super().canonical_request(request))


_DATE = {"chain::environment-converse": "AUTH-4", "chain::config-converse-stream": "AUTH-4"}


@wrong_sigv4(_DATE)
class DateStale(_Shifted):
    """Signs for ten minutes ago."""

    minutes = -10


@wrong_sigv4(_DATE)
class DateInTheFuture(_Shifted):
    """Signs for ten minutes from now."""

    minutes = 10


@wrong_sigv4(_DATE)
class DateOfYesterday(_Shifted):
    """Signs for this time yesterday: a key derived once and kept."""

    minutes = -24 * 60


@wrong_sigv4(_SIGNATURE)
class OneDigitOff(SigV4Auth):
    """Gets one hexadecimal digit of the signature wrong."""

    def signature(self, string_to_sign: str, request: AWSRequest) -> str:
        right = str(super().signature(string_to_sign, request))
        return right[:-1] + ("0" if right[-1] != "0" else "1")


@wrong_sigv4(_SIGNATURE)
class SecretTrimmed(Signer):
    """Signs with the secret cut by a character."""

    def keys(self, held: Credentials) -> Credentials:
        return Credentials(held.access_key, held.secret_key[:-1], held.token)


@wrong_sigv4({"auth::environment-model-arn": "AUTH-3", "auth::shared-model-percent": "AUTH-3"})
class PathEncodedOnce(SigV4Auth):
    """Encodes the path once in the canonical request, as for S3."""

    def _normalize_url_path(self, path: str) -> str:
        return path


@wrong_sigv4({"auth::environment-model-arn": "AUTH-3"})
class PathDecoded(SigV4Auth):
    """Signs the path decoded."""

    def _normalize_url_path(self, path: str) -> str:
        return quote(unquote(path), safe="/:~")


@wrong_sigv4({"auth::environment-pages-awkward": "AUTH-3", "auth::shared-pages-awkward": "AUTH-3"})
class QueryEncodedTwice(SigV4Auth):
    """Encodes the query once more in the canonical request."""

    def canonical_query_string(self, request: AWSRequest) -> str:
        return str(super().canonical_query_string(request)).replace("%", "%25")


@wrong_sigv4({"auth::environment-pages-awkward": "AUTH-3"})
class QueryAsAForm(SigV4Auth):
    """Takes `+` in the query for a space in the canonical request."""

    def canonical_query_string(self, request: AWSRequest) -> str:
        return str(super().canonical_query_string(request)).replace("%2B", "%20")


@wrong_sigv4({"chain::environment-converse": "AUTH-3", "chain::shared-invoke-model": "AUTH-3"})
class PayloadOfNothing(SigV4Auth):
    """Signs the hash of an empty body."""

    def payload(self, _: AWSRequest) -> str:
        return "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@wrong_sigv4({"chain::environment-converse": "AUTH-3"})
class PayloadHashOfAnother(SigV4Auth):
    """Sends and signs an X-Amz-Content-Sha256 that is not the body's."""

    def canonical_request(self, request: AWSRequest) -> str:
        request.headers["X-Amz-Content-SHA256"] = "0" * 64
        return str(super().canonical_request(request))


@wrong_sending({"chain::environment-converse": "AUTH-3", "chain::shared-converse": "AUTH-3"})
def body_changed_after_signing(request: AWSPreparedRequest, send: Send) -> object:
    """Changes the body after it was signed."""
    replace_body(request, body_of(request) + b" ")
    return send(request)


@wrong_sending({"chain::environment-list-foundation-models": "AUTH-3"})
def query_added_after_signing(request: AWSPreparedRequest, send: Send) -> object:
    """Adds a parameter to the query after it was signed."""
    request.url += "?byProvider=simulated"
    return send(request)


@wrong_sending({"chain::environment-converse": "AUTH-3"})
def header_changed_after_signing(request: AWSPreparedRequest, send: Send) -> object:
    """Changes a signed header after it was signed."""
    request.headers["Content-Type"] = "application/json; charset=utf-8"
    return send(request)


@wrong_sigv4({"chain::environment-converse": "AUTH-3", "chain::shared-converse": "AUTH-3"})
class HostUnsigned(SigV4Auth):
    """Leaves the host out of the signed headers, so that the request holds at any host."""

    def headers_to_sign(self, request: AWSRequest) -> HTTPMessage:
        headers = super().headers_to_sign(request)
        del headers["host"]
        return headers


@wrong_sigv4({"chain::environment-converse": "AUTH-3"})
class AmzHeaderUnsigned(SigV4Auth):
    """Sends an X-Amz-* header that the signature does not cover."""

    def _inject_signature_to_request(self, request: AWSRequest, signature: str) -> AWSRequest:
        super()._inject_signature_to_request(request, signature)  # type: ignore[misc] # the stubs leave it out
        request.headers["X-Amz-Extra"] = "unsigned"
        return request

    def headers_to_sign(self, request: AWSRequest) -> HTTPMessage:
        headers = super().headers_to_sign(request)
        del headers["X-Amz-Extra"]
        return headers


@wrong_sigv4({"chain::environment-converse": "AUTH-3"})
class SecretInHeader(SigV4Auth):
    """Sends the secret access key along, in a header of its own."""

    def _modify_request_before_signing(self, request: AWSRequest) -> None:
        super()._modify_request_before_signing(request)  # type: ignore[misc] # the stubs leave it out
        request.headers["X-Debug"] = str(self.credentials.secret_key)


@wrong_sigv4(
    {
        "chain::environment-converse": "AUTH-5",
        "chain::instance-converse": "AUTH-5",
        "auth::shared-temporary-converse": "AUTH-5",
    }
)
class SessionTokenMissing(Signer):
    """Leaves out the session token of temporary credentials."""

    def keys(self, held: Credentials) -> Credentials:
        return Credentials(held.access_key, held.secret_key)


@wrong_sigv4({"chain::environment-converse": "AUTH-5", "chain::container-converse": "AUTH-5"})
class SessionTokenUnsigned(SigV4Auth):
    """Sends the session token, but the signature does not cover it."""

    def headers_to_sign(self, request: AWSRequest) -> HTTPMessage:
        headers = super().headers_to_sign(request)
        del headers["x-amz-security-token"]
        return headers


@wrong_sigv4({"chain::shared-converse": "AUTH-5", "auth::environment-long-term-converse": "AUTH-5"})
class SessionTokenInvented(Signer):
    """Sends a session token for long-term credentials."""

    def keys(self, held: Credentials) -> Credentials:
        return Credentials(held.access_key, held.secret_key, held.token or "FAKE/none")


class _AlsoSigned(SigV4Auth):
    """Signs one header more, that a proxy may rewrite."""

    name, value = "", ""

    def headers_to_sign(self, request: AWSRequest) -> HTTPMessage:
        headers = super().headers_to_sign(request)
        headers[self.name] = self.value
        return headers

    def add_auth(self, request: AWSRequest) -> None:
        del request.headers[self.name]
        request.headers[self.name] = self.value
        super().add_auth(request)


_PROXIES = {"chain::environment-converse": "AUTH-8", "chain::config-converse": "AUTH-8"}


@wrong_sigv4(_PROXIES)
class UserAgentSigned(_AlsoSigned):
    """Signs User-Agent."""

    name, value = "user-agent", "wrong/1.0"


@wrong_sigv4(_PROXIES)
class ForwardedSigned(_AlsoSigned):
    """Signs X-Forwarded-For."""

    name, value = "x-forwarded-for", "192.0.2.1"


@wrong_signing({"chain::environment-converse": "AUTH-3"})
def signed_for_another_host(act: Signing) -> None:
    """Signs for the host of AWS and sends to the endpoint."""
    act.header("Host", "bedrock-runtime.eu-central-1.amazonaws.com")
    act.honestly()
    act.header("Host", urlsplit(str(act.request.url)).netloc)


@wrong_signing(
    {
        "chain::environment-converse": "CHAIN-1 AUTH-3 AUTH-5",
        "limit::bedrock-agent.ListAgents-bearer+environment+shared": "LIMIT-4 AUTH-3 AUTH-5",
    }
)
def first_credential_remembered(act: Signing) -> None:
    """Remembers the credential of an earlier client and signs with it for ever."""
    act.by_sigv4(Credentials("ASIA0FAKEEARLIER", "FAKE/earlier", "FAKE/earlier/session"))


@wrong_sigv4(
    {"chain::environment-converse": "AUTH-3", "auth::instance-temporary-converse": "AUTH-3"}
)
class BodyUnsigned(SigV4Auth):
    """Leaves the body out of the signature, and says so."""

    def payload(self, _: AWSRequest) -> str:
        return "UNSIGNED-PAYLOAD"

    def _modify_request_before_signing(self, request: AWSRequest) -> None:
        super()._modify_request_before_signing(request)  # type: ignore[misc] # not in the stubs
        request.headers["X-Amz-Content-Sha256"] = "UNSIGNED-PAYLOAD"
