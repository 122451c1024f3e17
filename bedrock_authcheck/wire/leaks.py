"""Finding a secret in text, in the encodings that it travels in."""

from __future__ import annotations

import base64
import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from bedrock_authcheck.wire.target import percent_decoded

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHORTEST_BASE64 = 8  # characters; less would be found everywhere
_SHORTEST_HEX = 12  # characters, which are as many octets
_LAYERS = 8  # of percent-encoding; bounded, since each costs the length of the target


def token_in_target(target: str, token: str) -> bool:
    """Whether a token travels in a request target, in its path or its query (AUTH-7).

    Seen plain, percent-encoded (in any case, up to eight times over), in base64 or base64url
    at any alignment, and in hexadecimal. A blank token is in no target.
    """
    secret = token.strip()
    if not secret:
        return False
    for _ in range(_LAYERS):
        if holds_secret(target, secret):
            return True
        decoded = percent_decoded(target)
        if decoded == target:
            return False
        target = decoded
    return holds_secret(target, secret)


def holds_secret(text: str, secret: str) -> bool:
    """Whether a text holds a secret, which is not empty.

    Plain; percent-encoded, once or more; escaped as in `repr` or JSON; base64 and base64url,
    wherever the secret begins in what was encoded; hexadecimal, in capitals or not.
    """
    return _may_hold(text, secret) and _pattern(secret).search(text) is not None


def replace_secret(text: str, secret: str, by: str) -> str:
    """Replace a secret, which is not empty, in every form that `holds_secret` sees."""
    return _pattern(secret).sub(by, text) if _may_hold(text, secret) else text


def _may_hold(text: str, secret: str) -> bool:
    return any(landmark in text for landmark in landmarks(secret))


@lru_cache(maxsize=128)
def landmarks(secret: str) -> tuple[str, ...]:
    """Find the longest run of letters and digits in the secret itself and in each code of it.

    Whatever text holds the secret holds one of these as it is. To look for them first is much
    cheaper than to compile the secret's pattern, which costs 1 ms.
    """
    return tuple(
        max(re.findall("[A-Za-z0-9]+", form), key=len, default="")
        for form in (secret, *_base64_cores(secret), *_hexadecimals(secret))
    )


@lru_cache(maxsize=128)
def _pattern(secret: str) -> re.Pattern[str]:
    """Compile the forms of a secret, the plain one first."""
    forms = ["".join(map(_character, secret))]
    forms += ["".join(map(_base64_character, core)) for core in _base64_cores(secret)]
    forms += _hexadecimals(secret)
    return re.compile("|".join(forms))


def _base64_cores(secret: str) -> Iterator[str]:
    """Yield what base64 makes of the secret alone, for each place that it can begin at."""
    raw = secret.encode("utf-8", "surrogatepass")
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + raw).decode("ascii")
        # A character of base64 holds six bits; only those that hold the secret's alone count.
        core = encoded[-(-8 * offset // 6) : 8 * (offset + len(raw)) // 6]
        if len(core) >= _SHORTEST_BASE64:
            yield core


def _hexadecimals(secret: str) -> tuple[str, ...]:
    """Write the secret in hexadecimal digits, small and in capitals; nothing for a short one."""
    digits = secret.encode("utf-8", "surrogatepass").hex()
    return (digits, digits.upper()) if len(digits) >= _SHORTEST_HEX else ()


def _character(character: str) -> str:
    if character.isascii() and character.isalnum():
        return character
    written = {character, repr(character)[1:-1], json.dumps(character)[1:-1]}
    if character in "\"'/":
        written.add(f"\\{character}")  # escaped by some, though repr and JSON need not
    if character == " ":
        written.add("+")  # as forms write it
    longest_first = sorted(written, key=lambda form: (-len(form), form))
    return f"(?:{'|'.join(map(re.escape, longest_first))}|{_percent_encoded(character)})"


def _base64_character(character: str) -> str:
    if character not in "+/":
        return character
    return f"(?:[{'+-' if character == '+' else '/_'}]|{_percent_encoded(character)})"


def _percent_encoded(character: str) -> str:
    octets = character.encode("utf-8", "surrogatepass")
    return "".join(f"(?i:%(?:25)*{octet:02x})" for octet in octets)
