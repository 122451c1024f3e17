"""AWS account ids: found where they are certain to be one, and made equal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

NO_ACCOUNT: Final = "000000000000"

_COLON: Final = r"(?::|%(?:25)*3[aA])"  # percent-encoded by some clients, once or more
_PART: Final = r"[A-Za-z0-9-]*"
_ARN: Final = re.compile(
    rf"(?P<before>arn{_COLON}aws{_PART}{_COLON}{_PART}{_COLON}{_PART}{_COLON})"
    r"(?P<account>[0-9]{12})(?![0-9])"
)
_REGISTRY: Final = re.compile(r"(?<![0-9])(?P<account>[0-9]{12})(?=\.dkr[.-]ecr[.-])")
_SEGMENT: Final = re.compile(
    r"(?P<before>^|/|:|%(?:25)*(?:2[fF]|3[aA]))(?P<account>[0-9]{12})(?=$|[/:?%])"
)


def accounts_in(text: str) -> set[str]:
    """Find the account ids in ARNs, and in hosts of container registries."""
    if "arn" not in text and ".dkr" not in text:
        return set()
    found = {match["account"] for form in (_ARN, _REGISTRY) for match in form.finditer(text)}
    return found - {NO_ACCOUNT}


def one_account(text: str, known: Iterable[str] = ()) -> str:
    """Write 000000000000 for the account ids in ARNs, whose colons may be percent-encoded.

    `known` ids are replaced wherever they stand by themselves; other numbers of 12 digits stay,
    for they may be anything.
    """
    if "arn" in text:
        text = _ARN.sub(rf"\g<before>{NO_ACCOUNT}", text)
    if ".dkr" in text:
        text = _REGISTRY.sub(NO_ACCOUNT, text)
    for account in sorted(known):
        if account in text:
            text = re.sub(rf"(?<![0-9])(?<![0-9]\.){account}(?![0-9])", NO_ACCOUNT, text)
    return text


def one_account_in_path(path: str) -> str:
    """Write 000000000000 for each part of a URL's path that is an account id, in ARNs and alone."""
    return _SEGMENT.sub(rf"\g<before>{NO_ACCOUNT}", one_account(path))
