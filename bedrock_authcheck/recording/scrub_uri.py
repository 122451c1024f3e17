"""URIs without secrets: paths, queries, presigned queries and forms, in canonical form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.recording.accounts import one_account_in_path
from bedrock_authcheck.recording.cleaning import Style
from bedrock_authcheck.recording.markers import is_marked, marker
from bedrock_authcheck.recording.places import canonical_uri
from bedrock_authcheck.recording.scrub_authorization import amz_date, payload_hash
from bedrock_authcheck.recording.secret_names import SECRET_NAMES, normal_name
from bedrock_authcheck.wire.authorization import SIGV4A
from bedrock_authcheck.wire.canonical import uri_encode
from bedrock_authcheck.wire.target import percent_decoded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_authcheck.recording.cleaning import Cleaner
    from bedrock_authcheck.recording.places import Place
    from bedrock_authcheck.recording.scrub_authorization import AuthorizationScrubber

_URI: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)?(?P<netloc>(?<=//)[^/?#]*)?(?P<path>[^?#]*)"
    r"(?:\?(?P<query>[^#]*))?(?P<fragment>#.*)?",
    re.DOTALL,
)
_DROPPED: Final = re.compile(r"[\t\r\n]")
_V4A: Final = re.compile(rf"(?:^|&)x-amz-algorithm={SIGV4A}(?:&|$)", re.IGNORECASE)
_SECRETS: Final = SECRET_NAMES | {
    "signature": "signature",
    "sig": "signature",
    "xapikey": "API key",
    "key": "API key",
}
_USER: Final = "credentials"


class UriScrubber:
    """Scrubs URIs and what is written like their queries; `filtered` are parameters besides."""

    def __init__(
        self,
        signs: AuthorizationScrubber,
        cleaner: Cleaner,
        loopback: Mapping[str, Place],
        filtered: frozenset[str],
    ) -> None:
        """Take what scrubs signatures and text, and the addresses that stand for a service."""
        self._signs = signs
        self._cleaner = cleaner
        self._loopback = loopback
        self._filtered = filtered
        self._by_name = {
            "x-amz-security-token": signs.session_token,
            "x-amz-date": amz_date,
            "x-amz-content-sha256": payload_hash,
        }

    def uri(self, uri: str) -> str:
        """Scrub a URI; what is no URI is scrubbed as text. Each parameter stays where it is."""
        uri = _DROPPED.sub("", uri)  # as Python does where it reads the evidence
        found = _URI.fullmatch(uri)
        if found is None:  # pragma: no cover - the form fits any text
            return self._cleaner.text(uri, Style.URI)
        origin = ""
        if found["scheme"] is not None:
            origin = self._origin(found["scheme"], found["netloc"] or "")
        path = one_account_in_path("/".join(map(self._component, found["path"].split("/"))))
        query = "" if found["query"] is None else f"?{self.query(found['query'])}"
        return origin + path + query + self._component(found["fragment"] or "")

    def host(self, netloc: str) -> str:
        """Write the host of the service that an address stands for, as in a Host header."""
        return self._origin("https://", netloc).removeprefix("https://")

    def query(self, query: str) -> str:
        """Scrub a query, or a form that is written like one."""
        v4a = _V4A.search(query) is not None
        return "&".join(self._parameter(part, v4a=v4a) for part in query.split("&"))

    def _origin(self, scheme: str, netloc: str) -> str:
        user, at, host = netloc.rpartition("@")
        try:
            origin = canonical_uri(scheme + host, self._loopback)
        except ValueError:  # no host that could be reached
            origin = scheme + host
        scheme, _, host = origin.partition("://")
        host = self._cleaner.text(host.rstrip("/"), Style.URI)
        return f"{scheme}://{_USER if user else ''}{at}{host}"

    def _parameter(self, part: str, *, v4a: bool) -> str:
        name, equals, value = part.partition("=")
        if not value:
            return self._component(part)
        decoded = percent_decoded(value)
        scrubbed = self._value(percent_decoded(name).lower(), decoded, v4a=v4a)
        if scrubbed is None:
            value = self._component(value)
        elif scrubbed != decoded:
            value = uri_encode(scrubbed)
        return self._component(name) + equals + value

    def _component(self, text: str) -> str:
        """Scrub a part that is text; its encoding stays as it is, unless it hides something."""
        text = self._cleaner.text(text, Style.URI)
        decoded = percent_decoded(text)
        cleaned = self._cleaner.text(decoded)
        return text if cleaned == decoded else uri_encode(cleaned)

    def _value(self, name: str, value: str, *, v4a: bool) -> str | None:
        """Scrub a value that its name tells about; None for one that is text."""
        if name == "x-amz-credential":
            return self._signs.credential(value, v4a=v4a)
        if name == "x-amz-signature":
            return self._signs.signature(value, v4a=v4a)
        if name in self._by_name:
            return self._by_name[name](value)
        if name in self._filtered:
            return value if is_marked(value) else marker("filtered")
        what = _SECRETS.get(normal_name(name))
        return self._signs.secret(value, what) if what else None
