"""What people write in place of a secret, at the bounds of each clue."""

from __future__ import annotations

import pytest

from bedrock_authcheck.wire.placeholders import is_placeholder

RANDOM = "aZ7kQ2mV9xR4tB6n"  # looks like nobody's word


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ("", True),
        ("aB1cD2", True),  # six different characters
        ("aB1cD2x", False),  # seven
        ("aB1cD2x" * 20, False),
        (f"{RANDOM}FAKE{RANDOM}", True),
        (f"{RANDOM}fake{RANDOM}", False),
        (f"{RANDOM}Example{RANDOM}", True),
        (f"{RANDOM}xxxxxx{RANDOM}", True),
        (f"{RANDOM}xxxxx{RANDOM}", False),
        (f"{RANDOM}-test", True),
        (f"test{RANDOM * 3}{RANDOM[:12]}", True),  # 64 characters
        (f"test{RANDOM * 3}{RANDOM[:13]}", False),  # 65
        ("somewordsthatstandthere", True),
        ("SOMEWORDSTHATSTANDTHERE", True),
        ("someWordsThatStandThere", False),
        ("somewordsthatstandthere7", False),
        ("SOMEWORDSTHATSTANDTHERE7", False),
        ("not-" + RANDOM, True),
        (RANDOM + "not-", False),
    ],
)
def test_a_placeholder_is_told_from_a_secret(value: str, is_one: bool) -> None:
    assert is_placeholder(value) is is_one
