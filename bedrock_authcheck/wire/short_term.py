"""The presigned request inside a short-term API key: taken out, put in, and verified.

Source: Amazon Bedrock user guide, "API keys"; the package aws-bedrock-token-generator, which
appends the version after it has signed. No AWS SDK takes part in a verification.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.model import Exchange, SignatureCheck, SignaturePart
from bedrock_authcheck.wire.evidence import read_evidence
from bedrock_authcheck.wire.sigv4 import verify
from bedrock_authcheck.wire.sigv4_fields import timestamp

if TYPE_CHECKING:
    from bedrock_authcheck.model import AwsCredential

SHORT_TERM_PREFIX: Final = "bedrock-api-key-"
HOST: Final = "bedrock.amazonaws.com"
ACTION: Final = "CallWithBearerToken"
SERVICE: Final = "bedrock"
VERSION: Final = "&Version=1"
"""What ends the presigned request, and is not signed."""


def decoded(text: str) -> bytes | None:
    """Decode base64 that has nothing else in it; None for what is not, or holds nothing."""
    try:
        return base64.b64decode(text, validate=True) or None
    except (binascii.Error, ValueError):
        return None


def presigned(key: str) -> Exchange | None:
    """Take the request out of a short-term key, its version included; None where it has none.

    The host is the one that the key names, whichever that is.
    """
    inner = decoded(key.removeprefix(SHORT_TERM_PREFIX)) if is_short_term(key) else None
    if inner is None:
        return None
    host, slash, rest = inner.decode("latin-1").partition("/")
    return Exchange(SERVICE, "POST", slash + rest, (("host", host),))


def short_term_key(request: Exchange, signature: str) -> str:
    """Put a request without its signature and version, and the signature, into a key."""
    (host,) = request.header_values("host")
    inner = f"{host}{request.target}&X-Amz-Signature={signature}{VERSION}"
    return SHORT_TERM_PREFIX + base64.b64encode(inner.encode()).decode("ascii")


def is_short_term(key: str) -> bool:
    """Whether a key has the prefix of short-term ones."""
    return key.startswith(SHORT_TERM_PREFIX)


def verify_short_term(
    key: str, signer: AwsCredential, *, region: str | None = None, now: datetime | None = None
) -> SignatureCheck:
    """Recompute the signature of a short-term key with the credential that should have made it.

    As `sigv4.verify`, over the request that the key holds: `valid` speaks of the signature
    alone, `differs` names the first part that is wrong, an expired key's date and another
    Region's scope among them. `region` is where the key is used, `now` an aware datetime;
    without them it is held against its own, which tells whether the signer has made it.
    Never raises, whatever the key; no text holds a part of it that opens anything.
    """
    request = presigned(key)
    if request is None:
        return SignatureCheck(
            valid=False,
            differs=SignaturePart.AUTHORIZATION,
            text="the key holds no presigned request",
        )
    signed = replace(request, target=request.target.removesuffix(VERSION))
    evidence = read_evidence(signed)
    return verify(
        signed,
        evidence,
        signer,
        region=region or (evidence.scope.region if evidence.scope else ""),
        service=SERVICE,
        now=now or timestamp(evidence.amz_date) or datetime.now(UTC),
    )


def is_made_by(key: str, signer: AwsCredential) -> bool:
    """Whether a short-term key is whole and made by this credential, whatever it is good for."""
    check = verify_short_term(key, signer)
    return check.valid and check.differs is None
