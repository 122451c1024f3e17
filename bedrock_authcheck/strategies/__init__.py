"""Strategies of hypothesis: levels, tokens, credentials, headers and requests to test with.

Needs hypothesis (the extra of the same name), which nothing else in this package imports.
All credentials are fakes: nobody issued them, and none looks real to a secret scanner.
"""

try:
    import hypothesis as _hypothesis  # noqa: F401 - to say what is missing before others do
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "bedrock_authcheck.strategies needs hypothesis: "
        'pip install "bedrock-authcheck[hypothesis]"',
        name=error.name,
    ) from error

from bedrock_authcheck.strategies.awkward import awkward_tokens, model_ids, tokens
from bedrock_authcheck.strategies.chain import (
    credentials,
    levels,
    long_term_keys,
    short_term_keys,
)
from bedrock_authcheck.strategies.received import authorizations, exchanges

__all__ = [
    "authorizations",
    "awkward_tokens",
    "credentials",
    "exchanges",
    "levels",
    "long_term_keys",
    "model_ids",
    "short_term_keys",
    "tokens",
]
