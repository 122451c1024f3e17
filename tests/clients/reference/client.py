"""A client of Bedrock without an SDK: http.client, and a bearer header made by hand.

It keeps to the contract, knows two operations and one level, and has neighbours that do not:
`client.py --be WRONG` does what the name says.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

VERSION = "1.2.3"


def send(request: dict[str, Any], token: str) -> dict[str, Any]:
    """Make the call that a request asks for."""
    url = urlsplit(request["endpoints"][request["service"]])
    parameters = dict(request["parameters"])
    if request["operation"] == "Converse":
        method, path = "POST", f"/model/{quote(parameters.pop('modelId'), safe='')}/converse"
    else:
        method, path = "GET", "/foundation-models"
    context = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])
    connection = http.client.HTTPSConnection(url.hostname or "", url.port, context=context)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        connection.request(
            method, path, json.dumps(parameters) if method == "POST" else None, headers
        )
        response = connection.getresponse()
        body = response.read().decode()
    finally:
        connection.close()
    if response.status == http.HTTPStatus.OK:
        return {"ok": True}
    kind = response.getheader("x-amzn-errortype", "HTTPError").partition(":")[0]
    return {"ok": False, "error_type": kind, "error": body}


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Answer a request, by the token in code or in the environment."""
    token = request["settings"].get("token") or os.environ.get("AWS_BEARER_TOKEN_BEDROCK", "")
    if not token.strip():
        return {"ok": False, "error_type": "NoCredentials", "error": "no API key was found"}
    if request["operation"] not in ("Converse", "ListFoundationModels"):
        return {"not_offered": f"no operation {request['operation']}"}
    return send(request, token.strip())


def misbehave(wrong: str, request: dict[str, Any]) -> None:
    """Do what the name says, before or in place of an answer."""
    match wrong:
        case "hangs":
            answer(request)
            time.sleep(3600)
        case "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        case "crashes":
            raise RuntimeError(f"no idea what to do with {os.environ['AWS_BEARER_TOKEN_BEDROCK']}")
        case "garbles":
            print("<html>garbage</html>")
            sys.exit()
        case "says-nothing":
            sys.exit()
        case "floods":
            for _ in range(1600):
                sys.stdout.write("x" * 65536)
            sys.exit()
        case "floods-stderr":
            for _ in range(1600):
                sys.stderr.write("x" * 65536)
            sys.exit()
        case "forks" | "daemonises":
            command = [sys.executable, "-c", "import time; time.sleep(3600)"]
            apart = wrong == "daemonises"
            null = subprocess.DEVNULL
            child = subprocess.Popen(
                command, start_new_session=apart, stdin=null, stdout=null, stderr=null
            )
            Path(os.environ["CHILD_PID_FILE"]).write_text(str(child.pid))
        case "sends-nothing":
            print(json.dumps({"ok": True}))
            sys.exit()
        case "goes-elsewhere":
            try:
                urllib.request.urlopen("https://bedrock-runtime.eu-central-1.amazonaws.com/")
            except OSError as error:
                print(json.dumps({"ok": False, "error_type": "OSError", "error": str(error)}))
            sys.exit()
        case "exits-1":
            print(json.dumps(answer(request)))
            sys.exit(1)
        case "judges":
            print(json.dumps({"ok": True, "verdict": "passed"}))
            sys.exit()
        case "writes-home":
            folder = Path(os.environ["REAL_HOME"], ".aws")
            folder.mkdir()
        case "leaves-out-error":
            print(json.dumps({"ok": False}))
            sys.exit()
        case "tells-environment":
            print(
                json.dumps(
                    {"ok": False, "error_type": "Told", "error": json.dumps(dict(os.environ))}
                )
            )
            sys.exit()
        case "tells-request":
            print(json.dumps({"ok": False, "error_type": "Request", "error": json.dumps(request)}))
            sys.exit()


def main() -> None:
    """Answer one request, or each line of several with `--calls`."""
    if "--version" in sys.argv:
        print(f"reference {VERSION}")
        return
    wrong = sys.argv[sys.argv.index("--be") + 1] if "--be" in sys.argv else ""
    for line in sys.stdin if "--calls" in sys.argv else [sys.stdin.readline()]:
        request = json.loads(line)
        for name, value in request.get("environment", {}).items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        misbehave(wrong, request)
        if request.get("log_level") == "DEBUG":
            print("DEBUG:reference:about to call", file=sys.stderr)
        print(json.dumps({"ok": True} if "prepare" in request else answer(request)), flush=True)


main()
