"""A client without an SDK, right or wrong on purpose, for the tests of everything around it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from bedrock_authcheck.clients.manifest import Manifest, read_manifest

PROGRAM: Final = Path(__file__).with_name("client.py")
_TEXT: Final = """\
contract = 1
name = "reference"
language = "Python"
package = "none"
command = ["{{python}}", "client.py"{options}]
version = ["{{python}}", "client.py", "--version"]

[offers]
settings = ["token"]
process = [{process}]

[offers.operations]
bedrock-runtime = ["Converse"]
bedrock = ["ListFoundationModels"]

[environment]
{environment}
"""


def written(folder: Path, wrong: str = "", *parts: str, **environment: str) -> Path:
    """Write the client into a folder: wrong in a way, with optional parts; return the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "client.py").write_bytes(PROGRAM.read_bytes())
    options = [*(["--be", wrong] if wrong else []), *(["--calls"] if "calls" in parts else [])]
    file = folder / "client.toml"
    file.write_text(
        _TEXT.format(
            options="".join(f', "{option}"' for option in options),
            process=", ".join(f'"{part}"' for part in parts),
            environment="\n".join(f"{n} = '{value}'" for n, value in environment.items()),
        )
    )
    return file


def manifest(folder: Path, wrong: str = "", *parts: str, **environment: str) -> Manifest:
    """Write the client and read its manifest."""
    return read_manifest(written(folder, wrong, *parts, **environment))


PYTHON: Final = sys.executable
