"""What the plugin costs when it is off, and until its first scenario when it is on."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.measuring import Target, in_turns, row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROUNDS: Final = 21
_BESIDE: Final = {"_hypothesis_pytestplugin": "hypothesis", "pytest_recording.plugin": "recording"}
_CLIENT: Final = (
    "import boto3; boto3.client('bedrock-runtime', region_name='eu-central-1', "
    "aws_access_key_id='fake', aws_secret_access_key='fake')"
)


def measure() -> Iterator[bool]:
    """Time starts in processes of their own; each row is whether it holds its target."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_empty.py").write_text("def test_nothing():\n    pass\n")
        plugins = [name for name in _BESIDE if find_spec(name.partition(".")[0])]
        starts = [
            _process(folder, "-m", "pytest", "-q"),
            _process(folder, "-m", "pytest", "-q", "-p", "bedrock_authcheck.plugin"),
            *(_process(folder, "-m", "pytest", "-q", "-p", name) for name in plugins),
        ]
        bare, ours, *others = in_turns(ROUNDS, *starts)
        yield row("start, off", ours, "bare pytest", bare, Target(more=0.005))
        for name, taken in zip(plugins, others, strict=True):
            row("start, off", ours, _BESIDE[name], taken)
        suite = ("--bedrock-authcheck", "bedrock-authcheck::chain::bearer-converse")
        first = _process(folder, "-m", "pytest", "-q", "-p", "bedrock_authcheck.plugin", *suite)
        on, client = in_turns(ROUNDS // 2, first, _process(folder, "-c", _CLIENT))
        yield row("start, on", on, "import boto3, a client", client, Target(more=0.3))


def _process(folder: str, *arguments: str) -> Callable[[], object]:
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}

    def run() -> object:
        return subprocess.run(  # noqa: S603 - this Python, and words of ours
            [sys.executable, *arguments],
            cwd=folder,
            env=environment,
            check=True,
            capture_output=True,
        )

    return run
