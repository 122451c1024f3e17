"""An environment laid over this process, and taken off again without a trace."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from bedrock_authcheck.environments.network import only_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bedrock_authcheck.environments.environment import Environment

_PREFIXES: Final = ("AWS_", "BOTO_", "BOTOCORE_", "ANTHROPIC_")
_SUFFIXES: Final = ("_PROXY",)
_NAMES: Final = frozenset(
    {
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "SSLKEYLOGFILE",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "NODE_EXTRA_CA_CERTS",
        "PYTHONHTTPSVERIFY",
        "NETRC",  # requests and httpx replace the Authorization header by what it holds
        "_X_AMZN_TRACE_ID",  # AWS Lambda's, which SDKs send along as a header
    }
)


@lru_cache(maxsize=1024)  # each scenario asks twice of each variable that there is
def steers_a_client(name: str) -> bool:
    """Whether a variable may tell a client who it is, where to go or whom to trust."""
    upper = name.upper()
    return upper in _NAMES or upper.startswith(_PREFIXES) or upper.endswith(_SUFFIXES)


@contextmanager
def isolated(
    environment: Environment, extra: Mapping[str, str] | None = None
) -> Iterator[list[str]]:
    """Run a block on the environment's machine, in this process; `extra` variables beside it.

    Yields the list of hosts that a connection was refused to.

    Replaces the variables that steer a client, botocore's paths that were fixed when it was
    imported, and boto3's default session; refuses connections that leave this machine. All
    of it is as before when the block ends, also by an exception. What it replaces belongs to
    the whole process: blocks may stand inside one another, but not in two threads at once.
    """
    with ExitStack() as stack:
        stack.enter_context(_variables(environment.variables | dict(extra or {})))
        stack.enter_context(_botocore_paths(environment))
        stack.enter_context(_default_session())
        yield stack.enter_context(only_loopback())


@contextmanager
def _variables(wanted: Mapping[str, str]) -> Iterator[None]:
    def ours() -> list[str]:
        return [name for name in os.environ if name in wanted or steers_a_client(name)]

    before = {name: os.environ[name] for name in ours()}
    try:
        for name in before.keys() - wanted.keys():
            del os.environ[name]
        os.environ.update(wanted)
        yield
    finally:
        # What the block itself did to other variables is not ours to undo.
        for name in ours():
            if name not in before:
                del os.environ[name]
        os.environ.update(before)


@contextmanager
def _botocore_paths(environment: Environment) -> Iterator[None]:
    """Redirect what botocore derived from the home when it was imported.

    botocore is imported here, in the real home, before anything is redirected: imported
    later it would keep paths of a home that is about to be deleted.
    """
    from botocore import credentials, loaders, tokens, utils  # noqa: PLC0415 - costly, on use

    aws = environment.home / ".aws"
    sso, cache = str(aws / "sso" / "cache"), str(aws / "boto" / "cache")
    json_cache_init = utils.JSONFileCache.__init__
    changes: list[tuple[Any, str, object]] = [
        (credentials.SSOProvider, "_SSO_TOKEN_CACHE_DIR", sso),
        (tokens.SSOTokenProvider, "_SSO_TOKEN_CACHE_DIR", sso),
        (utils.JSONFileCache, "CACHE_DIR", cache),
        (json_cache_init, "__defaults__", (cache, *(json_cache_init.__defaults__ or ())[1:])),
        (loaders.Loader, "CUSTOMER_DATA_PATH", str(aws / "models")),
    ]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in changes]
    try:
        for owner, name, value in changes:
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)


@contextmanager
def _default_session() -> Iterator[None]:
    import boto3  # noqa: PLC0415 - costly, on use

    before = boto3.DEFAULT_SESSION
    boto3.DEFAULT_SESSION = None
    try:
        yield
    finally:
        boto3.DEFAULT_SESSION = before
