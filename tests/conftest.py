"""Profiles of hypothesis: `--hypothesis-profile=nightly` looks fifty times longer."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester"]

settings.register_profile(
    "standard",
    max_examples=200,
    deadline=None,  # a shared runner is slow at times, and no test is about time
    derandomize=os.environ.get("CI") == "true",
    suppress_health_check=[HealthCheck.too_slow],  # is about time as well
)
settings.register_profile("nightly", settings.get_profile("standard"), max_examples=10_000)
settings.load_profile("standard")
