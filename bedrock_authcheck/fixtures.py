"""Fixtures for downstream projects; light to import, for every pytest run loads them."""

from __future__ import annotations

import pytest

LEVELS = ("bearer", "settings", "environment", "shared", "config", "instance")
