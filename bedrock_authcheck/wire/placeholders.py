"""Values that stand where a secret would, and are none."""

from __future__ import annotations

import re
from typing import Final

FAKE: Final = "FAKE"
"""The mark of this package's canaries, which are no secrets of anybody."""

_FEWEST_CHARACTERS: Final = 7  # different ones, in a value that somebody made at random
_ANYWHERE: Final = re.compile(
    "example|redacted|placeholder|dummy|sanitized|scrubbed|filtered|masked|changeme|foobar"
    "|x{6}|0{16}|1234567|abcdefg",
    re.IGNORECASE,
)
# Four letters stand in a long secret by chance: these count where a word begins, in a short one.
_WORDS: Final = re.compile(
    r"(?:^|[-_. ])(?:fake|test|mock|stub|your|sample|invalid|insert|removed|hidden|secret|bearer"
    r"|token)|^(?:my|some|not|no)[-_. ]",
    re.IGNORECASE,
)
_LONGEST_OF_WORDS: Final = 64  # characters


def is_placeholder(value: str) -> bool:
    """Whether a value is one that people write in place of a secret, or a canary of ours.

    `REDACTED`, `xxxx`, `test-token`, `YOUR_KEY`, the example keys of AWS's documentation. A
    value that is short enough to be typed is taken for words if it has no digit.
    """
    return (
        len(set(value)) < _FEWEST_CHARACTERS
        or FAKE in value
        or _ANYWHERE.search(value) is not None
        or (len(value) <= _LONGEST_OF_WORDS and _of_words(value))
    )


def _of_words(value: str) -> bool:
    if _WORDS.search(value):
        return True
    digits = any(map(str.isdigit, value))
    return not digits and (value.islower() or value.isupper())
