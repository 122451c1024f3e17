"""Whether a client knows the sessions of `aws login`: they came late, and need more than botocore.

Source: botocore's `credentials.LoginProvider` and its extra `crt`, seen in what is installed.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bedrock_authcheck.clients.contract import Client


def login_not_offered(client: Client) -> str | None:
    """Say why a client signs by no session of `aws login`; None where it does."""
    if not client.in_process:
        return f"nothing says whether {client.name} knows sessions of `aws login`"
    from botocore import compat, credentials  # noqa: PLC0415 - costly, on use

    if not hasattr(credentials, "LoginProvider"):
        return f"botocore {version('botocore')} knows no sessions of `aws login`"
    if getattr(compat, "EC", None) is None:
        return "sessions of `aws login` need botocore[crt], which is not installed"
    return None
