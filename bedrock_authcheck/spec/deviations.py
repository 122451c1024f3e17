"""Known deviations: failures that were foreseen, by client and range of versions."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from bedrock_authcheck.spec.rules import load_rules

if TYPE_CHECKING:
    from collections.abc import Sequence

_FILE: Final = "deviations.toml"
_TEXTS: Final = ("client", "id", "link", "reason", "rule", "versions")

KIN: Final = dict.fromkeys(
    ("aiobotocore", "aws-cli", "python-aiobotocore", "python-boto3"), "boto3"
)
"""Clients that authenticate by another's code, botocore, and so deviate as that one does."""

_PATTERNS: Final = ("observed", "scenarios")
_KEYS: Final = frozenset({*_TEXTS, *_PATTERNS})


class DeviationDataError(ValueError):
    """The known deviations are malformed; the text names the entry, the key and what is right."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """One rule that one client breaks in a range of versions, with the reason and a link.

    `scenarios` are ids of scenarios, `observed` what a verdict says was seen, `*` standing
    for any run of characters. `origin` is the file that the entry is in.
    """

    id: str
    rule: str
    client: str
    versions: str
    scenarios: tuple[str, ...]
    observed: tuple[str, ...]
    reason: str
    link: str
    origin: str
    _specifiers: SpecifierSet = field(repr=False)

    def foresees(self, rule: str, client: str, version: str, scenario: str) -> bool:
        """Whether the entry speaks of a rule in a scenario with this client and version."""
        return (
            self.rule == rule
            and self.client in (client, KIN.get(client))
            and any(fnmatchcase(scenario, pattern) for pattern in self.scenarios)
            and self._specifiers.contains(version, prereleases=True)
        )

    def explains(self, observed: str) -> bool:
        """Whether each line of what was observed is what the entry foresees."""
        return explained(observed, self.observed)


def explained(observed: str, patterns: Sequence[str]) -> bool:
    """Whether each line of what was observed is of one of the patterns."""
    return all(
        any(fnmatchcase(line, pattern) for pattern in patterns) for line in observed.splitlines()
    )


@cache
def load_deviations() -> tuple[Deviation, ...]:
    """Load the entries that ship with the package; DeviationDataError where one is malformed."""
    text = (files(__package__) / _FILE).read_text(encoding="utf-8")
    return parse_deviations(text, f"bedrock_authcheck/spec/{_FILE}")


def parse_deviations(text: str, origin: str) -> tuple[Deviation, ...]:
    """Parse entries from TOML; DeviationDataError names the entry and the key.

    `origin` is the file that the text is from, as a person is to read it.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DeviationDataError(f"{origin} is not valid TOML: {error}") from error
    entries = document.get("deviation", [])
    strange = sorted(document.keys() - {"deviation"})
    if strange or not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        what = f"unknown: {', '.join(strange)}; " if strange else ""
        raise DeviationDataError(f"{origin}: {what}entries are tables, each under [[deviation]]")
    deviations = tuple(_entry(entry, origin) for entry in entries)
    names = [deviation.id for deviation in deviations]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise DeviationDataError(f"{origin}: {', '.join(sorted(twice))} is there twice")
    return deviations


def _entry(entry: dict[str, object], origin: str) -> Deviation:
    where = f"{origin}: {entry.get('id', 'an entry without id')}"
    if entry.keys() != _KEYS:
        wrong = ", ".join(sorted(entry.keys() ^ _KEYS))
        right = ", ".join(sorted(_KEYS))
        raise DeviationDataError(f"{where}: missing or unknown: {wrong}; expected exactly {right}")
    patterns: dict[str, tuple[str, ...]] = {}
    for key in _PATTERNS:
        value = entry[key]
        if not isinstance(value, list) or not value or not all(map(_is_text, value)):
            raise DeviationDataError(f"{where}: {key} must be a list of texts, not empty")
        patterns[key] = tuple(value)
    texts = {key: entry[key] for key in _TEXTS}
    for key, value in texts.items():
        if not _is_text(value):
            raise DeviationDataError(f"{where}: {key} must be a text, not empty")
    if entry["rule"] not in load_rules():
        raise DeviationDataError(f"{where}: rule is {entry['rule']!r}, which is no rule")
    try:
        specifiers = SpecifierSet(str(entry["versions"]))
    except InvalidSpecifier as error:
        raise DeviationDataError(
            f"{where}: versions is {entry['versions']!r}, expected a range such as '>=1.39.0,<1.45'"
        ) from error
    return Deviation(
        **{key: str(value) for key, value in texts.items()},
        scenarios=patterns["scenarios"],
        observed=patterns["observed"],
        origin=origin,
        _specifiers=specifiers,
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
