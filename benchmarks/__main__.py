"""All benchmarks in one run: `python -m benchmarks [NAME…]`; 1 if a target is missed."""

from __future__ import annotations

import platform
import sys
from importlib import import_module
from importlib.metadata import version

from benchmarks.measuring import say

NAMES = ("start", "wire", "calls", "whole")


def main(names: list[str]) -> int:
    """Print the machine, a table, and what falls short."""
    packages = ("bedrock-authcheck", "boto3", "botocore", "pytest", "vcrpy")
    say(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, ")
    say(", ".join(f"{name} {version(name)}" for name in packages))
    say("\n| what | ours | beside | ratio (spread) | target |\n|---|---|---|---|---|")
    held = [
        (name, good)
        for name in names or NAMES
        for good in import_module(f"benchmarks.{name}").measure()
    ]
    short = [name for name, good in held if not good]
    say(f"\n{len(held) - len(short)} of {len(held)} targets are held")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
