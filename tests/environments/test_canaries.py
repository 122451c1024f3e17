from __future__ import annotations

import re
from itertools import pairwise

import pytest

from bedrock_authcheck.environments.canaries import TEMPORARY_BY_DEFAULT, canary
from bedrock_authcheck.model import AwsCredential, BearerToken, CredentialSource
from bedrock_authcheck.wire.tokens import ApiKeyKind, read_api_key
from tests.simulated import aws_canary, token_canary

# The patterns by which common scanners find keys of AWS.
_REAL_KEY_ID = re.compile(r"\b(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b")
_REAL_LONG_TERM_KEY = re.compile(r"\bABSK[A-Za-z0-9+/]{109,269}={0,2}")

IAM = [source for source in CredentialSource if source is not CredentialSource.BEARER]


@pytest.mark.parametrize("source", IAM)
@pytest.mark.parametrize("temporary", [True, False])
def test_iam_canaries_follow_the_format_and_are_marked(
    source: CredentialSource, temporary: bool
) -> None:
    credential = aws_canary(source, temporary=temporary)
    assert credential.source is source
    assert re.fullmatch("[A-Z0-9]{20}", credential.key_id)
    assert credential.key_id.startswith("ASIA" if temporary else "AKIA")
    assert "0FAKE" in credential.key_id
    assert len(credential.secret) == 40
    assert credential.secret.startswith("FAKE/")
    assert (credential.session_token is not None) is temporary
    assert not _REAL_KEY_ID.search(credential.key_id)


def test_the_token_is_a_long_term_key_by_format_and_no_scanner_takes_it_for_one() -> None:
    token = token_canary(CredentialSource.BEARER)
    assert read_api_key(token.value).kind is ApiKeyKind.LONG_TERM
    assert not read_api_key(token.value).findings
    assert not _REAL_LONG_TERM_KEY.search(token.value)


@pytest.mark.parametrize("source", CredentialSource)
def test_no_two_are_alike_and_no_repr_shows_a_secret(source: CredentialSource) -> None:
    first, second = canary(source), canary(source)
    assert first.secrets().keys() == second.secrets().keys()
    assert set(first.secrets().values()).isdisjoint(second.secrets().values())
    assert not any(value in repr(first) for value in first.secrets().values())


def test_the_end_of_a_key_id_names_its_level() -> None:
    ends = {aws_canary(source).key_id[-8:] for source in IAM}
    assert len(ends) == len(IAM)


def test_of_neighbouring_levels_one_is_temporary() -> None:
    for upper, lower in pairwise(IAM):
        if upper.level != lower.level:
            assert {upper, lower} & TEMPORARY_BY_DEFAULT
    assert isinstance(canary(CredentialSource.INSTANCE), AwsCredential)
    assert isinstance(canary(CredentialSource.BEARER), BearerToken)
