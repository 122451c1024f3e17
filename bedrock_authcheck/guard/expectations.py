"""What a project wants of the requests of its tests, and what is wrong with one that differs."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, Self

from bedrock_authcheck.guard.seen import Kind, Seen
from bedrock_authcheck.model import SIGNATURES, AuthScheme, CredentialSource, Variant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

EXPECT: Final = "bedrock_auth_expect"
FORBID: Final = "bedrock_auth_forbid"
MARKER: Final = "bedrock_auth"
ANY: Final = "any"
SCHEMES: Final = ("sigv4", "bearer", ANY)
LEVELS: Final = (
    *CredentialSource,
    Variant.PROCESS,
    Variant.ROLE,
    Variant.WEB_IDENTITY,
    Variant.SSO,
    Variant.LOGIN,
    Variant.POD_IDENTITY,
    Variant.TOKEN_IN_CODE,
)
_BOTH: Final[Mapping[str, frozenset[Kind]]] = {
    "long-term-key": frozenset({Kind.LONG_TERM_API_KEY, Kind.LONG_TERM_IAM_KEY}),
    "short-term-key": frozenset({Kind.SHORT_TERM_API_KEY}),
    **{str(kind): frozenset({kind}) for kind in Kind if kind is not Kind.UNKNOWN},
}
KINDS: Final = tuple(_BOTH)
FORBIDDABLE: Final = ("bearer", "sigv4", "unsigned", *KINDS, *map(str, LEVELS[1:]))


class ExpectationError(ValueError):
    """A setting or a marker that makes no sense; the text lists what would be right."""


@dataclass(frozen=True, slots=True)
class Breach:
    """What is wrong with a request: the rule, the headline's end and what was expected."""

    rule: str
    headline: str
    expected: str
    todo: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of each request of a test; `origin` says who wants it, for people.

    `scheme` is `sigv4`, `bearer` or `any`; `levels` and `kinds` are empty where all are right.
    `forbidden` holds schemes, kinds and levels.
    """

    scheme: str = ANY
    levels: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    origin: str = field(default=EXPECT)

    @classmethod
    def of_settings(cls, expect: str, forbid: Iterable[str]) -> Self:
        """Read the ini keys: `sigv4`, or `sigv4: container, instance`; terms with commas between.

        ExpectationError for what does not exist.
        """
        scheme, _, levels = expect.partition(":")
        names = [_plain(name) for name in levels.split(",") if name.strip()]
        if ":" in expect and not names:
            raise ExpectationError(f"{EXPECT}: behind the colon stand levels: {', '.join(LEVELS)}")
        terms = [_plain(term) for line in forbid for term in line.split(",") if term.strip()]
        return cls(
            _known(_plain(scheme) or ANY, SCHEMES, f"{EXPECT}: scheme"),
            tuple(_known(name, LEVELS, f"{EXPECT}: level") for name in names),
            (),
            tuple(_known(term, FORBIDDABLE, FORBID) for term in terms),
        )

    def marked(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Wanted:
        """Read `@pytest.mark.bedrock_auth("bearer", level=…, kind=…)`, which counts before the ini.

        What a marker names is not forbidden in its test. ExpectationError for what makes no sense.
        """
        unknown = sorted(kwargs.keys() - {"level", "kind"})
        if (
            len(args) != 1
            or unknown
            or not all(isinstance(v, str) for v in (*args, *kwargs.values()))
        ):
            raise ExpectationError(
                f"it takes one of {', '.join(SCHEMES)}, and level= and kind= as texts"
            )
        scheme = _known(_plain(args[0]), SCHEMES, "scheme")
        names = [_plain(name) for name in kwargs.get("level", "").split(",") if name.strip()]
        levels = tuple(_known(name, LEVELS, "level") for name in names)
        kind = kwargs.get("kind")
        kinds = () if kind is None else (_known(_plain(kind), KINDS, "kind"),)
        named = {scheme, *levels}
        of_kind = {kind for name in kinds for kind in _BOTH[name]}
        kept = tuple(
            term
            for term in self.forbidden
            if term not in named and _BOTH.get(term, frozenset()).isdisjoint(of_kind)
        )
        return Wanted(scheme, levels, kinds, kept, f"@pytest.mark.{MARKER}")

    def breaches(self, seen: Seen) -> tuple[Breach, ...]:
        """Find what is wrong with a request; nothing where nothing is evident."""
        if not seen.scheme:
            return ()
        return tuple(filter(None, (self._unexpected(seen), self._forbidden(seen))))

    def _forbidden(self, seen: Seen) -> Breach | None:
        for term in self.forbidden:
            if _is(term, seen):
                long_term = seen.kind in _BOTH["long-term-key"] and term in KINDS
                todo = "let a short-term key or the credentials of a role sign here"
                if not long_term:
                    todo = _way_out(seen)
                return Breach(
                    "SAFE-3" if long_term else "CHAIN-1",
                    f"{seen.name} shows what {FORBID} names: {term}",
                    f"no {term} ({FORBID})",
                    todo,
                )
        return None

    def _unexpected(self, seen: Seen) -> Breach | None:
        wanted = self._wanted_of(seen)
        if wanted == ANY and not self.levels and not self.kinds:
            return None
        right_scheme = wanted == ANY or _is(wanted, seen)
        # What takes no API key is signed by another level than the one that is wanted of the rest.
        levels = self.levels if wanted == self.scheme else ()
        kinds = self.kinds if wanted == self.scheme else ()
        right_level = not levels or any(_is(level, seen) for level in levels)
        if right_scheme and right_level and (not kinds or any(_is(k, seen) for k in kinds)):
            return None
        beside = ", ".join([*levels, *kinds])
        right = f"{wanted} by {beside}" if beside else wanted
        expected = f"{right} ({self.origin})"
        rule = "CHAIN-2" if seen.scheme == AuthScheme.UNSIGNED else "CHAIN-1"
        if wanted != self.scheme:
            rule = "LIMIT-4"
            expected = f"sigv4, for {seen.name} takes no API key ({self.origin} = {self.scheme})"
        headline = f"{seen.name} was signed with {seen.credential}, expected {right}"
        return Breach(rule, headline, expected, _way_out(seen))

    def _wanted_of(self, seen: Seen) -> str:
        """Say which scheme is right: a token is not, where the operation takes none."""
        return "sigv4" if self.scheme == "bearer" and not seen.takes_api_key else self.scheme


def _is(term: str, seen: Seen) -> bool:
    """Whether a request shows a scheme, a kind or a level; a level is its variants', too."""
    if term in _BOTH:
        return seen.kind in _BOTH[term]
    if term == "sigv4":
        return seen.scheme in SIGNATURES
    if term in (AuthScheme.BEARER, AuthScheme.UNSIGNED):
        return seen.scheme == term
    if seen.level is None:
        # Keys of no variable, no file and no word: code gave them to whatever signed.
        return term == CredentialSource.SETTINGS and seen.scheme in SIGNATURES
    return term in (seen.level, _SOURCES.get(seen.level))


_SOURCES: Final[Mapping[str, str]] = {str(v): str(v.source) for v in Variant}


def _way_out(seen: Seen) -> str:
    if seen.scheme == AuthScheme.BEARER:
        if seen.level == Variant.TOKEN_IN_CODE:
            return "take the token out of the code that makes the client"
        return (
            "take AWS_BEARER_TOKEN_BEDROCK out of the environment, or ask for SigV4 in code: "
            'Config(signature_version="v4") (PREF-1)'
        )
    return "`bedrock-authcheck explain` tells what else is there; what is wanted must come first"


def _plain(text: str) -> str:
    return text.strip().lower().replace(" ", "-").replace("_", "-").removesuffix("-keys")


def _known(name: str, known: Iterable[str], what: str) -> str:
    names = [str(one) for one in known]
    if name in names:
        return name
    close = get_close_matches(name, names, n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    shown = repr(name) if len(name) <= 32 and name.isprintable() else "what is set"  # noqa: PLR2004
    raise ExpectationError(f"{what}: {shown} does not exist{hint}: choose from {', '.join(names)}")
