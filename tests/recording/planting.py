"""Cassettes with a secret planted in them, written as recorders write them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import yaml
from vcr.request import Request
from vcr.serialize import serialize
from vcr.serializers import yamlserializer

from tests.wire.encoders import ENCODERS, invoke_frame

if TYPE_CHECKING:
    from collections.abc import Callable

PLACES: Final = (
    "request header",
    "request header as bytes",
    "path",
    "query",
    "request body",
    "response header",
    "response body",
    "stream",
    "split over a stream",
    "name of a header",
)
"""Where a secret may stand in a recording; what is not ASCII stands in bodies alone."""
BODIES: Final = frozenset({"request body", "response body", "stream"})
SAID: Final = {
    "request header": "request header X-Planted",
    "request header as bytes": "request header Authorization",
    "path": "request URI",
    "query": "request URI",
    "request body": "request body",
    "response header": "response header x-planted",
    "response body": "response body",
    "stream": "response body",
    "split over a stream": "response body",
    "name of a header": "a name in request headers",
}
"""What the scan calls each place."""

URI: Final = "https://bedrock-runtime.eu-central-1.amazonaws.com/model/a.b-v1%3A0/converse"


def interaction(place: str = "", planted: bytes = b"") -> tuple[Request, dict[str, Any]]:
    """A request and its answer as vcrpy holds them, with a secret, perhaps encoded, in a place."""
    text = planted.decode("latin-1")
    uri, body = URI, b'{"messages": [{"role": "user", "content": [{"text": "hello"}]}]}'
    headers: dict[str, Any] = {
        "Authorization": b"AWS4-HMAC-SHA256 Credential=AKIA0FAKE/20260304/eu-central-1/bedrock/"
        b"aws4_request, SignedHeaders=host;x-amz-date, Signature=" + b"8d2fe1960ab7c345" * 4,
        "Content-Type": "application/json",
    }
    answer: dict[str, Any] = {"Content-Type": ["application/json"]}
    reply = b'{"output": {"message": {"content": [{"text": "hi # there"}]}}}'
    match place:
        case "request header":
            headers["X-Planted"] = f"value {text}"
        case "request header as bytes":
            headers["Authorization"] = b"Bearer " + planted
        case "path":
            uri += f"/{quote(text, safe='')}"
        case "query":
            uri += f"?a=b&c={quote(text, safe='')}#d"
        case "request body":
            body = b'{"planted": ' + json.dumps(text).encode() + b"}"
        case "response header":
            answer["x-planted"] = ["first", text]
        case "response body":
            reply = b"before " + planted + b" behind"
        case "stream":
            reply = invoke_frame(b'{"text":"hi"}') + invoke_frame(planted)
        case "split over a stream":
            reply = b"".join(
                invoke_frame(json.dumps({"delta": {"text": text[at : at + 7]}}).encode())
                for at in range(0, len(text), 7)
            )
        case "name of a header":
            headers[text] = "1"
    request = Request("POST", uri, body, headers)
    status = {"code": 200, "message": "OK"}
    return request, {"status": status, "headers": answer, "body": {"string": reply}}


def by_vcrpy(*interactions: tuple[Request, dict[str, Any]]) -> bytes:
    """What vcrpy's own serializer writes."""
    requests, responses = zip(*interactions, strict=True)
    text: str = serialize({"requests": requests, "responses": responses}, yamlserializer)
    return text.encode()


def _plain(*interactions: tuple[Request, dict[str, Any]]) -> dict[str, Any]:
    return {
        "version": 1,
        "interactions": [
            {
                "request": {
                    "method": request.method,
                    "uri": request.uri,
                    "body": request.body,
                    "headers": {name: [value] for name, value in request.headers.items()},
                },
                "response": response,
            }
            for request, response in interactions
        ],
    }


def by_safe_dump(*interactions: tuple[Request, dict[str, Any]]) -> bytes:
    """What PyYAML writes of the same, with references where something stands twice."""
    text: str = yaml.safe_dump(_plain(*interactions), allow_unicode=True, width=60)
    return text.encode()


def by_json(*interactions: tuple[Request, dict[str, Any]]) -> bytes:
    """What a recorder in JSON writes, with octets as characters of the same number."""
    return json.dumps(_plain(*interactions), default=lambda value: value.decode("latin-1")).encode()


def by_json_with_base64(*interactions: tuple[Request, dict[str, Any]]) -> bytes:
    """What one writes that keeps octets in base64, indented."""

    def encoded(value: bytes) -> dict[str, str]:
        return {"base64_string": ENCODERS["base64"](value).decode().strip('"')}

    return json.dumps(_plain(*interactions), default=encoded, indent=1).encode()


def compressed(*interactions: tuple[Request, dict[str, Any]]) -> bytes:
    """A cassette in gzip as a whole."""
    return ENCODERS["gzip in two"](by_vcrpy(*interactions))


WRITERS: Final[dict[str, Callable[..., bytes]]] = {
    "vcrpy": by_vcrpy,
    "safe_dump": by_safe_dump,
    "JSON": by_json,
    "JSON with base64": by_json_with_base64,
    "gzip": compressed,
}
