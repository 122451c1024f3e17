"""A manifest as it should be, and each way in which it can be wrong, with the sentence for it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.clients.known import shipped
from bedrock_authcheck.clients.manifest import ManifestError, read_manifest

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = """\
contract = 1
name = "a-client"
language = "Shell"
package = "curl"
command = ["{python}", "client.py"]
version = ["./client", "--version"]
python = ">=3.12"
upstream = "https://example.com/"

[offers]
settings = ["token", "region"]
process = ["calls"]

[offers.operations]
bedrock = "*"
bedrock-runtime = ["Converse"]

[install]
needs = ["sh"]
steps = [["true"]]

[environment]
NAME = "value"
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "client.toml"
    file.write_text(text)
    return file


def test_a_whole_one_is_read(tmp_path: Path) -> None:
    manifest = read_manifest(write(tmp_path, WHOLE))
    assert (manifest.name, manifest.language, manifest.needs) == ("a-client", "Shell", ("sh",))
    assert manifest.settings == {"token", "region"}
    assert manifest.process == {"calls"}
    assert manifest.steps == (("true",),)
    assert manifest.environment == (("NAME", "value"),)
    assert manifest.python is not None
    assert "3.12" in manifest.python
    assert read_manifest(tmp_path) == manifest


def test_operations_are_offered_by_name_or_all(tmp_path: Path) -> None:
    manifest = read_manifest(write(tmp_path, WHOLE))
    assert manifest.offers("bedrock-runtime", "Converse")
    assert not manifest.offers("bedrock-runtime", "InvokeModel")
    assert manifest.offers("bedrock", "ListFoundationModels")
    assert not manifest.offers("bedrock-agent", "ListAgents")


def test_a_command_is_written_out(tmp_path: Path) -> None:
    manifest = read_manifest(write(tmp_path, WHOLE))
    assert manifest.resolved(manifest.command) == [sys.executable, "client.py"]
    assert manifest.resolved(["./client"]) == [str(tmp_path / "./client")]
    program, argument = manifest.resolved(["{venv}/bin/python", "{venv}"])
    assert program.startswith(str(tmp_path / "venv"))
    assert argument == str(tmp_path / "venv")


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("contract = 1", "contract = 2", "contract is 2, expected the number 1"),
        ("contract = 1", "contract = ", "is not valid TOML (Invalid value"),
        ('name = "a-client"', "", "name is missing"),
        ('name = "a-client"', 'name = "A client"', "name is 'A client', expected lower-case"),
        ('language = "Shell"', "language = 3", "language is 3, expected a text that is not empty"),
        ('command = ["{python}", "client.py"]', 'command = "x"', "command is 'x', expected a comm"),
        ('command = ["{python}", "client.py"]', "command = [1]", "command is [1], expected a list"),
        ('python = ">=3.12"', 'python = "new"', "python is 'new', expected a range of versions"),
        ('upstream = "https://example.com/"', "colour = 1", "colour is no key of a manifest; keys"),
        ('["token", "region"]', '["tokens"]', "offers.settings is 'tokens', expected of keys, "),
        ('process = ["calls"]', 'process = ["call"]', "offers.process is 'call', expected of cal"),
        ("bedrock-runtime =", "bedrock-run =", "offers.operations is 'bedrock-run', expected serv"),
        ('["Converse"]', '"Converse"', "offers.operations.bedrock-runtime is 'Converse', expected"),
        ('steps = [["true"]]', 'steps = ["true"]', "install.steps is 'true', expected a command"),
        ("[install]", "[offers.install]", "offers.install is no key of a manifest; keys are opera"),
        ('NAME = "value"', "NAME = 1", "environment.NAME is 1, expected a text"),
    ],
)
def test_what_is_wrong_is_told_by_file_and_key(
    tmp_path: Path, old: str, new: str, text: str
) -> None:
    assert old in WHOLE
    file = write(tmp_path, WHOLE.replace(old, new))
    with pytest.raises(ManifestError) as raised:
        read_manifest(file)
    assert str(raised.value).startswith(f"{file}: {text}")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="cannot be read"):
        read_manifest(tmp_path / "client.toml")


@pytest.mark.parametrize("name", shipped())
def test_those_that_ship_are_right_and_called_as_their_folders(name: str) -> None:
    assert read_manifest(shipped()[name]).name == name
