"""The host names that AWS gives the services, in any Region.

Source: the endpoint rules that botocore ships (FIPS and dual-stack names too); Mantle's from the
Amazon Bedrock user guide. Names of VPC endpoints are not among them.
"""

from __future__ import annotations

from typing import Final

from bedrock_authcheck.spec.services import SERVICES

_REGION: Final = r"[a-z]{2}(?:-[a-z]+)+-\d+"
_DOMAIN: Final = r"(?:amazonaws\.com(?:\.cn)?|api\.aws|api\.amazonwebservices\.com\.cn)"
_FIPS: Final = r"(?:-fips)?"


def _regional(prefix: str) -> str:
    return rf"{prefix}\.{_REGION}\.{_DOMAIN}"


_IRREGULAR: Final = {
    "sts": rf"sts{_FIPS}(?:\.{_REGION})?\.{_DOMAIN}",
    "s3": rf"(?:[a-z0-9.-]+\.)?s3{_FIPS}(?:\.dualstack)?(?:[.-]{_REGION})?\.{_DOMAIN}",
    "sagemaker-runtime": _regional(rf"runtime{_FIPS}\.sagemaker"),
    "sso": _regional(rf"portal\.sso{_FIPS}"),
    "sso-oidc": _regional(f"oidc{_FIPS}"),
    "signin": rf"(?:{_regional(f'signin{_FIPS}')}|(?:{_REGION}\.)?signin\.aws\.amazon\.com)",
}
HOSTS: Final = {name: _IRREGULAR.get(name) or _regional(f"{name}{_FIPS}") for name in SERVICES}
"""A regular expression for the whole of a host name in lower case, by service model's name."""
