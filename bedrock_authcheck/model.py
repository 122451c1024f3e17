"""The nouns: what is provided, what was sent, what it proves and what was decided.

Everything in here is a value. No room of the package is imported, nothing is read from
the machine, and no `repr` shows a secret.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from datetime import datetime


class AuthScheme(StrEnum):
    """How a request says who sent it."""

    BEARER = "bearer"
    SIGV4 = "sigv4"
    SIGV4_QUERY = "sigv4-query"
    SIGV4A = "sigv4a"
    UNSIGNED = "unsigned"
    CONFLICTING = "conflicting"  # more than one scheme, or one scheme twice
    UNRECOGNISED = "unrecognised"  # an Authorization of a scheme that Bedrock does not know


SIGNATURES: Final = (AuthScheme.SIGV4, AuthScheme.SIGV4_QUERY, AuthScheme.SIGV4A)
"""The schemes whose proof is a signature of AWS."""


class CredentialSource(StrEnum):
    """What provides a credential; level 6 of the chain has two sources."""

    BEARER = "bearer"
    SETTINGS = "settings"
    ENVIRONMENT = "environment"
    SHARED = "shared"
    CONFIG = "config"
    INSTANCE = "instance"
    CONTAINER = "container"

    @property
    def level(self) -> int:
        """The level of the chain, 1 (wins over all) to 6."""
        return _LEVELS[self]

    @property
    def scheme(self) -> AuthScheme:
        """The scheme that its credential signs with."""
        return AuthScheme.BEARER if self is CredentialSource.BEARER else AuthScheme.SIGV4

    @property
    def title(self) -> str:  # type: ignore[override] # a property hides str.title() on purpose
        """What a person calls it: "shared credentials file"."""
        return _TITLES[self]

    @property
    def place(self) -> str:
        """Where its credential is found: a variable, a file with its profile, a service."""
        return _PLACES[self]


_LEVELS = {
    source: min(level, 6) for level, source in enumerate(CredentialSource, start=1)
}  # instance and container share level 6
_TITLES = {
    CredentialSource.BEARER: "bearer token",
    CredentialSource.SETTINGS: "service settings",
    CredentialSource.ENVIRONMENT: "environment variables",
    CredentialSource.SHARED: "shared credentials file",
    CredentialSource.CONFIG: "config file",
    CredentialSource.INSTANCE: "instance role",
    CredentialSource.CONTAINER: "container role",
}
_PLACES = {
    CredentialSource.BEARER: "AWS_BEARER_TOKEN_BEDROCK",
    CredentialSource.SETTINGS: "keys passed in code",
    CredentialSource.ENVIRONMENT: "AWS_ACCESS_KEY_ID",
    CredentialSource.SHARED: "~/.aws/credentials [default]",
    CredentialSource.CONFIG: "~/.aws/config [default]",
    CredentialSource.INSTANCE: "EC2 instance metadata (IMDSv2)",
    CredentialSource.CONTAINER: "container credentials endpoint",
}


_TOKEN, _KEYS = CredentialSource.BEARER, CredentialSource.ENVIRONMENT
_SHARED, _CONFIG = CredentialSource.SHARED, CredentialSource.CONFIG
_INSTANCE, _CONTAINER = CredentialSource.INSTANCE, CredentialSource.CONTAINER
_IMDS, _ENDPOINT = _PLACES[_INSTANCE], _PLACES[_CONTAINER]


class Variant(StrEnum):
    """A way in which a level is provided where SDKs know several, or what it holds later.

    Each has the source among the six levels that it is a variant of, a title and a place.
    Reported by name, and never folded into the six levels (CHAIN-7).
    """

    source: CredentialSource
    title: str  # type: ignore[assignment] # an attribute hides str.title() on purpose
    place: str

    def __new__(cls, name: str, source: CredentialSource, title: str, place: str) -> Self:
        """Make a member out of the table below."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.source, member.title, member.place = source, title, place
        return member

    TOKEN_IN_CODE = "token-in-code", _TOKEN, "token in code", "token passed in code"
    OTHER_TOKEN_IN_CODE = (
        *("other-token-in-code", _TOKEN, "another token in code"),
        "token passed in code to another client",
    )
    ROTATED_TOKEN = "rotated-token", _TOKEN, "rotated token", "AWS_BEARER_TOKEN_BEDROCK, rotated"
    ROTATED_KEYS = "rotated-keys", _KEYS, "rotated variables", "AWS_ACCESS_KEY_ID, rotated"
    SHARED_PROFILE = (
        *("shared-profile", _SHARED, "profile of the shared credentials file"),
        "~/.aws/credentials [authcheck]",
    )
    CONFIG_PROFILE = (
        *("config-profile", _CONFIG, "profile of the config file"),
        "~/.aws/config [profile authcheck]",
    )
    PROCESS = "process", _CONFIG, "credential process", "~/.aws/config credential_process"
    ROLE = "role", _CONFIG, "role by source_profile", "~/.aws/config role_arn, by STS"
    ROLE_FROM_ENVIRONMENT = (
        *("role-from-environment", _CONFIG, "role by credential_source"),
        "~/.aws/config role_arn, by STS",
    )
    SOURCE_PROFILE = (
        *("source-profile", _CONFIG, "source profile of a role"),
        "~/.aws/config [profile authcheck-source]",
    )
    WEB_IDENTITY = "web-identity", _CONFIG, "web identity", "web_identity_token_file, by STS"
    SSO = "sso", _CONFIG, "SSO", "~/.aws/config sso_session, by the SSO portal"
    REFRESHED_SSO = (
        *("refreshed-sso", _CONFIG, "SSO with a refreshed token"),
        "~/.aws/config sso_session, by SSO OIDC and the SSO portal",
    )
    LOGIN = "login", _CONFIG, "aws login", "~/.aws/config login_session"
    REFRESHED_LOGIN = (
        *("refreshed-login", _CONFIG, "aws login, refreshed"),
        "~/.aws/config login_session, by AWS Sign-In",
    )
    POD_IDENTITY = "pod-identity", _CONTAINER, "EKS Pod Identity", f"{_ENDPOINT}, token in a file"
    REFRESHED_INSTANCE = (
        *("refreshed-instance", _INSTANCE, "refreshed instance role"),
        f"{_IMDS}, refreshed",
    )
    REFRESHED_CONTAINER = (
        *("refreshed-container", _CONTAINER, "refreshed container role"),
        f"{_ENDPOINT}, refreshed",
    )

    @property
    def level(self) -> int:
        """The level of the chain that it belongs to."""
        return self.source.level

    @property
    def scheme(self) -> AuthScheme:
        """The scheme that its credential signs with."""
        return self.source.scheme


