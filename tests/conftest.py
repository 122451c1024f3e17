"""What all tests share: profiles of hypothesis, ids that every worker makes alike.

`--hypothesis-profile=nightly` looks fifty times longer, and elsewhere each night.
"""

from __future__ import annotations

import os
from importlib.util import find_spec

pytest_plugins = ["pytester"]

# `pytest --bedrock-authcheck bedrock-authcheck` in a checkout loads this file as well, where
# nothing but the package may be installed.
if find_spec("hypothesis") is not None:
    from hypothesis import HealthCheck, Phase, settings

    settings.register_profile(
        "standard",
        max_examples=200,
        deadline=None,  # a shared runner is slow at times, and no test is about time
        derandomize=os.environ.get("CI") == "true",
        suppress_health_check=[HealthCheck.too_slow],  # is about time as well
    )
    settings.register_profile(
        "nightly",
        settings.get_profile("standard"),
        max_examples=10_000,
        derandomize=False,
        print_blob=True,  # what it found is to be found again elsewhere
    )
    settings.register_profile(  # of docs/mutation.md: the same examples each time, and few
        "mutation",
        settings.get_profile("standard"),
        max_examples=25,
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate),  # a mutant is killed, not explained
    )
    settings.load_profile("standard")

_LONGEST_ID = 60


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name arguments that hold a canary, bytes or a long text by their parameter.

    Canaries differ from process to process, and the workers of pytest-xdist must agree on ids.
    """
    if isinstance(val, bytes):
        return argname
    told = isinstance(val, str) and ("FAKE" in val or "ABSK" in val or len(val) > _LONGEST_ID)
    return argname if told else None
