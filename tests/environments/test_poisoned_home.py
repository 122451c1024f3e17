"""A real home full of credentials, in a process of its own: botocore fixes paths at import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

LOOK = """
import json, os
import boto3  # in the real home, before anything is isolated
from botocore import credentials, tokens, utils
from bedrock_authcheck.environments.environment import Environment
from bedrock_authcheck.environments.isolation import isolated
from bedrock_authcheck.services.endpoint import running

def look():
    session = boto3.Session()
    found = session.get_credentials()
    return {
        "credentials": found and found.get_frozen_credentials().access_key,
        "profiles": session.available_profiles,
        "model": "poison" in session.get_available_services(),
        "sso": "poison" in utils.JSONFileCache(credentials.SSOProvider._SSO_TOKEN_CACHE_DIR),
        "sso token": "poison" in utils.JSONFileCache(tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR),
        "roles": "poison" in utils.JSONFileCache(),
        "login": os.path.exists(os.path.expanduser("~/.aws/login/cache/poison.json")),
        "netrc": os.path.exists(os.path.expanduser("~/.netrc")),
    }

before = look()
with running() as (loop, endpoint), Environment(loop, endpoint) as environment:
    with isolated(environment):
        inside = look()
        utils.JSONFileCache()["written"] = {"inside": True}
        written = [p.name for p in environment.home.rglob("written.json")]
print(json.dumps([before, inside, look(), written]))
"""
MODEL = {
    "version": "2.0",
    "metadata": {"apiVersion": "2020-01-01", "endpointPrefix": "poison", "protocol": "json"},
    "operations": {},
    "shapes": {},
}
KEYS = "aws_access_key_id = AKIA0FAKEPOISON00000\naws_secret_access_key = FAKE/poison\n"
NOTHING: dict[str, object] = {
    "credentials": None,
    "profiles": [],
    "model": False,
    "sso": False,
    "sso token": False,
    "roles": False,
    "login": False,
    "netrc": False,
}


@pytest.mark.parametrize(
    ("file", "section", "profiles"),
    [
        (".aws/credentials", "default", ["default"]),
        (".aws/config", "default", ["default"]),
        (".boto", "Credentials", []),
    ],
)
def test_nothing_of_it_is_used_inside_and_all_of_it_after(
    tmp_path: Path, file: str, section: str, profiles: list[str]
) -> None:
    for cache in ("sso/cache", "boto/cache", "login/cache"):
        _write(tmp_path / ".aws" / cache / "poison.json", json.dumps({"accessToken": "FAKE"}))
    _write(tmp_path / ".aws/models/poison/2020-01-01/service-2.json", json.dumps(MODEL))
    _write(tmp_path / ".netrc", "machine 127.0.0.1 login FAKE password FAKE\n")
    _write(tmp_path / file, f"[{section}]\n{KEYS}")
    before, inside, after, written = _look(tmp_path)
    poisoned = dict.fromkeys(NOTHING, True)
    assert before == poisoned | {"credentials": "AKIA0FAKEPOISON00000", "profiles": profiles}
    assert inside == NOTHING
    assert after == before
    assert written == ["written.json"]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _look(home: Path) -> Any:  # noqa: ANN401 - JSON
    inherited = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LD_LIBRARY_PATH")
    environment = {name: os.environ[name] for name in inherited if name in os.environ}
    environment |= {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "PYTHONPATH": os.pathsep.join(sys.path),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
