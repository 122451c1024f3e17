"""Fingerprints of API keys: whether two are the same, told without either.

A fingerprint tells nothing that could be guessed: what stands in it is a hash of a secret that
AWS drew at random (a long-term key) or computed with one (the signature of a short-term key),
of 128 bits and more. What is no such key may be a word, and has none.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from bedrock_authcheck.wire.tokens import ApiKeyCode, read_api_key

FINGERPRINT: Final = re.compile(r"k1:[0-9a-f]{24}")
"""The form of a fingerprint: the version of how it is made, and 96 bits."""

_DOMAIN: Final = b"bedrock-authcheck fingerprint of an API key, version 1\0"
_LEAST: Final = 64  # characters; real keys have 130 and more
_DIGITS: Final = 24
_HARMLESS: Final = frozenset({ApiKeyCode.LIFETIME})
"""Findings about a key that is whole nevertheless."""


def fingerprint(key: str) -> str | None:
    """Make the fingerprint of an API key, white space around it aside.

    SHA-256 over a text of this package's own and the key, cut to 24 hexadecimal digits. None
    for what does not have the format of a key, or is too short to hold a secret.
    """
    key = key.strip()
    read = read_api_key(key)
    whole = {finding.code for finding in read.findings} <= _HARMLESS
    if not whole or len(key) < _LEAST:
        return None
    digest = hashlib.sha256(_DOMAIN + key.encode("utf-8", "surrogatepass"))
    return f"k1:{digest.hexdigest()[:_DIGITS]}"