Origin = CredentialSource | Variant
"""Where a credential comes from: the source of one of the six levels, or a variant of one."""


def origin_of(name: str) -> Origin:
    """Find an origin by its name; ValueError where there is none."""
    known: tuple[Origin, ...] = (*CredentialSource, *Variant)
    for origin in known:
        if origin == name:
            return origin
    msg = f"no credential comes from {name!r}"
    raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class BearerToken:
    """An API key of Amazon Bedrock and the source that provides it.

    `signer` is the credential that made it where it is a short-term one.
    """

    source: CredentialSource
    value: str = field(repr=False)
    variant: Variant | None = None
    signer: AwsCredential | None = field(default=None, repr=False)

    @property
    def origin(self) -> Origin:
        """The variant that it is, or the source."""
        return self.variant or self.source

    def secrets(self) -> dict[str, str]:
        """Return what must never be shown, by name; blank values left out, white space aside."""
        return _not_blank({"token": self.value})


@dataclass(frozen=True, slots=True)
class AwsCredential:
    """An IAM credential and the source that provides it; temporary with a session token."""

    source: CredentialSource
    key_id: str
    secret: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    variant: Variant | None = None

    @property
    def origin(self) -> Origin:
        """The variant that it is, or the source."""
        return self.variant or self.source

    @property
    def temporary(self) -> bool:
        """Whether a session token must travel with each request."""
        return self.session_token is not None

    def secrets(self) -> dict[str, str]:
        """Return what must never be shown, by name; blank values left out, white space aside."""
        return _not_blank({"secret": self.secret, "session token": self.session_token or ""})


def _not_blank(values: dict[str, str]) -> dict[str, str]:
    return {name: value.strip() for name, value in values.items() if value.strip()}


