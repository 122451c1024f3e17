"""Known deviations: failures that were foreseen, by client and range of versions."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from bedrock_authcheck.spec.rules import load_rules

_FILE: Final = "deviations.toml"
_KEYS: Final = frozenset({"id", "rule", "client", "versions", "scenarios", "reason", "link"})


class DeviationDataError(ValueError):
    """The known deviations are malformed; the text names the entry, the key and what is right."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """One rule that one client breaks in a range of versions, with the reason and a link.

    `scenarios` are ids of scenarios, `*` standing for any run of characters. `origin` is the
    file that the entry is in.
    """

    id: str
    rule: str
    client: str
    versions: str
    scenarios: tuple[str, ...]
    reason: str
    link: str
    origin: str
    _specifiers: SpecifierSet = field(repr=False)

    def foresees(self, rule: str, client: str, version: str, scenario: str) -> bool:
        """Whether the entry speaks of a rule in a scenario with this client and version."""
        return (
            (self.rule, self.client) == (rule, client)
            and any(fnmatchcase(scenario, pattern) for pattern in self.scenarios)
            and self._specifiers.contains(version, prereleases=True)
        )


@cache
def load_deviations() -> tuple[Deviation, ...]:
    """The entries that ship with the package. DeviationDataError where one is malformed."""
    text = (files(__package__) / _FILE).read_text(encoding="utf-8")
    return parse_deviations(text, f"bedrock_authcheck/spec/{_FILE}")


def parse_deviations(text: str, origin: str) -> tuple[Deviation, ...]:
    """Parse entries from TOML; DeviationDataError names the entry and the key."""
    try:
        entries = tomllib.loads(text).get("deviation", [])
    except tomllib.TOMLDecodeError as error:
        raise DeviationDataError(f"{origin} is not valid TOML: {error}") from error
    deviations = tuple(_entry(entry, origin) for entry in entries)
    names = [deviation.id for deviation in deviations]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise DeviationDataError(f"{origin}: {', '.join(sorted(twice))} is there twice")
    return deviations


def _entry(entry: dict[str, object], origin: str) -> Deviation:
    name = entry.get("id", "an entry without id")
    if entry.keys() != _KEYS:
        wrong = ", ".join(sorted(entry.keys() ^ _KEYS))
        right = ", ".join(sorted(_KEYS))
        raise DeviationDataError(
            f"{origin}: {name}: missing or unknown: {wrong}; expected exactly {right}"
        )
    scenarios = entry["scenarios"]
    if not isinstance(scenarios, list) or not scenarios:
        raise DeviationDataError(f"{origin}: {name}: scenarios must be a list of ids, not empty")
    if entry["rule"] not in load_rules():
        raise DeviationDataError(f"{origin}: {name}: {entry['rule']!r} is no rule")
    try:
        specifiers = SpecifierSet(str(entry["versions"]))
    except InvalidSpecifier as error:
        raise DeviationDataError(
            f"{origin}: {name}: versions is {entry['versions']!r}, expected a range such as "
            "'>=1.39.0,<1.45'"
        ) from error
    texts = {key: str(entry[key]) for key in sorted(_KEYS - {"scenarios"})}
    return Deviation(
        **texts, scenarios=tuple(map(str, scenarios)), origin=origin, _specifiers=specifiers
    )
