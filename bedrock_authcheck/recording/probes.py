"""Steps of the plan that no conforming client sends: raw HTTP, through what vcrpy patches."""

from __future__ import annotations

import json
import os
import re
import socket
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from bedrock_authcheck import __version__
from bedrock_authcheck.recording.places import Place
from bedrock_authcheck.recording.plan import Auth
from bedrock_authcheck.spec.catalogue import Catalogue
from bedrock_authcheck.spec.services import SERVICES
from bedrock_authcheck.wire.tokens import fake_long_term_key

if TYPE_CHECKING:
    from botocore.awsrequest import AWSRequest
    from botocore.session import Session

    from bedrock_authcheck.recording.in_play import InPlay
    from bedrock_authcheck.recording.plan import Step

TOKEN_VARIABLE: Final = "AWS_BEARER_TOKEN_BEDROCK"  # noqa: S105 - the name of a variable
NEVER_ISSUED: Final = fake_long_term_key("NEVER-ISSUED")
"""The well-formed token of Auth.INVALID_TOKEN, the same in each recording."""
_LABEL: Final = re.compile(r"\{([^{}+]+)\+?\}")
_SIGNATURE: Final = re.compile(r"(?<=Signature=)[0-9a-f]{64}")
_OTHER_DIGITS: Final = str.maketrans("0123456789abcdef", "123456789abcdef0")
_TIMEOUT: Final = (10, 60)  # seconds to connect and to wait for the answer, as boto3's clients


class ProbeError(RuntimeError):
    """A probe that cannot be made: what it needs is not there."""


def send_probe(step: Step, region: str) -> int:
    """Send one raw request of the plan, from this machine as it is; return the answer's status.

    The environment says where services are, whom to trust and which credentials there are, as it
    does for boto3. ProbeError where a credential or the operation is missing; the errors of
    botocore's HTTP session where nothing answers.
    """
    import botocore.session  # noqa: PLC0415 - costly, on use
    from botocore.httpsession import URLLib3Session  # noqa: PLC0415 - as above
    from botocore.utils import get_environ_proxies  # noqa: PLC0415 - as above

    session = botocore.session.Session(include_builtin_handlers=False)  # they are of clients
    request = _request(step, region)
    _authenticate(request, step.auth, session, region)
    prepared = request.prepare()
    bundle: Any = session.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE")
    options: dict[str, Any] = {  # the stubs know fewer types of them
        "verify": bundle or True,
        "timeout": _TIMEOUT,
        "socket_options": [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],  # as boto3's clients
    }
    http = URLLib3Session(proxies=get_environ_proxies(prepared.url), **options)
    try:
        return int(http.send(prepared).status_code)
    finally:
        http.close()


def add_fakes(in_play: InPlay) -> None:
    """Name what a probe sends that is no credential, so that a cassette tells it from one."""
    in_play.add_secret(NEVER_ISSUED, "token of a fake")


def service_url(service: str, region: str) -> str:
    """Find the address of a service: where the environment sends clients, else AWS's own."""
    facts = SERVICES[service]
    elsewhere = os.environ.get(facts.endpoint_variable) or os.environ.get("AWS_ENDPOINT_URL")
    return (elsewhere or f"https://{Place(service, region).host}").rstrip("/")


def _request(step: Step, region: str) -> AWSRequest:
    """Lay out the request: parameters that the path has no label for are its JSON body."""
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415 - costly, on use

    operation = Catalogue.load().operation(step.service, step.operation)
    if operation is None:
        raise ProbeError(f"this botocore has no {step.service} {step.operation}")
    rest: dict[str, Any] = dict(step.parameters)
    path = _LABEL.sub(lambda label: quote(str(rest.pop(label[1])), safe=""), operation.uri)
    return AWSRequest(
        method=operation.method,
        url=service_url(step.service, region) + path,
        headers={
            "Content-Type": "application/json",
            "User-Agent": f"bedrock-authcheck/{__version__}",
        },
        data=json.dumps(rest).encode(),
    )


def _authenticate(request: AWSRequest, auth: Auth, session: Session, region: str) -> None:
    match auth:
        case Auth.IAM | Auth.WRONG_SIGNATURE:
            _sign(request, session, region)
            if auth is Auth.WRONG_SIGNATURE:
                signed = request.headers["Authorization"]
                wrong = _SIGNATURE.sub(lambda right: right[0].translate(_OTHER_DIGITS), signed)
                del request.headers["Authorization"]  # assigning adds another
                request.headers["Authorization"] = wrong
        case Auth.TOKEN:
            token = os.environ.get(TOKEN_VARIABLE, "").strip()
            if not token:
                raise ProbeError(f"{TOKEN_VARIABLE} is not set")
            request.headers["Authorization"] = f"Bearer {token}"
        case Auth.INVALID_TOKEN:
            request.headers["Authorization"] = f"Bearer {NEVER_ISSUED}"
        case Auth.EMPTY_TOKEN:
            request.headers["Authorization"] = "Bearer "


def _sign(request: AWSRequest, session: Session, region: str) -> None:
    from botocore.auth import SigV4Auth  # noqa: PLC0415 - costly, on use

    credentials = session.get_credentials()
    if credentials is None:
        raise ProbeError("there are no IAM credentials")
    SigV4Auth(credentials.get_frozen_credentials(), "bedrock", region).add_auth(request)
