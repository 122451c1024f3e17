"""What a simulated model says in Anthropic's Messages API, at whichever endpoint: SIMULATED."""

from __future__ import annotations

from typing import Any, Final

TEXT: Final = "Hello from a simulated Bedrock."
"""What every simulated model says."""

MESSAGE: Final[dict[str, Any]] = {
    "id": "msg_simulated",
    "type": "message",
    "role": "assistant",
    "model": "simulated",
    "content": [{"type": "text", "text": TEXT}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 3, "output_tokens": 7},
}
"""A message whole."""

MESSAGE_EVENTS: Final[tuple[dict[str, Any], ...]] = (
    {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": TEXT}},
    {"type": "content_block_stop", "index": 0},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"output_tokens": 7},
    },
    {"type": "message_stop"},
)
"""The events of the same message as a stream."""
