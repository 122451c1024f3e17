"""The fields of a SigV4 authorization: read from where they stand, and from nowhere else."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.model import AuthScheme, CredentialScope
from bedrock_authcheck.wire.evidence import read_evidence
from tests.wire.test_evidence import DATE, QUERY, SIGNATURE, SIGV4, request

if TYPE_CHECKING:
    from collections.abc import Iterator

V4A = (
    "AWS4-ECDSA-P256-SHA256 Credential=AKIAFAKE9999L4SHARED/20260304/bedrock/{}, "
    "SignedHeaders=host, Signature=3045aa"
)
SETS = (("X-Amz-Region-Set", "us-east-1"), ("x-amz-region-set", "eu-*"))


@pytest.fixture
def far_from_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose clock is five hours behind UTC, where the platform can be told so."""
    if not hasattr(time, "tzset"):
        pytest.skip("this platform has no tzset, so that the zone of the process stays")
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "EST5")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("far_from_greenwich")
@pytest.mark.parametrize("zone", ["GMT", "-0000", "+0000"])
def test_the_date_header_is_read_in_utc_wherever_the_machine_is(zone: str) -> None:
    date = ("Date", f"Wed, 04 Mar 2026 05:06:07 {zone}")
    assert read_evidence(request(("Authorization", SIGV4), date)).amz_date == "20260304T050607Z"


def test_a_slash_in_a_key_id_is_part_of_it() -> None:
    slashed = SIGV4.replace("AKIAFAKE", "AKIA/FA/KE")
    evidence = read_evidence(request(("Authorization", slashed), DATE))
    assert evidence.key_id == "AKIA/FA/KE9999L4SHARED"
    assert evidence.scope == CredentialScope("20260304", "us-east-1", "bedrock")
    slashed = V4A.format("aws4_request").replace("AKIAFAKE", "AKIA/FA/KE")
    evidence = read_evidence(request(("Authorization", slashed), DATE))
    assert evidence.key_id == "AKIA/FA/KE9999L4SHARED"
    assert evidence.scope == CredentialScope("20260304", "", "bedrock")


def test_the_regions_of_sigv4a_are_all_that_were_sent_and_its_terminator_is_kept() -> None:
    exchange = request(("Authorization", V4A.format("aws5_request")), DATE, *SETS)
    scope = CredentialScope("20260304", "us-east-1,eu-*", "bedrock", "aws5_request")
    assert read_evidence(exchange).scope == scope


def test_a_credential_of_sigv4a_has_no_region() -> None:
    shape = "KEY-ID/DATE/SERVICE/aws4_request, none of them empty"
    value = V4A.format("aws4_request").replace("/20260304", "")
    evidence = read_evidence(request(("Authorization", value), DATE))
    assert [finding.text for finding in evidence.findings] == [
        f"Credential has 3 parts divided by slashes; right is {shape}"
    ]


def test_a_presigned_sigv4a_is_read_like_one_in_the_header() -> None:
    target = "/?" + QUERY.replace("HMAC", "ECDSA-P256").replace("%2Fus-east-1", "").replace(
        SIGNATURE, "3045aa"
    )
    evidence = read_evidence(request(*SETS, target=target))
    assert (evidence.scheme, evidence.findings) == (AuthScheme.SIGV4A, ())
    assert evidence.scope == CredentialScope("20260304", "us-east-1,eu-*", "bedrock")


def test_what_a_presigned_query_does_not_hold_is_read_from_the_headers() -> None:
    headers = (("X-Amz-Security-Token", "FAKE-header"), ("X-Amz-Content-Sha256", "of-header"))
    evidence = read_evidence(request(*headers, target=f"/?{QUERY}"))
    assert (evidence.session_token, evidence.payload_hash) == ("FAKE-header", "of-header")
    both = "&X-Amz-Security-Token=FAKE-query&X-Amz-Content-Sha256=of-query"
    evidence = read_evidence(request(*headers, target=f"/?{QUERY}{both}"))
    assert (evidence.session_token, evidence.payload_hash) == ("FAKE-query", "of-query")


def test_the_host_of_http_2_may_be_signed_under_its_own_name() -> None:
    value = SIGV4.replace("host;", ":authority;")
    assert read_evidence(request(("Authorization", value), DATE)).findings == ()
