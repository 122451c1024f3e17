"""Whatever library sends or signs, and whatever answers: the request is seen as it is."""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.model import CredentialSource
from tests.guard.runs import LONG_TERM, ON, SIGV4, marked
from tests.simulated import aws_canary

if TYPE_CHECKING:
    from tests.plugin.conftest import Run

pytestmark = pytest.mark.usefixtures("keys")

HTTP = """
import asyncio
import httpx
import pytest
import requests
from unittest import mock

URL = "https://bedrock-runtime.eu-central-1.amazonaws.com/model/m/converse"
TOKEN = {"Authorization": "Bearer TOKEN"}


def answer(request):
    return httpx.Response(200, json={})


def test_httpx():
    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        client.post(URL, headers=TOKEN)


def test_httpx_async():
    async def ask():
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
            await client.post(URL, headers=TOKEN)

    asyncio.run(ask())


def test_requests():
    answered = requests.Response()
    answered.status_code = 200
    with mock.patch("requests.adapters.HTTPAdapter.send", return_value=answered):
        with requests.Session() as session:
            session.post(URL, headers=TOKEN, stream=True)


def test_bidirectional():
    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        client.post(
            "https://bedrock-runtime.eu-central-1.amazonaws.com"
            "/model/m/invoke-with-bidirectional-stream",
            headers=TOKEN,
        )


def test_elsewhere():
    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        client.post("https://api.example.com/", headers=TOKEN)
"""


def test_httpx_and_requests(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(test_http=HTTP.replace('TOKEN"}', f'{LONG_TERM}"}}'))
    result = run(*ON, *SIGV4, "-rA", "test_http.py")
    guilty = {"test_httpx", "test_httpx_async", "test_requests", "test_bidirectional"}
    assert marked(result, "FAILED") == guilty
    told = result.stdout.str()
    assert "by level 1 token in code, expected sigv4" in told
    assert LONG_TERM[4:20] not in told.replace(f"Bearer {LONG_TERM}", "")
    result = run(*ON, "-o", "bedrock_auth_expect=bearer", "-rA", "test_http.py")
    assert marked(result, "FAILED") == {"test_bidirectional"}
    told = result.stdout.str()
    assert "LIMIT-4 failed: InvokeModelWithBidirectionalStream was signed with bearer" in told


STUBBED = """
import boto3
from botocore.stub import Stubber


def test_stubbed():
    client = boto3.client("bedrock", region_name="eu-central-1")
    with Stubber(client) as stub:
        stub.add_response("list_custom_models", {})
        stub.add_client_error("list_custom_models")
        client.list_custom_models()
        try:
            client.list_custom_models()
        except client.exceptions.ClientError:
            pass


def test_no_request():
    client = boto3.client("bedrock", region_name="eu-central-1")
    try:
        client.get_custom_model(nonsense=1)
    except Exception as error:
        assert "Unknown parameter" in str(error)
"""


def test_a_stub_gives_no_evidence_and_no_verdict(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(test_stubbed=STUBBED)
    result = run(*ON, "-o", "bedrock_auth_expect=bearer", "test_stubbed.py")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [
            "0 requests to Amazon Bedrock in 1 test",
            "  2 calls with no evidence: stubbed before it was signed",
            "        first in test_stubbed.py::test_stubbed (ListCustomModels, botocore)",
        ]
    )


AIO = """
import asyncio

from aiobotocore.session import get_session


def test_aio():
    async def answer(request, **_):
        raise ZeroDivisionError

    async def ask():
        async with get_session().create_client("bedrock", region_name="eu-central-1") as client:
            client.meta.events.register("before-send.bedrock", answer)
            await client.list_custom_models()

    try:
        asyncio.run(ask())
    except ZeroDivisionError:
        pass
"""


@pytest.mark.skipif(
    find_spec("aiobotocore") is None,
    reason="aiobotocore holds botocore back: the tox environment aiobotocore has it",
)
def test_aiobotocore(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(test_aio=AIO)
    result = run(*ON, "-o", "bedrock_auth_expect=bearer", "test_aio.py", "-rA")
    assert marked(result, "FAILED") == {"test_aio"}
    told = result.stdout.str()
    assert "ListCustomModels was signed with sigv4 by level 3 environment variables" in told
    assert "answered before the transport (moto, a handler), by aiobotocore" in told


def test_keys_in_code_a_process_and_a_file(
    pytester: pytest.Pytester, run: Run, bare: pytest.MonkeyPatch
) -> None:
    code, process = aws_canary(CredentialSource.SETTINGS), aws_canary(CredentialSource.CONFIG)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        bare.delenv(name)
    document = {"Version": 1, "AccessKeyId": process.key_id, "SecretAccessKey": process.secret}
    pytester.makepyfile(give=f"print({json.dumps(document)!r})")
    config = pytester.path / "config"
    config.write_text(f'[default]\ncredential_process = python "{pytester.path / "give.py"}"\n')
    bare.setenv("AWS_CONFIG_FILE", str(config))
    bare.setenv("AWS_MAX_ATTEMPTS", "1")
    pytester.makepyfile(
        test_keys=f"""
        import boto3
        import httpx
        import vcr
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        def asked(**keys):
            client = boto3.client("bedrock", region_name="eu-central-1", **keys)
            client.meta.events.register_first("before-send", lambda **_: 1 / 0)
            try:
                client.list_custom_models()
            except ZeroDivisionError:
                pass

        def test_code():
            asked(aws_access_key_id="{code.key_id}", aws_secret_access_key="{code.secret}")

        def test_process():
            asked()

        def test_process_for_httpx():
            url = "https://bedrock-runtime.eu-central-1.amazonaws.com/model/m/converse"
            credentials = boto3.Session().get_credentials().get_frozen_credentials()
            signed = AWSRequest("POST", url, data=b"{{}}")
            SigV4Auth(credentials, "bedrock", "eu-central-1").add_auth(signed)
            transport = httpx.MockTransport(lambda _: httpx.Response(200))
            with httpx.Client(transport=transport) as client:
                client.post(url, content=b"{{}}", headers=dict(signed.headers))

        def test_process_for_a_cassette(tmp_path):
            client = boto3.client("bedrock", region_name="eu-central-1")
            with vcr.use_cassette(str(tmp_path / "none.yaml"), record_mode="none"):
                try:
                    client.list_custom_models()
                except Exception as error:
                    assert "none.yaml" in str(error)
        """
    )
    result = run(*ON, "-o", "bedrock_auth_expect=sigv4: process", "test_keys.py", "-rA")
    assert marked(result, "FAILED") == {"test_code"}
    told = result.stdout.str()
    assert "sigv4 by level 2 service settings, expected sigv4 by process" in told
    assert "keys passed in code (botocore's word)" in told
    result.stdout.fnmatch_lines(["     3  sigv4 by level 5 credential process *"])
    assert "prepared request, handed to the transport" in told
