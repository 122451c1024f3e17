"""An application that knows nothing of a contract: it asks a model, and is wrong as it is told."""

from __future__ import annotations

import http.client
import os
import ssl
import sys
from urllib.parse import urlsplit

WRONG = sys.argv[1] if len(sys.argv) > 1 else ""


def ask(service: str, path: str, authorization: str) -> None:
    """Send one request."""
    url = urlsplit(os.environ[f"AWS_ENDPOINT_URL_{service}"])
    context = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])
    connection = http.client.HTTPSConnection(url.hostname or "", url.port, context=context)
    headers = {"Authorization": authorization} if authorization else {}
    connection.request("POST" if service == "BEDROCK_RUNTIME" else "GET", path, "{}", headers)
    connection.getresponse().read()
    connection.close()


token = os.environ.get("AWS_BEARER_TOKEN_BEDROCK", "").strip()
if WRONG == "agents-alone":
    keys = os.environ.get("AWS_ACCESS_KEY_ID")
    if keys:  # signed by nobody, but sent to where it belongs
        ask(
            "BEDROCK_AGENT",
            "/agents/",
            "AWS4-HMAC-SHA256 Credential=x, SignedHeaders=x, Signature=x",
        )
    sys.exit(not keys)
if not token and WRONG != "unsigned":
    sys.exit("no API key")
if WRONG != "silent":
    ask("BEDROCK_RUNTIME", "/model/m/converse", f"Bearer {token}" if token else "")
if WRONG == "agent":
    ask("BEDROCK_AGENT", "/agents/", f"Bearer {token}")
