"""The public strategies draw what they promise, and reach the corners that they name."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, assume, find, given, settings
from hypothesis import strategies as st

from bedrock_authcheck import strategies
from bedrock_authcheck.environments.levels import LevelError
from bedrock_authcheck.fixtures import SIX_LEVELS
from bedrock_authcheck.model import (
    AwsCredential,
    BearerToken,
    Credential,
    CredentialSource,
    SignatureCheck,
)
from bedrock_authcheck.wire.attribution import Keyring, observe
from bedrock_authcheck.wire.shapes import shapes_in
from bedrock_authcheck.wire.tokens import ApiKeyKind, read_api_key

if TYPE_CHECKING:
    from collections.abc import Callable

SEARCH = settings(
    max_examples=2_000,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],  # that there is one is enough
)


def _like(pattern: str, look: Callable[[str, str], object] = re.search) -> Callable[[str], bool]:
    return lambda text: look(pattern, text) is not None


@given(strategies.levels())
def test_levels_are_names_the_highest_first_and_one_of_each(present: tuple[str, ...]) -> None:
    ranks = [CredentialSource(name).level for name in present]
    assert ranks == sorted(set(ranks))
    assert all(type(name) is str for name in present)


@given(strategies.levels("shared", "bearer", "container", min_size=2, max_size=2))
def test_levels_are_of_those_asked_for(present: tuple[str, ...]) -> None:
    assert present in {("bearer", "shared"), ("bearer", "container"), ("shared", "container")}


@pytest.mark.parametrize("wanted", [(), SIX_LEVELS, (*SIX_LEVELS[:5], "container"), ("shared",)])
def test_every_set_of_levels_is_reached(wanted: tuple[str, ...]) -> None:
    assert find(strategies.levels(), wanted.__eq__, settings=SEARCH) == wanted


@pytest.mark.parametrize("sizes", [(7, None), (2, 1), (0, 7), (-1, None)])
def test_sizes_that_cannot_be_are_an_error_at_once(sizes: tuple[int, int | None]) -> None:
    with pytest.raises(LevelError, match="0 to 6 levels"):
        strategies.levels(min_size=sizes[0], max_size=sizes[1])


@pytest.mark.parametrize("size", range(7))
def test_sets_of_each_size_are_drawn(size: int) -> None:
    drawn = strategies.levels(min_size=size, max_size=size)
    assert len(find(drawn, lambda _: True, settings=SEARCH)) == size


def test_an_example_is_shrunk_to_the_levels_that_matter() -> None:
    shrunk = find(
        strategies.levels(),
        lambda present: {"bearer", "environment"} <= {*present},
        settings=settings(SEARCH, max_examples=200, phases=[Phase.generate, Phase.shrink]),
    )
    assert shrunk == ("bearer", "environment")


@pytest.mark.parametrize("draw", [strategies.levels, strategies.credentials])
def test_a_level_that_does_not_exist_is_an_error_at_once(
    draw: Callable[[str], st.SearchStrategy[object]],
) -> None:
    with pytest.raises(LevelError, match="did you mean 'shared'"):
        draw("shard")


@given(strategies.long_term_keys())
def test_a_long_term_key_is_one(key: str) -> None:
    read = read_api_key(key)
    assert (read.kind, read.findings) == (ApiKeyKind.LONG_TERM, ())


@given(strategies.short_term_keys("eu-central-1", "us-east-1"))
def test_a_short_term_key_is_one_of_its_region(key: str) -> None:
    read = read_api_key(key)
    assert (read.kind, read.findings) == (ApiKeyKind.SHORT_TERM, ())
    assert read.region in {"eu-central-1", "us-east-1"}


@given(strategies.awkward_tokens())
def test_an_awkward_token_is_what_a_variable_holds(token: str) -> None:
    try:
        os.environ["AUTHCHECK_PROPERTY"] = token
        assert os.environ["AUTHCHECK_PROPERTY"] == token
    finally:
        os.environ.pop("AUTHCHECK_PROPERTY", None)


@pytest.mark.parametrize(
    "is_it",
    [
        lambda token: token == "",
        lambda token: token and not token.strip(),
        lambda token: "\r\n" in token.strip(),
        lambda token: token.endswith("\n"),
        lambda token: any(ord(character) > 0xFFFF for character in token),
        lambda token: "\x7f" in token or "\x01" in token,
        lambda token: token.startswith("ABSK") and "X-Injected" in token,
        lambda token: len(token) > 3 and token.isascii() and token.isprintable(),
    ],
    ids=["empty", "blank", "line-end", "line-feed", "astral", "control", "injection", "ascii"],
)
def test_awkward_tokens_reach_each_corner(is_it: Callable[[str], bool]) -> None:
    assert is_it(find(strategies.awkward_tokens(), is_it, settings=SEARCH))


@pytest.mark.skipif(sys.platform == "win32", reason="variables of Windows hold no bytes")
def test_bytes_that_are_no_utf_8_are_among_them() -> None:
    found = find(
        strategies.awkward_tokens(),
        lambda token: b"\xff" in os.fsencode(token),
        settings=SEARCH,
    )
    assert "\udcff" in found


@pytest.mark.parametrize("wanted", ["\0", "[\ud800-\udbff]"], ids=["nul", "surrogate"])
def test_what_no_variable_holds_is_drawn_for_code_alone(wanted: str) -> None:
    everywhere = strategies.awkward_tokens(in_environment=False)
    assert find(everywhere, _like(wanted), settings=SEARCH)


@given(strategies.credentials())
def test_a_credential_looks_like_nobodys_and_shows_no_secret(credential: Credential) -> None:
    values = credential.secrets().values()
    assert not any(value in repr(credential) for value in values)
    text = "\n".join(f'"{name}": "{value}"' for name, value in credential.secrets().items())
    assert [*shapes_in(text.encode())] == []


@given(strategies.credentials("shared", "bearer"))
def test_a_credential_is_of_a_level_asked_for(credential: Credential) -> None:
    kind = BearerToken if credential.source is CredentialSource.BEARER else AwsCredential
    assert credential.source in {CredentialSource.BEARER, CredentialSource.SHARED}
    assert isinstance(credential, kind)


def _names(credential: Credential) -> set[str]:
    """What tells a credential from others; a short-term key is of who signed it."""
    if isinstance(credential, AwsCredential):
        return {credential.key_id}
    return {credential.value} | ({credential.signer.key_id} if credential.signer else set())


@given(strategies.credentials(), strategies.credentials(), st.data())
def test_a_request_by_a_credential_proves_it_and_no_other(
    credential: Credential, other: Credential, data: st.DataObject
) -> None:
    exchange = data.draw(strategies.exchanges(credential))
    seen = observe(exchange, Keyring([credential]), region=None, scope_service="bedrock")
    assert seen.credential == credential
    assert seen.evidence.findings == ()
    proof = SignatureCheck(valid=True) if isinstance(credential, AwsCredential) else None
    assert seen.signature == proof
    assume(_names(credential).isdisjoint(_names(other)))
    seen = observe(exchange, Keyring([other]), region=None, scope_service="bedrock")
    assert (seen.credential, seen.signature) == (None, None)


@pytest.mark.parametrize(
    "like",
    [
        "",
        "Bearer",
        r"Bearer[ \t]+",
        "Bearer ABSK.+",
        "Bearer bedrock-api-key-.+",
        ".*, Bearer.*",
        "AWS4-HMAC-SHA256 Credential=A[KS]IA0FAKE.+",
        "(?!Bearer|AWS4)[^ ]+ .+",
    ],
)
def test_authorizations_reach_right_values_and_broken_ones(like: str) -> None:
    whole = _like(f"(?s:{like})\\Z", re.match)
    assert whole(find(strategies.authorizations(), whole, settings=SEARCH))


def test_without_hypothesis_it_says_what_to_install() -> None:
    program = "import sys; sys.modules['hypothesis'] = None; import bedrock_authcheck.strategies"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: bedrock_authcheck.strategies needs hypothesis: "
        'pip install "bedrock-authcheck[hypothesis]"'
    )
