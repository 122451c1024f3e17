"""Tokens that nobody should have, and model ids that climb out of their place."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

from bedrock_authcheck.strategies.chain import BASE64, REGIONS, long_term_keys, short_term_keys

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_ANY_CHARACTER: Final = st.characters(exclude_categories=())  # lone surrogates too
_IN_CODE_ALONE: Final = ("\0", "\ud800", "\udfff")
_AROUND: Final = ("", " ", "\t", "\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x7f", "\x85", "\xa0")
_INJECTED: Final = (
    "\r\nX-Injected: yes",
    "\nX-Injected: yes",
    "\rX-Injected: yes",
    "\r\n X-Injected: yes",
    "\n\tX-Injected: yes",
    "\r\n\r\nGET /injected HTTP/1.1\r\nHost: injected\r\n\r\n",
    "%0d%0aX-Injected: yes",
    "\u560d\u560aX-Injected: yes",  # whose low octets are a line end
    ", Bearer injected",
    ", AWS4-HMAC-SHA256 Credential=injected",
)
_SEGMENTS: Final = (
    *("..", ".", "/", "//", "\\", "%", "%2F", "%2e%2e", "%00", "?", "#", "&", "=", ";", ":", "@"),
    *("\r\n", "\n", " ", "+", "\x00", "\u2028", "\uff0f", "?X-Amz-Security-Token=injected"),
)


def awkward_tokens(*, in_environment: bool = True) -> SearchStrategy[str]:
    """Draw tokens that nobody should have, and somebody does.

    All of Unicode, every byte (as `os.environ` shows those that are no UTF-8), control
    characters, white space and line ends around and inside, headers and requests behind a
    line end, nothing at all. With `in_environment` only what a variable of this platform can
    hold; else with NUL and lone surrogates.

    For example:

        @given(awkward_tokens())
        def test_nothing_is_injected(bedrock_machine, token):
            with bedrock_machine() as (_, endpoint):
                os.environ["AWS_BEARER_TOKEN_BEDROCK"] = token
                with suppress(Exception):  # to refuse it is right
                    ask("hello")
                for seen in endpoint.requests:
                    assert not seen.exchange.header_values("X-Injected")
    """
    around, injected = st.sampled_from(_AROUND), st.sampled_from(_INJECTED)
    pieces = st.one_of(around, injected, long_term_keys(), st.text(_ANY_CHARACTER, max_size=5))
    if not in_environment:
        pieces |= st.sampled_from(_IN_CODE_ALONE)
    drawn = st.one_of(
        st.text(_ANY_CHARACTER, max_size=20),
        st.binary(max_size=20).map(os.fsdecode if in_environment else _as_latin_1),
        st.tuples(around, long_term_keys(), around).map("".join),
        st.tuples(long_term_keys(), injected).map("".join),
        st.lists(pieces, max_size=6).map("".join),
    )
    return drawn.filter(_fits_in_environment) if in_environment else drawn


def tokens() -> SearchStrategy[str]:
    """Draw tokens of every kind: long-term keys, short-term keys, and awkward ones.

    For example:

        @given(tokens())
        def test_a_token_is_stored_as_it_is(token):
            assert Store.loads(Store(token).dumps()).token == token
    """
    return st.one_of(long_term_keys(), short_term_keys(), awkward_tokens())


def model_ids() -> SearchStrategy[str]:
    """Draw model ids: usual ones, and ones that climb out of their place in the path.

    Dot segments, slashes and percent signs in every form, `?`, `#`, line ends, all of Unicode.

    For example:

        @given(model_ids())
        def test_the_model_id_stays_in_its_segment(bedrock_machine, model_id): ...
    """
    odd = st.sampled_from(_SEGMENTS) | st.text(_ANY_CHARACTER, max_size=4)
    return st.one_of(
        st.sampled_from(["simulated.model-v1:0", f"arn:aws:bedrock:{REGIONS[0]}::model/x"]),
        st.lists(odd | st.text(BASE64, max_size=4), max_size=8).map("".join),
    )


def _as_latin_1(raw: bytes) -> str:
    return raw.decode("latin-1")


def _fits_in_environment(text: str) -> bool:
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False
