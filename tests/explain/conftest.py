from __future__ import annotations

from tests.simulated import running_services, services

__all__ = ["running_services", "services"]
