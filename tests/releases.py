"""What tests have to know of the botocore that is installed."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from packaging.version import Version

BOTOCORE = Version(version("botocore"))
LEAKS = Version("1.39.12") > BOTOCORE
"""Releases that send the token to the agents services (LIMIT-2 and LIMIT-3)."""

needs_a_right_client = pytest.mark.skipif(
    LEAKS, reason=f"botocore {BOTOCORE} is itself a wrong client: it breaks LIMIT-2 and LIMIT-3"
)
