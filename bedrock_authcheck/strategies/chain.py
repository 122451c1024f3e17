"""Levels of the credential chain, and fake credentials for them."""

from __future__ import annotations

import string
from base64 import b32encode, b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

from bedrock_authcheck.environments.levels import LevelError, parse_sources
from bedrock_authcheck.model import AwsCredential, BearerToken, Credential, CredentialSource
from bedrock_authcheck.wire.tokens import fake_long_term_key, fake_short_term_key

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

REGIONS: Final = ("us-east-1", "eu-central-1", "ap-southeast-2", "us-gov-west-1")
BASE64: Final = string.ascii_letters + string.digits + "+/"
_YEARS: Final = (1_735_689_600, 4_070_908_800)  # 2025 to 2098, in seconds of Unix


def levels(
    *among: str, min_size: int = 0, max_size: int | None = None
) -> SearchStrategy[tuple[str, ...]]:
    """Draw sets of levels of the credential chain by name, the highest first.

    Drawn from `among`, or from all; of the two forms of level 6, `instance` and `container`,
    one set holds one at most. Raises LevelError for a name that is no level, and for sizes
    that there are no such sets of.

    For example:

        @given(present=levels(min_size=1))
        def test_the_highest_level_signs(bedrock_machine, present):
            with bedrock_machine(*present) as (credentials, endpoint):
                ask("hello", **credentials.settings)  # your application
                endpoint.assert_signed_by(present[0])
    """
    forms = _forms(parse_sources(among) or tuple(CredentialSource))
    most = len(forms) if max_size is None else max_size
    if not 0 <= min_size <= most <= len(forms):
        msg = (
            f"sizes of {min_size} to {most}, where there are 0 to {len(forms)} levels to draw from"
        )
        raise LevelError(msg)
    return _sets(forms, min_size, most)


def _forms(sources: tuple[CredentialSource, ...]) -> list[list[str]]:
    """Group names of levels that one set cannot hold together, the highest first."""
    ranks = sorted({source.level for source in sources})
    return [[source.value for source in sources if source.level == rank] for rank in ranks]


@st.composite
def _sets(draw: DrawFn, forms: list[list[str]], least: int, most: int) -> tuple[str, ...]:
    """Draw level by level, so that each can be left out by itself when an example is shrunk."""
    drawn: list[str] = []
    for left, names in zip(range(len(forms), 0, -1), forms, strict=True):
        if len(drawn) == most:
            break
        needed = least - len(drawn) == left
        name = draw(st.sampled_from(names if needed else [None, *names]))
        if name is not None:
            drawn.append(name)
    return tuple(drawn)


def credentials(*levels: str) -> SearchStrategy[Credential]:
    """Draw fake credentials of one of the levels named, or of any.

    A BearerToken for `bearer`, else an AwsCredential, temporary (with a session token) or not.
    Raises LevelError for a name that is no level.

    For example:

        @given(credentials("environment", "shared"))
        def test_no_repr_shows_a_secret(credential):
            assert credential.secret not in repr(MySigner(credential.key_id, credential.secret))
    """
    return st.sampled_from(parse_sources(levels) or tuple(CredentialSource)).flatmap(_credentials)


def long_term_keys() -> SearchStrategy[str]:
    """Draw long-term API keys, `ABSK…`: base64 with `+`, `/` and `=` in it.

    For example:

        @given(long_term_keys())
        def test_a_key_is_kept_as_it_is(key):
            assert Settings(api_key=key).headers["Authorization"] == f"Bearer {key}"
    """
    marks = st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=30)
    return marks.map(fake_long_term_key)


def short_term_keys(*regions: str) -> SearchStrategy[str]:
    """Draw short-term API keys, `bedrock-api-key-…`, for one of the Regions or for any.

    For example:

        @given(short_term_keys("eu-central-1"))
        def test_a_key_of_another_region_is_refused(key):
            assert not usable(key, region="us-east-1")
    """
    return _signed_keys(*regions).map(lambda token: token.value)


def moments() -> SearchStrategy[datetime]:
    """Draw moments in whole seconds, which is what SigV4 can say; aware, in UTC."""
    return st.integers(*_YEARS).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def _credentials(source: CredentialSource) -> SearchStrategy[Credential]:
    if source is not CredentialSource.BEARER:
        return _aws_credentials(source)
    return long_term_keys().map(lambda key: BearerToken(source, key)) | _signed_keys()


@st.composite
def _signed_keys(draw: DrawFn, *regions: str) -> BearerToken:
    signer = draw(_aws_credentials(CredentialSource.ENVIRONMENT))
    key = fake_short_term_key(
        signer,
        region=draw(st.sampled_from(regions or REGIONS)),
        made_at=draw(moments()),
        expires=draw(st.integers(1, 43_200)),
    )
    return BearerToken(CredentialSource.BEARER, key, signer=signer)


@st.composite
def _aws_credentials(draw: DrawFn, source: CredentialSource) -> AwsCredential:
    """Draw IAM credentials, temporary ones and others."""
    temporary = draw(st.booleans())
    # Of bytes, which are one choice of hypothesis where as many characters are many.
    name = b32encode(draw(st.binary(min_size=7, max_size=7)))[:11].decode()
    secret = b64encode(draw(st.binary(min_size=27, max_size=27)))[:35].decode()
    token = b64encode(draw(st.binary(min_size=1, max_size=120))).decode() if temporary else ""
    # A real key id holds no 0.
    key_id = ("ASIA0FAKE" if temporary else "AKIA0FAKE") + name
    return AwsCredential(
        source, key_id, f"FAKE/{secret}", session_token=f"FAKE/{token}" if temporary else None
    )
