"""The operations of Mantle, by names of ours: no service model describes them.

Source: Amazon Bedrock user guide, "APIs supported by Amazon Bedrock" and "Inference using
Anthropic Messages API"; which model answers below which prefix is not simulated.
"""

from __future__ import annotations

from typing import Final

from bedrock_authcheck.spec.catalogue import BEARER_TRAIT, SIGV4_TRAIT, Operation
from bedrock_authcheck.spec.services import MANTLE


def _operation(name: str, method: str, uri: str) -> Operation:
    return Operation(
        service=MANTLE.name,
        name=name,
        method=method,
        uri=uri,
        target=None,
        signing_name=MANTLE.signing_name,
        event_stream_input=False,
        event_stream_output=False,
        streaming_output=False,
        model_schemes=(SIGV4_TRAIT, BEARER_TRAIT),
        guide_accepts_api_key=True,
        guide_rule="",
    )


OPERATIONS: Final = (
    *(
        _operation(name, method, f"{prefix}{uri}")
        for prefix in ("/v1", "/openai/v1")
        for name, method, uri in (
            ("ChatCompletions", "POST", "/chat/completions"),
            ("Responses", "POST", "/responses"),
            ("ListModels", "GET", "/models"),
            ("GetModel", "GET", "/models/{model}"),
        )
    ),
    _operation("Messages", "POST", "/anthropic/v1/messages"),
    _operation("CountTokens", "POST", "/anthropic/v1/messages/count_tokens"),
)
"""The same name for the same operation below both prefixes of the OpenAI API."""