Credential = BearerToken | AwsCredential


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request as a server received it, and the status that it was answered with.

    `headers` are decoded as Latin-1, in the order and spelling received, duplicates kept,
    without the pseudo-headers of HTTP/2 (`:authority` is `authority`). `raw_head` holds
    the request line and header lines of HTTP/1.1 before any library strips white space;
    it is empty for HTTP/2, whose header values arrive unstripped. `body` is de-chunked.
    `received_at` is in UTC. `complete` is false where the sender left half-way. `number` is
    unique and ascending within a run.
    """

    service: str
    method: str
    target: str = field(repr=False)  # it may hold what it should not (AUTH-7)
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    authority: str = ""
    protocol: str = "HTTP/1.1"
    tls: str | None = None
    received_at: datetime | None = None
    raw_head: bytes = field(default=b"", repr=False)
    connection: int = 0
    number: int = 0
    complete: bool = True
    status: int | None = None

    def header_values(self, name: str) -> list[str]:
        """All values of a header, as received, in order; `name` in any case."""
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]


@dataclass(frozen=True, slots=True)
class CredentialScope:
    """The credential scope of SigV4: `date/region/service/aws4_request`."""

    date: str
    region: str
    service: str
    terminator: str = "aws4_request"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a request that is not as its scheme demands."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a request says about who signed it; parsed, not yet believed.

    `tokens` holds what stood behind each `Bearer`, byte for byte as far as the protocol
    tells (leading and trailing white space included). `payload_hash` is the value of
    X-Amz-Content-Sha256. Parts that a request does not have, or that cannot be read,
    are None or empty, and a finding says why.
    """

    scheme: AuthScheme
    tokens: tuple[str, ...] = field(default=(), repr=False)
    key_id: str | None = None
    scope: CredentialScope | None = None
    signed_headers: tuple[str, ...] = ()
    signature: str | None = field(default=None, repr=False)
    amz_date: str | None = None
    expires: int | None = None
    session_token: str | None = field(default=None, repr=False)
    payload_hash: str | None = None
    findings: tuple[Finding, ...] = ()


class SignaturePart(StrEnum):
    """The part of a SigV4 signature that a verification can find wrong, in this order."""

    AUTHORIZATION = "authorization"
    DATE = "date"
    SCOPE = "scope"
    SESSION_TOKEN = "session token"  # noqa: S105 - the name of a part, not a secret
    PAYLOAD_HASH = "payload hash"
    SECRET = "secret"  # noqa: S105 - the name of a part, not a secret
    CANONICAL_REQUEST = "canonical request"
    EVENTS = "events"  # of a stream whose events are signed one by one


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    """The result of recomputing a SigV4 signature.

    `valid` speaks of the signature alone: it matches what the secret gives for the request
    as received. `differs` is the first part that is wrong (a valid signature can still
    have a wrong scope or date); `text` says what was expected and what was seen.
    """

    valid: bool
    differs: SignaturePart | None = None
    text: str = ""


class RuleLevel(StrEnum):
    """How strongly a rule holds, as in RFC 2119; OBSERVE only reports."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    OBSERVE = "OBSERVE"

    def broken(self, *, strict: bool) -> Outcome:
        """Say what a rule comes to that does not hold: a warning, unless a MUST or strict."""
        fatal = self is RuleLevel.MUST or (strict and self is RuleLevel.SHOULD)
        return Outcome.FAILED if fatal else Outcome.WARNING


class RuleScope(StrEnum):
    """What a rule is decided by: requests received, the client's process, or files."""

    WIRE = "wire"
    PROCESS = "process"
    PROJECT = "project"


class Outcome(StrEnum):
    """What came of holding a rule against a scenario. Nothing but PASSED counts as passed."""

    PASSED = "passed"
    FAILED = "failed"
    WARNING = "warning"
    OBSERVED = "observed"  # what a rule of level OBSERVE comes to, whatever was seen
    NOT_OFFERED = "not offered"
    NOT_OBSERVABLE = "not observable"
    SKIPPED = "skipped"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one rule in one scenario.

    `expected` and `observed` are lines for people, free of secrets. `deviation` names the
    entry of known deviations that foresaw a failure: the second axis beside the outcome.
    """

    rule: str
    outcome: Outcome
    expected: str = ""
    observed: str = ""
    reason: str = ""
    deviation: str | None = None
